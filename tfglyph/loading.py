"""From a run directory, a checkpoint or the name of shipped weights to a trained model."""

import os
import pathlib

from tfglyph.files import PathLike
from tfglyph.models import GlyphModel, Limits, build
from tfglyph.models.base import CHUNK
from tfglyph.models.limits import MAXIMUM_PARAMETERS
from tfglyph.models.precision import choose_precision
from tfglyph.originals.importing import load_tensorflow, tensorflow_prefix
from tfglyph.pretrained import PREFIX, folder_of
from tfglyph.runs import checkpoints
from tfglyph.runs.lookup import offering_earlier, steps_in
from tfglyph.runs.run import read_checkpointed_run
from tfglyph.runs.storage import data_path, manifest_path


def load(reference: PathLike, precision: str = "float32") -> GlyphModel:
    """A trained model, ready to encode, decode and sample, with EMA weights where there are some.

    Args:
        reference: path of a run directory (its newest checkpoint) or of a checkpoint prefix
            ("logdir/train/<run>/model.ckpt-31200"), or "pretrained:NAME" for shipped weights. A checkpoint of the
            original VAE-GAN (TensorFlow 0.12 or 1.x, with its architecture.json beside it) will do, too.
        precision: "float32", "mixed_bfloat16", "mixed_float16", or "auto", which chooses by the hardware.

    Returns:
        GlyphModel, whose ``run`` (tfglyph.runs.run.Run) says where it came from.

    Raises:
        UsageError: nothing there, or the files do not fit together; one line.
    """
    path = locate(reference)
    original = tensorflow_prefix(path)
    if original is not None and not _is_checkpoint(path):
        return load_tensorflow(original)
    run = read_checkpointed_run(path)
    # A file may ask for as many parameters as there are in the checkpoint beside it, however many that are.
    held = data_path(run.prefix).stat().st_size // 2
    limits = Limits(str(run.architecture_file), max_parameters=max(held, MAXIMUM_PARAMETERS), images=CHUNK)
    policy, _ = choose_precision(precision)
    model = build(run.architecture, seed=run.options.seed, precision=policy, limits=limits)
    groups = model.groups()
    if run.manifest["kind"] == "weights":  # shipped: only what images are made with, so critics may be left out
        groups = {name: group for name, group in groups.items() if name in run.manifest["tensors"]}
    with offering_earlier(run.prefix):
        checkpoints.restore(run.prefix, groups, run.manifest)
    model.attach_run(run)
    return model


def _is_checkpoint(path: pathlib.Path) -> bool:
    """Whether a checkpoint of this package lies there, too, which then is the one that is meant."""
    return bool(steps_in(path)) if path.is_dir() else manifest_path(path).exists() or data_path(path).exists()


def locate(reference: PathLike) -> pathlib.Path:
    """The path that a person means by a checkpoint reference; see ``load``.

    Raises:
        UsageError: there are no shipped weights of that name.
    """
    text = os.fspath(reference)
    return folder_of(text) if text.startswith(PREFIX) else pathlib.Path(text)
