"""SavedModels with named signatures, for TensorFlow Serving and anything else that loads them.

    path = export(model, "served/vaegan")        # served/vaegan/1, then 2, ...
    served = tf.saved_model.load(path)           # in a process that needs tensorflow alone
    images = served.signatures["sample"](count=tf.constant(4), seed=tf.constant(0))["images"]

A signature runs the same function on chunks of the same size as the model's own methods, so it gives the same
bytes. docs/serving.md lists every input and output.
"""

import contextlib
import os
import pathlib
import shutil

import tensorflow as tf

from tfglyph.architecture import dump
from tfglyph.errors import GlyphError
from tfglyph.latent.arithmetic import analogy
from tfglyph.latent.interpolation import slerp, times
from tfglyph.progress import progress

MAXIMUM_IMAGES = 4096
"""Images that one request may ask for; more is an error rather than a server without memory."""

MAXIMUM_STEPS = 1000
"""Steps of a sampler that one request may ask for; more is an error rather than a server that is busy for days."""

LARGEST_LATENT = 1e6
"""Absolute value of a latent's numbers; beyond it, networks overflow and would paint noise."""


def export(model, directory):
    """Writes a SavedModel into the next free version of a directory.

    The version appears at once and complete, so that a server that watches the directory never loads half of
    it.

    Args:
        model: GlyphModel.
        directory: path; versions 1, 2, ... are folders in it.

    Returns:
        pathlib.Path of the new version.

    Raises:
        GlyphError: the directory cannot be written.
    """
    import keras

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


def _write_tokens(folder, section):
    """What a client needs to make tokens: what each one means, and what characters are made of."""
    from tfglyph.composition.table import lines
    from tfglyph.composition.tokens import tokenizer

    meanings = ["nothing here", *tokenizer(section.parts).names]
    (folder / "tokens.txt").write_text("\n".join(meanings) + "\n", encoding="utf-8")
    (folder / "decomposition.txt").write_text("\n".join(lines()) + "\n", encoding="utf-8")


def _publish(temporary, directory):
    """Renames a finished SavedModel to the next free number."""
    while True:
        taken = [int(path.name) for path in directory.iterdir() if path.name.isascii() and path.name.isdigit()]
        version = directory / str(max(taken, default=0) + 1)
        with contextlib.suppress(FileExistsError):
            version.mkdir()  # claims the number; a rename replaces an empty folder
            os.replace(temporary, version)
            return version


def _positional(function, inputs):
    """``function`` as Keras calls an endpoint: arguments in the order of ``inputs``, by position."""

    def endpoint(*values):
        return function(**dict(zip(inputs, values, strict=True)))

    return endpoint


# === Signatures ===


def signatures(model):
    """The signatures that a model has.

    Args:
        model: GlyphModel.

    Returns:
        dict from name to (function of named tensors that returns a dict of tensors, dict of tf.TensorSpec by
        input name). ``sample`` comes first, which makes it ``serving_default``.
    """
    painter = _Painter(model)
    image = _spec("images", tf.uint8, [None, *model.architecture.hwc])
    latent = _spec("latents", tf.float32, [None, *model.latent_shape])
    number = {name: _spec(name, tf.int32, None) for name in ("count", "seed", "steps")}
    makers = {
        "sample": (_sample, {"count": number["count"], "seed": number["seed"]} | model.sampling_signature()),
        "decode": (_decode, {"latents": latent}),
    }
    if (section := model.architecture.part_tokens) is not None:
        told = {"tokens": _spec("tokens", tf.int32, [None, section.length]), "seed": number["seed"]}
        makers["compose"] = (_compose, told | model.sampling_signature())
    found = {}
    if model.can_encode:
        pair = {name: _spec(name, tf.uint8, image.shape) for name in "ab"}
        makers |= {
            "reconstruct": (_reconstruct, {"images": image}),
            "interpolate": (_interpolate, pair | {"steps": number["steps"]}),
            "arithmetic": (
                _arithmetic,
                pair | {"c": _spec("c", tf.uint8, image.shape), "scale": _spec("scale", tf.float32, None)},
            ),
        }
    for name, (maker, inputs) in makers.items():
        found[name] = (_images(name, maker, painter, inputs), inputs)
    if model.can_encode:
        found["encode"] = (_encode(painter, image), {"images": image})
    for name, (maker, inputs) in makers.items():
        found[f"{name}_png"] = (_png(name, maker, painter, inputs), inputs)
    return found


