"""The options that say where a walk begins (seeds, characters, image files) and where a verb's file goes."""

import pathlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from tfglyph.cli.data_options import add_dataset_options, glyphs_from_flags
from tfglyph.cli.options import F, add_options, is_typed
from tfglyph.errors import UsageError

if TYPE_CHECKING:
    from tfglyph.latent.points import Points
    from tfglyph.models import GlyphModel

MAXIMUM = 100_000  # images of one call; more is a slip of the finger
PICTURE_SUFFIXES = (".png", ".gif", ".mp4", ".jpg", ".jpeg", ".webp")


# === Seeds, characters, image files ===


def add_seeds_option(default: str) -> Callable[[F], F]:
    """Adds ``--seeds``; the command gets ``seeds``, a str."""
    return click.option(
        "--seeds", metavar="0-63,99", default=default, show_default=True, help="Seeds: numbers and ranges."
    )


def add_glyph_options(command: F) -> F:
    """Adds ``--dataset`` and what decides a data set's source. A click decorator."""
    dataset = click.option("--dataset", help="Data set to take real glyphs from. Default: the run's.")
    return dataset(add_dataset_options(command))


def add_point_options(default: str) -> Callable[[F], F]:
    """Adds ``--seeds --characters --images`` and where the characters' images are: see ``points_from_flags``."""

    def decorate(command: F) -> F:
        return add_options(
            add_glyph_options(command),
            add_seeds_option(default),
            click.option(
                "--characters", metavar="酪鉻", help="Characters of the data set instead, for models that encode."
            ),
            click.option(
                "--images", multiple=True, metavar="FILE", help="An image file instead; may be repeated, as characters."
            ),
        )

    return decorate


def points_from_flags(ctx: click.Context, model: "GlyphModel", flags: Mapping[str, Any]) -> "Points":
    """The ``tfglyph.latent.points.Points`` that the options ask for.

    Args:
        ctx: click context, to see what was typed.
        model: a GlyphModel.
        flags: dict of the values of ``add_point_options``.

    Raises:
        UsageError, GlyphError: several sources at once, a character that the data lacks, a file that is no image.
    """
    import numpy as np

    from tfglyph.composition.text import read_noted
    from tfglyph.files import printable
    from tfglyph.latent import points

    characters = read_noted(flags["characters"] or "", "--characters").characters
    sources = [name for name in ("characters", "images") if flags[name]] + ["seeds"] * is_typed(ctx, "seeds")
    if len(sources) > 1:
        raise UsageError(f"--{sources[0]} and --{sources[1]} exclude each other")
    if flags["characters"] is not None and not characters:
        raise UsageError("--characters: found none")
    if characters:
        points.check_can_encode(model)
        glyphs = glyphs_from_flags(model, flags["dataset"], flags)
        return points.image_points(model, points.find_characters(glyphs, characters), characters)
    if flags["images"]:
        points.check_can_encode(model)
        images = [points.read_image(path, model.architecture.hwc, flags.get("ink")) for path in flags["images"]]
        return points.image_points(
            model, np.stack(images), [printable(pathlib.Path(path).name) for path in flags["images"]]
        )
    return points.seed_points(model, parse_seeds(flags["seeds"]))


def parse_seeds(text: str) -> list[int]:
    """Seeds from a list of numbers and ranges.

    Args:
        text: str, such as "0-63,99".

    Returns:
        list of int, in the order given.

    Raises:
        UsageError: not such a list, numbers beyond 2**31 - 1, a range that runs backwards, or too many.
    """
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,10})\s*(?:-\s*(\d{1,10})\s*)?", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last or last >= 2**31:
            raise UsageError(
                f"--seeds: found {part!r}, expected numbers and ranges from 0 to {2**31 - 1}, as in 0-63,99"
            )
        if len(seeds) + last - first + 1 > MAXIMUM:
            raise UsageError(f"--seeds: more than {MAXIMUM:,} images")
        seeds.extend(range(first, last + 1))
    return seeds


# === Where files go ===


def add_output_option(command: F) -> F:
    """Adds ``--output``; ``destination`` says what it means. A click decorator."""
    return click.option(
        "--output", type=click.Path(), metavar="DIR|FILE", help="A folder, or the file. Default: logdir/generate/<run>."
    )(command)


def destination(
    output: str | None, model: "GlyphModel", name: str, suffixes: Sequence[str] = (".png",)
) -> pathlib.Path:
    """Where a verb's file goes.

    Args:
        output: str or None: a file, if it ends in one of ``suffixes``, or else a folder.
        model: a GlyphModel, for the default folder.
        name: str, the file's name within a folder.
        suffixes: those that a file may have.

    Raises:
        UsageError: the output ends in a suffix of another kind of file.
    """
    if output is None:
        return model.run.output_directory / name
    path = pathlib.Path(output)
    if path.suffix.lower() in suffixes and not path.is_dir():
        return path
    if path.suffix.lower() in PICTURE_SUFFIXES and not path.is_dir():
        raise UsageError(
            f"--output: found {output!r}, expected a folder or a file that ends in {' or '.join(suffixes)}"
        )
    return path / name


def destinations(output: str | None, model: "GlyphModel", verb: str, names: Sequence[str]) -> list[pathlib.Path]:
    """Where a verb's PNG files go, ``<verb>-<name>.png`` each.

    Args:
        output: as in ``destination``; where it is a file and there are several names, each path gets its name behind
            the file's.
        model: a GlyphModel, for the default folder.
        verb: str.
        names: str for each file.

    Returns:
        list of pathlib.Path, one for each name.
    """
    paths = [destination(output, model, f"{verb}-{name}.png") for name in names]
    if len(set(paths)) < len(set(names)):  # one file for all
        paths = [path.with_name(f"{path.stem}-{name}{path.suffix}") for path, name in zip(paths, names, strict=True)]
    return paths
