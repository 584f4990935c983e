"""SavedModels with named signatures, for TensorFlow Serving and anything else that loads them.

    path = export(model, "served/vaegan")        # served/vaegan/1, then 2, ...
    served = tf.saved_model.load(path)           # in a process that needs tensorflow alone
    images = served.signatures["sample"](count=tf.constant(4), seed=tf.constant(0))["images"]

A signature runs the same function on chunks of the same size as the model's own methods, so it gives the same bytes.
The page "Serve an exported model" of the documentation lists every input and output.
"""

import contextlib
import os
import pathlib
import shutil
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfglyph.architecture import dump
from tfglyph.architecture.condition import Tokens
from tfglyph.architecture.sampling import SAMPLING_OPTIONS
from tfglyph.composition.table import lines
from tfglyph.composition.tokens import tokenizer
from tfglyph.errors import GlyphError
from tfglyph.exemplars.kinds import COLUMNS, DEEPEST_LEVEL, SCALE, Match
from tfglyph.files import PathLike
from tfglyph.latent.arithmetic import analogy
from tfglyph.latent.interpolation import slerp, times
from tfglyph.models.base import GlyphModel
from tfglyph.progress import progress

Specs = dict[str, tf.TensorSpec]
"""The inputs of a signature, in order, by name."""
Signature = Callable[..., dict[str, tf.Tensor]]
"""A function of named tensors that returns its one output by name."""
ImageFunction = Callable[..., tf.Tensor]
"""A function of a ServedModel and of named tensors that returns uint8 images (..., h, w, c)."""

MAXIMUM_IMAGES = 4096
"""Images that one request may ask for; more is an error rather than a server without memory."""

MAXIMUM_EXEMPLARS = 256
"""Exemplars of one drawing that a request may send."""

MAXIMUM_STEPS = 1000
"""Steps of a sampler that one request may ask for; more is an error rather than a server that is busy for days."""

LARGEST_OPTIONS = {"steps": MAXIMUM_STEPS, "guidance": SAMPLING_OPTIONS["guidance"].high}
"""The largest values of sampling options."""

LARGEST_LATENT = 1e6
"""Absolute value of a latent's numbers; beyond it, networks overflow and would draw noise."""


