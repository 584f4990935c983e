"""Inputs as people report them: each test holds one kind of fault, by several of its members (docs/reports.md)."""

import os
import struct
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from tests.datasets.public_test import four_files
from tests.helpers.sources import encoded, glyph_like, write_font
from tfglyph.cli import main
from tfglyph.datasets import load
from tfglyph.datasets.checking import check
from tfglyph.datasets.file_listing import list_files
from tfglyph.datasets.fonts import open_faces
from tfglyph.datasets.idx import find_pair, is_idx_name, write_idx
from tfglyph.datasets.images import decode
from tfglyph.datasets.polarity import ink_is_dark, polarity_of
from tfglyph.errors import GlyphError, UsageError
from tfglyph.latent.points import read_image

# === A. The wrong data set ===


@pytest.fixture
def digits(random):
    return random.integers(0, 256, (30, 28, 28), dtype=np.uint8), (np.arange(30) % 10).astype(np.uint8)


def touched(directory, *names):
    directory.mkdir(exist_ok=True)
    for name in names:
        (directory / name).touch()
    return str(directory)


BOTH = [f"emnist-{word}-train-{kind}" for word in ("balanced", "mnist") for kind in ("images-idx3", "labels-idx1")]


@pytest.mark.parametrize(
    "names, family, word, images",
    [
        ([f"{name}-ubyte" for name in BOTH], "emnist", "mnist", "emnist-mnist-train-images-idx3-ubyte"),
        ([f"{name}-ubyte.gz" for name in BOTH], "emnist", "balanced", "emnist-balanced-train-images-idx3-ubyte.gz"),
        (["train-images-idx3-ubyte", "train-labels-idx1-ubyte"], "mnist", "", "train-images-idx3-ubyte"),
        (["train-images.idx3-ubyte", "train-labels.idx1-ubyte"], "mnist", "", "train-images.idx3-ubyte"),
        (
            ["kmnist-train-images-idx3-ubyte.gz", "kmnist-train-labels-idx1-ubyte.gz"],
            "kmnist",
            "",
            "kmnist-train-images-",
        ),
        (["letters-train-images-idx3-ubyte", "letters-train-labels-idx1-ubyte"], "emnist", "letters", "letters-train"),
        (
            ["my_letters-train-images-idx3-ubyte", "my_letters-train-labels-idx1-ubyte"],
            "emnist",
            "letters",
            "my_letters",
        ),
        (
            ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"],
            "mnist",
            "",
            "train-images-idx3-ubyte",
        ),
        (
            [
                "._train-images-idx3-ubyte",
                "train-images-idx3-ubyte",
                "train-labels-idx1-ubyte",
                "train-images-idx3-ubyte.txt",
            ],
            "mnist",
            "",
            "train-images-idx3-ubyte",
        ),
        (
            ["emnist-mnist-train-images-idx3-ubyte", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
            "mnist",
            "",
            "train-images-idx3-ubyte",
        ),
    ],
)
def test_idx_files_are_found_by_their_exact_names(tmp_path, names, family, word, images):
    found, labels = find_pair(touched(tmp_path / "set", *names), "train", family, word)
    assert os.path.basename(found).startswith(images) and "labels" in labels
    assert is_idx_name(os.path.basename(found))


def test_names_of_several_sets_are_an_error_that_lists_them(tmp_path):
    directory = touched(tmp_path / "set", *(f"{name}-ubyte" for name in BOTH))
    with pytest.raises(GlyphError, match=r"several files could be meant: emnist-balanced-.*, emnist-mnist-"):
        find_pair(directory, "train", "fashion", "")
    with pytest.raises(GlyphError, match=r"no file emnist-letters-train-images-idx3-ubyte or .*; there are emnist-bal"):
        find_pair(directory, "train", "emnist", "letters")


def test_a_directory_of_the_files_name_is_no_file(tmp_path):
    directory = tmp_path / "set"
    (directory / "train-images-idx3-ubyte").mkdir(parents=True)
    touched(directory, "train-labels-idx1-ubyte")
    with pytest.raises(GlyphError, match="no file train-images-idx3-ubyte"):
        find_pair(str(directory), "train", "mnist")


def test_emnist_letters_has_twenty_six_classes(tmp_path, digits):
    labels = (np.arange(30) % 26 + 1).astype(np.uint8)
    directory = four_files(tmp_path / "set", (digits[0], labels), prefix="emnist-letters-")
    glyphs = load("emnist/letters", datadir=directory)
    assert glyphs.label_names == list("abcdefghijklmnopqrstuvwxyz")
    np.testing.assert_array_equal(glyphs.labels, labels[:20] - 1)


# === B. Names that are no UTF-8 ===

BAD = os.fsdecode(b"\xb0\xa1")


@pytest.fixture
def bad_directory(tmp_path, random):
    """Images in two folders, one of whose names is in GB 2312, in a directory whose name is, too."""
    directory = tmp_path / BAD
    for name in (BAD, "plain"):
        (directory / name).mkdir(parents=True)
        for number, picture in enumerate(glyph_like(random, 3)):
            (directory / name / f"{BAD}{number}.png").write_bytes(encoded(picture, "PNG"))
    (directory / "plain" / f"{BAD}.jpg").write_bytes(b"no image")
    return directory


@pytest.mark.skipif(os.name == "nt", reason="names on disk are text there")
@pytest.mark.parametrize(
    "verb",
    [
        ("describe", "folder", "--datadir"),
        ("describe", "casia", "--datadir"),
        ("describe", "cns", "--datadir"),
        ("describe", "kanji", "--datadir"),
        ("describe", "mnist", "--datadir"),
        ("describe", "k49", "--datadir"),
        ("prepare", "folder", "--datadir"),
        ("check",),
        ("fonts",),
        ("show", "folder", "--output", f"{BAD}.png", "--datadir"),
        ("fonts", "--charset"),
    ],
)
def test_bytes_in_names_end_in_no_traceback(bad_directory, verb, tmp_path):
    words = ["data", *verb, str(bad_directory)] + (["x.ttf"] if verb[-1] == "--charset" else [])
    done = subprocess.run(
        [sys.executable, "-m", "tfglyph", *words],
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    text = done.stdout.decode("utf-8") + done.stderr.decode("utf-8")  # both are UTF-8
    assert "Traceback" not in text and done.returncode in (0, 1, 2), text
    assert r"\xb0\xa1" in text or verb[1:2] == ("k49",), text
    if verb[0] == "show":
        assert os.path.exists(tmp_path / f"{BAD}.png")


@pytest.mark.skipif(os.name == "nt", reason="names on disk are text there")
def test_a_set_of_such_names_is_whole_and_comes_back_from_the_cache(bad_directory, capsys):
    glyphs = load("folder", 16, datadir=bad_directory)
    assert glyphs.label_names == ["plain", r"\xb0\xa1"] and len(glyphs) == 6
    assert capsys.readouterr().err.encode("utf-8").count(rb"\xb0\xa1.jpg: not an image") == 1
    assert load("folder", 16, datadir=bad_directory).fingerprint == glyphs.fingerprint


# === C. Polarity ===


def page(paper, ink, noise=0, side=40, thick=6):
    """A cross on a page, with grain."""
    random = np.random.default_rng(5)
    pixels = np.full((side, side), paper, np.float64)
    pixels[side // 4 : -side // 4, side // 2 - thick // 2 : side // 2 + thick // 2] = ink
    pixels[side // 2 - thick // 2 : side // 2 + thick // 2, side // 4 : -side // 4] = ink
    return Image.fromarray(np.clip(pixels + random.normal(0, noise, pixels.shape), 0, 255).astype(np.uint8))


@pytest.mark.parametrize("noise", [0, 8])
@pytest.mark.parametrize(
    "paper, ink",
    [(255, 0), (235, 20), (200, 30), (160, 40), (128, 10), (90, 5), (222, 150), (0, 255), (30, 200), (60, 180)],
)
def test_ink_is_found_on_paper_of_any_grey(paper, ink, noise):
    assert ink_is_dark(page(paper, ink, noise)) is (paper > ink)


def test_what_has_no_two_levels_tells_nothing():
    ramp = Image.fromarray(np.tile(np.linspace(60, 200, 64).astype(np.uint8), (64, 1)))
    noise = Image.fromarray(np.random.default_rng(1).normal(128, 20, (64, 64)).clip(0, 255).astype(np.uint8))
    blank = Image.new("L", (16, 16), 255)
    half = Image.fromarray(np.concatenate([np.full((32, 64), 40, np.uint8), np.full((32, 64), 200, np.uint8)]))
    assert [ink_is_dark(image) for image in (ramp, noise, blank, half)] == [None] * 4


def folder_of(tmp_path, pictures):
    directory = tmp_path / "set"
    directory.mkdir()
    for number, picture in enumerate(pictures):
        picture.save(directory / f"{number}.png")
    return directory


def test_scans_on_grey_paper_are_turned_over(tmp_path, capsys):
    directory = folder_of(tmp_path, [page(200, 30, 3, thick=thick) for thick in (4, 6, 8)])
    glyphs = load("folder", 40, datadir=directory)
    assert glyphs.images[0, 20, 20, 0] > 200 and glyphs.images[0, 0].mean() < 70
    assert capsys.readouterr().err == ""
    assert load("folder", 40, datadir=directory, ink="white").images[0, 20, 20, 0] < 50


def test_sets_that_do_not_tell_say_so_once(tmp_path, capsys):
    noise = np.random.default_rng(1).normal(128, 20, (4, 64, 64)).clip(0, 255).astype(np.uint8)
    directory = folder_of(tmp_path, map(Image.fromarray, noise))
    load("folder", 40, datadir=directory)
    assert capsys.readouterr().err.count("do not tell ink from paper: kept as they are (light ink); --ink black") == 1
    assert any("do not tell ink" in item.reason for item in check(str(directory))[1])
    load("folder", 40, datadir=directory, ink="black")
    assert "tell" not in capsys.readouterr().err


def test_sets_of_both_kinds_say_how_many(tmp_path, capsys):
    directory = folder_of(
        tmp_path, [page(255, 0, 2, thick=t) for t in (4, 6, 8)] + [page(0, 255, 2, thick=t) for t in (4, 6)]
    )
    load("folder", 40, datadir=directory)
    expected = "of 5 images looked at, 3 show dark ink and 2 light ink; all are turned over (dark ink); --ink white"
    assert expected in capsys.readouterr().err
    assert any(expected in item.reason for item in check(str(directory))[1])
    assert polarity_of([True, True, False, None]).doubt() is None  # one stray page is no doubt


@pytest.mark.parametrize(
    "ink, over", [((255, 255, 255), 0), ((230, 240, 235), 0), ((0, 0, 0), 255), ((90, 60, 20), 255)]
)
def test_ink_on_nothing_stays_visible(ink, over):
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[6:14, 6:14] = (*ink, 255)
    image, notes = decode(encoded(pixels, "PNG"))
    assert np.asarray(image.convert("L"))[0, 0] == over and ink_is_dark(image) is (over == 255)
    assert any("light ink" in note for note in notes) is (over == 0)


def test_a_white_page_with_a_transparent_edge_is_paper():
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[2:18, 2:18] = 255
    pixels[8:12, 6:14, :3] = 0
    assert ink_is_dark(decode(encoded(pixels, "PNG"))[0]) is True


def test_a_set_of_one_colour_is_an_error_and_single_blank_pages_are_named(tmp_path):
    directory = folder_of(tmp_path, [Image.new("L", (9, 9), 255), Image.new("L", (8, 8), 255)])
    with pytest.raises(GlyphError, match="all 2 images are of one colour"):
        load("folder", 16, datadir=directory)
    page(255, 0).save(directory / "good.png")
    assert len(load("folder", 16, datadir=directory)) == 3
    assert sum("of one colour" in item.reason for item in check(str(directory))[1]) == 2


def test_single_images_say_when_they_do_not_tell_and_take_ink(tmp_path, capsys):
    path = tmp_path / "scan.png"
    page(200, 30).save(path)
    turned = read_image(path, (40, 40, 1))
    assert turned[20, 20, 0] > 200 and capsys.readouterr().err == ""
    np.testing.assert_array_equal(read_image(path, (40, 40, 1), "white"), 255 - turned)
    np.testing.assert_array_equal(read_image(path, (40, 40, 1), "black"), turned)
    Image.fromarray(np.random.default_rng(1).normal(128, 20, (9, 9)).clip(0, 255).astype(np.uint8)).save(path)
    read_image(path, (40, 40, 1))
    assert "does not tell ink from paper" in capsys.readouterr().err


# === H. Files passed over ===


@pytest.mark.parametrize(
    "ending, file_format",
    [
        ("pnm", "PPM"),
        ("jfif", "JPEG"),
        ("apng", "PNG"),
        ("dib", "DIB"),
        ("jp2", "JPEG2000"),
        ("JPE", "JPEG"),
        ("pgm", "PPM"),
    ],
)
def test_every_image_that_can_be_decoded_is_read(tmp_path, ending, file_format, random):
    for number, picture in enumerate(glyph_like(random, 2)):
        (tmp_path / f"{number}.{ending}").write_bytes(encoded(picture, file_format))
    assert len(load("folder", 16, datadir=tmp_path)) == 2
    assert check(str(tmp_path))[0]["images"] == 2


def test_what_is_not_read_is_counted_with_its_reason(tmp_path, random, capsys):
    directory = folder_of(tmp_path, [page(255, 0)])
    touched(directory, "a.heic", "b.heic", "readme.txt", "noending", ".DS_Store", "strokes.pot", "old.pfb", "set.rar")
    load("folder", 16, datadir=directory)
    err = capsys.readouterr().err
    for words in (
        "not read: 2 .heic: an image in a format that is not read; convert it to .png",
        "not read: 1 .pot: CASIA's files of pen strokes",
        "not read: 1 .pfb: a font in a format that is not read",
        "not read: 1 .rar: an archive; unpack it",
        "passed over: 1 without an ending, 1 .txt, 1 hidden",
    ):
        assert words in err
    reasons = [item.reason for item in check(str(directory))[1]]
    assert sum("not read" in reason for reason in reasons) == 4 and any("1 hidden" in reason for reason in reasons)


def test_a_directory_of_other_files_alone_says_what_is_in_it(tmp_path):
    touched(tmp_path, "1001.pot", "1002.pot")
    for name in ("folder", "casia"):
        with pytest.raises(
            GlyphError, match=r"not read: 2 \.pot: CASIA's files of pen strokes or features; the images"
        ):
            load(name, 16, datadir=tmp_path)


def test_font_directories_follow_links_and_never_round(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "set").mkdir()
    write_font(tmp_path / "real" / "a.ttf")
    (tmp_path / "set" / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "round").symlink_to(tmp_path / "set")
    usable, problems = open_faces([str(tmp_path / "set")])
    assert len(usable) == 1 and "read already" in problems[0].reason


def test_check_sees_what_the_loaders_see(tmp_path):
    from fontTools.ttLib import TTFont

    font = TTFont(write_font(tmp_path / "a.ttf"))
    for flavor in ("woff", "woff2"):
        font.flavor = flavor
        font.save(tmp_path / f"a.{flavor}")
    (tmp_path / "b.otb").write_bytes(b"rubbish")
    write_idx(str(tmp_path / "train-images.idx3-ubyte"), np.zeros((7, 4, 4), np.uint8))
    good, problems = check(str(tmp_path))
    assert good["fonts"] == 3 and good["IDX entries"] == 7
    assert [os.path.basename(item.path) for item in problems] == ["b.otb"]
    assert len(open_faces([str(tmp_path)])[0]) == 3
    listing = list_files(str(tmp_path), (".woff2",))
    assert len(listing.paths) == 1 and sum(listing.others.values()) == 4


# === J. Smaller ===


def test_class_folders_are_in_the_order_of_their_numbers(tmp_path, random):
    for name, picture in zip(["1", "2", "10", "3", "b2", "b10", "a"], glyph_like(random, 7), strict=True):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").write_bytes(encoded(picture, "PNG"))
    assert load("folder", 16, datadir=tmp_path).label_names == ["1", "2", "3", "10", "a", "b2", "b10"]


@pytest.mark.parametrize("name", ["tab\tinside", "line\nend", "bell\x07"])
def test_names_of_classes_are_one_line_without_tabs(tmp_path, random, name):
    for folder, picture in zip([name, "z"], glyph_like(random, 2), strict=True):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.png").write_bytes(encoded(picture, "PNG"))
    names = load("folder", 16, datadir=tmp_path).label_names
    assert all(word.isprintable() for word in names) and len(set(names)) == 2


def test_casia_one_level_too_high_says_so(tmp_path, random, capsys):
    for character, picture in zip("一二三", glyph_like(random, 3), strict=True):
        (tmp_path / "set" / "trn" / character).mkdir(parents=True)
        (tmp_path / "set" / "trn" / character / "1.png").write_bytes(encoded(picture, "PNG"))
    assert load("casia", 16, datadir=tmp_path / "set").characters is None
    assert f"such as --datadir {tmp_path}/set/trn" in capsys.readouterr().err
    assert any("further down" in item.reason for item in check(str(tmp_path / "set"))[1])
    assert sorted(load("casia", 16, datadir=tmp_path / "set" / "trn").characters) == sorted("一二三")


def test_casia_with_a_stray_folder_says_why_there_are_no_characters(tmp_path, random, capsys):
    for name, picture in zip(["一", "二", "三", "notes"], glyph_like(random, 4), strict=True):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "1.png").write_bytes(encoded(picture, "PNG"))
    assert load("casia", 16, datadir=tmp_path / "set").characters is None
    assert "3 of 4 subdirectories are named by character, but not notes" in capsys.readouterr().err


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_scans_of_fewer_bits_than_their_file_are_not_blank(bits):
    values = np.linspace(0, (1 << bits) - 1, 64).astype(np.uint16).reshape(8, 8)
    image, notes = decode(encoded(values, "PNG"))
    pixels = np.asarray(image).astype(int)
    assert pixels.max() == 255 and abs(pixels - values.astype(int) * 255 / ((1 << bits) - 1)).max() <= 1
    assert notes == ["16 bits: reduced to 8" if bits == 16 else f"16 bits, of which {bits} are used: reduced to 8"]


@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_both_byte_orders_of_sixteen_bits_are_read(tmp_path, byte_order):
    """Pillow calls them I;16 and I;16B, and turns the latter white where it converts by itself."""
    values = np.linspace(0, 65535, 64).astype(f"{byte_order}u2").reshape(8, 8)
    header = struct.pack(
        f"{byte_order}2sHIH", b"II" if byte_order == "<" else b"MM", 42, 8, 8
    )  # one directory of eight entries, in order
    entries = [(256, 8), (257, 8), (258, 16), (259, 1), (262, 1), (273, 8 + 2 + 8 * 12 + 4), (278, 8), (279, 128)]
    body = b"".join(
        struct.pack(f"{byte_order}HHI", tag, 3, 1) + struct.pack(f"{byte_order}HH", value, 0) for tag, value in entries
    )
    image, _ = decode(header + body + struct.pack(f"{byte_order}I", 0) + values.tobytes())
    assert abs(np.asarray(image).astype(int) - values.astype(int) * 255 // 65535).max() <= 1


def test_charsets_that_are_missing_are_named_printably():
    result = CliRunner().invoke(main, ["data", "describe", "cns", "--charset", "no\nsuch\x1b"])
    assert isinstance(result.exception, UsageError) and str(result.exception).isprintable()


# === Beyond the reports ===


def test_a_cut_off_header_of_an_idx_file_is_one_line(tmp_path):
    (tmp_path / "x-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x00000803, 10, 2**31, 2**31))
    good, problems = check(str(tmp_path))
    assert not good["IDX entries"] and "impossible dimensions" in problems[0].reason
