"""tfglyph.export: signatures that equal the model's own methods, in a process with tensorflow alone."""

import concurrent.futures
import io
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfglyph
from tests.helpers.exemplars import SMALL as EXEMPLARS
from tests.helpers.exemplars import disturbed, random_sets
from tests.helpers.models import GAN
from tests.helpers.small import SMALL_VAEGAN
from tfglyph.errors import GlyphError
from tfglyph.export import _publish, export, in_chunks, signatures
from tfglyph.latent import analogy, slerp, times

IMAGES = np.random.default_rng(0).integers(0, 256, (19, 32, 32, 1), np.uint8)
ONE = IMAGES[:1]
BAD = tf.errors.InvalidArgumentError


@pytest.fixture(scope="module")
def model():
    return tfglyph.build(SMALL_VAEGAN, seed=5)


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    return export(model, tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def served(path):
    return tf.saved_model.load(str(path)).signatures


def call(served, name, **inputs):
    """The one output of a signature, for NumPy values."""
    specs = served[name].structured_input_signature[1]
    outputs = served[name](**{key: tf.constant(value, specs[key].dtype) for key, value in inputs.items()})
    (value,) = outputs.values()
    return value.numpy()


def test_signatures_are_the_documented_ones(model, served):
    images = {"sample", "decode", "reconstruct", "interpolate", "arithmetic"}
    assert set(signatures(model)) == images | {"encode"} | {f"{name}_png" for name in images}
    assert set(served) == set(signatures(model)) | {"serving_default"}
    for name in served:
        (output,) = served[name].structured_outputs
        assert output == ("images_bytes" if name.endswith("_png") else "latents" if name == "encode" else "images")


def test_every_signature_gives_the_bytes_of_the_model(model, served):
    latents = model.encode(IMAGES)
    np.testing.assert_array_equal(call(served, "encode", images=IMAGES), latents)
    np.testing.assert_array_equal(call(served, "decode", latents=latents), model.decode(latents))
    np.testing.assert_array_equal(call(served, "reconstruct", images=IMAGES), model.decode(latents))
    np.testing.assert_array_equal(call(served, "sample", count=21, seed=7), model.sample(21, seed=7))
    walk = np.asarray(slerp(latents[:3], latents[3:6], times(10))).reshape(30, -1)
    actual = call(served, "interpolate", a=IMAGES[:3], b=IMAGES[3:6], steps=10)
    np.testing.assert_array_equal(actual, model.decode(walk).reshape(3, 10, 32, 32, 1))
    for scale in (2.0, np.float32([0.5, 1.0, 3.0])):
        expected = analogy(latents[:3], latents[3:6], latents[6:9], np.reshape(scale, [-1, 1]).astype(np.float32))
        actual = call(served, "arithmetic", a=IMAGES[:3], b=IMAGES[3:6], c=IMAGES[6:9], scale=scale)
        np.testing.assert_array_equal(actual, model.decode(expected))


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("sample", {"count": 3, "seed": 1}),
        ("decode", {"latents": np.ones((3, 6))}),
        ("reconstruct", {"images": IMAGES[:3]}),
        ("interpolate", {"a": IMAGES[:2], "b": IMAGES[2:4], "steps": 3}),
        ("arithmetic", {"a": IMAGES[:2], "b": IMAGES[2:4], "c": IMAGES[4:6], "scale": 0.5}),
    ],
)
def test_png_signatures_hold_the_same_images(served, name, inputs):
    images, strings = call(served, name, **inputs), call(served, f"{name}_png", **inputs)
    assert strings.shape == images.shape[:-3]
    for image, string in zip(images.reshape(-1, 32, 32), strings.reshape(-1), strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(string))), image)


def test_lists_of_requests_go_in_pairs(model, served):
    actual = call(served, "sample", count=[2, 0, 1], seed=[4, 5, 6])
    np.testing.assert_array_equal(actual, np.concatenate([model.sample(2, seed=4), model.sample(1, seed=6)]))
    np.testing.assert_array_equal(call(served, "sample", count=1, seed=[8, 9]), model.sample_seeds([8, 9]))


