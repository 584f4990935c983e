"""Sets text in completed fonts with Chromium: each line as it is, and again with the new characters in red.

    python tools/text_pictures.py docs/images/complete-text.png Cedar-completed.ttf=她說：你每晚… Fandol-completed.otf=…

The new characters are those that FONT-completed.json, beside the font, lists. Needs Debian's chromium.
"""

import html
import json
import pathlib
import subprocess
import tempfile

import click
from PIL import Image, ImageChops

PAGE = """<!doctype html><meta charset="utf-8"><style>
{faces}
body {{ margin: 20px; }} p {{ font-size: 40px; line-height: 1.15; margin: 0 0 6px; white-space: nowrap; }}
p + p.plain {{ margin-top: 28px; }} b {{ font-weight: normal; color: #c22; }}
</style>{lines}"""
WIDTH, HEIGHT, EDGE = 1400, 900, 12  # pixels


def page(fonts: list[tuple[pathlib.Path, str]]) -> str:
    """The HTML page of some (font, text)."""
    faces, lines = [], []
    for number, (path, text) in enumerate(fonts):
        record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        new = {chr(glyph["code"]) for glyph in record["glyphs"]}
        faces.append(f'@font-face {{ font-family: f{number}; src: url("{path.resolve().as_uri()}"); }}')
        marked = "".join(f"<b>{html.escape(c)}</b>" if c in new else html.escape(c) for c in text)
        for kind, line in (("plain", html.escape(text)), ("marked", marked)):
            lines.append(f'<p class="{kind}" style="font-family: f{number}">{line}</p>')
    return PAGE.format(faces="\n".join(faces), lines="\n".join(lines))


@click.command(help=__doc__)
@click.argument("output", type=click.Path(path_type=pathlib.Path))
@click.argument("texts", metavar="FONT=TEXT...", nargs=-1, required=True)
def main(output: pathlib.Path, texts: tuple[str, ...]) -> None:
    fonts = [(pathlib.Path(path), text) for path, _, text in (each.partition("=") for each in texts)]
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "page.html")
        source.write_text(page(fonts), encoding="utf-8")
        command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += ["--allow-file-access-from-files", "--virtual-time-budget=5000", f"--window-size={WIDTH},{HEIGHT}"]
        subprocess.run([*command, f"--screenshot={output.resolve()}", source.as_uri()], check=True, capture_output=True)
    picture = Image.open(output).convert("RGB")
    ink = ImageChops.difference(picture, Image.new("RGB", picture.size, "white")).getbbox()
    if ink is None:
        raise click.ClickException("the page is blank")
    left, top, right, bottom = ink
    box = (max(left - EDGE, 0), max(top - EDGE, 0), right + EDGE, bottom + EDGE)
    picture.crop(box).save(output, optimize=True)
    click.echo(f"{output}: {picture.crop(box).size}")


if __name__ == "__main__":
    main()
