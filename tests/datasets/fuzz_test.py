"""2,000 damaged files of each format: no traceback, no hang, no wrong size, no shifted record."""

import gzip
import io
import itertools
import pathlib
import signal
import unicodedata
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.helpers.sources import NUMERALS, glyph_like, mutated, write_font, write_variable_font
from tfglyph.composition import parse
from tfglyph.composition.text import read
from tfglyph.datasets.casia import convert as convert_gnt
from tfglyph.datasets.casia import gnt_files, work_items
from tfglyph.datasets.charsets import charset
from tfglyph.datasets.fontface import FontFace, faces
from tfglyph.datasets.gnt import TagError, read_records, write_gnt
from tfglyph.datasets.idx import read_idx, write_idx
from tfglyph.datasets.images import ImageError, decode, fit
from tfglyph.datasets.pack import read_pack, write_pack
from tfglyph.datasets.polarity import ink_is_dark
from tfglyph.datasets.public import _from_npz as read_npz
from tfglyph.errors import GlyphError, UsageError
from tfglyph.latent.tuples import split_characters

pytestmark = pytest.mark.slow
MUTATIONS = 2000
SECONDS = 300  # far more than needed: a reader that hangs meets it


@pytest.fixture(autouse=True)
def bounded():
    """Ends a test that hangs."""

    def too_long(number, frame):
        raise TimeoutError(f"more than {SECONDS} s for {MUTATIONS} files")

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)


def damaged(content):
    random = np.random.default_rng(2026)
    for _ in range(MUTATIONS):
        yield mutated(content, random)


