"""The Generate tab without a browser: what a click on an image gives."""

import pytest
from PIL import Image

from tests.helpers.composing import TINY as COMPOSING
from tests.helpers.cppn import CRITIC, PLAIN
from tests.helpers.diffusion import LABELLED, TINY
from tfglyph.models import build
from tfglyph.studio.components import accepted_options, options_for
from tfglyph.studio.state import LoadedModel, Studio
from tfglyph.studio.tabs.generate import generate, large_view

CODES = {"codes": {"categorical": [3]}}
ENCODER = {"kernel": [[3, 3]], "stride": [[2, 2]], "output": [2]}

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.mark.parametrize(
    ("sections", "label"),
    [
        ({"mode": "GAN", "discriminator": CRITIC} | CODES, "2"),
        ({"mode": "GAN", "discriminator": CRITIC}, ""),
        ({"mode": "VAE", "encoder": ENCODER}, "2"),  # a label for another model on the same page
    ],
)
def test_a_cppn_is_shown_at_the_size_asked_for(tmp_path, sections, label):
    model = build({"hwc": [12, 12, 1], "z_dim": 4, "generator": PLAIN, **sections}, seed=1)
    studio, options = Studio([], tmp_path), options_for(model, {"label": label})
    images, latents = generate(model, [3, 4], 1.0, options)
    state = {"seeds": [3, 4], "images": images, "latents": latents, "label": options.get("label")}
    picture, text, _ = large_view(studio, LoadedModel("a", model))(1, state, 40)
    assert "seed 4" in text and "40 × 40" in text
    with Image.open(picture) as image:
        assert image.size == (40, 40)


def test_a_model_gets_those_fields_that_it_takes():
    diffusion = build(TINY)
    gan = build({"hwc": [12, 12, 1], "mode": "GAN", "generator": PLAIN, "discriminator": CRITIC} | CODES)
    values = {"sampler": "", "steps": 4, "label": " 2 ", "guidance": 0}
    assert options_for(diffusion, values) == {"steps": 4} and options_for(gan, values) == {"label": "2"}
    assert options_for(diffusion, {"steps": 0}) == options_for(diffusion, {"steps": None}) == {}


def test_a_label_is_asked_for_where_there_are_classes():
    assert "label" in accepted_options(build(TINY | LABELLED))
    composing = build(COMPOSING)
    assert "label" in composing.sampling_options and "label" not in accepted_options(composing)
