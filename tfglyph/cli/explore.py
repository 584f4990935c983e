"""``tfglyph explore``: the search for interpretable latent directions, with a person or without."""

import dataclasses
import pathlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tfglyph.cli.model_options import add_model_options, add_sampling_options, options_for
from tfglyph.cli.options import SEED, is_typed
from tfglyph.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from tfglyph.latent.explore import State
    from tfglyph.models import GlyphModel

STATE = "state.json"
QUESTION = "Which of 0 1 2 3 change something worth keeping? (as 02; Enter for none, q to stop) "


@click.command("explore")
@add_model_options(default="pretrained:infogan-fonts")
@add_sampling_options()
@click.option("--state", type=click.Path(), metavar="FILE", help="Go on with this saved search, or begin it there.")
@click.option("--rounds", type=click.IntRange(1), help="Stop after so many. Default: when you type q.")
@click.option("--points", type=click.Choice(["9", "16"]), default="9", show_default=True, help="Starting points.")
@click.option(
    "--squeeze",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.7,
    show_default=True,
    help="Factor on a rejected direction in the distribution that the next are drawn from.",
)
@click.option("--seed", type=SEED, help="Decides the directions of a new search. Default: 0.")
@click.option("--auto", is_flag=True, help="Without a person: SeFa, and principal components (GANSpace).")
@click.option("--directions", type=click.IntRange(1, 1000), default=8, show_default=True, help="With --auto: how many.")
@click.option("--frames", type=click.IntRange(2, 1000), default=16, show_default=True, help="From edge to edge.")
@click.option("--fps", type=click.FloatRange(0, 100, min_open=True), default=12.5, show_default=True)
@click.option("--format", "kind", type=click.Choice(["gif", "mp4"]), default="gif", show_default=True)
@click.option("--output", type=click.Path(), metavar="DIR", help="Default: logdir/generate/<run>/explore-<n>.")
@click.pass_context
def command(
    ctx: click.Context,
    references: list[str],
    sampling: dict[str, Any],
    state: str | None,
    rounds: int | None,
    points: str,
    squeeze: float,
    seed: int | None,
    auto: bool,
    directions: int,
    frames: int,
    fps: float,
    kind: str,
    output: str | None,
) -> None:
    """Find interpretable latent directions (interactive, SeFa, GANSpace).

    Each round is an animation of four directions, from the same 9 or 16 starting points, from edge to edge of the
    latent space and back. Type the numbers of those that change one property; the others become less likely. The state
    is saved after each round, and --state goes on with it.
    """
    if auto and (state is not None or rounds is not None):
        raise UsageError("--auto asks nobody: it takes neither --state nor --rounds")
    if not auto and is_typed(ctx, "directions"):
        raise UsageError("--directions is for --auto; a round shows four")
    import tfglyph
    from tfglyph.latent import explore

    saved = explore.load_state(state) if state is not None and pathlib.Path(state).exists() else None
    if saved is not None and seed is not None:
        raise UsageError(f"--seed: {state} has its own; leave this out")
    model = tfglyph.load(references[0])
    animator = Animator(model, options_for(model, sampling), int(points), frames, fps, kind)
    if auto:
        directory = pathlib.Path(output) if output else model.run.output_directory
        _find_directions(animator, directory, directions, seed or 0)
        return
    dimensions = model.architecture.z_dim
    if saved is not None and saved.dimensions != dimensions:
        raise UsageError(f"{state}: a search in {saved.dimensions} dimensions, but {model.run.title} has {dimensions}")
    if output is not None:
        directory = pathlib.Path(output)
    else:
        directory = pathlib.Path(state).parent if state else _new_directory(model.run.output_directory)
    file = pathlib.Path(state) if state else directory / STATE
    _search(animator, saved or explore.start(model, seed or 0), file, directory, rounds, squeeze)


def _new_directory(parent: pathlib.Path) -> pathlib.Path:
    """The first of ``explore-1``, ``explore-2``, ... that does not exist."""
    return next(path for number in range(1, 100_000) if not (path := parent / f"explore-{number}").exists())


