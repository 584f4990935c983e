"""The Generate tab without a browser: what a click on an image gives."""

from types import SimpleNamespace

import pytest
from PIL import Image

from tests.helpers.cppn import CRITIC, PLAIN
from tfglyph.models import build
from tfglyph.studio.handlers import taken
from tfglyph.studio.state import LoadedModel, Studio
from tfglyph.studio.tabs.generate import generate, look_at

ENCODER = {"kernel": [[3, 3]], "stride": [[2, 2]], "output": [2]}


@pytest.mark.parametrize(
    ("sections", "label"),
    [
        ({"mode": "GAN", "discriminator": CRITIC, "codes": {"categorical": [3]}}, "2"),
        ({"mode": "GAN", "discriminator": CRITIC}, ""),
        ({"mode": "VAE", "encoder": ENCODER}, "2"),  # a label for another model on the same page
    ],
)
def test_a_cppn_is_shown_at_the_size_asked_for(tmp_path, sections, label):
    model = build({"hwc": [12, 12, 1], "z_dim": 4, "generator": PLAIN, **sections}, seed=1)
    studio, shown = Studio([], tmp_path), LoadedModel("a", model)
    images, latents = generate(model, [3, 4], 1.0, {"label": label})
    state = {"seeds": [3, 4], "images": images, "latents": latents, "label": label}
    picture, text, _ = look_at(studio, shown)(1, state, 40)
    assert "seed 4" in text and "40 × 40" in text
    with Image.open(picture) as image:
        assert image.size == (40, 40)


def test_a_model_gets_those_fields_that_it_takes():
    diffusion, gan = (SimpleNamespace(sampling_options=names) for names in (("steps", "sampler"), ("label",)))
    given = {"sampler": "", "steps": 4, "label": "3", "guidance": 0}
    assert taken(diffusion, given) == {"steps": 4} and taken(gan, given) == {"label": "3"}
    assert taken(diffusion, {"steps": 0}) == {}
