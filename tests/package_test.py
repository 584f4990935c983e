"""What a user installs: the sdist and the wheel are complete, and the wheel works without the repository."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable

import pytest
from PIL import Image

from tfglyph.version import __version__

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Without these a program would find the repository, or other packages than its own environment's.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")


def run(*words: object, cwd: pathlib.Path) -> str:
    """Runs a program outside of the repository; returns what it printed, and fails with what it complained about."""
    environment = {key: value for key, value in os.environ.items() if key not in FOREIGN}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, f"{' '.join(map(str, words))}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory) -> pathlib.Path:
    """A folder with the sdist, made of the tracked files alone, and the wheel, made of the sdist."""
    build = pytest.importorskip("build", reason="needs the package build (pip install build)")
    if not (ROOT / ".git").exists():
        pytest.skip("not a git repository: nobody knows which files are tracked")
    source = tmp_path_factory.mktemp("source")
    for name in run("git", "ls-files", "-z", cwd=ROOT).split("\0"):
        if name and (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name, follow_symlinks=False)
    # Without isolation nothing is downloaded, but then everything that a build needs has to be here.
    missing = build.ProjectBuilder(source).check_dependencies("wheel")
    output = tmp_path_factory.mktemp("dist")
    isolation = [] if missing else ["--no-isolation"]
    run(sys.executable, "-m", "build", *isolation, "--outdir", output, source, cwd=source)
    return output


@pytest.fixture(scope="module")
def wheel(distributions) -> pathlib.Path:
    (path,) = distributions.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Callable[..., str]:
    """Runs the Python of a new environment that holds the wheel, in a folder of its own."""
    folder = tmp_path_factory.mktemp("environment")
    environment, elsewhere = folder / "venv", folder / "elsewhere"
    elsewhere.mkdir()
    run(sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", environment, cwd=elsewhere)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=elsewhere)
    # TensorFlow and the others come from the environment of the tests. Their folder follows the wheel's own, and the
    # .pth files in it are not read, so that the repository's editable install is not found.
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site_packages = pathlib.Path(run(python, "-c", where, cwd=elsewhere).strip())
    lent = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    (site_packages / "lent.pth").write_text("\n".join(lent) + "\n", encoding="utf-8")

    def call(*words: object) -> str:
        return run(python, *words, cwd=elsewhere)

    found = pathlib.Path(call("-c", "import tfglyph; print(tfglyph.__file__)").strip())
    assert found.is_relative_to(site_packages), f"{found} was imported, not what is in {site_packages}"
    return call


def package_files() -> set[str]:
    """The files of the package that are tracked, by their path in the repository."""
    return {name for name in run("git", "ls-files", "-z", "tfglyph", cwd=ROOT).split("\0") if (ROOT / name).is_file()}


def names_in(path: pathlib.Path) -> set[str]:
    """The files in a wheel, or in an sdist below its one folder."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist())
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = names_in(wheel)
    assert wheel.name == f"tfglyph-{__version__}-py3-none-any.whl"
    assert package_files() - names == set()
    assert {name.split("/")[0] for name in names} == {"tfglyph", f"tfglyph-{__version__}.dist-info"}
    assert not [name for name in names if "test" in pathlib.PurePath(name).name]
    licences = {pathlib.PurePath(name).name for name in names if name.startswith(f"tfglyph-{__version__}.dist-info/")}
    assert {"LICENSE", "NOTICE"} <= licences


@pytest.mark.slow
def test_the_sdist_holds_what_a_wheel_is_made_of(distributions):
    (path,) = distributions.glob("*.tar.gz")
    names = names_in(path)
    assert path.name == f"tfglyph-{__version__}.tar.gz"
    assert package_files() - names == set()
    assert {"README.md", "CHANGELOG.md", "LICENSE", "NOTICE", "pyproject.toml", "setup.cfg"} <= names


@pytest.mark.slow
def test_what_is_no_python_is_in_both(distributions):
    needed = {
        "tfglyph/py.typed",
        "tfglyph/architectures/schema.json",
        "tfglyph/architectures/vaegan.json",
        "tfglyph/composition/data/decomposition.txt.xz",
        "tfglyph/datasets/data/cns-32.xz",
        "tfglyph/evaluation/data/glyph-extractor.safetensors",
        "tfglyph/pretrained/compose-cns/architecture.json",
    }
    for path in distributions.iterdir():
        names = names_in(path)
        assert needed - names == set(), path.name
        assert len([name for name in names if name.startswith("tfglyph/pretrained/") and "model.ckpt-" in name]) >= 10


@pytest.mark.slow
def test_the_installed_package_knows_its_version(installed):
    assert installed("-m", "tfglyph", "--version").strip().endswith(__version__)


@pytest.mark.slow
def test_the_installed_package_takes_characters_apart(installed):
    assert "⿰" in installed("-m", "tfglyph", "data", "decompose", "酪")


@pytest.mark.slow
def test_the_installed_package_draws_a_character(installed, tmp_path):
    path = tmp_path / "x.png"
    words = ("compose", "⿰酉交", "--sampling_steps", "1", "--variants", "1", "--output", path)
    installed("-m", "tfglyph", *words)
    with Image.open(path) as image:
        low, high = image.convert("L").getextrema()
    assert low < 64 and high > 192


@pytest.mark.slow
def test_the_command_is_installed(installed):
    code = "import subprocess, sysconfig; subprocess.check_call([sysconfig.get_path('scripts') + '/tfglyph', '--help'])"
    assert "compose" in installed("-c", code)


def test_all_places_that_name_the_version_agree():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d[^]]*)\] - (\d{4}-\d\d-\d\d)$", changelog, re.MULTILINE)
    assert newest, "no version with a date in CHANGELOG.md"
    assert newest[1] == __version__
    assert f"\nversion: {newest[1]}\ndate-released: {newest[2]}\n" in citation
