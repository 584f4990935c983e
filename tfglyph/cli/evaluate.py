"""``tfglyph evaluate``: how good are the glyphs of a trained model?"""

import dataclasses
import functools
import json
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from tfglyph.architecture.sampling import SAMPLING_OPTIONS
from tfglyph.cli.data_options import add_dataset_options, glyphs_from_flags
from tfglyph.cli.model_options import add_model_options, add_precision_option, add_sampling_options, options_for
from tfglyph.cli.options import SEED
from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import write_errors, write_text

if TYPE_CHECKING:
    from tfglyph.evaluation import Settings, Subject
    from tfglyph.evaluation.font_composition_metric import FontSubject
    from tfglyph.evaluation.sweeping import Measured
    from tfglyph.evaluation.tuples import Half
    from tfglyph.models import GlyphModel

FONT_CHUNK = 32  # characters drawn at once from exemplars, which are twenty images each
CHUNK = 64  # images drawn at once; a larger chunk than usual, as thousands are drawn
FREE_SAMPLES = {"fid", "kid", "legibility"}  # the metrics of a sweep over samples that follow no description


@click.command("evaluate")
@add_model_options(multiple=True, positional=True)
@add_precision_option
@click.option(
    "--metrics",
    metavar="fid,kid,…",
    help="Which, by name; default: all. fid kid prdc legibility reconstruction"
    " arithmetic codes composition copying cost.",
)
@click.option(
    "--font",
    "fonts",
    multiple=True,
    metavar="FILE",
    help="A font in which to measure composition, for models that draw from exemplars; may be repeated. For others, the"
    " font of `kanji`.",
)
@click.option(
    "--extractor",
    "extractors",
    multiple=True,
    metavar="NAME|DIR",
    help="What distances look at: glyph (default), ocr, inception, inception:FILE, a SavedModel. May be repeated.",
)
@click.option(
    "--count",
    type=click.IntRange(10),
    metavar="N",
    help="Samples, and at most so many glyphs or tuples elsewhere. Default: 5,000; with --font 200 characters of each.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Decides every draw.")
@click.option(
    "--tuples",
    "half",
    type=click.Choice(["test", "development"]),
    default="test",
    show_default=True,
    help="Which half of the arithmetic's tuples; no part of a character is in both.",
)
@add_sampling_options(*SAMPLING_OPTIONS)
@click.option("--sweep", metavar="sampler,steps", help="Diffusion: quality against time instead of the metrics.")
@click.option(
    "--output", type=click.Path(), metavar="FILE.json", help="Default: evaluation.json in logdir/generate/<run>."
)
@click.option("--markdown", is_flag=True, help="Print one Markdown table of all models.")
@click.option("--dataset", help="Data set to compare with. Default: the run's.")
@functools.partial(add_dataset_options, with_font=False)
def command(
    references: list[str],
    precision: str,
    metrics: str | None,
    fonts: tuple[str, ...],
    extractors: tuple[str, ...],
    count: int | None,
    seed: int,
    half: "Half",
    sampling: dict[str, Any],
    sweep: str | None,
    output: str | None,
    markdown: bool,
    dataset: str | None,
    **flags: Any,
) -> int:
    """Measure how good the glyphs of trained models are.

    Prints a table, and writes a JSON file with pictures of the best and the worst cases beside it. Metrics that this
    machine lacks something for, or that a model has nothing for, are left out with one line that says why.
    """
    import tfglyph
    from tfglyph.evaluation import Settings
    from tfglyph.evaluation.metrics import parse_metrics

    names = parse_metrics(metrics)
    plan: MetricsPlan | SweepPlan = (
        MetricsPlan(names) if sweep is None else _sweep_plan(sweep, names if metrics is not None else None, sampling)
    )
    settings = Settings(count, seed, _split(extractors) or ("glyph",), half)
    if output is not None and pathlib.Path(output).is_dir():
        raise UsageError(f"--output {output}: a directory; expected a file's name, such as {output}/results.json")
    file = pathlib.Path(output) if output else None
    results: list[tuple[Plan, dict[str, Any]]] = []
    pictures: list[pathlib.Path] = []
    several, failed = len(references) > 1, False
    for reference in references:
        try:
            model = tfglyph.load(reference, precision)
            options = options_for(model, sampling)
            subject: Subject | FontSubject
            if fonts and _draws_in_fonts(model, fonts, dataset):
                fonts_plan = _fonts_plan(fonts, names if metrics is not None else None, plan)
                made_by: Plan = fonts_plan
                subject = fonts_plan.subject(model, settings, options)
            else:
                flags["font"] = fonts[0] if fonts else None
                made_by = plan
                subject = _subject(model, dataset, flags, plan.settings(settings), options)
            file = file or _default_file(model, several)
            results.append((made_by, _result(subject, made_by)))
            pictures += _write_pictures(subject, results[-1][1], file, several)
        except GlyphError as error:
            if not several:
                raise
            click.echo(f"tfglyph: error: {reference}: {error}", err=True)
            failed = True
    if file is None or not results:
        return 1
    with write_errors(file):
        write_text(file, json.dumps({"models": [result for _, result in results]}, indent=1, ensure_ascii=False) + "\n")
    for in_fonts in (False, True):
        alike = [(made_by, result) for made_by, result in results if isinstance(made_by, FontsPlan) == in_fonts]
        for line in alike[0][0].lines([result for _, result in alike], markdown) if alike else ():
            click.echo(line)
    click.echo(f"results: {file}" + "".join(f"\n{path}" for path in pictures), err=markdown)
    return 1 if failed else 0


