"""Writes the table of docs/reference/fonts.md from the catalogue of open fonts.

    python tools/write_font_page.py

Only what is between the two marks changes.
"""

import pathlib

from tfglyph.datasets.open_fonts import STYLES, CatalogueFace, catalogue

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "reference" / "fonts.md"
BEGIN, END = "<!-- begin: tools/write_font_page.py -->\n", "<!-- end -->\n"


def table(faces: tuple[CatalogueFace, ...]) -> str:
    """A Markdown table with a row for each design."""
    designs: dict[str, list[CatalogueFace]] = {}
    for face in faces:
        designs.setdefault(face.family, []).append(face)
    rows = ["| design | styles | faces | Han at most | licence | packages |", "|---|---|--:|--:|---|---|"]
    for family, members in designs.items():
        styles = ", ".join(style for style in STYLES if any(face.style == style for face in members))
        licences = ", ".join(dict.fromkeys(face.licence for face in members))
        mark = "" if all(face.permissive for face in members) else _marked(members)
        packages = ", ".join(f"`{package}`" for package in dict.fromkeys(face.package for face in members))
        most = max(face.han for face in members)
        rows.append(f"| {family} | {styles} | {len(members)} | {most:,} | {licences}{mark} | {packages} |")
    return "\n".join(rows) + "\n"


def _marked(members: list[CatalogueFace]) -> str:
    """What to add to the licences of a design that is not permissive, or not in all its faces."""
    bound = {face.licence for face in members if not face.permissive}
    return (
        " (not permissive)"
        if not any(face.permissive for face in members)
        else f" ({', '.join(sorted(bound))}: not permissive)"
    )


def page(text: str) -> str:
    """The text of the page with its table made anew."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n" + table(catalogue()) + "\n" + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(PAGE)
