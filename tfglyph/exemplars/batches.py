"""Training batches with exemplars: for each glyph of a set of fonts x characters others of the same font."""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfglyph.architecture.condition import Exemplars
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.datasets.pack import pack
from tfglyph.errors import UsageError
from tfglyph.exemplars.alignment import align, enlarge
from tfglyph.exemplars.choosing import CONTENT, CandidateTable, draw_slots
from tfglyph.exemplars.kinds import COLUMNS
from tfglyph.exemplars.part_index import part_index
from tfglyph.exemplars.tables import candidate_table

SMALLEST_FONT = 0.03  # fraction of a font's characters that the smallest of the made-up small fonts has


class ExemplarBatches:
    """The part of a batch that the exemplars are.

    Args:
        glyphs: Glyphs of fonts: with characters, and with labels that number the fonts.
        section: Exemplars, the section ``condition.exemplars``.
        seed: int.

    Raises:
        UsageError: the data has no characters.
    """

    def __init__(self, glyphs: Glyphs, section: Exemplars, seed: int):
        if glyphs.characters is None:
            raise UsageError(
                f"condition.exemplars: data set {glyphs.name!r} has no characters, so nothing is known of their parts"
            )
        self.glyphs, self.section, self.seed = glyphs, section, seed
        index = part_index()
        unique = sorted(set(glyphs.characters).intersection(index.rows))
        if not unique:
            raise UsageError(f"condition.exemplars: data set {glyphs.name!r} has no Chinese characters")
        numbers = {character: number for number, character in enumerate(unique)}
        table = candidate_table("".join(unique))
        # Everything in the numbers of ``unique``, which are few enough for a table with the fonts.
        of_index = np.full(len(index.characters) + 1, -1, np.int32)
        of_index[[index.rows[character] for character in unique]] = np.arange(len(unique))
        self.table: CandidateTable = CandidateTable(of_index[table.characters], table.kinds, table.sources)
        self.numbers: np.ndarray = np.array([numbers.get(character, -1) for character in glyphs.characters], np.int32)
        labels = np.zeros(len(glyphs), np.int32) if glyphs.labels is None else np.asarray(glyphs.labels)
        self.labels: np.ndarray = labels
        self.image_rows: np.ndarray = np.full((int(labels.max()) + 1, len(unique) + 1), -1, np.int64)
        self.image_rows[labels, self.numbers] = np.arange(len(glyphs))  # the last column takes what is not Chinese
        self.image_rows[:, -1] = -1
        known, self.reference = pack()
        reference_rows = {character: row for row, character in enumerate(known)}
        self.reference_rows: np.ndarray = np.array([reference_rows.get(each, -1) for each in unique] + [-1], np.int64)

    @property
    def signature(self) -> dict[str, tuple[Any, tuple[int, ...]]]:
        """What ``gather`` gives for each image: dict from name to (dtype, shape)."""
        slots, shape = self.section.slots, tuple(self.glyphs.images.shape[1:])
        return {
            "exemplars": (np.uint8, (slots, *shape)),
            "kinds": (np.int32, (slots, COLUMNS)),
            "sources": (np.float32, (slots, 4)),
            "content": (np.uint8, self.reference.shape[1:]),
        }

    def gather(self, rows: np.ndarray, step: int) -> dict[str, np.ndarray]:
        """The exemplars of the images in ``rows`` at a training step.

        Args:
            rows: int64 (n,).
            step: int, which decides the draws together with the seed.

        Returns:
            dict of arrays (n, ...), see ``signature``; ``align`` is still to be applied.
        """
        section = self.section
        random = np.random.default_rng([self.seed, step, zlib.crc32(b"exemplars")])
        numbers, labels = self.numbers[rows], self.labels[rows]
        candidates_of = self.table.characters[numbers]  # (n, p, m)
        images = self.image_rows[labels[:, None, None], candidates_of]  # (n, p, m)
        size = np.where(
            random.random(len(rows)) < section.whole_fonts, 1.0, random.uniform(SMALLEST_FONT, 1.0, len(rows))
        )
        kept = random.random(images.shape, np.float32) < size[:, None, None]
        available = (images >= 0) & kept & (numbers >= 0)[:, None, None]
        slots, flat = draw_slots(self.table, np.maximum(numbers, 0), available, section.sizes, random, section.best)
        used = slots.characters >= 0  # (n, k)
        chosen = np.take_along_axis(images.reshape(len(rows), -1), flat, 1)
        exemplars = self.glyphs.images[np.where(used, chosen, rows[:, None]).reshape(-1)]
        exemplars = exemplars.reshape(*used.shape, *exemplars.shape[1:])
        exemplars[~used] = 0
        kinds = slots.kinds
        references = self.reference_rows[numbers]
        with_content = (random.random(len(rows)) < section.content) & (references >= 0)
        kinds[with_content, -1] = CONTENT
        content = np.where(with_content[:, None, None], self.reference[references], 0).astype(np.uint8)
        return {"exemplars": exemplars, "kinds": kinds, "sources": slots.sources, "content": content}

    def finish(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """A batch of tensors as the model takes it: exemplars in their places, content among them."""
        batch = dict(batch)
        exemplars, kinds, sources, content = (batch.pop(name) for name in ("exemplars", "kinds", "sources", "content"))
        slots, shape = exemplars.shape[1], exemplars.shape[2:]
        aligned = align(
            tf.reshape(exemplars, [-1, *shape]), tf.reshape(kinds, [-1, COLUMNS]), tf.reshape(sources, [-1, 4])
        )
        aligned = tf.reshape(aligned, [-1, slots, *shape])
        enlarged = tf.tile(enlarge(content[..., None], shape[:2]), [1, 1, 1, shape[2]])
        has_content = (kinds[:, -1, 0] == CONTENT[0])[:, None, None, None]
        last = tf.where(has_content, enlarged, aligned[:, -1])
        return {**batch, "exemplars": tf.concat([aligned[:, :-1], last[:, None]], 1), "kinds": kinds}
