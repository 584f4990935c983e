"""The options that say where a walk begins: seeds, characters or image files; and how latents become images."""

import pathlib
import re

import click

from tfglyph.cli.data_options import add_dataset_options, glyphs_from_flags
from tfglyph.errors import UsageError

MAXIMUM = 100_000  # images of one call; more is a slip of the finger


def add_seeds_option(default):
    """Adds ``--seeds``; the command gets ``seeds``, a str."""
    return click.option(
        "--seeds", metavar="0-63,99", default=default, show_default=True, help="Seeds: numbers and ranges."
    )


def add_glyph_options(command):
    """Adds ``--dataset`` and what decides a data set's source. A click decorator."""
    dataset = click.option("--dataset", help="Data set to take real glyphs from. Default: the run's.")
    return dataset(add_dataset_options(command))


def add_point_options(default):
    """Adds ``--seeds --characters --images`` and where the characters' images are: see ``points_from_flags``."""

    def decorate(command):
        characters = click.option(
            "--characters", metavar="酪鉻", help="Characters of the data set instead, for models that encode."
        )
        images = click.option(
            "--images", multiple=True, metavar="FILE", help="An image file instead; may be repeated, as characters."
        )
        return add_seeds_option(default)(characters(images(add_glyph_options(command))))

    return decorate


def points_from_flags(ctx, model, flags):
    """The ``tfglyph.latent.points.Points`` that the options ask for.

    Args:
        ctx: click context, to see what was typed.
        model: a GlyphModel.
        flags: dict of the values of ``add_point_options``.

    Raises:
        UsageError, GlyphError: several sources at once, a character that the data lacks, a file that is no image.
    """
    from tfglyph.latent import points

    characters = [letter for letter in flags["characters"] or "" if not letter.isspace()]
    typed = ctx.get_parameter_source("seeds") is click.core.ParameterSource.COMMANDLINE
    sources = [name for name in ("characters", "images") if flags[name]] + ["seeds"] * typed
    if len(sources) > 1:
        raise UsageError(f"--{sources[0]} and --{sources[1]} exclude each other")
    if flags["characters"] is not None and not characters:
        raise UsageError("--characters: found none")
    if characters:
        points.check_encodes(model)
        glyphs = glyphs_from_flags(model, flags["dataset"], flags)
        return points.image_points(model, points.find_characters(glyphs, characters), characters)
    if flags["images"]:
        import numpy as np

        points.check_encodes(model)
        images = [points.read_image(path, model.architecture.hwc) for path in flags["images"]]
        return points.image_points(model, np.stack(images), [pathlib.Path(path).name for path in flags["images"]])
    return points.seed_points(model, parse_seeds(flags["seeds"]))


def add_label_option(command):
    """Adds ``--label``; ``options_for`` hands it on. A click decorator."""
    return click.option("--label", help="Models with classes or categorical codes: which; 3+7 mixes two.")(command)


def options_for(model, given):
    """Those of a family's own options that were given.

    Args:
        model: a GlyphModel.
        given: dict from the option's name in ``sampling_options`` to its value, None where it was not given.

    Returns:
        dict for ``sample``, ``decode`` and ``generate``.

    Raises:
        UsageError: the model does not take one of them.
    """
    options = {name: value for name, value in given.items() if value is not None}
    for name in options:
        if name not in model.sampling_options:
            flag = "sampling_steps" if name == "steps" else name
            mode = model.architecture.mode
            a = "an" if mode[0] in "AEIO" else "a"
            raise UsageError(f"--{flag}: {model.run.title} is {a} {mode}, which takes no such option")
    return options


def add_output_option(command):
    """Adds ``--output``; ``destination`` says what it means. A click decorator."""
    return click.option(
        "--output", type=click.Path(), metavar="DIR|FILE", help="A folder, or the file. Default: logdir/generate/<run>."
    )(command)


def destination(output, model, name, kinds=(".png",)):
    """Where a verb's file goes.

    Args:
        output: str or None: a file, if it ends in one of ``kinds``, or else a folder.
        model: a GlyphModel, for the default folder.
        name: str, the file's name within a folder.
        kinds: tuple of suffixes that a file may have.

    Returns:
        pathlib.Path of the file.

    Raises:
        UsageError: the output ends in a suffix of another kind of file.
    """
    if output is None:
        return model.run.output_directory / name
    path = pathlib.Path(output)
    if path.suffix.lower() in kinds and not path.is_dir():
        return path
    if path.suffix.lower() in (".png", ".gif", ".mp4", ".jpg", ".jpeg", ".webp") and not path.is_dir():
        raise UsageError(f"--output: found {output!r}, expected a folder or a file that ends in {' or '.join(kinds)}")
    return path / name


def parse_seeds(text):
    """Seeds from a list of numbers and ranges.

    Args:
        text: str, such as "0-63,99".

    Returns:
        list of int, in the order given.

    Raises:
        UsageError: not such a list, numbers beyond 2**31 - 1, a range that runs backwards, or too many.
    """
    seeds = []
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