def _split(names: Iterable[str]) -> tuple[str, ...]:
    """The extractors that were named, once each: repeated options, or several in one with commas."""
    parts: list[str] = []
    for name in names:
        parts += [name] if pathlib.Path(name.partition("#")[0]).exists() else name.split(",")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _default_file(model: "GlyphModel", several: bool) -> pathlib.Path:
    directory = model.run.output_directory
    return (directory.parent if several else directory) / "evaluation.json"


# === What is measured ===


@dataclasses.dataclass(frozen=True)
class MetricsPlan:
    """The metrics, each once.

    Attributes:
        metrics: list of their names.
    """

    metrics: list[str]

    def settings(self, settings: "Settings") -> "Settings":
        return settings

    def result(self, subject: "Subject") -> dict[str, Any]:
        """A model's part of the JSON file."""
        from tfglyph.evaluation import evaluate
        from tfglyph.evaluation.metrics import METRICS

        if any(METRICS[name].uses_extractors for name in self.metrics):
            _ = subject.extractors  # an unknown name is an error now rather than after minutes
        return evaluate(subject, self.metrics)

    def lines(self, results: Sequence[dict[str, Any]], markdown: bool) -> Iterable[str]:
        """The tables for the terminal."""
        from tfglyph.evaluation import report

        if markdown:
            return report.markdown(results)
        return (line for result in results for line in [report.heading(result), *report.table(result)])


@dataclasses.dataclass(frozen=True)
class SweepPlan:
    """Quality against time.

    Attributes:
        axes: dict from ``cost.parse_sweep``, what varies.
        measured: "composition", "samples", or None: what the model is for.
    """

    axes: Mapping[str, tuple[Any, ...]]
    measured: "Measured | None"

    def settings(self, settings: "Settings") -> "Settings":
        """Fewer samples, as each point takes its own."""
        from tfglyph.evaluation.sweeping import COUNT

        return settings if settings.count is not None else dataclasses.replace(settings, count=COUNT)

    def result(self, subject: "Subject") -> dict[str, Any]:
        """A model's part of the JSON file; the subject's pictures get the curve."""
        from tfglyph.evaluation.cost import sweep_of
        from tfglyph.evaluation.pictures import sweep
        from tfglyph.evaluation.sweeping import run_sweep

        _ = subject.extractors  # an unknown name is an error now rather than after minutes
        result = run_sweep(subject, sweep_of(subject.model, self.axes), self.measured)
        if result["points"]:
            subject.pictures["sweep"] = sweep(result["points"], subject.model.run.title)
        return result

    def lines(self, results: Sequence[dict[str, Any]], markdown: bool) -> Iterable[str]:
        """The tables for the terminal."""
        from tfglyph.evaluation.report import sweep_table

        return (line for result in results for line in sweep_table(result, markdown))


@dataclasses.dataclass(frozen=True)
class FontsPlan:
    """Composition in fonts, from exemplars.

    Attributes:
        fonts: tuple of paths.
        axes: dict from ``cost.parse_sweep``, what varies; None: no sweep.
    """

    fonts: tuple[str, ...]
    axes: Mapping[str, tuple[Any, ...]] | None

    def subject(self, model: "GlyphModel", settings: "Settings", options: Mapping[str, Any]) -> "FontSubject":
        """A model and the fonts; the data that it was trained on is not needed."""
        from tfglyph.evaluation.font_composition_metric import FontSubject

        model.chunk = FONT_CHUNK
        return FontSubject(model, self.fonts, settings, options)

    def result(self, subject: "FontSubject") -> dict[str, Any]:
        """A model's part of the JSON file."""
        from tfglyph.evaluation.cost import sweep_of
        from tfglyph.evaluation.font_composition_metric import evaluate_fonts, sweep_fonts

        return (
            evaluate_fonts(subject) if self.axes is None else sweep_fonts(subject, sweep_of(subject.model, self.axes))
        )

    def lines(self, results: Sequence[dict[str, Any]], markdown: bool) -> Iterable[str]:
        """The tables for the terminal."""
        from tfglyph.evaluation import report
        from tfglyph.evaluation.font_composition_metric import font_tables

        if self.axes is not None:
            return (line for result in results for line in report.sweep_table(result, markdown))
        return (line for result in results for line in [report.heading(result), "", *font_tables(result, markdown)])


