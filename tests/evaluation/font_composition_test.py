"""Composition in fonts: what is drawn from, and what the figures say of models whose drawings are known."""

import json

import numpy as np
import pytest
from PIL import Image

import tfglyph
from tests.helpers.recognizer import take_away
from tests.helpers.runs import save_run
from tests.helpers.sources import write_font
from tfglyph.composition import describe
from tfglyph.datasets.glyphs import Glyphs, split_keys
from tfglyph.errors import GlyphError, UsageError
from tfglyph.evaluation import font_composition, font_composition_metric
from tfglyph.evaluation.composition_metric import measure_composition
from tfglyph.evaluation.font_composition import held_out_characters, measure_font, read_font, reduced, score
from tfglyph.evaluation.subject import Settings, Subject
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.exemplars.kinds import Match

SHAPE = (16, 16, 1)
HOLDOUT = 0.5
DRAWING = {
    "name": "drawing",
    "mode": "DDPM",
    "hwc": [16, 16, 1],
    "denoiser": {"type": "patch-unet", "output": [8], "blocks": [1], "attention": [0], "embedding": 16},
    "condition": {"exemplars": {"per_part": 2, "third_part": 0, "style": 2, "output": [8]}},
    "objective": {
        "path": "straight",
        "target": "velocity",
        "sampler": "heun",
        "sampling_steps": 1,
        "temperature": 0.0,
    },
    "training": {"batch_size": 4},
}
CHARACTERS = "酪酩酊酷鉻銘釘鋯詻訂誥絡給結詺鉸酵語詩試請談講謝許記"

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("eagerly")]


class KnownModel:
    """Draws the font's own glyphs, or always the same exemplar; keeps what it was given."""

    name = "known"

    def __init__(self, font=None, slot=None):
        self.architecture = tfglyph.build(DRAWING).architecture
        self.font, self.slot, self.given = font, slot, []

    def sample_pairs(self, pairs, exemplars, kinds, **options):
        self.given.append((exemplars, kinds))
        if self.slot is not None:
            return exemplars[:, self.slot]
        drawable = [each for each in held_out_characters(HOLDOUT) if each in set(self.font.characters)]
        return np.stack([self.font.source.glyph(drawable[number], SHAPE) for number in pairs[:, 1]])


@pytest.fixture(scope="module")
def font_file(tmp_path_factory):
    """Blocks of fourteen widths, no two alike."""
    return write_font(tmp_path_factory.mktemp("fonts") / "blocks.ttf", CHARACTERS[:14], "Blocks")


@pytest.fixture
def font(font_file):
    return read_font(font_file, SHAPE)


# === Pieces ===


def test_pictures_are_reduced_by_area():
    np.testing.assert_allclose(font_composition._area_matrix(3, 2), [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], atol=1e-6)
    images = np.random.default_rng(0).integers(0, 256, (3, 96, 96, 1), np.uint8)
    small = reduced(images)
    assert small.shape == (3, 64, 64) and small.dtype == np.uint8
    np.testing.assert_allclose(small.mean((1, 2)), images.mean((1, 2, 3)), atol=0.05)
    np.testing.assert_array_equal(reduced(images[:, :32, :32]), images[:, :32, :32, 0])
    assert (reduced(np.full((1, 96, 96, 1), 255, np.uint8)) == 255).all()


def test_held_out_characters_are_those_of_the_split_in_an_order_of_the_seed():
    few, many = held_out_characters(0.01), held_out_characters(0.05)
    assert set(few) < set(many) and 0.03 < len(many) / len(held_out_characters(1 - 1e-9)) < 0.07
    assert (split_keys(few) < np.uint64(int(0.01 * 2**64))).all()
    assert held_out_characters(0.01) == few != held_out_characters(0.01, 1)
    assert sorted(few) == sorted(held_out_characters(0.01, 1))
    assert [each for each in many if each in set(few)] == few  # the order, too, is the same


def test_ranks_are_those_of_all_distances_and_equal_pictures_are_no_nearer(monkeypatch):
    monkeypatch.setattr(font_composition, "CHUNK", 7)
    random = np.random.default_rng(0)
    real = random.integers(0, 256, (40, 8, 8), np.uint8)
    real[20] = real[5]
    rows = np.array([5, 20, 3, 9])
    images = real[rows].copy()
    images[2:] = random.integers(0, 256, (2, 8, 8))
    distances = ((images[:, None].astype(float) - real) ** 2).sum((2, 3))
    expected = (distances < distances[np.arange(4), rows][:, None]).sum(1)
    assert font_composition.ranks(images, real, rows).tolist() == expected.tolist()
    assert expected[:2].tolist() == [0, 0] and expected[2:].min() > 0


