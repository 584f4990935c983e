"""What a person asks for: characters of sets and texts, and descriptions of new ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tfglyph.composition import read_descriptions, resolve
from tfglyph.composition.descriptions import Description
from tfglyph.composition.table import DEEPEST, table
from tfglyph.composition.text import read_single
from tfglyph.datasets.charsets import charset as find_charset
from tfglyph.errors import UsageError
from tfglyph.fontfiles.opening import FontFile, is_han

PRIVATE = ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))


@dataclass(frozen=True)
class Wanted:
    """One glyph that is asked for.

    Attributes:
        text: str, a character, or a description of one that has no code point.
        code: int, its code point; for a description one of the Private Use Area.
        tree: Description, resolved: the parts that it is made of.
    """

    text: str
    code: int
    tree: Description


@dataclass(frozen=True)
class Asked:
    """What is asked for, sorted by what can come of it.

    Attributes:
        wanted: list of Wanted that the font lacks.
        present: list of str that the font draws already.
        unknown: list of str that are no ideographs, or of whose parts nothing is known.
    """

    wanted: list[Wanted]
    present: list[str]
    unknown: list[str]


def ask(
    file: FontFile,
    charset: str | None = None,
    text: str = "",
    missing: bool = False,
    descriptions: str | None = None,
    more: Sequence[str] = (),
    codes: Mapping[str, int] | None = None,
) -> Asked:
    """Sorts what is asked for.

    Args:
        file: FontFile.
        charset: a named set or a text file, as for data sets, or None.
        text: its characters are asked for.
        missing: whether the characters are, that the font's character map names without drawing them.
        descriptions: a text file with a description in each line, or None.
        more: characters and descriptions.
        codes: code points that descriptions had before, which they keep where they can.

    Raises:
        UsageError: nothing is asked for, or a description cannot be read.
    """
    characters = [*(find_charset(charset).characters if charset else ()), *read_single(text, "--text")]
    if missing:
        characters += [chr(code) for code in sorted(file.mapped) if is_han(code) and code not in file.drawn]
    spelled = [*(read_descriptions(descriptions) if descriptions else []), *more]
    if not (charset or text or missing or descriptions or more):
        raise UsageError(
            "which characters? --charset big5-common, --text 語, --descriptions FILE, or --missing: those that the "
            "font's character map names but the font does not draw"
        )
    known = table().known
    wanted: dict[str, Wanted] = {}
    present: dict[str, None] = {}
    unknown: dict[str, None] = {}
    kept = {text: code for text, code in (codes or {}).items() if code not in file.mapped and _is_private(code)}
    free = _free_codes([*file.mapped, *kept.values()])
    for character in dict.fromkeys(characters):
        if ord(character) in file.drawn:
            present[character] = None
        elif character not in known or not is_han(ord(character)):
            unknown[character] = None
        else:
            wanted[character] = Wanted(character, ord(character), table().described(character, DEEPEST))
    for spelling in dict.fromkeys(spelled):
        tree = resolve(spelling)
        name = tree.part or ""
        if len(name) == 1 and is_han(ord(name)):  # a character that exists, by its parts
            if ord(name) in file.drawn:
                present[name] = None
            else:
                wanted[name] = Wanted(name, ord(name), tree)
        else:
            text_of = "".join(spelling.split())
            if text_of not in wanted:
                code = kept[text_of] if text_of in kept else next(free)
                wanted[text_of] = Wanted(text_of, code, tree)
    return Asked(list(wanted.values()), list(present), list(unknown))


def _is_private(code: int) -> bool:
    return any(first <= code <= last for first, last in PRIVATE)


def _free_codes(taken: Iterable[int]) -> Iterator[int]:
    """Code points of the Private Use Area that a font leaves free, in order."""
    used = set(taken)
    return (code for first, last in PRIVATE for code in range(first, last + 1) if code not in used)


def few(items: Sequence[str], most: int = 20) -> str:
    """Some items of a list, for a line of text."""
    return "".join(items[:most]) + "…" * (len(items) > most)
