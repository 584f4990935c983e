"""tfglyph.latent can be imported without TensorFlow, so that wrong input is refused before a model is loaded."""

import pkgutil
import subprocess
import sys

from tfglyph import latent


def test_no_module_imports_tensorflow():
    modules = [f"tfglyph.latent.{module.name}" for module in pkgutil.iter_modules(latent.__path__)]
    assert "tfglyph.latent.explore" in modules
    script = f"import sys, {', '.join(modules)}; assert not {{'tensorflow', 'keras'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