def test_figures_by_hand(font):
    rows = np.array([2, 3])
    same = score(font.images[rows], font, rows)
    assert same.ranks.tolist() == [0, 0] and same.l1.tolist() == same.rmse.tolist() == [0, 0]
    np.testing.assert_allclose([same.ssim, same.iou, same.edges], 1, atol=1e-5)
    other = score(font.images[rows - 1], font, rows)  # each a little narrower
    difference = np.abs(font.images[rows].astype(float) - font.images[rows - 1]) / 255
    np.testing.assert_allclose(other.l1, difference.mean((1, 2)))
    assert (other.ranks >= 1).all() and (other.iou < 1).all()
    blank = score(np.zeros_like(font.images[rows]), font, rows)
    assert blank.iou.tolist() == blank.edges.tolist() == [0, 0]


# === A font ===


def test_a_model_that_draws_the_fonts_own_glyphs_is_right_everywhere(font):
    model = KnownModel(font)
    result = measure_font(model, font, HOLDOUT, 100, curve_count=3)
    assert set(result.characters) == {each for each in font.characters if each in set(held_out_characters(HOLDOUT))}
    assert 3 < len(result.characters) < len(font.characters)
    assert not result.drawn.ranks.any() and not result.drawn.l1.any()
    assert list(result.curve) == [0, 1, 2, 4, -1, "nowhere"]
    assert all(len(scores.ranks) == 3 and not scores.ranks.any() for scores in result.curve.values())
    assert (result.baselines["best exemplar"][1].l1 > 0).all()
    rows, scores = result.baselines["drawn with content"]
    assert rows.tolist() == list(range(len(result.characters))) and not scores.ranks.any()
    is_content = [(kinds[:, -1, 0] == Match.CONTENT).all() for _, kinds in model.given]
    assert is_content.count(True) == 1, "everything else is drawn from exemplars alone"
    assert (result.baselines["best exemplar"][1].rmse <= result.baselines["mean of exemplars"][1].rmse.max()).all()


def test_how_many_exemplars_have_each_part_in_its_place(font):
    result = measure_font(KnownModel(font), font, HOLDOUT, 100, curve_count=0)
    others = {each: describe(each) for each in font.characters}

    def sharing(character, number):
        tree = others[character]
        return sum(
            other.operator == tree.operator and other.parts[number].part == tree.parts[number].part
            for each, other in others.items()
            if each != character
        )

    expected = [min(2, sharing(each, 0), sharing(each, 1)) for each in result.characters]
    assert result.in_place.tolist() == expected and len(set(expected)) > 1


def test_no_exemplar_is_the_character_itself_nor_drawn_like_it(tmp_path):
    held_out = [each for each in CHARACTERS if each in set(held_out_characters(HOLDOUT))]
    twin, other = held_out[0], next(each for each in CHARACTERS if each not in held_out)
    path = write_font(
        tmp_path / "twins.ttf",
        "".join(each for each in CHARACTERS[:14] if each not in (twin, other)),
        boxes=twin + other,
    )
    font = read_font(path, SHAPE)
    rows = font.rows([twin, other])
    np.testing.assert_array_equal(font.images[rows[0]], font.images[rows[1]])
    assert font.alike(rows[:1]) == other
    model = KnownModel(slot=0)
    result = measure_font(model, font, HOLDOUT, 100, curve_count=2)
    for exemplars, kinds in model.given:
        for number in range(len(exemplars)):
            target = font.images[result.rows[number]]
            unmoved = exemplars[number][np.isin(kinds[number, :, 0], (Match.IN_PLACE, Match.STYLE))][..., 0]
            assert len(unmoved) and not (unmoved == target).all((1, 2)).any()
    assert result.drawn.ranks.min() > 0  # a copy of another glyph is never the right one


def test_fewer_exemplars_of_a_part_are_given_where_fewer_are_asked_for(font):
    model = KnownModel(slot=0)
    measure_font(model, font, HOLDOUT, 100, curve_count=4)
    (_, full), (_, none), (_, one), *_ = model.given
    parts = [np.isin(kinds[:4, :, 0], (Match.IN_PLACE, Match.MOVED, Match.ALONE)).sum() for kinds in (full, none, one)]
    assert parts[1] == 0 < parts[2] < parts[0]


# === Measurements, tables, the command ===


def test_measurements_and_tables(font, monkeypatch):
    take_away(monkeypatch)
    results = [measure_font(KnownModel(font), font, HOLDOUT, 100, curve_count=2) for _ in range(2)]
    figures, skipped = font_composition_metric.measurements(results)
    values = {figure.name: figure for figure in figures}
    assert values["composition/Blocks/first"].value == 1 and values["composition/Blocks/l1"].better == "lower"
    assert values["composition/Blocks (2)/best exemplar/first"].value == 0
    assert values["composition/all fonts/by operator/⿰"].count == 2 * len(results[0].characters)
    assert values["composition/Blocks/by exemplars/4"].count == 2
    in_place = [
        values.get(f"composition/Blocks/by exemplars in place/{each}") for each in ("none", "one", "two or more")
    ]
    assert sum(figure.count for figure in in_place if figure) == len(results[0].characters)
    assert values["composition/Blocks/style recognized"].real == values["composition/Blocks/style recognized"].value
    assert [each["reason"] for each in skipped] == ["no recognizer"]
    result = {
        "figures": [figure.to_json() for figure in figures],
        "fonts": [{"name": name} for name in font_composition_metric.names(results)],
    }
    lines = list(font_composition_metric.font_tables(result))
    assert any(line.startswith("| Blocks (2) | ") and " 1.000 | 1.000 | 0.000 |" in line for line in lines)
    assert font_composition_metric.picture(results).shape[-1] == 3


