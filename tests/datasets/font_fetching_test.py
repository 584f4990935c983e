"""From packages to a list of fonts, with stand-ins for the clients of Debian and npm."""

import os
import pathlib

import pytest
from click.testing import CliRunner
from fontTools.ttLib import TTFont

from tests.helpers.packages import Clients
from tests.helpers.sources import write_font
from tfglyph.cli import main
from tfglyph.datasets import font_fetching, open_fonts
from tfglyph.datasets.font_fetching import fetch_fonts, notice
from tfglyph.datasets.font_packages import unpack
from tfglyph.datasets.fontface import faces
from tfglyph.datasets.open_fonts import CatalogueFace, catalogue, choose, read_list, write_list
from tfglyph.errors import GlyphError, UsageError

BLOCKS = CatalogueFace("blocks", "sans", "regular", True, "OFL-1.1", "debian", "fonts-blocks", "Blocks.ttf", 0, 8)
BOLD = CatalogueFace("blocks", "bold", "bold", True, "OFL-1.1", "debian", "fonts-blocks", "Bold.ttf", 0, 8)
SLICED = CatalogueFace(
    "cut", "brush", "regular", False, "GPL-2.0", "npm", "@fonts/cut@1.2.3", "cut-*-400-normal.woff2", 0, 5
)


def content(folder, characters="一二三四五六七八", name="Blocks", flavor=None):
    """The bytes of a font."""
    with TTFont(write_font(folder / "font.ttf", characters, name)) as font:
        font["name"].setName(f"Copyright 2026\n {name} authors", 0, 3, 1, 0x409)
        font.flavor = flavor
        font.save(folder / "font.bin")
    return (folder / "font.bin").read_bytes()


@pytest.fixture
def clients(tmp_path, monkeypatch):
    stand_ins = Clients(tmp_path / "clients")
    monkeypatch.setenv("PATH", stand_ins.path())
    return stand_ins


@pytest.fixture
def stocked(clients, tmp_path):
    """Clients that have both packages."""
    fonts = {"Blocks.ttf": content(tmp_path), "Bold.ttf": content(tmp_path, "一二", "Bold"), "Other.ttf": b"unwanted"}
    clients.debian("fonts-blocks", fonts | {"copyright": b"Format: x\n\n  Copyright: 2026 somebody\n"})
    slices = {
        f"files/cut-{k}-400-normal.woff2": content(tmp_path, text, "Cut", "woff2")
        for k, text in enumerate(["一二", "二三四"])
    }
    clients.npm("@fonts/cut@1.2.3", slices | {"LICENSE": b"GPL\n(c) 2026 Cutter\n", "index.css": b"@font-face {}"})
    return clients


def test_fonts_are_fetched_joined_and_listed(stocked, tmp_path):
    output = str(tmp_path / "out")
    fetched = fetch_fonts([SLICED, BLOCKS, BOLD], output)
    assert fetched.failures == [] and fetched.list_file == os.path.join(output, "fonts.tsv")
    assert sorted(os.listdir(tmp_path / "out/packages/fonts-blocks")) == ["Blocks.ttf", "Bold.ttf", "copyright"]
    assert [(face.family, face.weight, face.drawn_han, face.permissive) for face in fetched.faces] == [
        ("blocks", "regular", 8, True),
        ("blocks", "bold", 2, True),
        ("cut", "regular", 4, False),
    ]
    assert read_list(output) == fetched.faces == read_list(fetched.list_file)
    cut = fetched.faces[2]
    assert faces(cut.file)[0].drawable("一二三四五") == list("一二三四")
    assert (cut.units_per_em, cut.name, cut.copyright) == (1000, "Cut", "Copyright 2026 Cut authors")
    assert cut.licence_file == os.path.join(output, "packages/fonts-cut@1.2.3/LICENSE")


def test_the_list_moves_with_its_folder(stocked, tmp_path):
    fetch_fonts([BLOCKS], str(tmp_path / "out"))
    (tmp_path / "out").rename(tmp_path / "elsewhere")
    (face,) = read_list(tmp_path / "elsewhere")
    assert os.path.exists(face.licence_file) and faces(face.file)[0].name == "Blocks"


