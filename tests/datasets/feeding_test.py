"""The order of batches against its definition, at every entry point."""

import numpy as np
import pytest

from tfglyph.datasets import Augmentation, Glyphs, Order, feed
from tfglyph.datasets.augmentation import parse
from tfglyph.datasets.glyphs import Rows
from tfglyph.errors import UsageError

COUNT, BATCH, SEED = 23, 4, 11


@pytest.fixture
def glyphs():
    images = np.zeros((COUNT, 3, 3, 1), np.uint8)
    images[:, 1, 1, 0] = np.arange(COUNT)
    return Glyphs("made", images, labels=np.arange(COUNT, dtype=np.int32) * 10)


def rows_of(dataset):
    return [batch["images"][:, 1, 1, 0].tolist() for batch in dataset.as_numpy_iterator()]


def expected(batch):
    """The definition, written down a second time."""
    epoch, position = divmod(batch, COUNT // BATCH)
    return np.random.default_rng([SEED, epoch]).permutation(COUNT)[position * BATCH :][:BATCH].tolist()


def test_batches_follow_the_definition_across_epochs(glyphs):
    assert rows_of(feed(glyphs, BATCH, SEED, steps=13)) == [expected(batch) for batch in range(13)]


def test_any_step_can_be_the_first(glyphs):
    for start in (1, 4, 5, 7, 12, 1_000_003):
        assert rows_of(feed(glyphs, BATCH, SEED, start_step=start, steps=3)) == [expected(start + i) for i in range(3)]


def test_an_epoch_has_no_row_twice_and_drops_the_remainder(glyphs):
    order = Order(COUNT, BATCH, SEED)
    assert order.batches_per_epoch == 5
    rows = np.concatenate([order.rows(batch) for batch in range(5)])
    assert len(set(rows.tolist())) == 20
    assert order.rows(0).tolist() != order.rows(5).tolist()  # another epoch, another order


def test_several_batches_a_step(glyphs):
    steps = rows_of(feed(glyphs, BATCH, SEED, start_step=2, steps=2, batches_per_step=3))
    assert steps == [expected(3 * step) + expected(3 * step + 1) + expected(3 * step + 2) for step in (2, 3)]


def test_labels_go_with_their_images(glyphs):
    for batch in feed(glyphs, BATCH, SEED, steps=3).as_numpy_iterator():
        assert batch["labels"].dtype == np.int32
        assert (batch["labels"] == 10 * batch["images"][:, 1, 1, 0].astype(int)).all()
    unlabelled = Glyphs("made", glyphs.images)
    assert list(feed(unlabelled, BATCH, SEED).element_spec) == ["images"]
    assert feed(unlabelled, BATCH, SEED).element_spec["images"].shape == (BATCH, 3, 3, 1)


def test_memory_maps_and_views_give_the_same(glyphs, tmp_path):
    mapped = np.memmap(tmp_path / "images", np.uint8, "w+", shape=glyphs.images.shape)
    mapped[:] = glyphs.images
    for images in (mapped, Rows(mapped, np.arange(COUNT))):
        assert rows_of(feed(Glyphs("made", images), BATCH, SEED, steps=4)) == [expected(batch) for batch in range(4)]


@pytest.mark.parametrize(("batch", "message"), [(24, "23 images are too few"), (0, "not positive")])
def test_impossible_requests(glyphs, batch, message):
    with pytest.raises(UsageError, match=message):
        feed(glyphs, batch, SEED)


# === Augmentation ===


@pytest.fixture
def pictures(random):
    images = np.zeros((8, 16, 16, 1), np.uint8)
    images[:, 4:12, 5:10] = random.integers(1, 256, (8, 8, 5, 1))
    return Glyphs("made", images)


def first(glyphs, augmentation, **options):
    return next(feed(glyphs, 8, 3, augmentation=augmentation, **options).as_numpy_iterator())["images"]


def test_no_amount_changes_nothing(pictures):
    np.testing.assert_array_equal(first(pictures, Augmentation()), first(pictures, None))


def test_flip_mirrors_some_and_leaves_the_others(pictures):
    plain, flipped = first(pictures, None), first(pictures, Augmentation(flip=True))
    mirrored = [(a == b[:, ::-1]).all() for a, b in zip(flipped, plain, strict=True)]
    same = [(a == b).all() for a, b in zip(flipped, plain, strict=True)]
    assert all(m != s for m, s in zip(mirrored, same, strict=True)) and any(mirrored) and any(same)


def test_amounts_bound_the_change():
    # One bright pixel in the middle: a shift of at most 2 of 16 pixels keeps its light within 3 pixels.
    images = np.zeros((8, 17, 17, 1), np.uint8)
    images[:, 8, 8] = 255
    moved = first(Glyphs("made", images), Augmentation(shift=2 / 17))
    distance = np.maximum(*np.abs(np.indices((17, 17)) - 8))[None, :, :, None]
    assert moved[np.broadcast_to(distance > 3, moved.shape)].max() == 0
    light = moved.sum((1, 2, 3), dtype=int)
    assert (abs(light - 255) <= 2).all()  # bilinear weights add up to one
    assert len({image.tobytes() for image in moved}) > 1
    turned = first(Glyphs("made", images), Augmentation(rotate=15, shear=10, scale=0.2))
    assert (turned[:, 8, 8, 0] >= 250).all()  # the middle is where everything turns about


def test_augmentation_is_a_function_of_seed_step_and_position(pictures):
    amounts = Augmentation(rotate=5, shift=0.05, scale=0.05, shear=3)
    entered = next(feed(pictures, 8, 3, start_step=4, augmentation=amounts).as_numpy_iterator())["images"]
    again = list(feed(pictures, 8, 3, steps=5, augmentation=amounts).as_numpy_iterator())[4]["images"]
    np.testing.assert_array_equal(entered, again)
    assert (entered != first(pictures, amounts, start_step=5)).any()


@pytest.mark.parametrize(
    ("options", "mirrored"),
    [({"start_step": 4}, "==~=~=~~"), ({"start_step": 1, "batches_per_step": 2}, "~===~~=~=~=~=~==")],
)
def test_which_images_are_mirrored_stays_what_it_is(pictures, options, mirrored):
    # Other draws would make a resumed run differ from one that was never interrupted.
    plain, flipped = first(pictures, None, **options), first(pictures, Augmentation(flip=True), **options)
    same = [(a == b).all() for a, b in zip(flipped, plain, strict=True)]
    assert "".join("=" if unchanged else "~" for unchanged in same) == mirrored


def test_stretch_changes_height_and_width_each_by_itself():
    images = np.zeros((32, 32, 32, 1), np.uint8)
    images[:, 8:24, 8:24] = 255
    changed = next(feed(Glyphs("made", images), 32, 3, augmentation=Augmentation(stretch=0.2)).as_numpy_iterator())
    ink = changed["images"][..., 0] > 127
    heights, widths = ink.any(2).sum(1), ink.any(1).sum(1)
    for sides in (heights, widths):
        assert 16 * 0.8 - 1 <= sides.min() < 15 and 17 < sides.max() <= 16 * 1.2 + 1
    assert np.abs(np.corrcoef(heights, widths)[0, 1]) < 0.7


def test_weight_grows_and_shrinks_strokes_on_all_sides():
    images = np.zeros((16, 64, 64, 1), np.uint8)
    images[:, 24:40, 20:44] = 255
    changed = next(feed(Glyphs("made", images), 16, 3, augmentation=Augmentation(weight=0.03)).as_numpy_iterator())
    ink = changed["images"][..., 0] / 255
    heights, widths = ink[:, :, 32].sum(1), ink[:, 32].sum(1)
    np.testing.assert_allclose(heights - 16, widths - 24, atol=0.1)
    growth = (heights - 16) / 2  # pixels on each side
    assert -0.03 * 64 - 0.6 < growth.min() < -1 and 1 < growth.max() < 0.03 * 64 + 0.6


def test_some_are_spared(pictures):
    plain = first(pictures, None)
    changed = first(pictures, Augmentation(shift=0.1, spare=0.5))
    same = [(a == b).all() for a, b in zip(changed, plain, strict=True)]
    assert any(same) and not all(same)
    np.testing.assert_array_equal(first(pictures, Augmentation(shift=0.1, spare=1.0)), plain)
    moved = first(pictures, Augmentation(shift=0.1))
    np.testing.assert_array_equal(changed[~np.array(same)], moved[~np.array(same)])


class Copies:
    """Companions: each image twice more, as exemplars."""

    signature = {"exemplars": (np.uint8, (2, 16, 16, 1))}  # noqa: RUF012

    def __init__(self, glyphs):
        self.glyphs = glyphs

    def gather(self, rows, step):
        return {"exemplars": np.repeat(self.glyphs.images[rows][:, None], 2, 1)}

    def finish(self, batch):
        return dict(batch)


def test_exemplars_change_as_their_image_does(pictures):
    amounts = Augmentation(stretch=0.2, shear=10, shift=0.1, weight=0.03)
    batch = next(feed(pictures, 8, 3, augmentation=amounts, companions=Copies(pictures)).as_numpy_iterator())
    np.testing.assert_array_equal(batch["exemplars"], np.repeat(batch["images"][:, None], 2, 1))
    np.testing.assert_array_equal(batch["images"], first(pictures, amounts))
    assert (batch["images"] != first(pictures, None)).any((1, 2, 3)).all()


def test_options_text():
    assert parse("rotate=3, shift=0.02") == {"rotate": 3.0, "shift": 0.02}
    assert parse(None) == {} and parse("", flip=True) == {"flip": True}
    for text, message in (
        ("turn=3", "no augmentation 'turn'"),
        ("rotate", "not like rotate=3"),
        ("rotate=90", "only small"),
    ):
        with pytest.raises(UsageError, match=message):
            parse(text)