@pytest.fixture
def run(tmp_path):
    path = save_run(tmp_path / "logdir" / "train", DRAWING)
    options = path / "options.json"
    values = json.loads(options.read_text(encoding="utf-8"))
    values["dataset"]["holdout"] = HOLDOUT
    options.write_text(json.dumps(values), encoding="utf-8")
    return path


def test_the_command(verb, run, font_file, capsys, tmp_path, monkeypatch):
    take_away(monkeypatch)
    words = ["evaluate", "--checkpoint", run, "--metrics", "composition", "--font", font_file, "--output", "out.json"]
    assert verb(*words, "--markdown") == 0
    (result,) = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["models"]
    (written,) = result["fonts"]
    assert written["name"] == "Blocks" and written["file"] == font_file and written["glyphs"] == 14
    assert result["samples"] == len(written["characters"]) > 3
    assert {"composition/Blocks/first", "composition/Blocks/mean of exemplars/iou"} <= {
        figure["name"] for figure in result["figures"]
    }
    assert "| Blocks | " in capsys.readouterr().out
    assert Image.open(tmp_path / "out-composition.png").size[0] > 200


def test_a_sweep_in_fonts_measures_the_same_characters_at_each_point(verb, run, font_file, tmp_path, capsys):
    words = ["evaluate", "--checkpoint", run, "--font", font_file, "--output", "points.json"]
    assert verb(*words, "--sweep", "sampler=ddim/heun,steps=1/2") == 0
    (result,) = json.loads((tmp_path / "points.json").read_text(encoding="utf-8"))["models"]
    points = {(point["sampler"], point["steps"]): point["figures"] for point in result["points"]}
    assert len(points) == 4 and result["samples"] == len(result["fonts"][0]["characters"]) > 3
    assert points["ddim", 1] == points["heun", 1]  # one step is Euler's for both
    assert set(points["heun", 2]) == {f"composition/{name}" for name in ("first", "among five", "l1")}
    assert "heun         2" in capsys.readouterr().out
    assert verb(*words, "--metrics", "composition") == 0
    (whole,) = json.loads((tmp_path / "points.json").read_text(encoding="utf-8"))["models"]
    alone = {figure["name"]: figure["value"] for figure in whole["figures"]}
    assert points["heun", 2]["composition/l1"] == pytest.approx(alone["composition/Blocks/l1"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--metrics", "fid"], "--metrics is composition"),
        (["--metrics", "fid,kid,legibility", "--sweep", "steps=1"], "--metrics is composition"),
        (["--dataset", "cns"], "--font and --dataset exclude each other"),
    ],
)
def test_what_does_not_go_with_fonts_is_one_line(verb, run, font_file, words, message):
    with pytest.raises(UsageError, match=message):
        verb("evaluate", "--checkpoint", run, "--font", font_file, *words)


def test_bad_fonts_and_models_are_one_line(verb, run, runs, font_file, tmp_path):
    (tmp_path / "no.ttf").write_bytes(b"not a font")
    with pytest.raises(GlyphError, match=r"no\.ttf: not a usable font"):
        verb("evaluate", "--checkpoint", run, "--font", tmp_path / "no.ttf")
    latin = write_font(tmp_path / "latin.ttf", "abcd")
    with pytest.raises(GlyphError, match="draws no Chinese characters"):
        verb("evaluate", "--checkpoint", run, "--font", latin)
    with pytest.raises(UsageError, match="does not draw from exemplars"):
        verb("evaluate", "--checkpoint", runs / "narrow", "--font", font_file)
    none = write_font(tmp_path / "none.ttf", "".join(each for each in CHARACTERS if not_held_out(each))[:3])
    with pytest.raises(GlyphError, match="none of the characters that the training held out"):
        verb("evaluate", "--checkpoint", run, "--font", none)


def not_held_out(character):
    return split_keys([character])[0] >= np.uint64(int(HOLDOUT * 2**64))


def test_without_a_font_the_metric_says_which_option_to_use():
    images = np.zeros((20, 16, 16, 1), np.uint8)
    glyphs = Glyphs("made", images, characters=list(CHARACTERS[:20]), fingerprint="1")
    subject = Subject(tfglyph.build(DRAWING), glyphs, glyphs, None, Settings(count=10))
    with pytest.raises(UnavailableError, match="--font FILE"):
        measure_composition(subject)
