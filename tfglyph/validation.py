"""Character arithmetic on a trained model: from a file of A B C tuples to figures.

    tuples, problems = read_tuples("test.txt")
    ...draw(model, glyphs, tuples, "logdir/generate/run", "run, step 31200")

Each tuple becomes a figure of four panels: the three images; their reconstructions; the generator's image of
a * (A - B + C) for five coefficients a; and A - B + C in pixels. A contact sheet holds all tuples.
"""

import dataclasses
import pathlib
import unicodedata

import numpy as np

from tfglyph.errors import GlyphError, UsageError
from tfglyph.figures import Panel, panel_figure, save_png, table_figure
from tfglyph.latent.arithmetic import SCALES, analogy, pixel_analogy
from tfglyph.progress import progress

MAXIMUM_BYTES = 1 << 20  # a tuple takes ten bytes, and nobody looks at a hundred thousand figures
SHEET_ROWS = 100  # tuples on one contact sheet
COMMAS = ",，、;；"
MINUS = "\N{MINUS SIGN}"


@dataclasses.dataclass(frozen=True)
class Tuple:
    """Three characters of one line: what A - B + C is drawn for."""

    number: int
    """Position among the lines that are neither empty nor comments, from 0; it names the figure's file."""
    place: str
    """File and line, for messages."""
    characters: tuple[str, str, str]

    @property
    def title(self):
        """``A − B + C``."""
        a, b, c = self.characters
        return f"{a} {MINUS} {b} + {c}"


# === Reading ===


def read_tuples(path):
    """Reads a file with one tuple A B C in each line.

    The three characters stand with or without white space or commas (also full-width ones); ``#`` starts a
    comment; UTF-8, with or without a byte-order mark, or UTF-16 with one.

    Args:
        path: str or path of a file of at most 1 MiB.

    Returns:
        (list of ``Tuple``, list of str): the good lines, and one message for each of the others.

    Raises:
        UsageError: the file cannot be read.
        GlyphError: the file is too large, is not text, or holds no tuple line at all.
    """
    tuples, problems = [], []
    number = 0
    for line_number, line in enumerate(_lines(path), start=1):
        place = f"{path}:{line_number}"
        if line is None:
            problems.append(f"{place}: not UTF-8 text; save the file as UTF-8")
            number += 1
            continue
        content = line.partition("#")[0]
        characters = [letter for letter in content if not _separates(letter)]
        if not characters:
            continue
        if len(characters) == 3:
            tuples.append(Tuple(number, place, tuple(characters)))
        else:
            what = f"{len(characters)} character{'s' * (len(characters) != 1)}"
            problems.append(f"{place}: found {what} ({_readable(characters)}), expected three: A B C")
        number += 1
    if not number:
        raise GlyphError(f"{path}: no tuples; write three characters A B C in a line, such as 酪鉻鉸")
    return tuples, problems


def _lines(path):
    """The file's lines; None for one that is not UTF-8."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(
            f"{path}: no such file of tuples; write three characters A B C a line, or name one by --tuples"
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAXIMUM_BYTES:
        raise GlyphError(f"{path}: larger than 1 MiB, so it is no list of tuples")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16").splitlines()
        except UnicodeDecodeError:
            raise GlyphError(f"{path}: neither UTF-8 nor UTF-16 text; expected one tuple A B C in each line") from None
    if b"\0" in data:
        raise GlyphError(f"{path}: binary data, not text; expected one tuple A B C in each line")
    return [_decoded(line) for line in data.removeprefix(b"\xef\xbb\xbf").splitlines()]


def _decoded(line):
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def _separates(letter):
    """Whether a letter only stands between characters: white space, commas, control and format characters."""
    return letter.isspace() or letter in COMMAS or unicodedata.category(letter) in ("Cc", "Cf")


def _readable(characters):
    """Characters for a message: at most 12 of them, unprintable ones as code points."""
    shown = [letter if letter.isprintable() else f"U+{ord(letter):04X}" for letter in characters[:12]]
    return "".join(shown) + ("…" if len(characters) > 12 else "")


# === Finding ===


def character_rows(glyphs):
    """Where each character of a data set first stands.

    Args:
        glyphs: ``tfglyph.datasets.Glyphs``.

    Returns:
        dict from character to row. A set without characters whose label names are single characters (digits,
        say) gives the first image of each label.

    Raises:
        GlyphError: the set knows of no characters.
    """
    if glyphs.characters is not None:
        names = glyphs.characters
    elif glyphs.label_names and all(len(name) == 1 for name in glyphs.label_names):
        names = [glyphs.label_names[label] for label in glyphs.labels]
    else:
        raise GlyphError(
            f"data set {glyphs.name} does not say which character an image shows, so A B C cannot be found"
        )
    rows = {}
    for row, name in enumerate(names):
        rows.setdefault(name, row)
    return rows


def known_tuples(tuples, rows, name):
    """Sorts tuples into those whose characters a data set has, and messages for the others.

    Args:
        tuples: list of ``Tuple``.
        rows: dict from character to row.
        name: str, the data set's, for messages.

    Returns:
        (list of ``Tuple``, list of str).
    """
    good, problems = [], []
    for entry in tuples:
        missing = [letter for letter in dict.fromkeys(entry.characters) if letter not in rows]
        if missing:
            lacking = ", ".join(f"{_readable(letter)} (U+{ord(letter):04X})" for letter in missing)
            problems.append(f"{entry.place}: data set {name} lacks {lacking}")
        else:
            good.append(entry)
    return good, problems


# === Drawing ===


@dataclasses.dataclass(frozen=True)
class Arithmetic:
    """What one tuple's figure shows; all images uint8."""

    originals: np.ndarray  # (3, h, w, c)
    reconstructions: np.ndarray  # (3, h, w, c)
    generated: np.ndarray  # (len(SCALES), h, w, c)
    pixels: np.ndarray  # (1, h, w, c)