def export(model: GlyphModel, directory: PathLike) -> pathlib.Path:
    """Writes a SavedModel into the next free version of a directory.

    The version appears at once and complete, so that a server that watches the directory never loads half of it.

    Args:
        model: GlyphModel.
        directory: path; versions 1, 2, ... are folders in it.

    Returns:
        pathlib.Path of the new version.

    Raises:
        GlyphError: the directory cannot be written.
    """
    directory = pathlib.Path(directory)
    temporary = directory / f".writing-{os.getpid()}"
    # The archive finds the variables by itself; tracking the networks as well would write them twice.
    archive = keras.export.ExportArchive()
    for name, (function, inputs) in progress(signatures(model).items(), "tracing", unit="signature"):
        archive.add_endpoint(name, _positional(function, inputs), list(inputs.values()))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(temporary, ignore_errors=True)
        # Without the gradients of custom operations: nobody trains a served model, and they are most of its size.
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        archive.write_out(os.fspath(temporary), options, verbose=False)
        extra = temporary / "assets.extra"
        extra.mkdir()
        (extra / "architecture.json").write_text(dump(model.architecture), encoding="utf-8")
        if model.architecture.part_tokens is not None:
            _write_tokens(extra, model.architecture.part_tokens)
        return _publish(temporary, directory)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise GlyphError(f"{directory}: cannot be written: {reason}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_tokens(folder: pathlib.Path, section: Tokens) -> None:
    """What a client needs to make tokens: the meaning of each token, and the decompositions of characters."""
    meanings = ["nothing here", *tokenizer(section.parts).names]
    (folder / "tokens.txt").write_text("\n".join(meanings) + "\n", encoding="utf-8")
    (folder / "decomposition.txt").write_text("\n".join(lines()) + "\n", encoding="utf-8")


def _publish(temporary: pathlib.Path, directory: pathlib.Path) -> pathlib.Path:
    """Renames a finished SavedModel to the next free number."""
    while True:
        taken = [int(path.name) for path in directory.iterdir() if path.name.isascii() and path.name.isdigit()]
        version = directory / str(max(taken, default=0) + 1)
        with contextlib.suppress(FileExistsError):
            version.mkdir()  # claims the number; a rename replaces an empty folder
            os.replace(temporary, version)
            return version


def _positional(function: Signature, inputs: Specs) -> Signature:
    """``function`` as Keras calls an endpoint: arguments in the order of ``inputs``, by position."""

    def endpoint(*values: tf.Tensor) -> dict[str, tf.Tensor]:
        return function(**dict(zip(inputs, values, strict=True)))

    return endpoint


# === Signatures ===


def signatures(model: GlyphModel) -> dict[str, tuple[Signature, Specs]]:
    """The signatures that a model has.

    Args:
        model: GlyphModel.

    Returns:
        dict from name to (function of named tensors that returns a dict of tensors, dict of tf.TensorSpec by input
        name). ``sample`` comes first, which makes it ``serving_default``.
    """
    served = ServedModel(model)
    image_shape = [None, *model.architecture.hwc]
    count, seed, steps = (_spec(name, tf.int32, None) for name in ("count", "seed", "steps"))
    functions: dict[str, tuple[ImageFunction, Specs]] = {
        "sample": (_sample, {"count": count, "seed": seed} | model.sampling_signature()),
        "decode": (_decode, {"latents": _spec("latents", tf.float32, [None, *model.latent_shape])}),
    }
    if (section := model.architecture.part_tokens) is not None:
        tokens = _spec("tokens", tf.int32, [None, section.length])
        functions["compose"] = (_compose, {"tokens": tokens, "seed": seed} | model.sampling_signature())
    if model.architecture.exemplars is not None:
        sets = {
            "exemplars": _spec("exemplars", tf.uint8, [None, *image_shape]),
            "kinds": _spec("kinds", tf.int32, [None, None, COLUMNS]),
            "seed": seed,
        }
        functions["compose_exemplars"] = (_compose_exemplars, sets | model.sampling_signature())
    images = {"images": _spec("images", tf.uint8, image_shape)}
    if model.can_encode:
        a, b, c = (_spec(name, tf.uint8, image_shape) for name in "abc")
        scale = _spec("scale", tf.float32, None)
        functions |= {
            "reconstruct": (_reconstruct, images),
            "interpolate": (_interpolate, {"a": a, "b": b, "steps": steps}),
            "arithmetic": (_arithmetic, {"a": a, "b": b, "c": c, "scale": scale}),
        }
    result = {name: (_images(name, function, served, specs), specs) for name, (function, specs) in functions.items()}
    if model.can_encode:
        result["encode"] = (_encode(served, images), images)
    for name, (function, specs) in functions.items():
        result[f"{name}_png"] = (_png(name, function, served, specs), specs)
    return result


def _spec(name: str, dtype: tf.DType, shape: list[int | None] | None) -> tf.TensorSpec:
    return tf.TensorSpec(shape, dtype, name=name)


def _images(name: str, function: ImageFunction, served: "ServedModel", specs: Specs) -> Signature:
    return lambda **inputs: {"images": function(served, **_checked_shapes(name, inputs, specs))}


def _png(name: str, function: ImageFunction, served: "ServedModel", specs: Specs) -> Signature:
    return lambda **inputs: {"images_bytes": encode_pngs(function(served, **_checked_shapes(name, inputs, specs)))}


def _encode(served: "ServedModel", specs: Specs) -> Signature:
    return lambda **inputs: {"latents": served.encode(**_checked_shapes("encode", inputs, specs))}


def _checked_shapes(signature: str, inputs: Mapping[str, tf.Tensor], specs: Specs) -> dict[str, tf.Tensor]:
    """The inputs, once their shapes are known to be the specs'; servers pass on whatever they are sent.

    Without the check a batch of 16x64 images would be read as one of 32x32.
    """
    checked = dict(inputs)
    for name, spec in specs.items():
        if spec.shape.rank is None:
            continue
        # What is declared about the shape is forgotten here, or the check would be optimized away as needless.
        value = tf.raw_ops.PlaceholderWithDefault(input=inputs[name], shape=tf.TensorShape(None))
        sides = [side for side in spec.shape if side is not None]  # after n, and k where there are sets
        shape = ", ".join(map(str, [*"nk"[: spec.shape.rank - len(sides)], *sides]))
        message = f"{signature}: {name} must have the shape ({shape})"
        value = _required(value, tf.equal(tf.rank(value), spec.shape.rank), message)
        same = tf.shape(value)[spec.shape.rank - len(sides) :] == tf.constant(sides)
        # (Counted as well, because nothing equals a single size, too.)
        fits = tf.reduce_all(same) & (tf.reduce_sum(tf.cast(same, tf.int32)) == len(sides))
        checked[name] = tf.ensure_shape(_required(value, fits, message), spec.shape)
    return checked


class ServedModel:
    """A model's methods on any batch: in chunks of the model's own size, each method traced once for all signatures.

    The methods are kept as concrete functions: ``tf.saved_model.save`` traces what it writes once more, and would trace
    a whole U-Net again for each of them.

    Args:
        model: GlyphModel.
    """

    def __init__(self, model: GlyphModel):
        self.model, self.chunk = model, model.chunk
        self.image_shape: tuple[int, ...] = tuple(model.architecture.hwc)
        self.latent_shape: tuple[int, ...] = model.latent_shape
        self._traced: dict[tuple[str, ...], Any] = {}

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """uint8 (n, h, w, c) -> float32 (n, *latent_shape)."""
        return self._in_chunks("encode_pixels", {"images": images}, {}, self.latent_shape, tf.float32)

    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """float32 (n, *latent_shape) -> uint8 (n, h, w, c)."""
        usable = tf.reduce_all(tf.abs(latents) <= LARGEST_LATENT)  # which NaN and infinity are not
        message = f"decode: latents must not hold NaN, infinity or numbers beyond {LARGEST_LATENT:,.0f}"
        latents = _required(latents, usable, message)
        return self._in_chunks("decode_latents", {"latents": latents}, {}, self.image_shape, tf.uint8)

    def draw(self, rows: Mapping[str, tf.Tensor], options: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Images of seed pairs and their conditioning inputs.

        Args:
            rows: "pairs" int64 (n, 2), seed and index; "label" int32 (n,), "tokens" int32 (n, length), "exemplars"
                uint8 (n, k, h, w, c) and "kinds" int32 (n, k, COLUMNS) where the model is conditioned on them.
            options: scalars that hold for all images.

        Returns:
            uint8 (n, h, w, c).
        """
        return self._in_chunks("draw", rows, options, self.image_shape, tf.uint8)

    def _in_chunks(
        self,
        name: str,
        rows: Mapping[str, tf.Tensor],
        options: Mapping[str, tf.Tensor],
        shape: tuple[int, ...],
        dtype: tf.DType,
    ) -> tf.Tensor:
        """The model's method ``name`` on any number of ``rows``: ``dtype`` (n, *shape)."""
        method = self._method(name, rows, options)
        spec = tf.TensorSpec([self.chunk, *shape], dtype)
        return in_chunks(lambda chunk: method(**chunk, **options), dict(rows), self.chunk, spec)

    def _method(self, name: str, rows: Mapping[str, tf.Tensor], options: Mapping[str, tf.Tensor]) -> Any:
        """The concrete function of the model's method ``name`` for a chunk of such rows and such options."""
        key = (name, *sorted(rows), *sorted(options))
        if key not in self._traced:
            specs = {
                row: tf.TensorSpec([self.chunk, *value.shape[1:]], value.dtype, row) for row, value in rows.items()
            }
            specs |= {option: tf.TensorSpec(value.shape, value.dtype, option) for option, value in options.items()}
            with tf.init_scope():  # belongs to no graph, so that all signatures can call it
                method = tf.function(getattr(self.model, name), autograph=False)
                self._traced[key] = method.get_concrete_function(**specs)
        return self._traced[key]


# === What the signatures do ===


def _sample(served: ServedModel, label: tf.Tensor | None = None, **inputs: tf.Tensor) -> tf.Tensor:
    """``count`` images of ``seed``; lists go in pairs and give their images one after another.

    A ``label``, for models that take one, goes with its request; other options hold for all requests.
    """
    requests = {name: tf.reshape(inputs.pop(name), [-1]) for name in ("count", "seed")}
    if label is not None:
        requests["label"] = tf.reshape(label, [-1])
    requests = _one_per_request(requests)
    count = requests.pop("count")
    count = _required(count, tf.reduce_all(count >= 0), "sample: count must not be negative")
    total = tf.reduce_sum(tf.cast(count, tf.int64))
    too_many = f"sample: count must not exceed {MAXIMUM_IMAGES} images in a request"
    count = _required(count, total <= MAXIMUM_IMAGES, too_many)
    rows = {name: tf.repeat(values, count) for name, values in requests.items()}  # (images,) each
    rows["pairs"] = _pairs(rows.pop("seed"), tf.ragged.range(count).flat_values)
    return served.draw(rows, _limited("sample", inputs))


def _compose(
    served: ServedModel, tokens: tf.Tensor, seed: tf.Tensor, label: tf.Tensor | None = None, **inputs: tf.Tensor
) -> tf.Tensor:
    """One image for each row of tokens; a seed and a ``label`` each, or one for all."""
    vocabulary = served.model.architecture.part_tokens.vocabulary
    in_vocabulary = tf.reduce_all((tokens >= 0) & (tokens < vocabulary))
    tokens = _required(tokens, in_vocabulary, f"compose: tokens must be from 0 to {vocabulary - 1}")
    return _composed("compose", served, {"tokens": tokens}, seed, label, inputs)


def _compose_exemplars(
    served: ServedModel,
    exemplars: tf.Tensor,
    kinds: tf.Tensor,
    seed: tf.Tensor,
    label: tf.Tensor | None = None,
    **inputs: tf.Tensor,
) -> tf.Tensor:
    """One image for each set of exemplars; a seed and a ``label`` each, or one for all."""
    name = "compose_exemplars"
    same = tf.reduce_all(tf.shape(exemplars)[:2] == tf.shape(kinds)[:2])
    kinds = _required(kinds, same, f"{name}: exemplars and kinds must be equally many, n and k")
    few = tf.shape(kinds)[1] <= MAXIMUM_EXEMPLARS
    kinds = _required(kinds, few, f"{name}: at most {MAXIMUM_EXEMPLARS} exemplars of an image")
    largest = [max(Match), DEEPEST_LEVEL, *[SCALE] * (COLUMNS - 2)]
    known = tf.reduce_all((kinds >= 0) & (kinds <= tf.constant(largest, tf.int32)))
    message = f"{name}: kinds must be from 0 to {largest[0]} (match), {largest[1]} (level), {SCALE} (all others)"
    return _composed(
        name, served, {"exemplars": exemplars, "kinds": _required(kinds, known, message)}, seed, label, inputs
    )


def _composed(
    name: str,
    served: ServedModel,
    rows: Mapping[str, tf.Tensor],
    seed: tf.Tensor,
    label: tf.Tensor | None,
    options: Mapping[str, tf.Tensor],
) -> tf.Tensor:
    """An image for each of the rows (n, ...), variant 0 of its seed."""
    count = tf.shape(next(iter(rows.values())))[0]
    count = _required(count, count <= MAXIMUM_IMAGES, f"{name}: at most {MAXIMUM_IMAGES} images in a request")
    rows = dict(rows)
    for key, values in {"seed": seed, "label": label}.items():
        if values is not None:
            values = tf.reshape(values, [-1])
            fits = (tf.size(values) == count) | (tf.size(values) == 1)
            values = _required(values, fits, f"{name}: {key} must be one number, or one per image")
            rows[key] = tf.broadcast_to(values, [count])
    rows["pairs"] = _pairs(rows.pop("seed"), tf.zeros([count], tf.int32))  # variant 0
    return served.draw(rows, _limited(name, options))


def _pairs(seed: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """int64 (n, 2) from int32 (n,) each."""
    return tf.cast(tf.stack([seed, index], axis=1), tf.int64)


def _limited(signature: str, options: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Sampling options, once they are known not to exceed ``LARGEST_OPTIONS``."""
    limited = dict(options)
    for name, largest in LARGEST_OPTIONS.items():
        if name in options:
            usable = tf.reduce_all(options[name] <= tf.constant(largest, options[name].dtype))
            limited[name] = _required(options[name], usable, f"{signature}: {name} must not exceed {largest:g}")
    return limited


def _one_per_request(inputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Flat tensors of one length: single numbers are repeated for every request."""
    sizes = tf.stack([tf.size(values) for values in inputs.values()])
    requests = tf.reduce_max(sizes)
    names = " and ".join(inputs)
    fits = tf.reduce_all((sizes == requests) | (sizes == 1))
    requests = _required(requests, fits, f"sample: {names} must be one number each, or one per request")
    return {name: tf.broadcast_to(values, [requests]) for name, values in inputs.items()}


def _decode(served: ServedModel, latents: tf.Tensor) -> tf.Tensor:
    return served.decode(latents)


def _reconstruct(served: ServedModel, images: tf.Tensor) -> tf.Tensor:
    return served.decode(served.encode(images))


def _interpolate(served: ServedModel, a: tf.Tensor, b: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
    """Images uint8 (n, steps, h, w, c) along the arc between the latents of a and b."""
    a = _with_batch_of("interpolate", a, b)
    steps = tf.reshape(steps, [-1])
    one = (tf.size(steps) > 0) & tf.reduce_all(steps == steps[:1])
    steps = tf.reduce_max(_required(steps, one, "interpolate: steps must be one number for all requests"))
    steps = _required(steps, steps >= 1, "interpolate: steps must be at least 1")
    total = tf.cast(tf.maximum(tf.shape(a)[0], 1), tf.int64) * tf.cast(steps, tf.int64)
    too_many = f"interpolate: steps must not make more than {MAXIMUM_IMAGES} images in a request"
    steps = _required(steps, total <= MAXIMUM_IMAGES, too_many)
    path = slerp(served.encode(a), served.encode(b), times(steps))  # (n, steps, d)
    images = served.decode(tf.reshape(path, [-1, *served.latent_shape]))  # (n * steps, h, w, c)
    return tf.reshape(images, tf.concat([[tf.shape(a)[0], steps], served.image_shape], axis=0))


def _arithmetic(served: ServedModel, a: tf.Tensor, b: tf.Tensor, c: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Images of scale * (a - b + c) in latent space."""
    a = _with_batch_of("arithmetic", a, b, c)
    scale = tf.reshape(scale, [-1, 1])
    fits = (tf.size(scale) == 1) | (tf.size(scale) == tf.shape(a)[0])
    scale = _required(scale, fits, "arithmetic: scale must be one number, or one per image")
    finite = tf.reduce_all(tf.math.is_finite(scale))
    scale = _required(scale, finite, "arithmetic: scale must not be NaN or infinity")
    return served.decode(analogy(served.encode(a), served.encode(b), served.encode(c), scale))


def _with_batch_of(signature: str, images: tf.Tensor, *others: tf.Tensor) -> tf.Tensor:
    same = [tf.shape(images)[0] == tf.shape(other)[0] for other in others]
    return _required(images, tf.reduce_all(same), f"{signature}: all inputs must hold the same number of images")


# === Graph helpers ===


def _required(value: tf.Tensor, condition: tf.Tensor, message: str) -> tf.Tensor:
    """``value``, once ``condition`` is known to hold; else an InvalidArgumentError with ``message``.

    What uses the value waits for the check, so a request for a billion images fails before it takes memory.
    """
    with tf.control_dependencies([tf.debugging.Assert(condition, [message])]):
        return tf.identity(value)


def in_chunks(function: Callable[[Any], tf.Tensor], rows: Any, chunk: int, result: tf.TensorSpec) -> tf.Tensor:
    """``function`` over chunks of ``chunk`` rows, the last one padded: GlyphModel's rule, inside a graph.

    Args:
        function: from a tree like ``rows`` of tensors [chunk, ...] to a tensor like ``result``.
        rows: tree (see ``tf.nest``) of tensors [n, ...].
        chunk: int.
        result: tf.TensorSpec [chunk, *shape] of a chunk's result.

    Returns:
        Tensor [n, *shape].
    """
    count = tf.shape(tf.nest.flatten(rows)[0])[0]
    chunks = (count + chunk - 1) // chunk
    indices = tf.minimum(tf.range(chunks * chunk), count - 1)

    def split(values: tf.Tensor) -> tf.Tensor:
        padded = tf.gather(values, indices)  # (chunks * chunk, ...)
        padded = tf.reshape(padded, tf.concat([[chunks, chunk], tf.shape(values)[1:]], axis=0))
        return tf.ensure_shape(padded, [None, chunk, *values.shape[1:]])

    results = tf.map_fn(
        function, tf.nest.map_structure(split, rows), parallel_iterations=1, fn_output_signature=result
    )  # (chunks, chunk, ...)
    return tf.reshape(results, [-1, *result.shape[1:]])[:count]


def encode_pngs(images: tf.Tensor) -> tf.Tensor:
    """PNG bytes of uint8 images (..., h, w, c): strings (...)."""
    shape = tf.shape(images)
    flat = tf.reshape(images, tf.concat([[-1], shape[-3:]], axis=0))
    flat.set_shape([None, *images.shape[-3:]])
    strings = tf.map_fn(tf.io.encode_png, flat, fn_output_signature=tf.TensorSpec([], tf.string))
    return tf.reshape(strings, shape[:-3])
