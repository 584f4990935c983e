"""Extractors: the shipped one, any SavedModel, and what is said where one is missing."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfglyph import datasets
from tfglyph.errors import UsageError
from tfglyph.evaluation import extractors, pixels
from tfglyph.evaluation.glyph_network import WEIGHTS, build_glyph_network, load_glyph_network, save_glyph_network
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.files import digest

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 1)).astype(np.uint8)


def test_the_shipped_extractor_knows_characters_in_different_fonts():
    assert WEIGHTS.stat().st_size <= 8e6
    extractor = extractors.find("glyph")
    assert extractor.fingerprint == f"glyph {digest(WEIGHTS.read_bytes())}"
    images = np.asarray(datasets.load("cns", size=32).images[1000:1100])
    features = extractor(images)
    assert features.shape == (100, 128) and features.dtype == np.float32
    shifted = extractor(np.roll(images, 1, axis=2))  # still the same character
    distances = np.linalg.norm(shifted[:, None] - features[None], axis=2)
    assert (distances.argmin(axis=1) == np.arange(100)).mean() > 0.9


def test_the_extractor_takes_other_sizes_and_colours():
    extractor = extractors.find("glyph")
    large = IMAGES.repeat(2, axis=1).repeat(2, axis=2)
    assert extractor(large).shape == (5, 128)
    np.testing.assert_allclose(extractor(IMAGES.repeat(3, axis=3)), extractor(IMAGES), atol=1e-4)


def test_weights_survive_their_file(tmp_path):
    network = build_glyph_network()
    save_glyph_network(network, tmp_path / "weights.safetensors")
    again = load_glyph_network(tmp_path / "weights.safetensors")
    for variable, other in zip(network.variables, again.variables, strict=True):
        np.testing.assert_allclose(variable.numpy(), other.numpy(), atol=1e-3)


def test_features_of_real_images_are_computed_once():
    calls = []
    extractor = extractors.Extractor("sum", "sum 1", lambda batch: calls.append(len(batch)) or batch.sum(axis=(1, 2)))
    first = extractor.of_real(IMAGES)
    np.testing.assert_array_equal(extractor.of_real(IMAGES.copy()), first)
    assert calls == [5]
    extractor.of_real(IMAGES[::-1])
    assert calls == [5, 5]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A SavedModel of floats (n, 16, 16, 3), and one with a signature for bytes."""
    path = tmp_path_factory.mktemp("saved")
    inputs = keras.Input((16, 16, 3))
    keras.Model(inputs, keras.layers.AveragePooling2D(16)(inputs)).export(path / "floats", verbose=False)
    module = tf.Module()
    spec = tf.TensorSpec([None, None, None, 1], tf.uint8)
    module.rows = tf.function(lambda images: {"y": tf.reduce_max(images, [2, 3])}, input_signature=[spec])
    tf.saved_model.save(module, str(path / "bytes"), {"rows": module.rows})
    return path


def test_a_saved_model_of_floats_gets_its_size_and_channels_and_one_for_white(saved):
    extractor = extractors.find(str(saved / "floats"))
    white = np.full((3, 32, 32, 1), 255, np.uint8)
    np.testing.assert_allclose(extractor(white), np.ones((3, 3)), atol=1e-6)
    expected = IMAGES.mean(axis=(1, 2, 3))[:, None].repeat(3, axis=1) / 255
    np.testing.assert_allclose(extractor(IMAGES), expected, atol=0.01)


def test_a_saved_model_of_bytes_gets_them_as_they_are(saved):
    extractor = extractors.find(f"{saved / 'bytes'}#rows")
    np.testing.assert_array_equal(extractor(IMAGES), IMAGES.max(axis=(2, 3)))
    assert extractors.find(str(saved / "bytes")).fingerprint == extractor.fingerprint  # its only signature


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("glyf", "did you mean glyph"),
        ("{}/bytes#row", "no signature 'row' .did you mean rows"),
        ("{}", "not a SavedModel"),
        ("inception:{}/none.h5", "no such file of weights"),
    ],
)
def test_other_names_are_refused(saved, name, message):
    with pytest.raises(UsageError, match=message):
        extractors.find(name.format(saved))


def test_inception_without_weights_says_where_they_belong(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"put inception_v3_\S+ of keras-applications there, or"):
        extractors.find("inception")


def test_inception_sees_large_images_from_minus_one_to_one(monkeypatch, tmp_path):
    def tiny(include_top, weights, pooling):
        assert (include_top, weights, pooling) == (False, None, "avg")
        inputs = keras.Input((299, 299, 3))
        return keras.Model(inputs, keras.layers.GlobalAveragePooling2D(name="mean")(inputs))

    monkeypatch.setattr(keras.applications, "InceptionV3", tiny)
    file = tmp_path / "some.weights.h5"
    tiny(False, None, "avg").save_weights(file)
    extractor = extractors.find(f"inception:{file}")
    images = np.zeros((2, 32, 32, 1), np.uint8)
    images[1] = 255
    np.testing.assert_allclose(extractor(images), [[-1] * 3, [1] * 3], atol=1e-6)
    (tmp_path / "broken.weights.h5").write_bytes(b"no weights")
    with pytest.raises(UsageError, match="not the weights of InceptionV3"):
        extractors.find(f"inception:{tmp_path / 'broken.weights.h5'}")


def test_grey():
    colours = np.array([[[[255, 0, 0], [0, 255, 0], [0, 0, 255], [90, 90, 90]]]], np.uint8)
    np.testing.assert_array_equal(pixels.grey(colours), [[[76, 150, 29, 90]]])
    assert pixels.grey_at(IMAGES, 8).shape == (5, 8, 8)
    np.testing.assert_array_equal(pixels.grey_at(IMAGES, 32), IMAGES[..., 0])
