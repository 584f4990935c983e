"""``tfglyph compose``: characters drawn from descriptions of their parts."""

import click

from tfglyph.cli.model_options import add_model_options, add_precision_option
from tfglyph.errors import UsageError


@click.command("compose", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("descriptions", nargs=-1)
@click.option("--invent", type=click.IntRange(1, 10_000), metavar="N", help="N descriptions that nobody wrote, too.")
@add_model_options(default="pretrained:compose-cns")
@add_precision_option
@click.option("--file", "path", type=click.Path(), metavar="FILE", help="A text file with a description in each line.")
@click.option("--variants", type=click.IntRange(1, 64), default=4, show_default=True, help="Images of each.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Decides the variants.")
@click.option("--guidance", type=float, help="How strictly the description is followed. Default: the model's.")
@click.option(
    "--temperature",
    type=click.FloatRange(0, 10),
    help="Factor on the noise: below 1 variants become more alike, and each more typical. Default: the model's.",
)
@click.option("--sampling_steps", "steps", type=click.IntRange(1), help="Steps of the sampler. Default: the model's.")
@click.option("--sampler", metavar="NAME", help="ddpm, ddim, dpm++ or heun. Default: the model's.")
@click.option("--label", help="Models with fonts or other classes: which, by name or number.")
@click.option("--columns", type=click.IntRange(1), help="Descriptions in a row of the grid. Default: 1, 8 from 9 on.")
@click.option("--individual", is_flag=True, help="Write each image as a PNG file of its own, too.")
@click.option("--svg", is_flag=True, help="Write each image as outlines (SVG), too.")
@click.option(
    "--output", type=click.Path(), metavar="DIR|FILE", help="A folder, or the PNG file. Default: logdir/generate/<run>."
)
def command(
    descriptions, invent, references, precision, path, variants, seed, columns, individual, svg, output, **family
):
    """Draw characters from descriptions, whether they exist or not.

    A description puts parts together by Unicode's operators: ⿰酉交 is 酉 left of 交, ⿱艹⿰木木 has ⿰木木 under 艹. A
    character alone stands for its own decomposition, which `tfglyph data decompose` shows.

        tfglyph compose ⿰酉交 ⿱雨交 --variants 8

    --invent 16 makes up sixteen: halves of known characters, put together anew.
    """
    from tfglyph.composition import in_place, parse
    from tfglyph.composition.parsing import read_descriptions
    from tfglyph.models.composing import compose, requests, sampled_requests

    texts = [*descriptions, *(read_descriptions(path) if path else [])]
    if not texts and not invent:
        raise UsageError("which characters? for example: tfglyph compose ⿰酉交")
    for text in texts:  # before the model is loaded, which takes longer than noticing a slip of the finger
        tree = parse(text)
        if in_place(tree) != tree:
            click.echo(f"{tree} is written {in_place(tree)}")
    import tfglyph
    from tfglyph.cli.point_options import destination, options_for
    from tfglyph.imaging.grids import save_png
    from tfglyph.latent.composing_sheet import sheet

    model = tfglyph.load(references[0], precision)
    asked = requests(model, texts) + (sampled_requests(model, invent, seed) if invent else [])
    for request in asked:
        name = request.tree.part
        if name is not None and request.tree.operator is not None:
            click.echo(f"{name} is {request.tree.spelled()}" if name == request.text else f"{request.text} is {name}")
    images = compose(model, asked, variants, seed, **options_for(model, family))  # (d, v, h, w, c)
    target = save_png(destination(output, model, "composed.png"), sheet(asked, images, columns))
    count = f"{len(asked)} description{'s' * (len(asked) != 1)}, {variants} image{'s' * (variants != 1)} each"
    click.echo(f"{count}, by {model.run.title}: {target}")
    for kind, wanted in (("png", individual), ("svg", svg)):
        if wanted:
            folder = target.parent / target.stem
            _write_each(folder, asked, images, kind)
            click.echo(f"each as {kind.upper()}: {folder}/")


def _write_each(folder, asked, images, kind):
    from tfglyph.files import write_text
    from tfglyph.imaging.grids import save_png
    from tfglyph.imaging.outlines import to_svg
    from tfglyph.progress import progress

    jobs = [
        (folder / f"{number:03d}-{request.text[:16]}-{variant}.{kind}", image)
        for number, (request, row) in enumerate(zip(asked, images, strict=True), 1)
        for variant, image in enumerate(row)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    for path, image in progress(jobs, f"writing {kind}", unit="file"):
        if kind == "png":
            save_png(path, image)
        else:
            write_text(path, to_svg(image))