def picture(mode):
    random = np.random.default_rng(1)
    grey = glyph_like(random, 1, 24)[0]
    image = Image.fromarray(grey if mode == "L" else np.stack([grey, grey // 2, grey.T], -1))
    return image.convert(mode) if mode in ("P", "LA") else image


FILES = {
    "png": ("L", "PNG", {}),
    "png-rgb": ("RGB", "PNG", {}),
    "png-palette": ("P", "PNG", {"transparency": 0}),
    "jpeg": ("RGB", "JPEG", {}),
    "jpeg-progressive": ("L", "JPEG", {"progressive": True}),
    "gif": ("P", "GIF", {}),
    "bmp": ("RGB", "BMP", {}),
    "webp": ("RGB", "WEBP", {"lossless": True}),
    "tiff": ("L", "TIFF", {"compression": "tiff_lzw"}),
    "ppm": ("RGB", "PPM", {}),
    "dib": ("RGB", "DIB", {}),
    "jp2": ("L", "JPEG2000", {}),
    "png-transparent": ("LA", "PNG", {}),
}


@pytest.mark.parametrize("name", FILES)
def test_images(name):
    mode, file_format, options = FILES[name]
    buffer = io.BytesIO()
    picture(mode).save(buffer, file_format, **options)
    good = 0
    for content in damaged(buffer.getvalue()):
        try:
            image, notes = decode(content)
        except ImageError as error:
            assert str(error) and "\n" not in str(error)
            continue
        assert image.mode in ("L", "RGB")
        assert all(isinstance(note, str) for note in notes)
        for shape in ((16, 16, 1), (12, 20, 3)):
            assert fit(image, shape).shape == shape
        good += 1
    assert good > 0


def gnt_bytes(tmp_path):
    random = np.random.default_rng(3)
    characters = "啊阿埃A丂"
    pictures = [random.integers(0, 256, (int(h), int(w)), dtype=np.uint8) for h, w in random.integers(3, 12, (5, 2))]
    write_gnt(tmp_path / "good.gnt", zip(characters, pictures, strict=True))
    return (tmp_path / "good.gnt").read_bytes(), list(characters), pictures


def test_gnt_records_are_whole_and_in_place(tmp_path):
    content, characters, pictures = gnt_bytes(tmp_path)
    offsets = np.cumsum([0] + [10 + picture.size for picture in pictures])
    for data in damaged(content):
        read = []
        try:
            for record in read_records(io.BytesIO(data), "file"):
                read.append(record)
        except GlyphError as error:
            assert "file: " in str(error) and "byte" in str(error)
        end = 0
        for offset, character, image in read:
            assert offset == end  # nothing between two records was passed over
            size = int.from_bytes(data[offset : offset + 4], "little")
            width, height = np.frombuffer(data, "<u2", 2, offset + 6)
            assert image.shape == (height, width) and size == 10 + image.size
            assert image.tobytes() == data[offset + 10 : offset + size]
            if not isinstance(character, TagError):
                assert character.encode("gb18030").ljust(2, b"\0") == data[offset + 4 : offset + 6]
            end = offset + size
        # What stands before the first damaged byte is read as it was.
        same = next(
            (i for i, (a, b) in enumerate(zip(data, content, strict=False)) if a != b),
            min(len(data), len(content)),
        )
        whole = int(np.searchsorted(offsets, same, "right")) - 1
        assert [character for _, character, _ in read[:whole]] == characters[:whole]
        assert all((a == b).all() for (_, _, a), b in zip(read[:whole], pictures[:whole], strict=True))


def test_zip_of_gnt(tmp_path):
    content, _, _ = gnt_bytes(tmp_path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.gnt", content)
    path = tmp_path / "damaged.zip"
    for data in damaged(buffer.getvalue()):
        path.write_bytes(data)
        try:
            files, _ = gnt_files(str(path))
        except GlyphError:
            continue
        for item in work_items(files):
            converted = convert_gnt(item, (16, 16, 1))
            assert converted.images.shape == (len(converted.characters), 16, 16, 1)
            assert len(converted.keys) == len(converted.characters)
            assert converted.characters or converted.problems


@pytest.mark.parametrize("zipped", [False, True])
def test_idx(tmp_path, zipped):
    array = np.random.default_rng(5).integers(0, 256, (20, 6, 7), dtype=np.uint8)
    write_idx(tmp_path / "good", array)
    content = (tmp_path / "good").read_bytes()
    path = tmp_path / "damaged"
    for data in damaged(gzip.compress(content) if zipped else content):
        path.write_bytes(data)
        try:
            read, stated = read_idx(str(path))
        except GlyphError as error:
            assert str(path) in str(error)
            continue
        assert 1 <= len(read) <= stated and 1 <= read.ndim <= 3 and read.dtype == np.uint8
        if not zipped and data[:16] == content[:16]:
            rows = data[16 : 16 + read.size]
            assert read.tobytes() == rows  # entries are where they were


def test_fonts(tmp_path):
    content = pathlib.Path(write_font(tmp_path / "good.ttf")).read_bytes()
    path = tmp_path / "damaged.ttf"
    for data in damaged(content):
        path.write_bytes(data)
        try:
            for face in faces(str(path)):
                for character in face.drawable(NUMERALS)[:2]:
                    assert face.render(character, 16).shape == (16, 16)
        except GlyphError as error:
            assert str(path) in str(error)


def test_packs(tmp_path):
    path = tmp_path / "pack.xz"
    images = glyph_like(np.random.default_rng(4), 8)
    write_pack(path, NUMERALS, images, 16, "test")
    content = path.read_bytes()
    for data in damaged(content):
        path.write_bytes(data)
        try:
            characters, read = read_pack(path)
        except GlyphError:
            continue
        assert characters == list(NUMERALS) and read.shape == images.shape


@pytest.mark.parametrize("file", ["k49-train-imgs.npz", "k49-train-labels.npz"])
def test_npz(tmp_path, file):
    images = np.random.default_rng(6).integers(0, 256, (9, 28, 28), dtype=np.uint8)
    labels = np.arange(9, dtype=np.uint8)
    np.savez_compressed(tmp_path / "k49-train-imgs.npz", images)
    np.savez_compressed(tmp_path / "k49-train-labels.npz", labels)
    for data in damaged((tmp_path / file).read_bytes()):
        (tmp_path / file).write_bytes(data)
        try:
            items = list(read_npz(str(tmp_path), ("train",)).read())
        except GlyphError as error:
            assert str(tmp_path) in str(error) and "\n" not in str(error)
            continue
        # A zip archive has checksums: what can be read is what was written.
        assert [label for _, part in items for label in part] == labels.tolist()
        assert all((a == b).all() for a, b in zip((a for part, _ in items for a in part), images, strict=True))


def test_variable_fonts(tmp_path):
    content = pathlib.Path(write_variable_font(tmp_path / "good.ttf")).read_bytes()
    path = tmp_path / "damaged.ttf"
    for data, selection in zip(damaged(content), itertools.cycle(("", "#wght=500", "#Black", "#*"))):
        path.write_bytes(data)
        try:
            for face in faces(f"{path}{selection}"):
                drawn = face.drawn(NUMERALS[:3])
                assert set(drawn.characters) | set(drawn.reasons) | set(drawn.cut) >= set(NUMERALS[:3])
                for character in drawn.characters[:1]:
                    assert face.render(character, 16, "fit", drawn.extent).shape == (16, 16)
        except GlyphError as error:
            assert str(path) in str(error) and str(error).isprintable()


def test_selections_of_faces(tmp_path):
    path = write_variable_font(tmp_path / "good.ttf")
    for data in damaged(b"0,wght=500,wdth=90.5,Semi Bold,*"):
        selection = data.decode("latin-1")
        if "/" in selection or "\0" in selection:
            continue
        try:
            found = faces(f"{path}#{selection}")
        except GlyphError as error:
            assert str(error).isprintable()
            continue
        assert all(FontFace(*face.key).name == face.name for face in found)


def test_texts():
    for data in damaged("\ufeff\uf902\U000e0100か\u3099⿰⺡交{37531}\u200b\n".encode()):
        text = data.decode("utf-8", "surrogateescape")
        reading = read(text)
        assert read(reading.text).note() is None and unicodedata.is_normalized("NFC", reading.text)
        for line in text.splitlines():
            try:
                assert parse(line).spelled()
            except UsageError as error:
                assert str(error).isprintable()
        split_characters(text)


def test_polarity_of_any_picture():
    random = np.random.default_rng(11)
    for _ in range(MUTATIONS):
        side = int(random.integers(1, 20))
        pixels = random.integers(0, int(random.integers(1, 257)), (side, int(random.integers(1, 20))), dtype=np.uint8)
        verdict = ink_is_dark(Image.fromarray(pixels))
        assert verdict in (True, False, None)
        opposite = ink_is_dark(Image.fromarray(255 - pixels))
        assert verdict is None or opposite is None or verdict is not opposite


def test_charset_files(tmp_path):
    path = tmp_path / "charset.txt"
    for data in damaged("一二三四五六七八九十\n".encode() * 3):
        path.write_bytes(data)
        try:
            characters = charset(str(path)).characters
        except GlyphError as error:
            assert str(path) in str(error)
            continue
        assert len(set(characters)) == len(characters) > 0 and all(len(character) == 1 for character in characters)
