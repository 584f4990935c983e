"""tfglyph.studio.server and the verb: ports, broken checkpoints, which tabs fit; nothing here opens a browser."""

import socket
import types

import pytest

from tests.helpers import runs
from tfglyph.cli import main
from tfglyph.errors import GlyphError, UsageError
from tfglyph.studio import server, tabs

gradio = pytest.importorskip("gradio", reason="the extra studio is not installed")


@pytest.fixture
def busy():
    """A port that somebody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def studio(*words):
    return main.main(["studio", *map(str, words)], prog_name="tfglyph", standalone_mode=False)


def test_a_busy_port_is_one_line_before_anything_is_loaded(busy):
    with pytest.raises(GlyphError, match=f"port {busy} on 127.0.0.1 is in use; choose another with --port"):
        studio("--checkpoint", "nothing", "--port", busy)


def test_addresses_of_other_machines_are_one_line():
    for host in ("192.0.2.1", "no such name"):
        with pytest.raises(UsageError, match="--host"):
            server.check_port(host, 7860)


def test_a_broken_checkpoint_is_one_line_and_the_others_are_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    good = runs.save_run(tmp_path, runs.VAEGAN)
    broken = runs.save_run(tmp_path / "other", runs.VAEGAN)
    data = broken / "model.ckpt-3.safetensors"
    data.write_bytes(data.read_bytes()[:-9])
    with pytest.raises(GlyphError, match=r"model\.ckpt-3") as caught:
        studio("--checkpoint", broken, "--port", "7999")
    assert "\n" not in str(caught.value)
    models, problems = server.load_models([str(good), str(broken), str(good)])
    assert [shown.name for shown in models] == ["narrow, step 3", "narrow, step 3 (2)"]
    assert len(problems) == 1 and "model.ckpt-3" in str(problems[0])


def test_only_tabs_that_fit_are_shown():
    def model(mode, encodes, z_dim, codes=None):
        return types.SimpleNamespace(
            encodes=encodes, architecture=types.SimpleNamespace(mode=mode, z_dim=z_dim, codes=codes)
        )

    def names(*models):
        found = tabs.fitting([types.SimpleNamespace(model=each) for each in models])
        return [module.TITLE for module, _ in found if module.TITLE != "Compose"]

    coded = types.SimpleNamespace(size=12)
    assert names(model("VAE", True, 64)) == ["Generate", "Interpolate", "Arithmetic", "Explore", "About"]
    assert names(model("GAN", False, 4)) == ["Generate", "Interpolate", "About"]
    both = [model("InfoGAN", False, 64, coded), model("DDPM", True, 1024)]
    assert names(*both) == ["Generate", "Interpolate", "Arithmetic", "Explore", "Codes", "About"]
    assert [len(models) for _, models in tabs.fitting([types.SimpleNamespace(model=each) for each in both])][-1] == 2