@dataclasses.dataclass(frozen=True)
class Animator:
    """How directions are shown.

    Attributes:
        model: a GlyphModel.
        options: dict, what ``decode`` takes.
        points: int, starting points.
        frames: int, from edge to edge.
        fps: float, frames in a second.
        kind: "gif" or "mp4".
    """

    model: "GlyphModel"
    options: dict[str, Any]
    points: int
    frames: int
    fps: float
    kind: str

    def save(
        self, path: pathlib.Path, directions: "np.ndarray", frame: "np.ndarray", seed: int, names: Sequence[str]
    ) -> pathlib.Path:
        """Writes directions side by side; returns the path of the file.

        Args:
            path: where it goes, without a suffix.
            directions, frame, seed: as in ``tfglyph.latent.explore.animate``.
            names: str for each direction.
        """
        from tfglyph.imaging.animation import save_animation
        from tfglyph.latent import explore

        cells = explore.animate(self.model, directions, frame, seed, self.points, self.frames, **self.options)
        return save_animation(f"{path}.{self.kind}", explore.sheet(cells, names), self.fps)


def _search(
    animator: Animator,
    state: "State",
    file: pathlib.Path,
    directory: pathlib.Path,
    rounds: int | None,
    squeeze: float,
) -> None:
    """Rounds until the person has had enough."""
    from tfglyph.latent import explore

    title, last = animator.model.run.title, None if rounds is None else state.round + rounds
    if state.round:
        click.echo(f"going on after {state.round} rounds, {_count(state)}")
    explore.save_state(file, state, title)
    try:
        while last is None or state.round < last:
            directions, frame = state.draw()
            path = directory / f"round-{state.round + 1:02d}"
            path = animator.save(path, directions, frame, state.seed, list("0123"))
            click.echo(f"round {state.round + 1}: {path}")
            keep = _ask()
            if keep is None:
                break
            state = state.after_round(keep, squeeze, directions)
            explore.save_state(file, state, title)
    finally:
        click.echo(f"{state.round} rounds, {_count(state)}; go on with --state {file}")


def _count(state: "State") -> str:
    return f"{len(state.kept)} kept and {len(state.rejected)} rejected directions"


def _ask() -> set[int] | None:
    """What the person keeps; None at q or the end of input. Asks again after anything else."""
    from tfglyph.latent.explore import parse_choice

    while True:
        click.echo(QUESTION, nl=False)
        line = ""
        try:
            line = sys.stdin.readline()
        finally:
            if not line:  # the end of input, or Ctrl-C
                click.echo()
        if not line or line.strip().lower() in ("q", "quit", "exit"):
            return None
        try:
            return parse_choice(line)
        except UsageError as error:
            click.echo(f"tfglyph: {error}", err=True)


def _find_directions(animator: Animator, directory: pathlib.Path, count: int, seed: int) -> None:
    """Directions in closed form and by principal components, four to a file."""
    import numpy as np

    from tfglyph.latent import explore
    from tfglyph.latent.directions import model_directions

    model = animator.model
    explore.start(model, seed)  # refuses models with too few dimensions
    frame = np.random.default_rng(seed).standard_normal((3, model.architecture.z_dim))
    for method in ("sefa", "ganspace", "latents") if model.can_encode else ("sefa", "ganspace"):
        images = _real_images(model) if method == "latents" else None
        directions, strengths = model_directions(model, method, count, images=images)
        for first in range(0, len(directions), explore.DIRECTIONS):
            part = slice(first, first + explore.DIRECTIONS)
            names = [f"{method} {first + number}: {strength:.3g}" for number, strength in enumerate(strengths[part])]
            path = directory / f"{method}-{first}-{first + len(names) - 1}"
            path = animator.save(path, directions[part], frame, seed, names)
            click.echo(f"{model.run.title}: {path}")


def _real_images(model: "GlyphModel") -> "np.ndarray":
    """Up to 2,000 images of the run's data, evenly over it: uint8 (n, h, w, c)."""
    from tfglyph.runs.data import load_glyphs

    glyphs = load_glyphs(model.architecture, model.run.options.dataset)
    return glyphs.images[:: -(-len(glyphs) // 2000)]