def test_empty_batches_give_empty_results(served):
    none = IMAGES[:0]
    assert call(served, "sample", count=0, seed=1).shape == (0, 32, 32, 1)
    assert call(served, "encode", images=none).shape == (0, 6)
    assert call(served, "decode", latents=np.zeros((0, 6))).shape == (0, 32, 32, 1)
    assert call(served, "interpolate", a=none, b=none, steps=4).shape == (0, 4, 32, 32, 1)
    assert call(served, "arithmetic_png", a=none, b=none, c=none, scale=1.0).shape == (0,)


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("sample", {"count": -1, "seed": 0}, "count must not be negative"),
        ("sample", {"count": 2**31 - 1, "seed": 0}, "count must not exceed 4096 images"),
        ("sample", {"count": 100, "seed": list(range(50))}, "count must not exceed 4096 images"),
        ("sample", {"count": [1, 2], "seed": [1, 2, 3]}, "one number each, or one per request"),
        ("sample", {"count": 1_000_000, "seed": 0}, "count must not exceed 4096 images"),
        (
            "decode",
            {"latents": np.full((2, 6), np.nan)},
            "latents must not hold NaN, infinity or numbers beyond 1,000,000",
        ),
        ("decode", {"latents": np.full((2, 6), -np.inf)}, "latents must not hold NaN, infinity"),
        ("decode", {"latents": np.full((2, 6), 1e30)}, "latents must not hold NaN, infinity or numbers beyond"),
        ("arithmetic", {"a": ONE, "b": ONE, "c": ONE, "scale": 1e38}, "latents must not hold NaN, infinity or numbers"),
        ("interpolate", {"a": ONE, "b": ONE, "steps": 0}, "steps must be at least 1"),
        ("interpolate", {"a": ONE, "b": ONE, "steps": 2**31 - 1}, "more than 4096 images"),
        ("interpolate", {"a": IMAGES[:2], "b": IMAGES[:2], "steps": [2, 3]}, "one number for all requests"),
        ("interpolate", {"a": IMAGES[:2], "b": ONE, "steps": 2}, "the same number of images"),
        ("arithmetic", {"a": ONE, "b": ONE, "c": IMAGES[:2], "scale": 1.0}, "the same number of images"),
        ("arithmetic", {"a": ONE, "b": ONE, "c": ONE, "scale": np.inf}, "scale must not be NaN"),
        ("arithmetic", {"a": ONE, "b": ONE, "c": ONE, "scale": [1.0, 2.0]}, "or one per image"),
    ],
)
def test_impossible_requests_are_named(served, name, inputs, message):
    with pytest.raises(BAD, match=message):
        call(served, name, **inputs)


DIFFUSION = {
    "mode": "DDPM",
    "hwc": [32, 32, 1],
    "objective": {"encoding_steps": 2},
    "denoiser": {"type": "patch-unet", "patch": 8, "output": [8], "blocks": [1], "attention": [0]},
}


@pytest.fixture(scope="module")
def diffusion(tmp_path_factory):
    """The signatures of a small diffusion model, whose latents are images."""
    model = tfglyph.build(DIFFUSION, seed=5)
    return tf.saved_model.load(str(export(model, tmp_path_factory.mktemp("served")))).signatures


@pytest.fixture(params=["served", pytest.param("diffusion", marks=pytest.mark.slow)])
def either(request):
    """The signatures of the one and of the other model."""
    return request.getfixturevalue(request.param)


SMALL_VALUES = {"count": 1, "seed": 1, "steps": 2, "guidance": 1.0, "label": 0, "scale": 1.0}


def valid(spec):
    """A valid value for an input of a signature, for a batch of two."""
    if spec.shape.rank is None:
        return np.asarray(SMALL_VALUES[spec.name.split("_")[-1]], spec.dtype.as_numpy_dtype)
    return np.ones([2, *spec.shape[1:]], spec.dtype.as_numpy_dtype)


