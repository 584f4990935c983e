"""Tables of results."""

import tfglyph.evaluation
from tfglyph.evaluation import evaluate, report
from tfglyph.evaluation.measurement import Measurement, mean_measurement

MEASUREMENTS = [
    Measurement("fid/glyph", 12.345678, 5000, "lower", 11.9, 12.8, 0.5, "glyph abc"),
    Measurement("cost/parameters that draw", 1234567.0, 1, "lower"),
]


def result(name, measurements, **changes):
    return {
        "model": name,
        "mode": "VAE",
        "step": 6000,
        "data": {"name": "cns", "images": 20920},
        "samples": 5000,
        "seed": 0,
        "figures": [measurement.to_json() for measurement in measurements],
        **changes,
    }


def test_terminal_table():
    lines = list(report.table(result("a", MEASUREMENTS)))
    assert lines[1].split() == ["fid/glyph", "12.35", "11.90", "–", "12.80", "0.5000", "5,000", "↓"]
    assert lines[2].split() == ["cost/parameters", "that", "draw", "1,234,567", "1", "↓"]
    assert lines[0].index("value") + len("value") == lines[1].index("12.35") + len("12.35")
    assert report.heading(result("a", [])) == "a (VAE, step 6,000); cns, 20,920 images; 5,000 samples, seed 0"


def test_markdown_has_a_column_for_each_run_and_gaps_where_one_lacks_a_measurement():
    lines = list(report.markdown([result("a", MEASUREMENTS), result("b|c", MEASUREMENTS[:1], step=None)]))
    assert lines == [
        "| metric | a (VAE, step 6,000) | b\\|c (VAE) | real |",
        "|---|---:|---:|---:|",
        "| fid/glyph ↓ | 12.35 (11.90 – 12.80) | 12.35 (11.90 – 12.80) | 0.5000 |",
        "| cost/parameters that draw ↓ | 1,234,567 | – |  |",
    ]


def test_sweep_table():
    point = {"sampler": "ddim", "steps": 5, "images_per_second": 100.0, "figures": {"fid/glyph": 7.0}}
    lines = list(report.sweep_table(result("a", [], points=[point], hardware="a CPU")))
    assert lines[0].endswith("seed 0; a CPU")
    assert lines[2].split() == ["ddim", "5", "100.00", "7.0000"]
    assert list(report.sweep_table(result("a", [], points=[point], hardware="a CPU"), True))[-1] == (
        "| ddim | 5 | 100.00 | 7.0000 |"
    )


def test_the_package_gives_the_function_and_its_module_can_be_imported():
    from tfglyph.evaluation.evaluate import description
    from tfglyph.evaluation.evaluate import evaluate as function

    assert tfglyph.evaluation.evaluate is evaluate is function and callable(description)


def test_measurements():
    measurement = mean_measurement("x", [True, False, True, True], "higher", 0, real=1)
    assert (measurement.value, measurement.count, measurement.real) == (0.75, 4, 1.0)
    assert 0 <= measurement.low < 0.75 < measurement.high <= 1
    assert Measurement("x", float("inf"), 1).to_json()["value"] is None