def _spec(name, dtype, shape):
    return tf.TensorSpec(shape, dtype, name=name)


def _images(name, maker, painter, specs):
    return lambda **inputs: {"images": maker(painter, **_of_right_shape(name, inputs, specs))}


def _png(name, maker, painter, specs):
    return lambda **inputs: {"images_bytes": encode_pngs(maker(painter, **_of_right_shape(name, inputs, specs)))}


def _encode(painter, spec):
    return lambda images: {
        "latents": painter.encode(_of_right_shape("encode", {"images": images}, {"images": spec})["images"])
    }


def _of_right_shape(signature, inputs, specs):
    """The inputs, once their shapes are known to be the specs'; servers pass on whatever they are sent.

    Without the check a batch of 16x64 images would be looked at as one of 32x32.
    """
    checked = dict(inputs)
    for name, spec in specs.items():
        if spec.shape.rank is None:
            continue
        # What is declared about the shape is forgotten here, or the check would be optimized away as needless.
        value = tf.raw_ops.PlaceholderWithDefault(input=inputs[name], shape=tf.TensorShape(None))
        words = ", ".join(map(str, ["n", *spec.shape[1:]]))
        message = f"{signature}: {name} must have the shape ({words})"
        value = _required(value, tf.equal(tf.rank(value), spec.shape.rank), message)
        fits = tf.reduce_all(tf.shape(value)[1:] == tf.constant(spec.shape[1:].as_list()))
        checked[name] = tf.ensure_shape(_required(value, fits, message), spec.shape)
    return checked


class _Painter:
    """A model's methods on any batch: in chunks of the model's own size, each method traced once for all.

    The methods are kept as concrete functions: ``tf.saved_model.save`` traces what it writes once more, and would
    trace a whole U-Net again for each of them.
    """

    def __init__(self, model):
        self.model, self.chunk = model, model.chunk
        self.image_shape, self.latent_shape = model.architecture.hwc, model.latent_shape
        self._traced = {}

    def _method(self, name, rows, **options):
        """The concrete function of the model's method ``name`` for a chunk like ``rows`` and such options."""
        key = (name, *sorted(options))
        if key not in self._traced:
            specs = {option: tf.TensorSpec(value.shape, value.dtype, option) for option, value in options.items()}
            rows = tf.TensorSpec([self.chunk, *rows.shape[1:]], rows.dtype, "rows")
            with tf.init_scope():  # belongs to no graph, so that all signatures can call it
                method = tf.function(getattr(self.model, name), autograph=False)
                self._traced[key] = method.get_concrete_function(rows, **specs)
        return self._traced[key]

    def encode(self, images):
        """uint8 (n, h, w, c) -> float32 (n, *latent_shape)."""
        encode = self._method("encode_pixels", images)
        return _in_chunks(encode, images, self.chunk, self.latent_shape, tf.float32)

    def decode(self, latents):
        """float32 (n, *latent_shape) -> uint8 (n, h, w, c)."""
        usable = tf.reduce_all(tf.abs(latents) <= LARGEST_LATENT)  # which NaN and infinity are not
        message = f"decode: latents must not hold NaN, infinity or numbers beyond {LARGEST_LATENT:,.0f}"
        latents = _required(latents, usable, message)
        decode = self._method("decode_latents", latents)
        return _in_chunks(decode, latents, self.chunk, self.image_shape, tf.uint8)

    def draw(self, rows, labelled, options, length=0):
        """Images of rows int64, seed, index, a label where ``labelled``, ``length`` tokens: uint8 (n, h, w, c)."""

        def told(chunk):
            chunk = tf.cast(chunk[:, 2:], tf.int32)
            label = {"label": chunk[:, 0]} if labelled else {}
            return options | label | ({"tokens": chunk[:, -length:]} if length else {})

        def draw(chunk):
            return method(chunk[:, :2], **told(chunk))

        some = tf.zeros([self.chunk, rows.shape[1]], tf.int64)
        method = self._method("draw", some[:, :2], **told(some))
        return _in_chunks(draw, rows, self.chunk, self.image_shape, tf.uint8)


