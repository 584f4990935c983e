"""Trains the extractor ``glyph`` of ``tfglyph evaluate``: a small network that names characters in many fonts.

    python tools/train_extractor.py --fonts /usr/share/fonts/truetype --fonts /usr/share/fonts/opentype/noto

Every font draws the 5,401 common characters of Big5; shifts, rotations and other small changes make the features look
at shapes rather than at pixels. One face stays out, and the network's accuracy on it is printed at the end. The result
is tfglyph/evaluation/data/glyph-extractor.safetensors, in float16.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import click
import keras
import numpy as np
import tensorflow as tf

from tfglyph import datasets
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.evaluation.glyph_network import FEATURES, SIDE, WEIGHTS, build_glyph_network, save_glyph_network

STEPS_PER_LINE = 100


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
def main(
    fonts: tuple[str, ...],
    test_font: str | None,
    charset: str,
    steps: int,
    batch_size: int,
    learning_rate: float,
    precision: str,
    seed: int,
    output: str,
) -> None:
    """Train the feature extractor of the evaluation."""
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(precision)
    glyphs = datasets.load("fonts", size=SIDE, channels=1, fonts=list(fonts), charset=charset)
    glyphs, characters = labelled_by_character(glyphs)
    click.echo(f"{len(glyphs):,} images, {len(characters):,} characters, {len(glyphs.label_names or ())} faces")
    augmentation = datasets.Augmentation(rotate=4.0, shift=0.06, scale=0.1, shear=4.0)
    batches = datasets.feed(glyphs, batch_size, seed, steps=steps, augmentation=augmentation)
    batches = batches.map(lambda batch: (to_unit_range(batch["images"]), batch["labels"]))

    network = build_glyph_network()
    x = keras.layers.Dropout(0.1, name="dropout")(network.output)
    logits = keras.layers.Dense(len(characters), dtype="float32", name="characters")(x)
    classifier = keras.Model(network.input, logits)
    warm = steps // 5
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate / 20, steps - warm, alpha=1e-3, warmup_target=learning_rate, warmup_steps=warm
    )
    classifier.compile(
        keras.optimizers.AdamW(schedule, weight_decay=1e-4),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    classifier.fit(batches, epochs=1, steps_per_epoch=steps, verbose=0, callbacks=[Lines(steps)])
    save_glyph_network(network, output)
    click.echo(f"{network.count_params():,} weights, {FEATURES} features: {output}")
    if test_font:
        tested = datasets.load("fonts", size=SIDE, channels=1, fonts=[test_font], charset=charset)
        accuracy, count = test(classifier, tested, characters)
        click.echo(f"{test_font}, which it has not seen: names {accuracy:.1%} of {count:,} right")


def labelled_by_character(glyphs: Glyphs) -> tuple[Glyphs, list[str]]:
    """The same images labelled by their character, and the list of characters."""
    characters = glyphs.known_characters()
    names = sorted(set(characters))
    label_of = {name: label for label, name in enumerate(names)}
    labels = np.array([label_of[character] for character in characters], np.int32)
    return dataclasses.replace(glyphs, labels=labels), names


def test(classifier: keras.Model, glyphs: Glyphs, characters: Sequence[str]) -> tuple[float, int]:
    """(accuracy on those of the glyphs whose characters were trained on, how many these are)."""
    label_of = {name: label for label, name in enumerate(characters)}
    shown = glyphs.known_characters()
    rows = [row for row, character in enumerate(shown) if character in label_of]
    labels = np.array([label_of[shown[row]] for row in rows])
    guess = classifier.predict(to_unit_range(glyphs.images[rows]), verbose=0).argmax(axis=1)
    return float((guess == labels).mean()), len(rows)


def to_unit_range(images: Any) -> tf.Tensor:
    """uint8 to float32 in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0


class Lines(keras.callbacks.Callback):
    """Prints loss and accuracy now and then; they are means since the training began."""

    def __init__(self, steps: int):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if (batch + 1) % STEPS_PER_LINE == 0 and logs:
            click.echo(f"step {batch + 1} of {self.steps}: loss {logs['loss']:.3f}, accuracy {logs['accuracy']:.3f}")


if __name__ == "__main__":
    main()
