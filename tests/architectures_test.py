"""Every shipped file, narrow and small: it trains, goes on after a stop, samples, is exported and loaded again."""

import numpy as np
import pytest
import tensorflow as tf

import tfglyph
from tfglyph.architecture import dump, load_architecture, parse_json, shipped_names
from tfglyph.architecture.shrink import shrink
from tfglyph.errors import UsageError
from tfglyph.export import export
from tfglyph.training.options import Options
from tfglyph.training.train import new_run, resumed_run

NAMES = shipped_names()
ISSUED = [
    "vaegan", "vaegan-64", "dcgan", "vae-resnet", "vae-conv", "gan-resnet-hinge", "gan-resnet-hinge-3", "gan-conv",
    "ddpm-unet", "ddpm-unet-attention", "cppn-wgan-mnist", "cppn-wgan-cifar10", "cppn-wgan-casia", "cppn-wgan-fonts",
    "cppn-wgan-mnist-hard", "cppn-wgan-categories", "infogan-1x10-2", "infogan-10x10-2", "infogan-10x10-20",
    "vaegan-small", "vae-small", "gan-small", "cppn-small", "infogan-small", "ddpm-small",
]


def test_all_systems_are_shipped():
    assert set(ISSUED) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_is_its_own_dump_again(name):
    found = load_architecture(name)
    assert found.name == name
    assert load_architecture(parse_json(dump(found), name)) == found


@pytest.mark.parametrize("name", NAMES)
def test_a_shrunk_file_keeps_its_shape(name):
    found = load_architecture(name)
    small = shrink(found)
    assert small.hwc == (32, 32, found.hwc[2]) and small.training.batch_size == 2
    assert small.training.optimizers == found.training.optimizers
    # Two images need no parts, and a few steps of sampling are enough to try a file.
    shortened = {"accumulate": 1, "sampling_steps": 3, "encoding_steps": 3}
    assert small.objective == found.objective.model_copy(
        update={key: value for key, value in shortened.items() if hasattr(found.objective, key)}
    )
    for kind in ("encoder", "generator", "discriminator", "denoiser"):
        section = getattr(found, kind, None)
        if section is not None:
            assert len(getattr(small, kind).output) == len(section.output)


def test_a_size_that_the_strides_do_not_give_is_one_clear_line():
    with pytest.raises(UsageError, match="gan-conv, shrunk: generator: "):
        shrink(load_architecture("gan-conv"), size=24)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_goes_all_the_way(name, tmp_path):
    (tmp_path / "characters.txt").write_text("".join(map(chr, range(0x4E00, 0x4E00 + 48))))
    options = Options(dataset={"name": "cns", "charset": str(tmp_path / "characters.txt")}, images_every=3)
    run = new_run(shrink(load_architecture(name)), options, {"steps": 2}).run(tmp_path, directory=tmp_path / "run")
    resumed_run(run, {"steps": 3}).run(tmp_path)
    model = tfglyph.load(run)
    assert int(model.step) == 3
    steps = {"steps": 2} if "steps" in model.draw_options else {}
    images = model.sample(3, seed=5, **steps)
    assert images.shape == (3, *model.architecture.hwc) and images.dtype == np.uint8
    served = tf.saved_model.load(str(export(model, tmp_path / "served")))
    numbers = {key: tf.constant(value) for key, value in {"count": 3, "seed": 5, **steps}.items()}
    sample = served.signatures["sample"]
    missing = set(sample.structured_input_signature[1]) - set(numbers)
    numbers |= {key: tf.constant({"guidance": 1.0, "label": -1}[key]) for key in missing}
    difference = sample(**numbers)["images"].numpy().astype(int) - images
    assert np.abs(difference).max() <= 1
    if model.encodes:
        assert model.decode(model.encode(images)).shape == images.shape