def _sample(painter, label=None, **inputs):
    """``count`` images of ``seed``; lists go in pairs and give their images one after another.

    A ``label``, for models that take one, goes with its request; other options hold for all requests.
    """
    each = {name: tf.reshape(inputs.pop(name), [-1]) for name in ("count", "seed")}
    if label is not None:
        each["label"] = tf.reshape(label, [-1])
    count, *rows = _one_per_request(each)
    count = _required(count, tf.reduce_all(count >= 0), "sample: count must not be negative")
    total = tf.reduce_sum(tf.cast(count, tf.int64))
    too_many = f"sample: count must not exceed {MAXIMUM_IMAGES} images in a request"
    count = _required(count, total <= MAXIMUM_IMAGES, too_many)
    for option, most in (("steps", MAXIMUM_STEPS), ("guidance", 1000)):
        if option in inputs:
            usable = tf.reduce_all(inputs[option] <= tf.constant(most, inputs[option].dtype))
            message = f"sample: {option} must not exceed {most}"
            inputs[option] = _required(inputs[option], usable, message)
    seed, *labels = (tf.repeat(values, count) for values in rows)
    index = tf.ragged.range(count).flat_values  # (images,)
    rows = tf.cast(tf.stack([seed, index, *labels], axis=1), tf.int64)  # (images, 2 or 3)
    return painter.draw(rows, label is not None, inputs)


def _compose(painter, tokens, seed, label=None, **inputs):
    """One image for each row of tokens; a seed and a ``label`` each, or one for all."""
    vocabulary, length = painter.model.architecture.part_tokens.vocabulary, tokens.shape[1]
    known = tf.reduce_all((tokens >= 0) & (tokens < vocabulary))
    tokens = _required(tokens, known, f"compose: tokens must be from 0 to {vocabulary - 1}")
    count = tf.shape(tokens)[0]
    tokens = _required(tokens, count <= MAXIMUM_IMAGES, f"compose: at most {MAXIMUM_IMAGES} images in a request")
    columns = []
    for name, values in {"seed": seed, "label": label}.items():
        if values is not None:
            values = tf.reshape(values, [-1])
            fits = (tf.size(values) == count) | (tf.size(values) == 1)
            values = _required(values, fits, f"compose: {name} must be one number, or one per row of tokens")
            columns.append(tf.broadcast_to(values, [count]))
    columns.insert(1, tf.zeros([count], tf.int32))  # the variant
    rows = tf.concat([tf.stack(columns, axis=1), tokens], axis=1)  # (n, 2 or 3 + length)
    return painter.draw(tf.cast(rows, tf.int64), label is not None, inputs, length)


def _one_per_request(inputs):
    """Flat tensors of one length: single numbers are repeated for every request."""
    sizes = tf.stack([tf.size(values) for values in inputs.values()])
    requests = tf.reduce_max(sizes)
    names = " and ".join(inputs)
    fits = tf.reduce_all((sizes == requests) | (sizes == 1))
    requests = _required(requests, fits, f"sample: {names} must be one number each, or one per request")
    return [tf.broadcast_to(values, [requests]) for values in inputs.values()]


def _decode(painter, latents):
    return painter.decode(latents)


def _reconstruct(painter, images):
    return painter.decode(painter.encode(images))


