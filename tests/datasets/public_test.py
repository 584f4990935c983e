"""IDX files, .npz files and tensorflow-datasets, all without a network."""

import gzip

import numpy as np
import pytest

from tfglyph.datasets import load, public
from tfglyph.datasets.idx import read_idx, write_idx
from tfglyph.datasets.registry import find
from tfglyph.errors import GlyphError, UsageError


@pytest.fixture
def digits(random):
    return random.integers(0, 256, (30, 28, 28), dtype=np.uint8), (np.arange(30) % 10).astype(np.uint8)


def four_files(directory, digits, suffix="", prefix=""):
    images, labels = digits
    directory.mkdir(exist_ok=True)
    for mark, rows in (
        (f"{prefix}train", slice(0, 20)),
        (f"{prefix}{'test' if prefix else 't10k'}", slice(20, 30)),
    ):
        write_idx(str(directory / f"{mark}-images-idx3-ubyte{suffix}"), images[rows])
        write_idx(str(directory / f"{mark}-labels-idx1-ubyte{suffix}"), labels[rows])
    return directory


# === IDX ===


def test_the_format_byte_by_byte(tmp_path):
    write_idx(str(tmp_path / "x"), np.array([[[1, 2, 3]], [[4, 5, 6]]], np.uint8))
    assert (tmp_path / "x").read_bytes().hex() == "00000803" + "00000002" + "00000001" + "00000003" + "010203040506"
    array, stated = read_idx(str(tmp_path / "x"))
    assert array.tolist() == [[[1, 2, 3]], [[4, 5, 6]]] and stated == 2


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(("part", "rows"), [("train", slice(0, 20)), ("test", slice(20, 30)), ("all", slice(0, 30))])
def test_mnist_from_its_four_files(tmp_path, digits, suffix, part, rows):
    glyphs = load("mnist", datadir=four_files(tmp_path / "set", digits, suffix), part=part)
    np.testing.assert_array_equal(glyphs.images[..., 0], digits[0][rows])
    np.testing.assert_array_equal(glyphs.labels, digits[1][rows])
    assert glyphs.labels.dtype == np.int32 and glyphs.label_names == list("0123456789") and glyphs.characters is None


def test_another_size_and_the_same_split(tmp_path, digits):
    directory = four_files(tmp_path / "set", digits)
    small, large = (load("mnist", size=size, datadir=directory, split="train", holdout=0.5) for size in (14, 56))
    np.testing.assert_array_equal(small.labels, large.labels)
    assert 0 < len(small) < 20 and small.images.shape[1:] == (14, 14, 1)


def test_emnist_is_turned_upright(tmp_path, digits):
    directory = four_files(tmp_path / "set", digits, prefix="emnist-letters-")
    four_files(directory, (digits[0] // 2, digits[1]), prefix="emnist-digits-")
    glyphs = load("emnist/letters", datadir=directory)
    np.testing.assert_array_equal(glyphs.images[..., 0], digits[0][:20].transpose(0, 2, 1))


def test_cut_off_files_give_what_is_there(tmp_path, digits, capsys):
    directory = four_files(tmp_path / "set", digits)
    path = directory / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[: 16 + 784 * 12 + 5])
    glyphs = load("mnist", datadir=directory)
    np.testing.assert_array_equal(glyphs.images[..., 0], digits[0][:12])
    np.testing.assert_array_equal(glyphs.labels, digits[1][:12])
    assert "train-images-idx3-ubyte: cut off: 12 of 20 entries are there" in capsys.readouterr().err
    zipped = four_files(tmp_path / "zipped", digits, ".gz") / "train-images-idx3-ubyte.gz"
    zipped.write_bytes(zipped.read_bytes()[:8000])
    assert 5 < len(load("mnist", datadir=tmp_path / "zipped")) < 20


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("train-images-idx3-ubyte", b"\0\0\x0d\x03" + bytes(30), "wrong magic number 00000d03"),
        ("train-images-idx3-ubyte", b"<htm", "wrong magic number 3c68746d"),
        ("train-images-idx3-ubyte", b"", "wrong magic number .empty file."),
        ("train-images-idx3-ubyte", b"\0\0\x08\x01\0\0\0\x01\x05", "1 dimensions where 3 were expected"),
        (
            "train-images-idx3-ubyte",
            b"\0\0\x08\x03\xff\xff\xff\xff\0\0\xff\xff\0\0\xff\xff",
            "impossible dimensions",
        ),
        ("train-images-idx3-ubyte", b"\0\0\x08\x03\0\0", "cut off in its header"),
        ("train-labels-idx1-ubyte", b"\0\0\x08\x01\0\0\0\x02\1\2", "2 labels for 20 images"),
        ("train-labels-idx1-ubyte", b"\0\0\x08\x01\0\0\0\x14" + bytes([77]) * 20, "label 77 where"),
        ("train-labels-idx1-ubyte", None, "no file train-labels-idx1-ubyte"),
    ],
)
def test_bad_idx_files_are_one_line(tmp_path, digits, file, content, message):
    directory = four_files(tmp_path / "set", digits)
    if content is None:
        (directory / file).unlink()
    else:
        (directory / file).write_bytes(content)
    with pytest.raises(GlyphError, match=message) as caught:
        load("mnist", datadir=directory)
    assert str(directory) in str(caught.value) and "\n" not in str(caught.value)


