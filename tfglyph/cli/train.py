"""``tfglyph train``: from an architecture file and a data set to a run directory."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

import click

from tfglyph.cli.data_options import OPTIONS, add_training_options, augmentation_from_flags, spec_from_flags
from tfglyph.cli.options import PRECISION, SEED, is_typed
from tfglyph.errors import UsageError
from tfglyph.runs.options import Jit, Strategy

if TYPE_CHECKING:
    from tfglyph.models import Limits
    from tfglyph.training.train import TrainingRun

# flags that stay what they were when a run goes on
FIXED = (
    "architecture",
    "init_from",
    "batch_size",
    "accumulate",
    "remat",
    "lr",
    "beta1",
    "reconst_v_gan",
    "seed",
    "precision",
    "logdir",
    "logdir_root",
    "dataset",
    "datadir",
    "holdout",
    "augment",
    "flip",
    *OPTIONS,
)


@click.command("train")
@add_training_options
@click.option("--architecture", default="vaegan", show_default=True, help="Architecture file, or a shipped one's name.")
@click.option("--epochs", "--n_epoch", type=click.IntRange(1), help="Passes over the data, in total.")
@click.option("--steps", type=click.IntRange(1), help="Training steps, in total; outranks --epochs.")
@click.option("--batch_size", type=click.IntRange(1), help="Images per update.")
@click.option(
    "--accumulate",
    type=click.IntRange(1),
    metavar="N",
    help="Compute a batch in N parts one after another (gradient accumulation): the same step in less memory.",
)
@click.option(
    "--remat",
    is_flag=True,
    default=None,
    help="Compute the blocks of a U-Net twice instead of keeping their activations: less memory, longer steps.",
)
@click.option("--lr", type=float, help="Learning rate of every optimizer.")
@click.option("--beta1", type=float, help="Adam's beta1 of every optimizer.")
@click.option("--reconst_v_gan", type=float, help="Weight of similarity against the adversarial loss (VAE-GAN).")
@click.option("--logdir", type=click.Path(), help="The run directory itself; new or empty.")
@click.option("--logdir_root", type=click.Path(), default="logdir", show_default=True, help="Folder for all runs.")
@click.option("--restore_from", type=click.Path(), metavar="RUN", help="Go on with a run directory or checkpoint.")
@click.option(
    "--init_from",
    metavar="RUN",
    help="Begin with the weights of another run, or of pretrained:NAME, as far as they fit.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Decides every draw.")
@click.option(
    "--precision",
    type=PRECISION,
    help="Number format of the layers; auto chooses by the hardware. Default: the architecture's (float32).",
)
@click.option("--jit", type=click.Choice(get_args(Jit)), default="auto", show_default=True, help="XLA.")
@click.option("--keep", type=click.IntRange(1), default=5, show_default=True, help="Checkpoints that stay.")
@click.option("--checkpoint_every", type=click.IntRange(1), help="Steps between checkpoints. Default: an epoch.")
@click.option("--images_every", type=click.IntRange(1), help="Steps between pictures. Default: an epoch.")
@click.option(
    "--strategy",
    type=click.Choice(get_args(Strategy)),
    default="one",
    show_default=True,
    help="One device, all devices of this machine, or all machines of TF_CONFIG.",
)
@click.option(
    "--max_bad_steps",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Steps in a row with a NaN or an infinity, none of them applied, that end the run.",
)
@click.option(
    "--max_parameters",
    type=click.FloatRange(1),
    default=2e8,
    show_default=True,
    help="Refuse larger architectures before building anything.",
)
@click.option(
    "--max_activation_gb",
    type=click.FloatRange(0, min_open=True),
    default=64,
    show_default=True,
    help="Refuse architectures whose activations in one step take more (10^9 bytes).",
)
@click.option(
    "--evaluate_every",
    type=click.IntRange(1),
    metavar="STEPS",
    help="Measure a few metrics (fid, kid, legibility, psnr, ssim, iou) so often, and mark the best checkpoint.",
)
@click.option("--best_metric", default="kid", show_default=True, help="The metric that decides the best checkpoint.")
@click.option("--projector", is_flag=True, help="Write TensorBoard's embedding projector at the end.")
@click.option("--dry-run", "dry_run", is_flag=True, help="Stop before training: print options, counts and shapes.")
@click.pass_context
def command(ctx: click.Context, **flags: Any) -> None:
    """Train a model from an architecture file.

    Without options it trains the VAE-GAN on the 20,920 embedded CNS glyphs. Checkpoints, TensorBoard events and
    pictures go to logdir/train/<date-time>-<name>. Ctrl-C saves and ends; --restore_from goes on.
    """
    typed = {name for name in flags if is_typed(ctx, name)}
    if "logdir" in typed and "logdir_root" in typed:
        raise UsageError("--logdir and --logdir_root exclude each other: one names the run, one the folder of all")
    if "best_metric" in typed and not flags["evaluate_every"] and not flags["restore_from"]:
        raise UsageError("--best_metric: name also --evaluate_every, how often to measure")
    training = _resumed_run(flags, typed) if flags["restore_from"] else _new_run(flags)
    from tfglyph.training.summary import describe

    for line in describe(training):
        click.echo(line)
    if flags["dry_run"]:
        click.echo("dry run: nothing was trained or written")
        return
    path = training.run(flags["logdir_root"], directory=flags["logdir"])
    where = path or "the first worker has the run directory"
    click.echo(f"trained to step {training.step:,}: {where}")


def _settings(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of Options that a run which goes on may change."""
    names = (
        "jit",
        "keep",
        "checkpoint_every",
        "images_every",
        "evaluate_every",
        "best_metric",
        "projector",
        "strategy",
        "max_bad_steps",
    )
    return {name: flags[name] for name in names}


def _limits(flags: Mapping[str, Any]) -> "Limits":
    from tfglyph.models import Limits

    return Limits(max_parameters=flags["max_parameters"], max_activation_gb=flags["max_activation_gb"])


def _new_run(flags: Mapping[str, Any]) -> "TrainingRun":
    from tfglyph.runs.options import Options
    from tfglyph.training.train import new_run

    options = Options(
        dataset=spec_from_flags(flags),
        augment=augmentation_from_flags(flags),
        seed=flags["seed"],
        init_from=flags["init_from"],
        **_settings(flags),
    )
    overrides = ("epochs", "steps", "batch_size", "accumulate", "remat", "lr", "beta1", "reconst_v_gan", "precision")
    return new_run(flags["architecture"], options, {name: flags[name] for name in overrides}, _limits(flags))


def _resumed_run(flags: Mapping[str, Any], typed: set[str]) -> "TrainingRun":
    """Goes on with a run; ``typed`` are the names of the flags that the person typed."""
    from tfglyph.training.train import resumed_run

    fixed = sorted(typed.intersection(FIXED))
    if fixed:
        raise UsageError(f"--{fixed[0]}: a run that goes on keeps what it began with; leave this out")
    changes = {name: value for name, value in _settings(flags).items() if name in typed}
    totals = {name: flags[name] for name in ("epochs", "steps")}
    return resumed_run(flags["restore_from"], totals, changes, _limits(flags))