def test_wrong_shapes_and_types_are_refused_by_every_signature(either):
    count = 0
    for name in sorted(either):
        function = either[name]
        specs = function.structured_input_signature[1]
        right = {key: valid(spec) for key, spec in specs.items()}
        for key, spec in specs.items():
            value = right[key]
            wrong = [value.astype("float64"), value.astype("int64"), np.asarray("text")]
            if spec.shape.rank is not None:
                bare = spec.shape[1:]
                halved = [2, *bare[:-1], bare[-1] + 1] if len(bare) == 1 else [2, bare[0] // 2, bare[1] * 2, *bare[2:]]
                shapes = [bare, [2, 1, *bare], [2, *bare[:-1], bare[-1] + 1], halved, [], [0]]
                wrong += [np.ones(shape, value.dtype) for shape in shapes]
            for wrong_value in wrong:
                with pytest.raises((BAD, TypeError, ValueError)):
                    function(**{name: tf.constant(value) for name, value in (right | {key: wrong_value}).items()})
                count += 1
        with pytest.raises(TypeError):
            function(**{key: tf.constant(value) for key, value in list(right.items())[1:]})
    assert count > 60


def test_a_wrong_size_is_named(either):
    with pytest.raises(BAD, match=r"encode: images must have the shape \(n, 32, 32, 1\)"):
        call(either, "encode", images=np.zeros((2, 16, 64, 1)))
    with pytest.raises(BAD, match=r"reconstruct: images must have the shape \(n, 32, 32, 1\)"):
        call(either, "reconstruct_png", images=np.zeros((32, 32, 1)))
    with pytest.raises(BAD, match=r"decode: latents must have the shape \(n, \d+\)"):
        call(either, "decode", latents=np.zeros((2, 7)))


@pytest.mark.parametrize(
    "steps, words",
    [
        (0, "steps must be one number, at least 1"),
        (-3, "steps must be one number, at least 1"),
        (1001, "steps must not exceed 1000"),
        ([2, 3], "steps must be one number"),
    ],
)
@pytest.mark.slow
def test_impossible_steps_of_a_diffusion_model_are_named(diffusion, steps, words):
    with pytest.raises(BAD, match=words):
        call(diffusion, "sample", count=1, seed=0, steps=steps)
    with pytest.raises(BAD, match="count must not be negative"):
        call(diffusion, "sample", count=-1, seed=0, steps=1)
    assert call(diffusion, "sample", count=0, seed=0, steps=1).shape == (0, 32, 32, 1)


def test_eight_threads_get_the_bytes_that_one_gets(served):
    requests = [("sample", {"count": 1 + i % 3, "seed": i}) for i in range(6)]
    requests += [("encode", {"images": IMAGES[i : i + 2]}) for i in range(3)]
    requests += [("sample", {"count": -1, "seed": 0})]

    def answer(request):
        name, inputs = request
        try:
            return call(served, name, **inputs).tobytes()
        except BAD as error:
            return "count must not be negative" in str(error)

    alone = [answer(request) for request in requests]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        together = list(pool.map(answer, requests * 20))
    assert together == alone * 20


@pytest.mark.slow
def test_a_process_with_tensorflow_alone_serves_it(model, path, tmp_path):
    script = (
        "import sys, numpy, tensorflow as tf\n"
        f"served = tf.saved_model.load({str(path)!r}).signatures\n"
        "images = served['sample'](count=tf.constant(5), seed=tf.constant(3))['images']\n"
        f"numpy.save({str(tmp_path / 'images.npy')!r}, images)\n"
        "assert not [name for name in sys.modules if name.startswith('tfglyph')]\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "images.npy"), model.sample(5, seed=3))


def test_weights_are_written_once(model, path):
    parameters = sum(network.count_params() for network in (model.networks["encoder"], model.networks["generator"]))
    size = sum(file.stat().st_size for file in (path / "variables").iterdir())
    assert 4 * parameters <= size < 8 * parameters + 20_000


def test_versions_count_up_from_the_highest(monkeypatch, tmp_path):
    for name in ("1", "7", "notes", "٩"):
        (tmp_path / name).mkdir()
    (tmp_path / "7" / "taken").write_text("")
    temporary = tmp_path / ".writing-1"
    temporary.mkdir()
    (temporary / "saved_model.pb").write_text("")
    assert _publish(temporary, tmp_path) == tmp_path / "8"
    assert (tmp_path / "8" / "saved_model.pb").exists() and not temporary.exists()


def test_version_holds_the_architecture_and_no_leftovers(path):
    copy = tfglyph.load_architecture(path / "assets.extra" / "architecture.json")
    assert copy == tfglyph.load_architecture(SMALL_VAEGAN)
    assert path.name == "1" and [entry.name for entry in path.parent.iterdir()] == ["1"]


def test_unwritable_directory_is_one_line(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GlyphError, match="file/served: cannot be written: "):
        export(model, tmp_path / "file" / "served")


def test_labels_go_with_their_requests(tmp_path):
    model = tfglyph.build({**GAN, "condition": {"classes": 3}}, seed=2)
    served = tf.saved_model.load(str(export(model, tmp_path))).signatures
    assert set(served) == {"sample", "decode", "sample_png", "decode_png", "serving_default"}
    actual = call(served, "sample", count=[1, 2], seed=[5, 6], label=[0, 2])
    expected = [model.sample(1, seed=5, label=0), model.sample(2, seed=6, label=2)]
    np.testing.assert_array_equal(actual, np.concatenate(expected))
    np.testing.assert_array_equal(call(served, "sample", count=2, seed=6, label=-1), model.sample(2, seed=6))
    with pytest.raises(BAD, match="label must be below 3"):
        call(served, "sample", count=1, seed=0, label=3)
    with pytest.raises(BAD, match="count and seed and label must be one number each, or one per request"):
        call(served, "sample", count=[1, 1, 1], seed=0, label=[0, 1])


@pytest.fixture(scope="module")
def from_exemplars(tmp_path_factory):
    """A small model that draws from exemplars, and where its SavedModel is."""
    model = disturbed(tfglyph.build(EXEMPLARS, seed=3))
    return model, export(model, tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def composing(from_exemplars):
    return tf.saved_model.load(str(from_exemplars[1])).signatures


NUMBERS = {"seed": 4, "steps": 2, "guidance": 1.5}


@pytest.mark.slow
def test_a_model_of_exemplars_has_a_signature_for_them(from_exemplars, composing):
    model, _ = from_exemplars
    assert set(composing) == set(signatures(model)) | {"serving_default"}
    assert {"compose_exemplars", "compose_exemplars_png", "sample"} <= set(composing) and "compose" not in composing
    specs = composing["compose_exemplars"].structured_input_signature[1]
    assert {name: (spec.dtype.name, spec.shape.rank and spec.shape.as_list()) for name, spec in specs.items()} == {
        "exemplars": ("uint8", [None, None, 16, 16, 1]),
        "kinds": ("int32", [None, None, 7]),
        "seed": ("int32", None),
        "steps": ("int32", None),
        "guidance": ("float32", None),
    }


@pytest.mark.parametrize("slots", [0, 1, 5, 11])
@pytest.mark.slow
def test_drawings_from_exemplars_are_those_of_the_model(from_exemplars, composing, slots):
    model, _ = from_exemplars
    for count in (3, model.chunk + 1) if slots == 1 else (3,):
        sets = random_sets(count, slots)
        actual = call(composing, "compose_exemplars", **sets, **NUMBERS)
        expected = model.sample_pairs([(4, 0)] * count, **sets, steps=2, guidance=1.5)
        np.testing.assert_array_equal(actual, expected)
        assert actual.std() > 10
    seeds = [7, 4, 9]
    actual = call(composing, "compose_exemplars", **random_sets(3, slots), **(NUMBERS | {"seed": seeds}))
    expected = model.sample_pairs([(seed, 0) for seed in seeds], **random_sets(3, slots), steps=2, guidance=1.5)
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.slow
def test_other_signatures_of_a_model_of_exemplars(from_exemplars, composing):
    model, _ = from_exemplars
    sampled = call(composing, "sample", count=3, **NUMBERS)
    np.testing.assert_array_equal(sampled, model.sample(3, seed=4, steps=2, guidance=1.5))
    none = {name: values[:0] for name, values in random_sets(1, 2).items()}
    assert call(composing, "compose_exemplars", **none, **NUMBERS).shape == (0, 16, 16, 1)
    sets = random_sets(2, 3)
    images = call(composing, "compose_exemplars", **sets, **NUMBERS)
    for image, string in zip(images, call(composing, "compose_exemplars_png", **sets, **NUMBERS), strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(string))), image[..., 0])


def kinds_of(count, slots, match=1, level=1, other=0):
    kinds = np.full((count, slots, 7), other)
    kinds[..., 0], kinds[..., 1] = match, level
    return kinds


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"kinds": kinds_of(2, 2)}, "exemplars and kinds must be equally many, n and k"),
        ({"kinds": kinds_of(1, 3)}, "exemplars and kinds must be equally many, n and k"),
        ({"kinds": kinds_of(2, 3)[..., :6]}, r"kinds must have the shape \(n, k, 7\)"),
        ({"kinds": kinds_of(2, 3)[0]}, r"kinds must have the shape \(n, k, 7\)"),
        ({"exemplars": np.zeros((2, 3, 8, 32, 1))}, r"exemplars must have the shape \(n, k, 16, 16, 1\)"),
        ({"exemplars": np.zeros((2, 16, 16, 1))}, r"exemplars must have the shape \(n, k, 16, 16, 1\)"),
        ({"kinds": kinds_of(2, 3, match=6)}, r"kinds must be from 0 to 5 \(match\), 3 \(level\), 255"),
        ({"kinds": kinds_of(2, 3, level=4)}, r"kinds must be from 0 to 5 \(match\), 3 \(level\), 255"),
        ({"kinds": kinds_of(2, 3, other=256)}, r"kinds must be from 0 to 5 \(match\), 3 \(level\), 255"),
        ({"kinds": kinds_of(2, 3, match=-1)}, r"kinds must be from 0 to 5 \(match\), 3 \(level\), 255"),
        (
            {"exemplars": np.zeros((1, 257, 16, 16, 1)), "kinds": kinds_of(1, 257)},
            "at most 256 exemplars of an image",
        ),
        ({"seed": [1, 2, 3]}, "seed must be one number, or one per image"),
        ({"steps": 1001}, "steps must not exceed 1000"),
        ({"guidance": 1001.0}, "guidance must not exceed 1000"),
    ],
)
@pytest.mark.slow
def test_impossible_exemplars_are_named(composing, inputs, message):
    with pytest.raises(BAD, match=f"compose_exemplars: {message}"):
        call(composing, "compose_exemplars", **(random_sets(2, 3) | NUMBERS | inputs))