def compute(model, images, **options):
    """Reconstructions and sums for triples of images.

    Args:
        model: a GlyphModel with ``encode`` and ``decode``.
        images: uint8 [n, 3, h, w, c], n at least 1.
        **options: what ``decode`` takes.

    Returns:
        list of n ``Arithmetic``.
    """
    count, shape = len(images), images.shape[2:]
    latents = np.reshape(model.encode(images.reshape(-1, *shape)), (count, 3, -1))  # (n, 3, d)
    a, b, c = np.moveaxis(latents, 1, 0)
    sums = [analogy(a, b, c, np.float32(scale)) for scale in SCALES]
    wanted = np.concatenate([latents, np.stack(sums, axis=1)], axis=1)  # (n, 3 + scales, d)
    painted = np.reshape(model.decode(wanted.reshape(-1, wanted.shape[-1]), **options), (count, -1, *shape))
    return [
        Arithmetic(images[i], painted[i, :3], painted[i, 3:], pixel_analogy(*images[i])[None]) for i in range(count)
    ]


def draw(model, glyphs, tuples, directory, title, **options):
    """Draws a figure for each tuple, and contact sheets of them all.

    Args:
        model: a GlyphModel with ``encode`` and ``decode``.
        glyphs: ``tfglyph.datasets.Glyphs`` that has the tuples' characters.
        tuples: list of ``Tuple``, at least one.
        directory: path; gets ``test-arith-<nn>.png`` and ``contact-sheet.png`` (``contact-sheet-2.png`` and
            so on from a hundred tuples).
        title: str, stands on the contact sheets: which model this is.
        **options: what ``decode`` takes.

    Returns:
        list of pathlib.Path, the files in the order in which they were written.

    Raises:
        GlyphError: a file cannot be written.
    """
    directory, rows, paths = pathlib.Path(directory), character_rows(glyphs), []
    with progress(total=len(tuples), description="figures", unit="tuple") as bar:
        for start in range(0, len(tuples), SHEET_ROWS):
            part = tuples[start : start + SHEET_ROWS]
            images = np.stack([[glyphs.images[rows[letter]] for letter in entry.characters] for entry in part])
            sheet = []
            for entry, result in zip(part, compute(model, images, **options), strict=True):
                faces = dict(zip(entry.characters, result.originals, strict=True))
                paths.append(
                    save_png(directory / f"test-arith-{entry.number:02d}.png", tuple_figure(entry, result, faces))
                )
                sheet.append((entry, result, faces))
                bar.update(1)
            page = start // SHEET_ROWS + 1
            name = "contact-sheet.png" if page == 1 else f"contact-sheet-{page}.png"
            paths.append(save_png(directory / name, contact_sheet(sheet, title)))
    return paths


def tuple_figure(entry, result, faces):
    """The four panels of one tuple.

    Args:
        entry: ``Tuple``.
        result: ``Arithmetic``.
        faces: dict from character to uint8 image [h, w, c], which draws it in texts.

    Returns:
        uint8 [H, W, 3].
    """
    names = [f"{role} = {letter}" for role, letter in zip("ABC", entry.characters, strict=True)]
    panels = [
        Panel("Originals", result.originals, names),
        Panel("Reconstructions", result.reconstructions, names),
        Panel(f"Generator of a · (A {MINUS} B + C)", result.generated, [f"a = {scale:g}" for scale in SCALES]),
        Panel(f"A {MINUS} B + C in pixels", result.pixels),
    ]
    return panel_figure(entry.title, panels, faces)


def contact_sheet(entries, title):
    """One row per tuple, with the same images as its figure.

    Args:
        entries: list of (``Tuple``, ``Arithmetic``, faces).
        title: str.

    Returns:
        uint8 [H, W, 3].
    """
    headers = [
        ("Originals", "ABC"),
        ("Reconstructions", "ABC"),
        (f"a · (A {MINUS} B + C) for a =", [f"{scale:g}" for scale in SCALES]),
        ("in pixels", [f"A{MINUS}B+C"]),
    ]
    faces, rows = {}, []
    for entry, result, own_faces in entries:
        faces |= own_faces
        groups = [result.originals, result.reconstructions, result.generated, result.pixels]
        rows.append((f"{entry.number:02d}  {entry.title}", groups))
    return table_figure(title, headers, rows, faces)
