"""``tfglyph studio``: the page in the browser."""

import click

from tfglyph.cli.model_options import add_model_options

DEFAULT_MODELS = ("pretrained:compose-fonts", "pretrained:vaegan-cns")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command("studio")
@add_model_options(multiple=True, default=DEFAULT_MODELS)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; this machine alone.")
@click.option("--port", type=click.IntRange(1, 65535), default=7860, show_default=True)
@click.option("--browser", is_flag=True, help="Open the page at once.")
def command(references: list[str], host: str, port: int, browser: bool) -> None:
    """Open everything as a page in the browser, for one model or several side by side.

    Tabs that fit the models: generate, interpolate, arithmetic, compose, complete a font, explore, codes, about. Ctrl-C
    closes it. The page serves no file but its own and what was dropped on it, and asks no other machine for anything.
    """
    from tfglyph.errors import warn
    from tfglyph.studio.server import check_gradio, check_port, load_models, opened, wait

    check_gradio()
    check_port(host, port)
    models, problems = load_models(references)
    if not models:
        raise problems[0]
    for problem in problems:
        click.echo(f"tfglyph: error: {problem}", err=True)
    if host not in LOOPBACK:
        warn(f"whoever reaches {host} can use this page; it asks for no password")
    with opened(models, map(str, problems), host, port, browser) as address:
        click.echo(f"studio with {', '.join(loaded.name for loaded in models)}: {address} (Ctrl-C closes it)")
        wait()
