"""Every shipped file, narrow and small: the full pipeline of train, resume, sample, export and load."""

import numpy as np
import pytest
import tensorflow as tf

import tfglyph
from tests.helpers.eager import eager_functions
from tests.helpers.sources import write_font
from tfglyph.architecture import dump, load_architecture, parse_json, shipped_names
from tfglyph.architecture.shrink import shrink
from tfglyph.errors import UsageError
from tfglyph.export import export
from tfglyph.runs.options import Options
from tfglyph.training import callbacks
from tfglyph.training.train import new_run, resumed_run

NAMES = shipped_names()
REQUIRED = [
    "vaegan",
    "vaegan-64",
    "dcgan",
    "vae-resnet",
    "vae-conv",
    "gan-resnet-hinge",
    "gan-resnet-hinge-3",
    "gan-conv",
    "ddpm-unet",
    "ddpm-unet-attention",
    "cppn-wgan-mnist",
    "cppn-wgan-cifar10",
    "cppn-wgan-casia",
    "cppn-wgan-fonts",
    "cppn-wgan-mnist-hard",
    "cppn-wgan-categories",
    "infogan-1x10-2",
    "infogan-10x10-2",
    "infogan-10x10-20",
    "vaegan-small",
    "vae-small",
    "gan-small",
    "cppn-small",
    "infogan-small",
    "ddpm-small",
]


def test_all_systems_are_shipped():
    assert set(REQUIRED) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_is_its_own_dump_again(name):
    architecture = load_architecture(name)
    assert architecture.name == name
    assert load_architecture(parse_json(dump(architecture), name)) == architecture


@pytest.mark.parametrize("name", NAMES)
def test_a_shrunk_file_keeps_its_shape(name):
    architecture = load_architecture(name)
    small = shrink(architecture)
    assert small.hwc == (32, 32, architecture.hwc[2]) and small.training.batch_size == 2
    assert small.training.optimizers == architecture.training.optimizers
    # A batch of two needs no microbatches, and a few steps of sampling are enough to try a file.
    shortened = {"microbatches": 1, "sampling_steps": 3, "encoding_steps": 3}
    assert small.objective == architecture.objective.model_copy(
        update={key: value for key, value in shortened.items() if hasattr(architecture.objective, key)}
    )
    for kind in ("encoder", "generator", "discriminator", "denoiser", "guide"):
        section = getattr(architecture, kind, None)
        if section is not None:
            assert len(getattr(small, kind).output) == len(section.output)


def test_a_size_that_the_strides_do_not_give_is_one_clear_line():
    with pytest.raises(UsageError, match="gan-conv, shrunk: generator: "):
        shrink(load_architecture("gan-conv"), size=24)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name != "compose"])  # compose-ext contains it
def test_the_full_pipeline_of_a_shipped_file(name, tmp_path, monkeypatch):
    architecture = load_architecture(name)
    size = 16 if architecture.mode == "DDPM" else 32  # attention costs with the fourth power of the size
    options = Options(dataset=data_for(architecture, tmp_path, size), images_every=3)
    training = new_run(shrink(architecture, size), options, {"steps": 2})
    with monkeypatch.context() as first:  # pictures are the second part's business
        first.setattr(callbacks.Pictures, "_picture", lambda self: None)
        run = training.run(tmp_path, directory=tmp_path / "run")
    monkeypatch.setattr(callbacks, "PICTURE_SIDE", 64)
    served = export(training.model, tmp_path / "served")  # of two steps, from graphs that hold every layer
    sampling = {"steps": 2, "guidance": 1.5}
    sampling = {name: value for name, value in sampling.items() if name in training.model.sampling_options}
    with eager_functions():
        compare_with_served(training.model, served, sampling)
        resumed_run(run, {"steps": 3}).run(tmp_path)
        model = tfglyph.load(run)
        assert int(model.step) == 3
        images = model.sample(3, seed=5, **sampling)
    assert images.shape == (3, *model.architecture.hwc) and images.dtype == np.uint8
    pictures = {path.name for path in (run / "images").iterdir()}
    assert pictures >= {"real.png", "samples-00000003.png"}
    assert ("interpolation-00000003.png" in pictures) == model.can_encode


def data_for(architecture, folder, size):
    """48 embedded glyphs; a few of one font for each class where the architecture wants labels, and at other sizes, at
    which all 20,920 embedded ones would be drawn from their font first."""
    path = folder / "characters.txt"
    classes = architecture.class_count
    of_fonts = bool(classes) or size != 32
    count = min(48 // (classes or 1), 12) if of_fonts else 48  # (blocks of a dozen widths fit into the frame)
    characters = "".join(map(chr, range(0x4E00, 0x4E00 + count)))
    path.write_text(characters)
    if not of_fonts:
        return {"name": "cns", "charset": str(path)}
    numbers = range(classes or 1)
    fonts = [write_font(folder / f"{number}.ttf", characters, f"Font {number}") for number in numbers]
    return {"name": "fonts", "fonts": fonts, "charset": str(path)}


def compare_with_served(model, path, options):
    """Samples of a SavedModel are the model's own, within rounding."""
    sample = tf.saved_model.load(str(path)).signatures["sample"]
    numbers = {key: tf.constant(value) for key, value in {"count": 3, "seed": 5, **options}.items()}
    if "label" in sample.structured_input_signature[1]:
        numbers["label"] = tf.constant(-1)
    difference = sample(**numbers)["images"].numpy().astype(int) - model.sample(3, seed=5, **options)
    assert np.abs(difference).max() <= 1
