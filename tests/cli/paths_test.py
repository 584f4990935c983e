"""Names that are no UTF-8, in every verb, as input, output and log directory: no traceback."""

import io
import json
import os

import numpy as np
import pytest
from PIL import Image

from tests.helpers.command import type_command
from tests.helpers.runs import save_run
from tests.helpers.small import SMALL_VAEGAN
from tests.helpers.sources import encoded, glyph_like
from tfglyph.paths import native_path, printable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names on disk are text there")
BAD = os.fsdecode(b"\xb0\xa1\xff")


@pytest.mark.parametrize(
    "name, shown",
    [
        (os.fsdecode(b"a\xb0\xa1/b"), r"a\xb0\xa1/b"),
        ("tab\tline\nbell\x07", r"tab\tline\nbell\x07"),
        ("中文 é", "中文 é"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("\ud800", r"\ud800"),
        ("", ""),
    ],
)
def test_every_name_can_be_printed_on_one_line(name, shown):
    assert printable(name) == shown
    shown.encode()


def test_libraries_get_bytes_where_text_cannot_be_encoded():
    assert native_path("中") == "中" and native_path(BAD) == b"\xb0\xa1\xff"


def typed(*words: object) -> tuple[int, str]:
    """Runs the command line as its script does; returns the exit code and all that was printed."""
    code, printed, errors = type_command(*words)
    return code, printed + errors


VERBS = [
    ("data", "check"),
    ("data", "describe", "folder", "--datadir"),
    ("data", "fonts"),
    ("validate", "--tuples"),
    ("compose", "--file"),
    ("sample", "--checkpoint"),
    ("train", "--architecture"),
    ("train", "--restore_from"),
    ("export", "--checkpoint"),
    ("evaluate", "--checkpoint"),
    ("canvas", "--checkpoint"),
    ("arithmetic",),
]


@pytest.mark.parametrize("words", VERBS, ids=lambda words: "-".join(words))
def test_a_name_that_leads_nowhere_is_one_line(words, tmp_path):
    code, text = typed(*words, tmp_path / f"{BAD}.png")
    assert code in (0, 1, 2) and "Traceback" not in text
    assert r"\xb0\xa1\xff" in text, text


@pytest.mark.slow
def test_a_model_lives_in_such_places(tmp_path):
    """Trains, resumes, samples, interpolates and exports with every path of the kind."""
    random = np.random.default_rng(3)
    place = tmp_path / BAD
    images = place / f"{BAD}images"
    for folder in ("a", BAD):
        (images / folder).mkdir(parents=True)
        for number, picture in enumerate(glyph_like(random, 6, 32)):
            (images / folder / f"{BAD}{number}.png").write_bytes(encoded(picture, "PNG"))
    (place / "small.json").write_text(json.dumps(SMALL_VAEGAN | {"training": {"batch_size": 4}}))
    run = place / "run"
    data = ("--dataset", "folder", "--datadir", images)
    code, text = typed("train", "--architecture", place / "small.json", *data, "--steps", 2, "--logdir", run)
    assert code == 0 and "trained to step 2" in text, text
    assert any(run.glob("events.out.tfevents.*"))
    assert json.loads((run / "options.json").read_text())["dataset"]["datadir"] == str(images)
    code, text = typed("train", "--restore_from", run, "--steps", 3)
    assert code == 0 and "trained to step 3" in text, text
    output = place / f"{BAD}.png"
    for verb in (
        ("sample",),
        ("interpolate", "--images", images / "a" / f"{BAD}0.png", "--images", images / "a" / f"{BAD}1.png"),
    ):
        output.unlink(missing_ok=True)
        code, text = typed(*verb, "--checkpoint", run, "--output", output)
        assert code == 0, text
        with Image.open(io.BytesIO(output.read_bytes())) as picture:
            assert picture.size[0] > 0
    code, text = typed("export", "--checkpoint", run, "--output", place / "served")
    assert "Traceback" not in text and code in (0, 1), text


def test_a_run_in_such_a_place_loads(tmp_path):
    import tfglyph

    run = save_run(tmp_path / BAD, SMALL_VAEGAN | {"name": "narrow"})
    assert tfglyph.load(run).sample(2).shape == (2, 32, 32, 1)