def test_damaged_gzip(tmp_path, digits):
    directory = four_files(tmp_path / "set", digits, ".gz")
    (directory / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(b"")[:6])
    with pytest.raises(GlyphError, match=r"train-labels-idx1-ubyte.gz: "):
        load("mnist", datadir=directory)


# === k49 ===


def test_k49_from_npz(tmp_path, random):
    images, labels = random.integers(0, 256, (9, 28, 28), dtype=np.uint8), np.arange(9, dtype=np.uint8) * 6
    np.savez_compressed(tmp_path / "k49-train-imgs.npz", images)
    np.savez_compressed(tmp_path / "k49-train-labels.npz", labels)
    glyphs = load("k49", datadir=tmp_path)
    np.testing.assert_array_equal(glyphs.images[..., 0], images)
    assert glyphs.labels.tolist() == labels.tolist() and len(glyphs.label_names) == 49
    with pytest.raises(GlyphError, match=r"k49-test-imgs.npz: no such file"):
        load("k49", datadir=tmp_path, part="test")
    np.savez_compressed(tmp_path / "k49-train-labels.npz", labels + 40)
    with pytest.raises(GlyphError, match="labels beyond the 49 classes"):
        load("k49", datadir=tmp_path)
    (tmp_path / "k49-train-imgs.npz").write_bytes(b"PK rubbish")
    with pytest.raises(GlyphError, match=r"not a readable .npz file"):
        load("k49", datadir=tmp_path)
    with pytest.raises(GlyphError, match=r"needs --datadir DIR with k49-train-imgs.npz"):
        load("k49")


# === tensorflow-datasets ===


def test_a_set_that_is_not_here_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    for name in ("mnist", "cifar10", "emnist/letters"):
        with pytest.raises(GlyphError, match=f"run `python -m tfglyph data prepare {name}` where there is a network"):
            load(name)
    with pytest.raises(UsageError, match="knows no set 'no_such_set'"):
        load("tfds:no_such_set")
    with pytest.raises(UsageError, match="part 'valid' is none of train, test, all"):
        load("mnist", part="valid")


def test_only_what_is_not_read_from_files_is_downloaded(monkeypatch):
    downloaded = []

    class Builder:
        def __init__(self, name):
            self.name = name

        def download_and_prepare(self):
            downloaded.append(self.name)
            if self.name == "beans":
                raise OSError("no\n network")

    monkeypatch.setattr(public, "builder_of", Builder)
    for name, datadir in (("mnist", "here"), ("k49", None), ("mnist", None), ("emnist/letters", None), ("cns", None)):
        find(name).download(name, datadir)
    with pytest.raises(GlyphError, match="data set 'tfds:beans' could not be downloaded: no network"):
        find("tfds:beans").download("tfds:beans")
    assert downloaded == ["mnist", "emnist/letters", "beans"]


@pytest.mark.slow
def test_any_set_of_tensorflow_datasets(tmp_path, random):
    import tensorflow_datasets as tfds

    pictures = random.integers(0, 256, (25, 12, 10, 3), dtype=np.uint8)

    class TinyGlyphs(tfds.core.GeneratorBasedBuilder):
        """A set made on the spot."""

        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = {
                "image": tfds.features.Image(shape=(12, 10, 3)),
                "label": tfds.features.ClassLabel(names=["x", "y"]),
            }
            return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

        def _split_generators(self, manager):
            return {"train": self._generate_examples(0, 20), "test": self._generate_examples(20, 25)}

        def _generate_examples(self, start, stop):
            for row in range(start, stop):
                yield row, {"image": pictures[row], "label": row % 2}

    TinyGlyphs(data_dir=tmp_path).download_and_prepare()
    glyphs = load("tfds:tiny_glyphs", size=(12, 10), datadir=tmp_path, part="all")
    assert glyphs.images.shape == (25, 12, 10, 3) and glyphs.label_names == ["x", "y"]
    labels = {image.tobytes(): label for image, label in zip(np.asarray(glyphs.images), glyphs.labels, strict=True)}
    assert labels == {picture.tobytes(): row % 2 for row, picture in enumerate(pictures)}
    assert len(load("tfds:tiny_glyphs", size=12, datadir=tmp_path, part="test")) == 5
    assert load("tfds:tiny_glyphs", size=12, channels=1, datadir=tmp_path).images.shape == (20, 12, 12, 1)
