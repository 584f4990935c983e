"""From descriptions to pictures: the one way in for the command line, the studio and Python."""

from dataclasses import dataclass

import numpy as np

from tfglyph.architecture.condition import parts_told
from tfglyph.composition.descriptions import Description
from tfglyph.composition.tokens import tokenizer
from tfglyph.errors import UsageError

MOST = 10_000  # descriptions of one call


@dataclass(frozen=True)
class Request:
    """One thing to draw.

    Attributes:
        text: str, what was asked for.
        tree: Description, named and taken apart.
        tokens: int32 (length,).
    """

    text: str
    tree: Description
    tokens: np.ndarray


def check_composes(model):
    """Raises UsageError where a model cannot be told of parts."""
    if parts_told(model.architecture) is None:
        raise UsageError(
            f"{model.name}: a {model.architecture.mode} model without condition.tokens.parts is not told of parts, "
            "so it cannot compose; compose-cns can"
        )


def requests(model, texts):
    """What to draw.

    Args:
        model: a GlyphModel that ``check_composes``.
        texts: list of str: descriptions and characters.

    Returns:
        list of Request.

    Raises:
        UsageError: one of the texts is no description; says where and what was expected.
    """
    check_composes(model)
    words = tokenizer(parts_told(model.architecture).parts)
    if len(texts) > MOST:
        raise UsageError(f"{len(texts):,} descriptions; at most {MOST:,} at a time")
    found = []
    for text in texts:
        tokens, tree = words.encode_text(text)
        found.append(Request("".join(text.split()), tree, tokens))
    return found


def invented(model, count, seed=0):
    """Descriptions that nobody wrote: those of ``model.sample(count, seed)``.

    Args:
        model: a GlyphModel with ``condition.tokens.descriptions``.
        count: int.
        seed: int.

    Returns:
        list of count Request.

    Raises:
        UsageError: the model keeps no descriptions.
    """
    check_composes(model)
    if model.imagined is None:
        raise UsageError(f"{model.name}: keeps no descriptions (condition.tokens.descriptions), so it invents none")
    words = tokenizer(parts_told(model.architecture).parts)
    rows = model.imagined(np.stack([np.full(count, seed), np.arange(count)], axis=1)).numpy()
    found = []
    for row in rows:
        text = words.spelled(row)
        found.append(Request(text, words.encode_text(text)[1], row))
    return found


def compose(model, texts, variants=1, seed=0, **options):
    """Draws characters from their descriptions.

    Variant v of a description starts from the noise of (seed, v), which is the same for all descriptions.

    Args:
        model: a GlyphModel whose architecture has ``condition.tokens.parts``.
        texts: list of d str, or of Request.
        variants: int v ≥ 1, images of each.
        seed: int.
        **options: ``steps``, ``sampler``, ``guidance``, ``temperature``, ``label``, as for ``sample``.

    Returns:
        uint8 (d, v, h, w, c).

    Raises:
        UsageError: as ``requests``.
    """
    found = texts if texts and isinstance(texts[0], Request) else requests(model, texts)
    if not found:
        raise UsageError("nothing to compose: no description was given")
    tokens = np.stack([request.tokens for request in found]).repeat(variants, axis=0)  # (d v, length)
    pairs = np.array([(seed, variant) for _ in found for variant in range(variants)])
    images = model.sample_pairs(pairs, tokens=tokens, **options)
    return images.reshape(len(found), variants, *images.shape[1:])


def read_descriptions(path):
    """The descriptions of a text file: one per line; empty lines and what follows # are left out.

    Args:
        path: path of a UTF-8 file.

    Returns:
        list of str.

    Raises:
        UsageError: it cannot be read, is not UTF-8, or holds none.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = [line.partition("#")[0].strip() for line in file.read(1 << 22).splitlines()]
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a text file in UTF-8") from None
    lines = [line for line in lines if line]
    if not lines:
        raise UsageError(f"{path}: no description in it; expected one per line, such as ⿰酉交")
    return lines
