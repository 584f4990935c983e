"""``tfglyph evaluate``: how good are the glyphs of a trained model?"""

import json
import pathlib

import click

from tfglyph.cli.data_options import add_dataset_options, glyphs_from_flags
from tfglyph.cli.model_options import add_model_options, add_precision_option, add_sampling_options
from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import write_errors, write_text

CHUNK = 64  # images drawn at once: thousands are wanted, and memory is for them
FREE = {"fid", "kid", "legibility"}  # what a sweep measures of free samples


@click.command("evaluate", context_settings={"help_option_names": ["-h", "--help"]})
@add_model_options(multiple=True, positional=True)
@add_precision_option
@click.option(
    "--metrics",
    metavar="fid,kid,…",
    help="Which, by name; default: all. fid kid prdc legibility reconstruction"
    " arithmetic codes composition copying cost.",
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
    help="Samples, and at most so many glyphs or tuples elsewhere. Default: 5,000.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Decides every draw.")
@click.option(
    "--tuples",
    "half",
    type=click.Choice(["test", "development"]),
    default="test",
    show_default=True,
    help="Which half of the arithmetic's tuples; no part of a character is in both.",
)
@add_sampling_options()
@click.option("--temperature", type=click.FloatRange(0, 10), help="Diffusion: factor on the noise.")
@click.option("--sweep", metavar="sampler,steps", help="Diffusion: quality against time instead of the metrics.")
@click.option(
    "--output", type=click.Path(), metavar="FILE.json", help="Default: evaluation.json in logdir/generate/<run>."
)
@click.option("--markdown", is_flag=True, help="Print one Markdown table of all models.")
@click.option("--dataset", help="Data set to compare with. Default: the run's.")
@add_dataset_options
def command(
    references,
    precision,
    metrics,
    extractors,
    count,
    seed,
    half,
    sampling,
    temperature,
    sweep,
    output,
    markdown,
    dataset,
    **flags,
):
    """Measure how good the glyphs of trained models are.

    Prints a table, and writes a JSON file with pictures of the best and the worst cases beside it. Metrics that this
    machine lacks something for, or that a model has nothing for, are left out with one line that says why.
    """
    from tfglyph.evaluation import cost
    from tfglyph.evaluation.metrics import parse_metrics
    from tfglyph.evaluation.subject import Settings

    sampling["temperature"] = temperature
    chosen = parse_metrics(metrics)
    swept = cost.parse_sweep(sweep) if sweep is not None else None
    measured = None
    if swept is not None and metrics is not None:
        if set(chosen) not in ({"composition"}, FREE):
            raise UsageError(
                "--sweep measures composition or free samples: --metrics is composition or fid,kid,legibility beside it"
            )
        measured = "composition" if "composition" in chosen else "samples"
    for name, value in sampling.items():
        if swept is not None and value is not None:
            flag = "sampling_steps" if name == "steps" else name
            raise UsageError(f"--sweep and --{flag} exclude each other: a sweep says what it varies, as in steps=5/10")
    settings = Settings(count, seed, _split(extractors) or ("glyph",), half)
    if output is not None and pathlib.Path(output).is_dir():
        raise UsageError(f"--output {output}: a directory; expected a file's name, such as {output}/results.json")
    results, failed, written, place = [], False, [], None
    for reference in references:
        try:
            subject = _subject(reference, precision, dataset, flags, settings, swept, sampling)
            place = pathlib.Path(output) if output else place or _default_place(subject.model, len(references))
            results.append(_result(subject, chosen, swept, measured))
            written += _write_pictures(subject, results[-1], place, len(references) > 1)
        except GlyphError as error:
            if len(references) == 1:
                raise
            click.echo(f"tfglyph: error: {reference}: {error}", err=True)
            failed = True
    if not results:
        return 1
    _write(place, results)
    _show(results, markdown, swept is not None)
    click.echo(f"results: {place}" + "".join(f"\n{path}" for path in written), err=markdown)
    return 1 if failed else 0


def _split(names):
    """The extractors that were named, once each: repeated options, or several in one with commas."""
    apart = []
    for name in names:
        apart += [name] if pathlib.Path(name.partition("#")[0]).exists() else name.split(",")
    return tuple(dict.fromkeys(part.strip() for part in apart if part.strip()))


def _default_place(model, several):
    directory = model.run.output_directory
    return (directory.parent if several > 1 else directory) / "evaluation.json"


def _subject(reference, precision, dataset, flags, settings, swept, sampling):
    """The model with its data; a foreign data set was not trained on, so all of it counts as held out."""
    import dataclasses

    import tfglyph
    from tfglyph.cli.point_options import options_for
    from tfglyph.evaluation.subject import Subject
    from tfglyph.evaluation.sweeping import COUNT
    from tfglyph.runs.data import load_glyphs

    model = tfglyph.load(reference, precision)
    model.chunk = CHUNK
    options = options_for(model, sampling)
    if swept is not None and settings.count is None:
        settings = dataclasses.replace(settings, count=COUNT)
    run_spec = model.run.options.dataset
    everything = glyphs_from_flags(model, dataset, flags)
    if dataset not in (None, run_spec.name):
        training = load_glyphs(model.architecture, run_spec, "train")
        return Subject(model, everything, training, everything, settings, options)
    training = everything.split("train", run_spec.holdout)
    held_out = everything.split("holdout", run_spec.holdout) if run_spec.holdout else None
    return Subject(model, everything, training, held_out, settings, options)


def _result(subject, chosen, swept, measured):
    from tfglyph.evaluation import evaluate
    from tfglyph.evaluation.cost import sweep_of
    from tfglyph.evaluation.metrics import SEEN_BY_EXTRACTORS
    from tfglyph.evaluation.sweeping import run_sweep

    if swept is not None or SEEN_BY_EXTRACTORS.intersection(chosen):
        _ = subject.extractors  # a name that does not exist is told now rather than after minutes
    result = (
        evaluate(subject, chosen) if swept is None else run_sweep(subject, sweep_of(subject.model, swept), measured)
    )
    for item in result["skipped"]:
        click.echo(f"tfglyph: {subject.model.run.title}: {item['metric']}: {item['reason']}", err=True)
    if not result.get("figures") and not result.get("points"):
        raise GlyphError(f"{subject.model.run.title}: nothing could be measured")
    return result


def _write_pictures(subject, result, place, several):
    """Saves a model's pictures beside the JSON file; returns their paths."""
    from tfglyph.evaluation.pictures import sweep
    from tfglyph.imaging.grids import save_png

    if "points" in result:
        subject.pictures["sweep"] = sweep(result["points"], subject.model.run.title)
    middle = f"-{subject.model.run.name}-{result['step']}" if several else ""
    return [
        save_png(place.with_name(f"{place.stem}{middle}-{name}.png"), image) for name, image in subject.pictures.items()
    ]


def _write(place, results):
    text = json.dumps({"models": results}, indent=1, ensure_ascii=False) + "\n"
    with write_errors(place):
        write_text(place, text)


def _show(results, markdown, swept):
    from tfglyph.evaluation import report

    if swept:
        lines = (line for result in results for line in report.sweep_table(result, markdown))
    elif markdown:
        lines = report.markdown(results)
    else:
        lines = (line for result in results for line in [report.heading(result), *report.table(result)])
    for line in lines:
        click.echo(line)
