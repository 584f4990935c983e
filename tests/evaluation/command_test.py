"""``tfglyph evaluate`` as a person uses it."""

import json

import pytest
from click.exceptions import UsageError as ClickUsageError
from PIL import Image

from tests.helpers.recognizer import needs_recognizer, take_away
from tests.helpers.runs import CPPN, save_run
from tfglyph.errors import GlyphError, UsageError
from tfglyph.evaluation.arithmetic_metric import COMPOSED, DESCRIPTIONS

RECONSTRUCTION = [
    f"reconstruction/{split}/{name}" for split in ("held-out", "trained") for name in ("psnr", "ssim", "iou")
]
FAST = "fid,kid,prdc,reconstruction,copying,cost"

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.fixture
def without_recognizer(monkeypatch):
    take_away(monkeypatch, "the recognizer is in the package rapidocr, which is not installed")


def names(result):
    return [measurement["name"] for measurement in result["figures"]]


def test_one_run_gives_a_table_a_file_and_pictures(verb, runs, capsys, tmp_path):
    assert verb("evaluate", "--checkpoint", runs / "narrow", "--metrics", FAST, "--output", "out/results.json") == 0
    output = capsys.readouterr().out
    (result,) = json.loads((tmp_path / "out/results.json").read_text(encoding="utf-8"))["models"]
    assert result["model"] == "narrow" and result["mode"] == "VAE-GAN" and result["step"] == 3
    assert result["samples"] == 32 and result["seed"] == 0 and result["skipped"] == []  # half of 64 glyphs
    data = result["data"]
    assert data["name"] == "cns" and data["images"] == 64 == data["training_images"] + data["held_out_images"]
    assert 4 < data["held_out_images"] < 28 and len(data["fingerprint"]) == 24
    assert result["tfglyph"] and len(result["checkpoint"]) == 24
    measured = {measurement["name"]: measurement for measurement in result["figures"]}
    assert set(measured) == {
        "fid/glyph",
        "kid/glyph",
        *(f"prdc/glyph/{name}" for name in ("precision", "recall", "density", "coverage")),
        *RECONSTRUCTION,
        *(f"copying/{space}/{name}" for space in ("pixels", "glyph") for name in ("distance", "copies")),
        "cost/images per second",
        "cost/parameters that draw",
    }
    fid = measured["fid/glyph"]
    assert fid["value"] > 2 * fid["real"] and fid["low"] <= fid["value"] <= fid["high"]
    assert fid["count"] == 32 and fid["better"] == "lower" and fid["extractor"].startswith("glyph ")
    assert measured["reconstruction/held-out/iou"]["count"] == data["held_out_images"]
    for name in measured:
        assert name in output
    for name in ("reconstruction", "copying"):
        path = tmp_path / f"out/results-{name}.png"
        assert str(path.relative_to(tmp_path)) in output
        assert Image.open(path).size[0] > 200
    assert "NaN" not in (tmp_path / "out/results.json").read_text(encoding="utf-8")


def test_the_same_seed_gives_the_same_file_and_another_one_another(verb, runs, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        verb(
            "evaluate",
            runs / "narrow",
            "--metrics",
            "fid,kid,reconstruction",
            "--seed",
            seed,
            "--count",
            16,
            "--output",
            f"{name}.json",
        )
    a, b, c = ((tmp_path / f"{name}.json").read_bytes() for name in "abc")
    assert a == b != c


def test_several_runs_make_one_markdown_table(verb, runs, capsys, tmp_path):
    words = ["--metrics", "fid,reconstruction", "--markdown", "--count", 12, "--output", "all.json"]
    assert verb("evaluate", runs / "narrow", runs / "coded", *words) == 0
    output, errors = capsys.readouterr()
    lines = output.splitlines()
    assert lines[0] == "| metric | narrow (VAE-GAN, step 3) | coded (InfoGAN, step 3) | real |"
    assert [line.split(" ")[1] for line in lines[2:]] == ["fid/glyph", *RECONSTRUCTION]
    assert all(line.split("|")[3].strip() == "–" for line in lines[3:])
    assert "coded, step 3: reconstruction: a model of mode InfoGAN has no encoder" in errors
    assert len(json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))["models"]) == 2
    assert (tmp_path / "all-narrow-3-reconstruction.png").exists()


@needs_recognizer
def test_a_recognizer_reads_samples_and_reconstructions(verb, runs, tmp_path):
    verb("evaluate", runs / "narrow", "--metrics", "legibility", "--count", 12, "--output", "read.json")
    (result,) = json.loads((tmp_path / "read.json").read_text(encoding="utf-8"))["models"]
    assert names(result) == [
        f"legibility/{name}"
        for name in ("samples/one character", "samples/confidence", "held-out/right", "trained/right")
    ]
    for measurement in result["figures"]:
        assert measurement["real"] > 0.6 and measurement["value"] <= measurement["real"]
        assert measurement["extractor"].startswith("PP-OCRv6_rec_small.onnx ")
    assert all(measurement["value"] < 0.2 for measurement in result["figures"][2:])  # the model is untrained
    assert Image.open(tmp_path / "read-legibility.png").size[0] > 200


@pytest.mark.slow
def test_codes_of_an_infogan(verb, runs, tmp_path):
    verb("evaluate", runs / "coded", "--metrics", "codes", "--output", "codes.json")
    (result,) = json.loads((tmp_path / "codes.json").read_text(encoding="utf-8"))["models"]
    codes = "categorical_1", "continuous_1", "continuous_2"
    expected = [f"codes/{code}/{reader}" for reader in ("q", "classifier") for code in codes]
    assert [name for name in names(result) if not name.endswith("/read alike")] == expected
    assert Image.open(tmp_path / "codes-codes.png").size[1] > 300  # a row for each of three categories and two codes
    assert result["figures"][0]["real"] == pytest.approx(1.0986, abs=1e-4)  # log 3