def test_what_is_here_is_not_fetched_again(stocked, tmp_path):
    output = str(tmp_path / "out")
    first = fetch_fonts([BLOCKS, SLICED], output)
    asked = len(stocked.asked)
    assert asked == 2
    joined = pathlib.Path(first.faces[1].file.rpartition("#")[0])
    before = joined.stat().st_mtime_ns
    assert fetch_fonts([BLOCKS, SLICED], output).faces == first.faces
    assert len(stocked.asked) == asked and joined.stat().st_mtime_ns == before
    # Another face of a package that is here in part, and one family alone: the list keeps the others.
    assert len(fetch_fonts([BOLD], output).faces) == 3 and len(stocked.asked) == asked + 1
    os.remove(tmp_path / "out/packages/fonts-blocks/Bold.ttf")
    assert [face.name for face in fetch_fonts([SLICED], output).faces] == ["Blocks", "Cut"]


def test_an_interrupted_run_keeps_what_it_has(stocked, tmp_path, monkeypatch):
    """A font that was measured is not measured again."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(font_fetching, "join_slices", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch_fonts([BLOCKS, SLICED], str(tmp_path / "out"))
    assert [face.drawn_han for face in read_list(tmp_path / "out")] == [8]
    assert os.listdir(tmp_path / "out/packages/fonts-cut@1.2.3") and not (tmp_path / "out/joined").exists()


def test_one_failure_is_one_line_and_the_others_come(stocked, tmp_path):
    gone = CatalogueFace("gone", "kai", "regular", True, "MIT", "debian", "fonts-gone", "Gone.ttf", 0, 9)
    renamed = CatalogueFace(
        "cut", "brush", "bold", False, "GPL-2.0", "npm", "@fonts/cut@1.2.3", "cut-*-700.woff2", 0, 9
    )
    damaged = CatalogueFace("blocks", "sans", "x", True, "OFL-1.1", "debian", "fonts-blocks", "Other.ttf", 0, 9)
    fetched = fetch_fonts([gone, renamed, damaged, BLOCKS], str(tmp_path / "out"))
    assert [face.name for face in fetched.faces] == ["Blocks"]
    assert fetched.failures[0] == "fonts-gone: apt-get failed: E: Unable to locate package"
    assert fetched.failures[1].startswith("@fonts/cut@1.2.3: it has no file cut-*-700.woff2; this version is not")
    assert "Other.ttf: not a usable font" in fetched.failures[2] and len(fetched.failures) == 3
    assert not any("\n" in failure for failure in fetched.failures)
    assert os.listdir(tmp_path / "out/packages") == ["fonts-blocks"]  # nothing half-fetched stays


@pytest.mark.parametrize("kind, package, suffix", [("debian", "fonts-x", "_1.0_all.deb"), ("npm", "x@1", ".tgz")])
def test_a_damaged_archive(clients, tmp_path, kind, package, suffix):
    (clients.store / (package.replace("@", "_") + suffix)).write_bytes(b"not an archive" * 99)
    with pytest.raises(GlyphError, match=rf"^{package}: the archive cannot be unpacked \(.*\)$"):
        unpack(kind, package, ["*.ttf"], str(tmp_path / "out/x"))
    assert os.listdir(tmp_path / "out") == []


def test_a_missing_client(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GlyphError, match="fonts-x: needs apt-get, which is not on this machine"):
        unpack("debian", "fonts-x", ["*.ttf"], str(tmp_path / "out/x"))


def test_notice_names_every_copyright_and_licence(stocked, tmp_path):
    text = notice(fetch_fonts([BLOCKS, BOLD, SLICED], str(tmp_path / "out")).faces)
    assert text.splitlines() == [
        "blocks",
        "    Blocks",
        "    Copyright 2026 Blocks authors",
        "    Licence: OFL-1.1 (package fonts-blocks)",
        "    Bold",
        "    Copyright 2026 Bold authors",
        "    Licence: OFL-1.1 (package fonts-blocks)",
        "",
        "cut",
        "    Cut",
        "    Copyright 2026 Cut authors",
        "    Licence: GPL-2.0 (package @fonts/cut@1.2.3)",
    ]


def test_a_font_that_names_no_copyright_has_that_of_its_licence(clients, tmp_path):
    clients.debian(
        "fonts-blocks",
        {
            "Blocks.ttf": pathlib.Path(write_font(tmp_path / "f.ttf")).read_bytes(),
            "copyright": b"x\n Copyright: 2026 it\n",
        },
    )
    (face,) = fetch_fonts([BLOCKS], str(tmp_path / "out")).faces
    assert face.copyright == "Copyright: 2026 it"


# === The catalogue ===


def test_the_catalogue_that_ships():
    faces = catalogue()
    families = {face.family for face in faces}
    permissive = {face.family for face in faces if face.permissive}
    assert len(families) >= 70 and len(permissive) >= 55
    assert {face.style for face in faces if face.permissive} == set(open_fonts.STYLES)
    assert {face.kind for face in faces} == set(open_fonts.KINDS)
    assert all("GPL" not in face.licence and "IPA" not in face.licence for face in faces if face.permissive)
    assert all("@" in face.package[1:] for face in faces if face.kind == "npm"), "npm packages have their version"
    assert len({(face.package, face.file, face.face) for face in faces}) == len(faces)
    assert min(face.han for face in faces) >= 300


def test_the_page_in_the_documentation_shows_the_catalogue():
    page = (pathlib.Path(__file__).resolve().parents[2] / "docs/reference/fonts.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| design")]
    assert [row.split(" | ")[0][2:] for row in rows] == list(dict.fromkeys(face.family for face in catalogue())), (
        "run: python tools/write_font_page.py"
    )
    assert all(f"`{face.package}`" in page and face.licence in page for face in catalogue())


def test_choosing():
    assert {face.family for face in choose(["klee", "tw-kai"])} == {"klee", "tw-kai"}
    assert all(face.permissive for face in choose(permissive=True))
    assert len(choose()) == len(catalogue())
    with pytest.raises(UsageError, match=r"no family 'kle' in the catalogue of fonts \(did you mean klee\?\)"):
        choose(["kle"])
    with pytest.raises(UsageError, match="none of arphic-ming is permissive"):
        choose(["arphic-ming"], permissive=True)


def test_lists_that_cannot_be_used(tmp_path, stocked):
    listed = fetch_fonts([BLOCKS], str(tmp_path / "out")).faces
    path = tmp_path / "fonts.tsv"
    with pytest.raises(GlyphError, match=r"fonts.tsv: No such file or directory"):
        read_list(tmp_path)
    write_list(path, listed)
    good = path.read_text()
    for old, new, said in [
        ("permissive\t", "free\t", r"fonts.tsv: no column 'permissive'; it needs file, family, style"),
        ("\tyes\t", "\tmaybe\t", r"fonts.tsv, line 2: permissive is 'maybe', expected yes or no"),
        ("\t1000\t", "\tmany\t", r"fonts.tsv, line 2: units_per_em is 'many', expected a number"),
        ("\tsans\t", "\tserif\t", r"fonts.tsv, line 2: style is 'serif', expected one of sans, mincho"),
        (good.splitlines()[1], "a.ttf#0\tx", r"fonts.tsv, line 2: style is nothing, expected a text"),
    ]:
        path.write_text(good.replace(old, new))
        with pytest.raises(GlyphError, match=said):
            read_list(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(GlyphError, match=r"fonts.tsv: not a text in UTF-8"):
        read_list(path)


# === The verb ===


def run(*arguments):
    return CliRunner().invoke(main, ["data", "fetch-fonts", *map(str, arguments)])


def test_the_verb(stocked, tmp_path, monkeypatch):
    gone = CatalogueFace("gone", "kai", "regular", True, "MIT", "debian", "fonts-gone", "Gone.ttf", 0, 9)
    monkeypatch.setattr(open_fonts, "catalogue", lambda: (BLOCKS, SLICED, gone))
    listing = run("--list").stdout
    assert "blocks" in listing and "GPL-2.0, not permissive" in listing and "faces: 3, designs: 3" in listing
    result = run("--output", tmp_path / "out", "--family", "blocks", "--family", "cut", "--notice", tmp_path / "NOTICE")
    assert result.exit_code == 0 and f"{tmp_path}/out/fonts.tsv: faces: 2, designs: 2, Han glyphs: 12" in result.stdout
    assert "Cutter" not in (tmp_path / "NOTICE").read_text() and "Cut authors" in (tmp_path / "NOTICE").read_text()
    result = run("--output", tmp_path / "out", "--permissive")
    assert result.exit_code == 1 and "faces: 1, designs: 1, Han glyphs: 8" in result.stdout
    assert "fonts-gone: apt-get failed" in result.output
    assert isinstance(run("--family", "block").exception, UsageError)