@pytest.mark.slow
def test_a_process_with_tensorflow_alone_draws_from_exemplars(from_exemplars, tmp_path):
    model, path = from_exemplars
    sets = random_sets(2, 3)
    np.savez(tmp_path / "sets.npz", **sets)
    script = (
        "import sys, numpy, tensorflow as tf\n"
        f"served = tf.saved_model.load({str(path)!r}).signatures['compose_exemplars']\n"
        "sets = {name: tf.constant(values) for name, values in numpy.load('sets.npz').items()}\n"
        "images = served(**sets, seed=tf.constant(4), steps=tf.constant(2), guidance=tf.constant(1.5))['images']\n"
        "numpy.save('images.npy', images)\n"
        "assert not [name for name in sys.modules if name.startswith('tfglyph')]\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    expected = model.sample_pairs([(4, 0)] * 2, **sets, steps=2, guidance=1.5)
    np.testing.assert_array_equal(np.load(tmp_path / "images.npy"), expected)


@pytest.mark.parametrize("count", [0, 1, 4, 7])
def test_chunks_of_a_tree_are_padded_and_put_together_again(count):
    pairs, label = np.arange(2 * count).reshape(count, 2), np.arange(count) - 3
    sizes = []

    def weighted(chunk):
        sizes.append(chunk["label"].shape[0])
        return tf.reduce_sum(chunk["pairs"], axis=1, keepdims=True) * chunk["label"][:, None]

    result = tf.TensorSpec([4, 1], tf.int64)
    actual = tf.function(lambda rows: in_chunks(weighted, rows, 4, result))({"pairs": pairs, "label": label})
    np.testing.assert_array_equal(actual, pairs.sum(axis=1, keepdims=True) * label[:, None])
    assert set(sizes) == {4}
