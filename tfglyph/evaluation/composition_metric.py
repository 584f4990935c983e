"""The metric ``composition`` of ``tfglyph evaluate``: figures and a picture from tfglyph.evaluation.composition."""

import numpy as np

from tfglyph.evaluation import composition, legibility
from tfglyph.evaluation.copying import by_pixels, nearest_other
from tfglyph.evaluation.measurement import Measurement, mean_measurement
from tfglyph.evaluation.neighbours import nearest
from tfglyph.evaluation.subject import common, with_characters
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.imaging.grids import table_figure

STRANGERS = 64
SHOWN = 8


def figures(subject):
    """Characters drawn from their descriptions: the right one among all glyphs, read right, and no copies.

    Args:
        subject: Subject whose model is told of parts.

    Returns:
        list of Figure.

    Raises:
        UnavailableError: the model is told of no parts, or nothing was held out.
    """
    model = subject.model
    tokens = model.architecture.part_tokens
    if tokens is None:
        raise UnavailableError(f"{model.name} is told of no parts, so it composes nothing")
    if subject.held_out is None:
        raise UnavailableError("no characters were held out of the training (train.py --holdout)")
    everything, most = with_characters(subject.everything), subject.settings.count or composition.MOST
    wanted = set(common(everything).characters)
    found, shown = [], []
    groups = composition.groups(with_characters(subject.training), with_characters(subject.held_out), tokens.parts)
    for name, group in groups.items():
        group = group.some(most, subject.seed)
        if not group.characters:
            continue
        drawn = composition.measure(model, everything, group, subject.seed, **subject.unlabelled)
        for place in (1, 5):
            found.append(_share(f"{name}/top-{place}", drawn.places < place, subject))
            found.append(_share(f"{name}/top-{place} blurred", drawn.blurred < place, subject))
        rows = [row for row, character in enumerate(group.characters) if character in wanted]
        if rows:
            characters = [group.characters[row] for row in rows]
            own = np.asarray(everything.images)[drawn.right[rows]]
            found += _read_right(name, characters, drawn.images[rows], own, subject)
        if name == "held-out":
            found += _copies(drawn, subject, everything)
        shown.append((name, group, drawn))
    found += _strangers(subject, everything)
    subject.pictures["composition"] = picture(everything, shown)
    return found


def _share(name, values, subject, real=None, extractor=None):
    return mean_measurement(f"composition/{name}", values, "higher", subject.seed, real, extractor)


def _read_right(name, characters, images, real_images, subject):
    try:
        own = legibility.read_real(real_images, "reading real glyphs")
        drawn = legibility.read(images, f"reading {name}")
    except UnavailableError:
        return []
    right, reachable = drawn.right(characters), own.right(characters).mean()
    return [_share(f"{name}/read right", right, subject, reachable, legibility.fingerprint())]


def _copies(drawn, subject, everything):
    """Distance to the nearest training glyph beside that of the real glyphs of the same characters."""
    training = by_pixels(subject.training.images)
    real_images = np.asarray(everything.images)[drawn.right]
    distances, _ = nearest(by_pixels(drawn.images), training)
    own, _ = nearest(by_pixels(real_images), training)
    among = nearest_other(training, np.arange(0, len(training), max(1, len(training) // 1000)))
    return [
        mean_measurement("composition/held-out/distance to training", distances, "", subject.seed, own.mean()),
        Measurement("composition/training glyphs to each other", float(among.mean()), len(among)),
    ]


def _strangers(subject, everything):
    """Characters that do not exist, half by half."""
    from tfglyph.models.composing import compose

    found, options = [], subject.unlabelled
    if subject.model.architecture.condition.classes is not None:  # all in the first font
        options = options | {"label": 0}
        everything = everything.take(np.flatnonzero(np.asarray(everything.labels) == 0), everything.name)
    for operator, names in (("⿰", ("left", "right")), ("⿱", ("above", "below"))):
        asked = composition.strangers(everything, STRANGERS // 2, subject.seed, operator)
        if not asked:
            continue
        texts = [operator + "".join(parts) for parts in asked]
        images = compose(subject.model, texts, seed=subject.seed, **options)[:, 0]
        halves = composition.judge_halves(everything, operator, asked, images, seed=subject.seed)
        for place, name in enumerate(names):
            found.append(_share(f"not existing/{name}", halves.drawn[:, place], subject, halves.real[:, place].mean()))
    return found


def picture(everything, shown):
    """Some characters of each group: real above drawn, and how near.

    Args:
        everything: Glyphs.
        shown: list of (name, Group, Drawn).

    Returns:
        uint8 [H, W, 3].
    """
    lines, faces, images = [], {}, np.asarray(everything.images)
    for name, group, drawn in shown:
        for title, rows in (("right", np.flatnonzero(drawn.places == 0)), ("wrong", np.flatnonzero(drawn.places > 0))):
            rows = rows[:: max(1, len(rows) // SHOWN)][:SHOWN]
            if len(rows):
                own = images[drawn.right[rows]]
                faces |= dict(zip((group.characters[row] for row in rows), own, strict=True))
                lines += [(f"{name}, nearest is {title}: real", [own]), ("drawn", [drawn.images[rows]])]
    return table_figure("Composed from descriptions", [("", [""] * SHOWN)], lines, faces)
