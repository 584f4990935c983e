"""The options that say which data: the same on every verb that reads any."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from tfglyph.cli.options import F, add_options

if TYPE_CHECKING:
    from tfglyph.datasets import DatasetSpec, Glyphs
    from tfglyph.datasets.glyphs import Split
    from tfglyph.models import GlyphModel

OPTIONS = (
    "charset",
    "fonts",
    "font",
    "box",
    "samples",
    "sample_seed",
    "styles",
    "style_seed",
    "style_characters",
    "hold_out",
    "ink",
    "part",
)
LISTS = ("fonts", "hold_out")


def add_dataset_options(command: F, with_font: bool = True) -> F:
    """Adds what decides the source: ``--datadir`` and the data sets' own options. A click decorator.

    Args:
        command: a command's function.
        with_font: bool; False for a command whose own ``--font`` means more.
    """
    font = click.option("--font", metavar="FILE", help="For `kanji`: the font to draw from.")
    return add_options(
        command,
        click.option("--datadir", metavar="DIR", help="Where the data set's files are."),
        click.option(
            "--charset",
            metavar="NAME|FILE",
            help="Which characters: all, big5-common, gb2312-1, tgh-1, joyo, jisx0208, kana-latin, or a file.",
        ),
        click.option(
            "--fonts",
            "fonts",
            multiple=True,
            metavar="FILE|DIR",
            help="For `fonts`: font files or directories; may be repeated. FILE.ttc#2 is its third face,"
            " FILE#wght=700 a place in a variable font, FILE#Bold a named instance.",
        ),
        *([font] if with_font else []),
        click.option(
            "--box",
            type=click.Choice(["advance", "ink", "fit"]),
            help="For `fonts`: place glyphs as typeset, centre their ink, or draw each font so small that no ink is"
            " cut off. Default: advance.",
        ),
        click.option(
            "--samples",
            type=click.IntRange(0),
            metavar="N",
            help="For `fonts`: N random glyphs, shifted and squeezed a little, instead of each once.",
        ),
        click.option("--sample_seed", type=click.IntRange(0), help="Decides --samples. Default: 0."),
        click.option(
            "--styles",
            type=click.IntRange(0),
            metavar="N",
            help="For `fonts`: N made-up styles of each font as well (bolder, narrower, slanted, rounded, ...).",
        ),
        click.option("--style_seed", type=click.IntRange(0), help="Decides --styles. Default: 0."),
        click.option(
            "--style_characters",
            type=click.IntRange(1),
            metavar="N",
            help="The most characters of each made-up style. Default: 3000.",
        ),
        click.option(
            "--hold_out",
            "hold_out",
            multiple=True,
            metavar="FAMILY",
            help="For `fonts`: keep the fonts with this in their name out of training, with all of their characters;"
            " may be repeated. Needs --holdout above 0.",
        ),
        click.option(
            "--ink",
            type=click.Choice(["auto", "black", "white"]),
            help="Polarity of image files: dark ink on light, light on dark, or detected. Default: auto.",
        ),
        click.option(
            "--part",
            type=click.Choice(["train", "test", "all"]),
            help="For the public sets: which official part. Default: train.",
        ),
    )


def add_training_options(command: F) -> F:
    """Adds the above and what only training takes: ``--dataset --holdout --augment --flip``."""
    return add_options(
        add_dataset_options(command),
        click.option("--dataset", default="cns", show_default=True, help="Name; see `tfglyph data list`."),
        click.option(
            "--holdout",
            type=click.FloatRange(0, 1, max_open=True),
            default=0.0,
            show_default=True,
            help="Fraction of the characters kept out of training, the same at every size.",
        ),
        click.option(
            "--augment",
            metavar="rotate=3,shift=0.02,scale=0.05,stretch=0.1,shear=2,weight=0.01",
            help="Small random changes: degrees, fractions of the side, of the size (both directions alike, and each by"
            " itself), degrees, and fractions of the side by which strokes grow or shrink; spare=0.25 leaves a quarter"
            " of the images as they are. Glyphs that show a style change together. Default: none.",
        ),
        click.option(
            "--flip",
            is_flag=True,
            help="Mirror half of the images. WARNING: a mirrored character is a wrong character, and the"
            " model will draw such. For faces and photographs only.",
        ),
    )


def spec_from_flags(flags: Mapping[str, Any], name: str | None = None) -> "DatasetSpec":
    """The DatasetSpec that command-line flags ask for.

    Args:
        flags: dict of the values of the options above (others are ignored).
        name: str or None, the data set where it is not ``flags["dataset"]``.

    Raises:
        UsageError: an unknown data set, or an option that it does not take.
    """
    from tfglyph.datasets import DatasetSpec

    options = {option: flags.get(option) for option in OPTIONS}
    for option in LISTS:
        options[option] = list(options[option] or []) or None
    holdout = flags.get("holdout") or 0.0
    return DatasetSpec(name or flags["dataset"], flags.get("datadir"), holdout, options)


def augmentation_from_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The dict of arguments of ``datasets.Augmentation`` that flags ask for; empty for none.

    Raises:
        UsageError: an unknown or too large change.
    """
    from tfglyph.datasets.augmentation import parse

    return parse(flags.get("augment"), flags.get("flip", False))


def spec_of_run(model: "GlyphModel", dataset: str | None, flags: Mapping[str, Any]) -> "DatasetSpec":
    """The data set that a trained model's run was trained on, or the one that flags ask for in its place.

    Args:
        model: a GlyphModel from ``tfglyph.load``.
        dataset: str or None, the value of ``--dataset``.
        flags: dict of the values of ``add_dataset_options``.

    Returns:
        DatasetSpec.
    """
    from tfglyph.runs.data import other_spec

    run_spec = model.run.options.dataset
    options = spec_from_flags(flags, dataset or run_spec.name).to_dict()
    del options["name"], options["holdout"]  # the held-out fraction stays the run's
    return other_spec(run_spec, dataset, options)


def glyphs_from_flags(
    model: "GlyphModel", dataset: str | None, flags: Mapping[str, Any], split: "Split" = "all"
) -> "Glyphs":
    """Glyphs of ``spec_of_run`` at the model's size; ``split`` is "train", "holdout" or "all"."""
    from tfglyph.runs.data import load_glyphs

    return load_glyphs(model.architecture, spec_of_run(model, dataset, flags), split)
