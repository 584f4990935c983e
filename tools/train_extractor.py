"""Trains the extractor ``glyph`` of ``tfglyph evaluate``: a small network that names characters in many fonts.

    python tools/train_extractor.py --fonts /usr/share/fonts/truetype --fonts /usr/share/fonts/opentype/noto

Every font draws the 5,401 common characters of Big5; shifts, rotations and other small changes make the features look
at shapes rather than at pixels. One face stays out, and the share of its characters that the network names is printed
at the end. The result is tfglyph/evaluation/data/glyph-extractor.safetensors, in float16.
"""

import dataclasses

import click
import numpy as np

from tfglyph.cli import silence_tensorflow
from tfglyph.evaluation.glyph_network import FEATURES, SIDE, WEIGHTS


@click.command()
@click.option("--fonts", multiple=True, required=True, metavar="FILE|DIR", help="Fonts to learn from; may be repeated.")
@click.option("--test_font", metavar="FILE", help="A font that is only tested on.")
@click.option("--charset", default="big5-common", show_default=True)
@click.option("--steps", default=4000, show_default=True, type=click.IntRange(1))
@click.option("--batch_size", default=128, show_default=True, type=click.IntRange(1))
@click.option("--learning_rate", default=3e-3, show_default=True, type=float, help="The peak of a one-cycle schedule.")
@click.option("--precision", default="float32", show_default=True, help="float32 or mixed_bfloat16.")
@click.option("--seed", default=0, show_default=True, type=int)
@click.option("--output", default=str(WEIGHTS), show_default=True)
def main(fonts, test_font, charset, steps, batch_size, learning_rate, precision, seed, output):
    """Train the feature extractor of the evaluation."""
    silence_tensorflow.install()
    import keras

    from tfglyph import datasets
    from tfglyph.evaluation.glyph_network import build_glyph_network, save_glyph_network

    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(precision)
    named, names = _by_character(datasets.load("fonts", size=SIDE, channels=1, fonts=list(fonts), charset=charset))
    click.echo(f"{len(named):,} images, {len(names):,} characters, {len(named.label_names)} faces")
    augmentation = datasets.Augmentation(rotate=4.0, shift=0.06, scale=0.1, shear=4.0)
    batches = datasets.feed(named, batch_size, seed, steps=steps, augmentation=augmentation)
    batches = batches.map(lambda batch: (_scaled(batch["images"]), batch["labels"]))

    network = build_glyph_network()
    logits = keras.layers.Dense(len(names), dtype="float32", name="characters")(
        keras.layers.Dropout(0.1, name="dropout")(network.output)
    )
    classifier = keras.Model(network.input, logits)
    warm, cool = steps // 5, steps - steps // 5
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate / 20, cool, alpha=1e-3, warmup_target=learning_rate, warmup_steps=warm
    )
    classifier.compile(
        keras.optimizers.AdamW(schedule, weight_decay=1e-4),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    bar = _Lines(steps)
    classifier.fit(batches, epochs=1, steps_per_epoch=steps, verbose=0, callbacks=[bar])
    save_glyph_network(network, output)
    click.echo(f"{network.count_params():,} weights, {FEATURES} features: {output}")
    if test_font:
        tested = datasets.load("fonts", size=SIDE, channels=1, fonts=[test_font], charset=charset)
        places = {name: place for place, name in enumerate(names)}
        known = [row for row, name in enumerate(tested.characters) if name in places]
        wanted = np.array([places[tested.characters[row]] for row in known])
        guess = classifier.predict(_scaled(tested.images[known]), verbose=0).argmax(axis=1)
        click.echo(f"{test_font}, which it has not seen: names {(guess == wanted).mean():.1%} of {len(known):,} right")


def _by_character(glyphs):
    """The same images labelled by their character, and the list of characters."""
    names = sorted(set(glyphs.characters))
    places = {name: place for place, name in enumerate(names)}
    labels = np.array([places[name] for name in glyphs.characters], np.int32)
    return dataclasses.replace(glyphs, labels=labels), names


def _scaled(images):
    """uint8 to float32 in [0, 1]."""
    import tensorflow as tf

    return tf.cast(images, tf.float32) / 255.0


def _Lines(steps):  # noqa: N802
    """A callback that prints loss and accuracy now and then; they are means since the training began."""
    import keras

    class Lines(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if (batch + 1) % 100 == 0:
                click.echo(f"step {batch + 1} of {steps}: loss {logs['loss']:.3f}, accuracy {logs['accuracy']:.3f}")

    return Lines()


if __name__ == "__main__":
    main()