@pytest.mark.slow
def test_codes_of_a_plain_gan(verb, runs, tmp_path):
    save_run(tmp_path, CPPN | {"codes": {"categorical": [2]}})
    verb("evaluate", tmp_path / "painter", "--metrics", "codes", "--output", "codes.json")
    (result,) = json.loads((tmp_path / "codes.json").read_text(encoding="utf-8"))["models"]
    measured = [name for name in names(result) if not name.endswith("/read alike")]
    assert measured == ["codes/categorical_1/classifier"]  # there is no Q


@pytest.mark.slow
def test_arithmetic_of_tuples_that_the_data_has(verb, runs, tmp_path, capsys):
    words = ["evaluate", runs / "narrow", "--metrics", "arithmetic", "--charset", "all", "--count", 60]
    verb(*words, "--output", "arithmetic.json")
    (result,) = json.loads((tmp_path / "arithmetic.json").read_text(encoding="utf-8"))["models"]
    measured = {measurement["name"]: measurement for measurement in result["figures"]}
    methods = ["latent", "decoded", "pixels", "pca", DESCRIPTIONS, COMPOSED]
    scores = [f"{method}/{score}" for method in methods for score in ("top-1", "top-5", "mrr")]
    readings = [f"{method}/read right" for method in ("decoded", COMPOSED)]
    expected = [f"{direction}/{score}" for direction in ("left-right", "above-below") for score in scores]
    expected += [f"{group}/{name}" for group in ("all", "held-out D") for name in (*scores, *readings)]
    assert set(measured) <= {f"arithmetic/{name}" for name in expected}
    assert len(measured) >= 3 * len(scores) + 2  # a D that is held out need not be among sixty
    across, down = (measured[f"arithmetic/{direction}/pixels/top-1"] for direction in ("left-right", "above-below"))
    assert across["count"] + down["count"] == 60 and across["count"] > down["count"]
    by_method = {method: measured[f"arithmetic/left-right/{method}/mrr"]["value"] for method in ("pixels", "latent")}
    assert by_method["pixels"] > by_method["latent"]
    assert measured[f"arithmetic/all/{DESCRIPTIONS}/top-1"]["value"] == 1.0  # the tuples are made of descriptions
    upper_bound, reading = (
        measured[f"arithmetic/all/{COMPOSED}/top-1"],
        measured[f"arithmetic/all/{COMPOSED}/read right"],
    )
    assert upper_bound["count"] == 60 and upper_bound["value"] > measured["arithmetic/all/pixels/top-1"]["value"] + 0.2
    assert 0.7 < reading["value"] / reading["real"] < 1.2 and 0 < reading["count"] <= 60
    assert Image.open(tmp_path / "arithmetic-arithmetic.png").size[1] > 500


def test_what_is_missing_is_one_line_and_the_rest_runs(verb, runs, without_recognizer, capsys, tmp_path):
    words = ["--metrics", "legibility,codes,fid", "--extractor", "glyph,ocr", "--output", "x.json"]
    assert verb("evaluate", runs / "narrow", *words) == 0
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert "legibility: the recognizer is in the package rapidocr" in errors[0]
    assert "codes: this model of mode VAE-GAN has no codes; an InfoGAN has" in errors[1]
    assert "extractor ocr: the recognizer is in the package rapidocr" in errors[2]
    (result,) = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["models"]
    assert names(result) == ["fid/glyph"]
    assert [item["metric"] for item in result["skipped"]] == ["legibility", "codes", "extractor ocr"]


def test_nothing_to_measure_is_a_failure(verb, runs, without_recognizer):
    with pytest.raises(GlyphError, match="nothing could be measured"):
        verb("evaluate", runs / "narrow", "--metrics", "legibility")
    with pytest.raises(GlyphError, match="nothing could be measured"):
        verb("evaluate", runs / "narrow", "--metrics", "arithmetic")  # none of the tuples in 64 glyphs


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--metrics", "fid,legible"], "no metric 'legible' .did you mean legibility"),
        (["--metrics", ","], "found none; there are fid"),
        (["--extractor", "glyf"], "did you mean glyph"),
        (["--sweep", "sampler"], "a VAE-GAN model samples in one pass"),
        (["--sweep", "speed"], "expected sampler,steps,guidance,temperature"),
        (["--sweep", "steps", "--metrics", "fid"], "--metrics is composition or fid,kid,legibility beside it"),
        (["--output", "."], "a directory; expected a file's name"),
        (["--dataset", "cnz"], "did you mean cns"),
    ],
)
def test_wrong_words_are_one_line(verb, runs, words, message):
    with pytest.raises(UsageError, match=message) as error:
        verb("evaluate", runs / "narrow", *words)
    assert "\n" not in str(error.value)


def test_wrong_runs(verb, runs, capsys, tmp_path):
    with pytest.raises(UsageError, match="no such run directory"):
        verb("evaluate", "nowhere")
    with pytest.raises(UsageError, match="which model"):
        verb("evaluate")
    with pytest.raises(ClickUsageError, match="not in the range x>=10"):
        verb("evaluate", runs / "narrow", "--count", 3)
    words = ["evaluate", runs / "narrow", "nowhere", "--metrics", "fid", "--output", "y.json"]
    assert verb(*words) == 1  # the others are measured all the same
    assert "nowhere: no such run directory" in capsys.readouterr().err
    assert len(json.loads((tmp_path / "y.json").read_text(encoding="utf-8"))["models"]) == 1
