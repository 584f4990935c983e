"""``tfglyph explore``: the search for directions that mean something, with a person or without."""

import pathlib
import sys

import click

from tfglyph.cli.model_options import add_model_options, add_sampling_options
from tfglyph.cli.point_options import options_for
from tfglyph.errors import UsageError

STATE = "state.json"
QUESTION = "Which of 0 1 2 3 change something worth keeping? (as 02; Enter for none, q to stop) "


@click.command("explore", context_settings={"help_option_names": ["-h", "--help"]})
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
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Decides the directions of a new search. Default: 0.")
@click.option("--auto", is_flag=True, help="Without a person: SeFa, and principal components (GANSpace).")
@click.option("--directions", type=click.IntRange(1, 1000), default=8, show_default=True, help="With --auto: how many.")
@click.option("--frames", type=click.IntRange(2, 1000), default=16, show_default=True, help="From edge to edge.")
@click.option("--fps", type=click.FloatRange(0, 100, min_open=True), default=12.5, show_default=True)
@click.option("--format", "kind", type=click.Choice(["gif", "mp4"]), default="gif", show_default=True)
@click.option("--output", type=click.Path(), metavar="DIR", help="Default: logdir/generate/<run>/explore-<n>.")
@click.pass_context
def command(ctx, references, sampling, state, rounds, seed, auto, output, directions, **look):
    """Search for directions that mean something.

    Each round is an animation of four directions, from the same 9 or 16 starting points, from edge to edge of the
    latent space and back. Type the numbers of those that change one property; the others become less likely. The state
    is saved after each round, and --state goes on with it.
    """
    typed = ctx.get_parameter_source
    if auto and (state is not None or rounds is not None):
        raise UsageError("--auto asks nobody: it takes neither --state nor --rounds")
    if not auto and typed("directions") is click.core.ParameterSource.COMMANDLINE:
        raise UsageError("--directions is for --auto; a round shows four")
    import tfglyph
    from tfglyph.latent import explore

    known = explore.load_state(state) if state is not None and pathlib.Path(state).exists() else None
    if known is not None and seed is not None:
        raise UsageError(f"--seed: {state} has its own; leave this out")
    model = tfglyph.load(references[0])
    look["options"] = options_for(model, sampling)
    look["points"] = int(look["points"])
    if auto:
        directory = pathlib.Path(output) if output else model.run.output_directory
        return _find(model, directory, directions, seed or 0, look)
    if known is not None and known.dimensions != explore.split_codes(model):
        found = explore.split_codes(model)
        raise UsageError(f"{state}: a search in {known.dimensions} dimensions, but {model.run.title} has {found}")
    known = known or explore.start(model, seed or 0)
    directory = pathlib.Path(output or (pathlib.Path(state).parent if state else _new(model.run.output_directory)))
    file = pathlib.Path(state) if state else directory / STATE
    return _search(model, known, file, directory, rounds, look)


def _new(parent):
    """The first of ``explore-1``, ``explore-2``, ... that does not exist."""
    return next(path for number in range(1, 100_000) if not (path := parent / f"explore-{number}").exists())


def _search(model, state, file, directory, rounds, look):
    """Rounds until the person has had enough."""
    from tfglyph.imaging.animation import save_animation
    from tfglyph.latent import explore

    about, last = model.run.title, None if rounds is None else state.round + rounds
    if state.round:
        click.echo(f"going on after {state.round} rounds, {_count(state)}")
    explore.save_state(file, state, about)
    try:
        while last is None or state.round < last:
            directions, frame = state.draw()
            cells = explore.animate(
                model, directions, frame, state.seed, look["points"], look["frames"], **look["options"]
            )
            path = directory / f"round-{state.round + 1:02d}.{look['kind']}"
            save_animation(path, explore.sheet(cells, list("0123")), look["fps"])
            click.echo(f"round {state.round + 1}: {path}")
            keep = _ask()
            if keep is None:
                break
            state = state.judged(keep, look["squeeze"], directions)
            explore.save_state(file, state, about)
    finally:
        click.echo(f"{state.round} rounds, {_count(state)}; go on with --state {file}")


def _count(state):
    return f"{len(state.kept)} kept and {len(state.rejected)} rejected directions"


def _ask():
    """What the person keeps, as a set; None at q or the end of input. Asks again after anything else."""
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


def _find(model, directory, count, seed, look):
    """Directions in closed form and by principal components, four to a file."""
    import numpy as np

    from tfglyph.imaging.animation import save_animation
    from tfglyph.latent import explore
    from tfglyph.latent.directions import model_directions

    explore.start(model, seed)  # refuses models with too few dimensions
    frame = np.random.default_rng(seed).standard_normal((3, explore.split_codes(model)))
    for method in ("sefa", "ganspace", "latents") if model.can_encode else ("sefa", "ganspace"):
        images = _real(model) if method == "latents" else None
        directions, strengths = model_directions(model, method, count, images=images)
        for first in range(0, len(directions), explore.DIRECTIONS):
            part = slice(first, first + explore.DIRECTIONS)
            cells = explore.animate(
                model, directions[part], frame, seed, look["points"], look["frames"], **look["options"]
            )
            names = [f"{method} {first + number}: {strength:.3g}" for number, strength in enumerate(strengths[part])]
            path = directory / f"{method}-{first}-{first + len(names) - 1}.{look['kind']}"
            click.echo(f"{model.run.title}: {save_animation(path, explore.sheet(cells, names), look['fps'])}")


def _real(model):
    """Up to 2,000 images of the run's data, evenly over it."""
    from tfglyph.runs.data import load_glyphs

    glyphs = load_glyphs(model.architecture, model.run.options.dataset)
    return glyphs.images[:: -(-len(glyphs) // 2000)]