def _interpolate(painter, a, b, steps):
    """Images uint8 (n, steps, h, w, c) along the arc between the latents of a and b."""
    a = _with_batch_of("interpolate", a, b)
    steps = tf.reshape(steps, [-1])
    one = (tf.size(steps) > 0) & tf.reduce_all(steps == steps[:1])
    steps = tf.reduce_max(_required(steps, one, "interpolate: steps must be one number for all requests"))
    steps = _required(steps, steps >= 1, "interpolate: steps must be at least 1")
    total = tf.cast(tf.maximum(tf.shape(a)[0], 1), tf.int64) * tf.cast(steps, tf.int64)
    too_many = f"interpolate: steps must not make more than {MAXIMUM_IMAGES} images in a request"
    steps = _required(steps, total <= MAXIMUM_IMAGES, too_many)
    walk = slerp(painter.encode(a), painter.encode(b), times(steps))  # (n, steps, d)
    images = painter.decode(tf.reshape(walk, [-1, *painter.latent_shape]))  # (n * steps, h, w, c)
    return tf.reshape(images, tf.concat([[tf.shape(a)[0], steps], painter.image_shape], axis=0))


def _arithmetic(painter, a, b, c, scale):
    """Images of scale * (a - b + c) in latent space."""
    a = _with_batch_of("arithmetic", a, b, c)
    scale = tf.reshape(scale, [-1, 1])
    fits = (tf.size(scale) == 1) | (tf.size(scale) == tf.shape(a)[0])
    scale = _required(scale, fits, "arithmetic: scale must be one number, or one per image")
    finite = tf.reduce_all(tf.math.is_finite(scale))
    scale = _required(scale, finite, "arithmetic: scale must not be NaN or infinity")
    return painter.decode(analogy(*(painter.encode(image) for image in (a, b, c)), scale))


def _with_batch_of(signature, images, *others):
    same = [tf.shape(images)[0] == tf.shape(other)[0] for other in others]
    return _required(images, tf.reduce_all(same), f"{signature}: all inputs must hold the same number of images")


def _required(value, condition, message):
    """``value``, once ``condition`` is known to hold; else an InvalidArgumentError with ``message``.

    What uses the value waits for the check, so a request for a billion images fails before it takes memory.
    """
    with tf.control_dependencies([tf.debugging.Assert(condition, [message])]):
        return tf.identity(value)


def _in_chunks(function, rows, chunk, shape, dtype):
    """``function`` over chunks of ``chunk`` rows, the last one padded: GlyphModel's rule, inside a graph.

    Args:
        function: from [chunk, ...] to ``dtype`` [chunk, *shape].
        rows: tensor [n, ...].
        chunk: int.
        shape: tuple of int, of one result.
        dtype: tf.DType of the results.

    Returns:
        Tensor [n, *shape].
    """
    count = tf.shape(rows)[0]
    chunks = (count + chunk - 1) // chunk
    padded = tf.gather(rows, tf.minimum(tf.range(chunks * chunk), count - 1))
    padded = tf.reshape(padded, tf.concat([[chunks, chunk], tf.shape(rows)[1:]], axis=0))
    padded = tf.ensure_shape(padded, [None, chunk, *rows.shape[1:]])
    result = tf.TensorSpec([chunk, *shape], dtype)
    made = tf.map_fn(function, padded, parallel_iterations=1, fn_output_signature=result)  # (chunks, chunk, ...)
    return tf.reshape(made, [-1, *shape])[:count]


def encode_pngs(images):
    """PNG bytes of uint8 images (..., h, w, c): strings (...)."""
    shape = tf.shape(images)
    flat = tf.reshape(images, tf.concat([[-1], shape[-3:]], axis=0))
    flat.set_shape([None, *images.shape[-3:]])
    strings = tf.map_fn(tf.io.encode_png, flat, fn_output_signature=tf.TensorSpec([], tf.string))
    return tf.reshape(strings, shape[:-3])
