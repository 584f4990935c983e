"""The data that a loaded model was trained on, as its run directory remembers it."""

from tfglyph import datasets
from tfglyph.training.rundir import read_run


def run_glyphs(model, dataset=None, options=None, split="all"):
    """The run's own data set at the model's size, or another one in its place.

    Args:
        model: a GlyphModel from ``tfglyph.load``.
        dataset: str or None, another data set's name.
        options: dict of ``datasets.load`` options that replace the run's where they are not None.
        split: "train", "holdout" or "all". The share that is held out is the run's, of another set as well: a
            character is on the same side in every set.

    Returns:
        Glyphs.

    Raises:
        UsageError, GlyphError: as ``datasets.load``: the sources are not on this machine, say.
    """
    _, saved = read_run(model.source.parent)
    trained_on = saved.get("dataset", {"name": "cns"})
    name = dataset or trained_on["name"]
    base = trained_on if name == trained_on["name"] else {}
    given = {key: value for key, value in (options or {}).items() if value is not None}
    height, width, channels = model.architecture.hwc
    wanted = {"name": name, "holdout": trained_on.get("holdout", 0.0), **base, **given}
    return datasets.load(**wanted, size=(height, width), channels=channels, split=split)
