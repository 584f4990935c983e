"""tfglyph.studio.server and the verb: ports, broken checkpoints, which tabs fit; nothing here opens a browser."""

import importlib.util
import socket
import types

import pytest

from tests.helpers import runs
from tests.helpers.command import run_command
from tfglyph.errors import GlyphError, UsageError
from tfglyph.studio import server, tabs

# (Looked for, not imported: that takes seconds, in every process that collects the tests.)
pytestmark = pytest.mark.skipif(importlib.util.find_spec("gradio") is None, reason="the extra studio is not installed")


@pytest.fixture
def busy():
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_busy_port_is_one_line_before_anything_is_loaded(busy):
    with pytest.raises(GlyphError, match=f"port {busy} on 127.0.0.1 is in use; choose another with --port"):
        run_command("studio", "--checkpoint", "nothing", "--port", busy)


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
        run_command("studio", "--checkpoint", broken, "--port", "7999")
    assert "\n" not in str(caught.value)
    models, problems = server.load_models([str(good), str(broken), str(good)])
    assert [loaded.name for loaded in models] == ["narrow, step 3", "narrow, step 3 (2)"]
    assert len(problems) == 1 and "model.ckpt-3" in str(problems[0])


def test_only_tabs_that_fit_are_shown():
    def loaded(can_encode=False, z_dim=64, codes=None, latents_are_noise=False, part_tokens=None):
        architecture = types.SimpleNamespace(z_dim=z_dim, input_codes=codes, part_tokens=part_tokens, exemplars=None)
        model = types.SimpleNamespace(
            can_encode=can_encode, latents_are_noise=latents_are_noise, architecture=architecture
        )
        return types.SimpleNamespace(model=model)

    def titles(*models):
        return [tab.TITLE for _, tab, _ in tabs.fitting(models)]

    assert titles(loaded(can_encode=True)) == ["Generate", "Interpolate", "Arithmetic", "Explore", "About"]
    assert titles(loaded(z_dim=4)) == ["Generate", "Interpolate", "About"]
    composing = loaded(z_dim=4, part_tokens=types.SimpleNamespace())
    assert titles(composing) == ["Generate", "Interpolate", "Compose", "About"]
    both = [loaded(codes=types.SimpleNamespace()), loaded(can_encode=True, z_dim=1024, latents_are_noise=True)]
    assert titles(*both) == ["Generate", "Interpolate", "Arithmetic", "Explore", "Codes", "About"]
    assert [len(models) for _, _, models in tabs.fitting(both)] == [2, 2, 1, 1, 1, 2]
