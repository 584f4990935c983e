"""The full pipeline: JSON → train → interrupted → resume → validate → sample → export → reload."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfglyph
from tests.helpers.command import run_command, type_command
from tests.helpers.eager import eager_functions
from tfglyph.training import callbacks

NARROW = {
    "name": "narrow",
    "mode": "VAE-GAN",
    "hwc": [32, 32, 1],
    "z_dim": 12,
    "encoder": {"kernel": [[5, 5]] * 2, "stride": [[4, 4], [2, 2]], "output": [8, 16], "l2-reg": 1e-6},
    "generator": {
        "hwc": [4, 4, 16],
        "kernel": [[5, 5]] * 2,
        "stride": [[2, 2], [4, 4]],
        "output": [8, 1],
        "l2-reg": 1e-6,
        "z_activation": "tanh",
    },
    "discriminator": {
        "kernel": [[5, 5]] * 2,
        "stride": [[4, 4], [2, 2]],
        "output": [8, 16],
        "l2-reg": 1e-3,
        "feature_layer": 1,
    },
    "training": {"batch_size": 8, "steps": 6, "ema": {"decay": 0.99}},
}

# What a client without this package does with the served model.
CLIENT = """
import sys, numpy as np, tensorflow as tf
served = tf.saved_model.load(sys.argv[1])
assert "tfglyph" not in sys.modules
data = np.load(sys.argv[2])
out = {}
out["sample"] = served.signatures["sample"](count=tf.constant(5), seed=tf.constant(3))
out["encode"] = served.signatures["encode"](images=tf.constant(data["images"]))
out["reconstruct"] = served.signatures["reconstruct"](images=tf.constant(data["images"]))
out["decode"] = served.signatures["decode"](latents=tf.constant(data["latents"]))
png = served.signatures["sample_png"](count=tf.constant(1), seed=tf.constant(3))
((name, strings),) = png.items()
assert name.endswith("_bytes"), name
out["png"] = {"images": tf.io.decode_png(strings[0])[None]}
np.savez(sys.argv[3], **{key: list(value.values())[0].numpy() for key, value in out.items()})
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workflow")
    (folder / "narrow.json").write_text(json.dumps(NARROW))
    (folder / "characters.txt").write_text("酪鉻鉸霖雲芸" + "".join(map(chr, range(0x4E00, 0x4E00 + 58))))
    return folder


def train(folder, *words, run="run"):
    return run_command(
        "train",
        "--architecture",
        folder / "narrow.json",
        "--charset",
        folder / "characters.txt",
        "--logdir",
        folder / run,
        *words,
    )


def test_the_full_pipeline(folder, capsys, monkeypatch):
    assert train(folder) == 0
    printed = capsys.readouterr().out
    assert "64 images" in printed and "encoder" in printed
    run = folder / "run"
    options = json.loads((run / "options.json").read_text())
    assert options["dataset"]["name"] == "cns" and options["versions"]["tfglyph"] == tfglyph.__version__
    assert tfglyph.load_architecture(run / "architecture.json").training.steps == 6
    assert {path.name.split("-")[0] for path in (run / "images").iterdir()} >= {
        "real.png",
        "samples",
        "reconstructions",
        "interpolation",
    }

    # A shorter run, continued, ends with the same bits as the longer one.
    with monkeypatch.context() as patch:  # pictures were the first run's business
        patch.setattr(callbacks.Pictures, "_picture", lambda self: None)
        assert train(folder, "--steps", "4", run="short") == 0
        assert run_command("train", "--restore_from", folder / "short", "--steps", "6") == 0
    whole, parts = tfglyph.load(run), tfglyph.load(folder / "short")
    for name, group in whole.groups().items():
        for (path, value), (_, other) in zip(group, parts.groups()[name], strict=True):
            np.testing.assert_array_equal(value.numpy(), other.numpy(), err_msg=f"{name}/{path}")

    # Arithmetic: one good tuple, one with a character that the data lacks.
    (folder / "tuples.txt").write_text("酪鉻鉸\n霖, 雲, 龘\n")
    words = ("validate", "--checkpoint", run, "--tuples", folder / "tuples.txt", "--output", folder / "figures")
    with eager_functions():
        assert run_command(*words) == 1
    assert "龘" in capsys.readouterr().err
    figures = sorted(path.name for path in (folder / "figures").iterdir())
    assert [name for name in figures if name.startswith("test-arith-")] == ["test-arith-00.png"]
    with Image.open(folder / "figures" / "test-arith-00.png") as figure:
        assert min(figure.size) > 200 and len(set(figure.convert("L").getdata())) > 20

    # A served model gives the same bytes in a process without this package.
    assert run_command("export", "--checkpoint", run, "--output", folder / "served") == 0
    glyphs = tfglyph.datasets.load(**options["dataset"], size=32)
    images = glyphs.images[:5]
    latents = whole.encode(images)
    np.savez(folder / "request.npz", images=images, latents=latents)
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    subprocess.run(
        [sys.executable, "-I", "-c", CLIENT, folder / "served" / "1", folder / "request.npz", folder / "answer.npz"],
        check=True,
        cwd=folder,
    )
    answer = np.load(folder / "answer.npz")
    np.testing.assert_array_equal(answer["sample"], whole.sample(5, seed=3))
    np.testing.assert_array_equal(answer["encode"], latents)
    np.testing.assert_array_equal(answer["reconstruct"], whole.decode(latents))
    np.testing.assert_array_equal(answer["decode"], whole.decode(latents))
    np.testing.assert_array_equal(answer["png"].reshape(1, 32, 32, 1), answer["sample"][:1])


def test_events_hold_each_step_once_after_a_resume(folder):
    run = folder / "short"
    steps = [
        event.step
        for path in sorted(run.glob("events.out.tfevents.*"))
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
        for event in [tf.compat.v1.Event.FromString(record)]
        for value in event.summary.value
        if value.tag == "loss/encoder"
    ]
    assert steps == sorted(set(steps)) and steps[-1] == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "--architecture", "vaegn"], "no such architecture file (did you mean vaegan?)"),
        (["train", "--dataset", "cnss"], "cnss"),
        (["train", "--restore_from", "nowhere"], "nowhere: no such run directory or checkpoint"),
        (["validate", "--checkpoint", "nowhere", "--tuples", "test.txt"], "nowhere: no such run directory"),
        (["export", "--checkpoint", "nowhere", "--output", "served"], "nowhere: no such run directory"),
        (["sample", "--checkpoint", "nowhere"], "nowhere: no such run directory"),
        (["tran"], "no such verb: tran (did you mean train?)"),
    ],
)
def test_mistakes_end_with_one_line_and_a_code(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test.txt").write_text("酪鉻鉸\n")
    code, _, errors = type_command(*words)
    assert code in (1, 2)
    assert message in errors and "Traceback" not in errors


def test_a_mistake_in_a_process_of_its_own(tmp_path):
    words = [sys.executable, "-m", "tfglyph", "sample", "--checkpoint", "nowhere"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode in (1, 2) and done.stderr.count("\n") == 1
    assert "nowhere: no such run directory" in done.stderr


def test_help_answers_without_tensorflow():
    code = "import sys; from tfglyph.cli import main; main.main(['train', '--help'], standalone_mode=False)"
    checked = f"{code}; import sys; assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", checked], capture_output=True, text=True, check=True)
    assert "--restore_from" in done.stdout
