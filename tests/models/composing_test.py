"""Composing: a tiny model learns eight descriptions, and changing one part changes that part of the picture."""

import numpy as np
import pytest
import tensorflow as tf

import tfglyph
from tests.helpers.composing import CHARACTERS, TINY
from tests.helpers.exemplars import SMALL, write_parts_font
from tfglyph.composition import parse, table, tokenizer
from tfglyph.composition.parsing import read_descriptions
from tfglyph.errors import UsageError
from tfglyph.exemplars.kinds import Match
from tfglyph.export import export
from tfglyph.latent.composing_sheet import sheet
from tfglyph.models.composing import compose, requests, sampled_requests


@pytest.fixture(scope="module")
def untrained():
    return tfglyph.build(TINY)


@pytest.mark.usefixtures("eagerly")
def test_what_is_asked_for_decides_the_picture(untrained):
    images = compose(untrained, ["⿰酉交", "酪"], variants=3, seed=1, steps=1)
    assert images.shape == (2, 3, 16, 16, 1) and images.dtype == np.uint8
    np.testing.assert_array_equal(compose(untrained, ["酪"], variants=2, seed=1, steps=1)[0], images[1, :2])
    asked = requests(untrained, ["⿰酉交", "酪"])
    assert sheet(asked, images).ndim == 3
    np.testing.assert_array_equal(untrained.compose(["酪", "⿰酉交"], seed=1, steps=1), images[[1, 0], 0])
    np.testing.assert_array_equal(untrained.compose("酪", seed=1, steps=1), images[1:, 0])
    with pytest.raises(UsageError, match="ends here"):
        compose(untrained, ["⿰酉"])
    with pytest.raises(UsageError, match=r"vae-small: a VAE model .* cannot compose"):
        requests(tfglyph.build("vae-small"), ["酪"])
    with pytest.raises(UsageError, match="keeps no descriptions"):
        sampled_requests(untrained, 2)


@pytest.mark.usefixtures("eagerly")
def test_invented_descriptions_are_those_of_free_samples():
    condition = {"tokens": TINY["condition"]["tokens"] | {"descriptions": 16}}
    model = tfglyph.build(TINY | {"condition": condition})
    model.description_sampler.adapt(tokenizer().encode_characters(CHARACTERS))
    for seed, variable in enumerate(model.networks["denoiser"].trainable_variables):
        variable.assign_add(0.1 * tf.random.stateless_normal(variable.shape, (seed, 1)))
    found = sampled_requests(model, 3, seed=4)
    assert all(request.text[0] == "⿰" and str(request.tree.parts[0]) in "酉金" for request in found)
    tokens = np.stack([request.tokens for request in found])
    pairs = [(4, index) for index in range(3)]
    np.testing.assert_array_equal(model.sample_pairs(pairs, tokens=tokens, steps=1), model.sample(3, seed=4, steps=1))
    untold = model.sample_pairs(pairs, tokens=np.zeros_like(tokens), steps=1)
    np.testing.assert_array_equal(model.sample(3, seed=4, steps=1, guidance=0.0), untold)
    assert (untold != model.sample(3, seed=4, steps=1)).any()


def test_a_character_that_exists_is_drawn_after_its_own_picture_too(tmp_path, monkeypatch):
    """In a font, that is; in the package's TW-Kai it would be the answer itself."""
    model = tfglyph.build(SMALL)
    given = []
    monkeypatch.setattr(model, "sample_pairs", lambda pairs, **inputs: given.append(inputs) or np.zeros((2, 16, 16, 1)))
    for font in (write_parts_font(tmp_path / "solid.ttf"), None):
        compose(model, ["酪", "⿰酉交"], font=font)
    has_content = [(inputs["kinds"][..., 0] == Match.CONTENT).any(-1).tolist() for inputs in given]
    assert has_content == [[True, False], [False, False]]


@pytest.mark.slow
def test_the_exported_model_composes(untrained, tmp_path):
    served = tf.saved_model.load(str(export(untrained, tmp_path)))
    compose_served = served.signatures["compose"]
    tokens = tf.constant(np.stack([tokenizer().encode_text(text)[0] for text in ("⿰酉交", "酪")]))
    numbers = {"seed": tf.constant(1), "steps": tf.constant(1), "guidance": tf.constant(2.0)}
    found = compose_served(tokens=tokens, **numbers)["images"].numpy().astype(int)
    wanted = compose(untrained, ["⿰酉交", "酪"], seed=1, steps=1, guidance=2.0)[:, 0]
    assert np.abs(found - wanted).max() <= 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="tokens must be from 0 to 2286"):
        compose_served(tokens=tokens + 2280, **numbers)
    with pytest.raises(tf.errors.InvalidArgumentError, match="seed must be one number"):
        compose_served(tokens=tokens, **(numbers | {"seed": tf.constant([1, 2, 3])}))
    with pytest.raises(tf.errors.InvalidArgumentError, match="compose: steps must not exceed 1000"):
        compose_served(tokens=tokens, **(numbers | {"steps": tf.constant(1001)}))
    meanings = (tmp_path / "1" / "assets.extra" / "tokens.txt").read_text(encoding="utf-8").splitlines()
    assert meanings[int(tokens[0, 0])] == "⿰" and meanings[int(tokens[0, 8])] == "酉"
    assert "酪⿰酉各" in (tmp_path / "1" / "assets.extra" / "decomposition.txt").read_text(encoding="utf-8").split()


def test_a_file_of_descriptions(tmp_path):
    path = tmp_path / "asked.txt"
    path.write_text("\ufeff⿰酉交  # the one that began it\n\n酪\n", encoding="utf-8")
    assert read_descriptions(path) == ["⿰酉交", "酪"]
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not a text file in UTF-8"):
        read_descriptions(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_descriptions(tmp_path / "missing.txt")


@pytest.mark.slow
def test_swapping_one_part_changes_that_part():
    """Eight characters are learned by heart from the names of two parts each; each half follows its own token."""
    glyphs = tfglyph.datasets.load("cns", size=32)
    rows = glyphs.rows_by_character()
    images = np.stack([glyphs.images[rows[character]] for character in CHARACTERS])
    images = images.reshape(8, 16, 2, 16, 2, 1).mean((2, 4)).astype(np.uint8)  # (8, 16, 16, 1)
    tokens = np.stack([tokenizer().encode(table().described(character, 1)) for character in CHARACTERS])
    model = tfglyph.build(TINY)
    model.prepare_training(300)
    batch = {"images": tf.constant(images.repeat(4, axis=0)), "tokens": tf.constant(tokens.repeat(4, axis=0))}
    step = tf.function(model.train_step, autograph=False)
    for _ in range(300):
        step(batch)

    swapped = tokens[0].copy()  # 酪
    left = np.flatnonzero(tokens[0] != tokens[4])
    assert len(left) == 1
    swapped[left] = tokenizer().encode(parse("⿰金各"))[left]
    drawn = model.sample_pairs([(3, 0)] * 9, tokens=np.concatenate([tokens, swapped[None]])).astype(float)

    def nearest(columns):
        """Which real image each drawn one is nearest to in these columns of pixels."""
        apart = drawn[:, None, :, columns] - images.astype(float)[None, :, :, columns]
        return np.square(apart).mean((2, 3, 4)).argmin(1)

    np.testing.assert_array_equal(nearest(slice(0, 7)) // 4, [0, 0, 0, 0, 1, 1, 1, 1, 1])
    np.testing.assert_array_equal(nearest(slice(9, 16)) % 4, [0, 1, 2, 3, 0, 1, 2, 3, 0])
