"""What a running training shows: numbers, pictures, TensorBoard events; and nothing twice after a resume."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.helpers.eager import eager_functions
from tests.helpers.logs import event_steps, stats
from tests.helpers.small import SMALL_VAEGAN
from tfglyph import datasets
from tfglyph.runs.options import Options
from tfglyph.training import callbacks, events, projector, train
from tfglyph.training.train import new_run, resumed_run

PER_STEP = {
    "loss/encoder",
    "loss/generator",
    "loss/discriminator",
    "learning_rate/encoder",
    "images_per_second",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """(directory, events and stats of six steps, those after going back to step 3 and on to step 8)."""
    with pytest.MonkeyPatch.context() as patch, eager_functions():
        patch.setattr(train, "LOG_EVERY", 2)
        patch.setattr(projector, "GLYPHS", 50)
        options = Options(images_every=3, checkpoint_every=3, projector=True)
        first = new_run(SMALL_VAEGAN, options, {"steps": 6})
        directory = first.run(tmp_path_factory.mktemp("logdir"))
        before = event_steps(directory), stats(directory)
        second = resumed_run(directory / "model.ckpt-3", {"steps": 8})
        assert second.run(None) == directory
        return directory, before, (event_steps(directory), stats(directory))


def test_scalars_are_written_every_few_steps(runs):
    _, (tags, lines), _ = runs
    assert [line["step"] for line in lines] == [2, 4, 6]
    assert lines[0].keys() >= PER_STEP
    assert lines[0]["learning_rate/encoder"] == 0.0002
    assert all(tags[name] == [2, 4, 6] for name in PER_STEP)


def test_pictures_and_histograms_come_at_their_steps(runs):
    directory, (tags, _), _ = runs
    pictures = ("samples", "reconstructions", "interpolation")
    histograms = ("z", "logits/real", "logits/reconstructed", "logits/sampled")
    assert all(tags[name] == [3, 6] for name in pictures + histograms)
    assert tags["real"] == tags["architecture"] == tags["training"] == [0]
    names = {path.name for path in (directory / "images").iterdir()}
    assert names >= {"real.png"} | {f"{name}-{step:08d}.png" for name in pictures for step in (3, 6)}


def test_going_on_from_an_earlier_step_leaves_nothing_twice(runs):
    _, (before, _), (after, lines) = runs
    assert [line["step"] for line in lines] == [2, 4, 6, 8]
    assert after["loss/encoder"] == [2, 4, 6, 8]
    assert after["samples"] == [3, 6, 8]  # the last step is always pictured
    assert after["real"] == [0]
    assert before.keys() == after.keys()


def test_the_interpolation_grid_has_real_images_at_its_ends(runs):
    directory, *_ = runs
    with Image.open(directory / "images" / "interpolation-00000003.png") as image:
        picture = np.asarray(image)
    with Image.open(directory / "images" / "real.png") as image:
        real = np.asarray(image)
    assert picture.shape == (8 * 34 + 2, 12 * 34 + 2)
    np.testing.assert_array_equal(picture[2:34, 2:34], real[2:34, 2:34])
    np.testing.assert_array_equal(picture[-34:-2, -34:-2], real[-34:-2, -34:-2])


@pytest.mark.usefixtures("eagerly")
def test_the_pictures_samples_are_the_models_own(runs):
    import tfglyph
    from tfglyph.imaging.grids import grid

    directory, *_ = runs
    model = tfglyph.load(directory / "model.ckpt-6")
    with Image.open(directory / "images" / "samples-00000006.png") as image:
        np.testing.assert_array_equal(np.asarray(image), grid(model.sample(64, seed=0), columns=8)[..., 0])


@pytest.mark.parametrize(("most", "encoded", "walks"), [(64, 16, 4), (4, 4, 2)])
def test_as_many_images_are_encoded_as_a_family_can_afford(most, encoded, walks, tmp_path, monkeypatch):
    glyphs = datasets.load("cns", size=32).take(np.arange(40), "forty")
    board = callbacks.Board(SimpleNamespace(path=tmp_path), {})
    pictures = callbacks.Pictures(SimpleNamespace(path=tmp_path), board, glyphs, 16, every=1, total_steps=1)
    asked, walked = [], []
    model = SimpleNamespace(
        preview=lambda count: pictures.real[:count],
        encode=lambda images: asked.append(len(images)) or images,
        decode=lambda latents: latents,
        can_encode=True,
        preview_reconstructions=most,
        networks={},
    )
    pictures.set_model(model)
    monkeypatch.setattr(callbacks, "interpolation_rows", lambda _, a, b, *args, **ends: walked.append(a) or a)
    pictures.step = 1
    pictures.after_step({})
    assert asked == [encoded] and len(walked[0]) == walks
    board.on_train_end()


def test_projector_files_agree_with_each_other(runs):
    directory, *_ = runs
    config = (directory / "projector_config.pbtxt").read_text()
    names = (directory / "projector-names.tsv").read_text(encoding="utf-8").split("\n")[:-1]
    latents = np.fromfile(directory / "projector-latents.bytes", "<f4")
    assert len(names) == 50 and latents.size == 50 * 6
    assert "tensor_shape: 50\n  tensor_shape: 6\n" in config
    glyphs = datasets.load("cns", size=32)
    with Image.open(directory / "projector-sprite.png") as sprite:
        assert sprite.size == (8 * 32, 7 * 32)
        first = np.asarray(sprite)[:32, :32]
    np.testing.assert_array_equal(first, glyphs.images[glyphs.characters.index(names[0])][..., 0])


def test_projector_shrinks_a_sprite_that_no_browser_takes(monkeypatch):
    monkeypatch.setattr(projector, "LARGEST_SPRITE", 32)
    small, columns = projector._thumbnails(np.full((4, 64, 64, 3), 200, np.uint8))
    assert small.shape == (4, 16, 16, 3) and columns == 2
    assert (small == 200).all()


def test_rewinding_cuts_a_torn_file_to_its_whole_events(tmp_path):
    writer = events.open_writer(tmp_path)
    with writer.as_default():
        for step in range(1, 6):
            tf.summary.scalar("x", float(step), step=step)
    writer.close()
    path = next(tmp_path.glob("events*"))
    path.write_bytes(path.read_bytes()[:-5])
    events.rewind_events(tmp_path, 3)
    assert event_steps(tmp_path) == {"x": [1, 2, 3]}
    untouched = path.read_bytes()
    events.rewind_events(tmp_path, 3)
    assert path.read_bytes() == untouched


def test_the_bar_of_a_resumed_run_starts_in_the_middle():
    bar = callbacks.Progress(100)
    bar.step = 40
    bar.begin()
    bar.after_step({"loss/kl": 1.5, "learning_rate/x": 1.0})
    assert (bar._bar.n, bar._bar.initial, bar._bar.total) == (41, 40, 100)
    assert bar._bar.last_print_n == 40  # what its rate is counted from
    assert bar._bar.postfix == "kl=1.5"
    bar.on_train_end()


@pytest.mark.parametrize("requested", [False, True])
def test_a_request_to_stop_saves_at_once_and_skips_the_projector(requested, monkeypatch):
    done = []
    monkeypatch.setattr(callbacks, "write_projector", lambda *arguments: done.append("projector"))
    stop = SimpleNamespace(requested=requested)
    quiet = SimpleNamespace(poll=lambda: None, after_step=lambda step, logs: None)
    training = SimpleNamespace(
        options=SimpleNamespace(checkpoint_every=10), steps=100, save=lambda saver: done.append("checkpoint")
    )
    saving = callbacks.Saving(training, quiet, stop, quiet)
    end = callbacks.Projector(SimpleNamespace(path=None), None, stop)
    for callback in (saving, end):
        callback.set_model(SimpleNamespace(stop_training=False, step=np.int64(3)))
    saving.step = 3
    saving.on_train_batch_end(0)
    end.on_train_end()
    assert done == (["checkpoint"] if requested else ["projector"])
    assert saving.model.stop_training is requested


def test_a_projector_without_encoder_is_refused_aloud(tmp_path, capsys, monkeypatch):
    from tfglyph.models.base import GlyphModel

    monkeypatch.setattr(GlyphModel, "can_encode", False)
    training = new_run(SMALL_VAEGAN, Options(projector=True), {"steps": 6})
    listed = train.training_callbacks(training, SimpleNamespace(path=tmp_path), None, None)
    assert not any(isinstance(callback, callbacks.Projector) for callback in listed)
    assert "--projector: a VAE-GAN model does not encode" in capsys.readouterr().err