Plan = MetricsPlan | SweepPlan | FontsPlan


def _draws_in_fonts(model: "GlyphModel", fonts: Sequence[str], dataset: str | None) -> bool:
    """Whether ``--font`` names fonts to draw in; else it is the data set's option."""
    from tfglyph.models.composing import draws_from_exemplars

    if (dataset or model.run.options.dataset.name) == "kanji" and len(fonts) == 1:
        return False
    if not draws_from_exemplars(model):
        raise UsageError(
            f"--font {fonts[0]}: {model.run.title} does not draw from exemplars, so it draws in no other font"
        )
    if dataset is not None:
        raise UsageError("--font and --dataset exclude each other: a font is compared with its own glyphs")
    return True


def _fonts_plan(fonts: tuple[str, ...], metrics: Sequence[str] | None, plan: MetricsPlan | SweepPlan) -> FontsPlan:
    """Raises UsageError for what is not measured in fonts."""
    if metrics is not None and list(metrics) != ["composition"]:
        raise UsageError("--font measures composition alone: --metrics is composition beside it")
    return FontsPlan(fonts, plan.axes if isinstance(plan, SweepPlan) else None)


def _sweep_plan(text: str, metrics: Sequence[str] | None, sampling: Mapping[str, Any]) -> SweepPlan:
    """What ``--sweep`` asks for, beside the metrics and the sampling options that were typed."""
    from tfglyph.evaluation.cost import parse_sweep

    axes = parse_sweep(text)
    measured: Measured | None = None
    if metrics is not None:
        if set(metrics) not in ({"composition"}, FREE_SAMPLES):
            raise UsageError(
                "--sweep measures composition or free samples: --metrics is composition or fid,kid,legibility beside it"
            )
        measured = "composition" if "composition" in metrics else "samples"
    for name, value in sampling.items():
        if value is not None:
            flag = SAMPLING_OPTIONS[name].flag
            raise UsageError(f"--sweep and --{flag} exclude each other: a sweep says what it varies, as in steps=5/10")
    return SweepPlan(axes, measured)


# === One model ===


def _subject(
    model: "GlyphModel",
    dataset: str | None,
    flags: Mapping[str, Any],
    settings: "Settings",
    options: Mapping[str, Any],
) -> "Subject":
    """The model with its data; a foreign data set was not trained on, so all of it counts as held out."""
    from tfglyph.evaluation import Subject
    from tfglyph.models.composing import draws_from_exemplars
    from tfglyph.runs.data import load_glyphs

    model.chunk = CHUNK
    run_spec = model.run.options.dataset
    try:
        all_glyphs = glyphs_from_flags(model, dataset, flags)
        if dataset not in (None, run_spec.name):
            training = load_glyphs(model.architecture, run_spec, "train")
            return Subject(model, all_glyphs, training, all_glyphs, settings, options)
    except GlyphError as error:
        if not draws_from_exemplars(model):
            raise
        raise GlyphError(
            f"{error}; `--font FILE` measures {model.run.title} without the data of its training"
        ) from None
    training = all_glyphs.split("train", run_spec.holdout)
    held_out = all_glyphs.split("holdout", run_spec.holdout) if run_spec.holdout else None
    return Subject(model, all_glyphs, training, held_out, settings, options)


def _result(subject: "Subject | FontSubject", plan: Any) -> dict[str, Any]:
    result: dict[str, Any] = plan.result(subject)
    for skipped in result["skipped"]:
        click.echo(f"tfglyph: {subject.model.run.title}: {skipped['metric']}: {skipped['reason']}", err=True)
    if not result.get("figures") and not result.get("points"):
        raise GlyphError(f"{subject.model.run.title}: nothing could be measured")
    return result


def _write_pictures(
    subject: "Subject | FontSubject", result: Mapping[str, Any], file: pathlib.Path, several: bool
) -> list[pathlib.Path]:
    """Saves a model's pictures beside the JSON file; returns their paths."""
    from tfglyph.imaging.grids import save_png

    model = f"-{subject.model.run.name}-{result['step']}" if several else ""
    return [
        save_png(file.with_name(f"{file.stem}{model}-{name}.png"), image) for name, image in subject.pictures.items()
    ]
