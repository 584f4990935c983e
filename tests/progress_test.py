"""Bars for a terminal, lines for a log, and rates that count what this process did."""

import pytest

from tfglyph import progress


class Clock:
    """Seconds that pass when told to."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("time.time", clock)
    monkeypatch.setattr("tqdm.std.time", clock)
    return clock


def test_a_log_gets_a_line_each_half_minute_and_no_carriage_returns(clock, capsys):
    bar = progress.progress(total=1000, description="training", unit="step", initial=400)
    for _ in range(100):
        clock.now += 1.0
        bar.set_postfix({"kl": "1.5"}, refresh=False)
        bar.update(1)
    bar.close()
    lines = capsys.readouterr().err
    assert "\r" not in lines
    assert lines.splitlines() == [
        "training: 430 of 1000,  1.00step/s, 00:30 gone, 09:30 left, kl=1.5",
        "training: 460 of 1000,  1.00step/s, 01:00 gone, 09:00 left, kl=1.5",
        "training: 490 of 1000,  1.00step/s, 01:30 gone, 08:30 left, kl=1.5",
    ]


def test_a_slower_or_faster_rate_leaves_the_half_minute(clock, capsys):
    seconds = iter([0.0625] * 960 + [20.0] * 6)
    for _ in progress.progress(range(966), "images", unit="image"):
        clock.now += next(seconds)
    starts = [line.split(",")[0] for line in capsys.readouterr().err.splitlines()]
    assert starts == [f"images: {n} of 966" for n in (480, 960, 962, 964, 966)]


def test_short_work_says_nothing(clock, capsys):
    for _ in progress.progress(iter(range(5)), "images"):
        clock.now += 1.0
    assert capsys.readouterr().err == ""


def test_work_without_an_end_says_how_far_it_is(clock, capsys):
    for _ in progress.progress(iter(range(4)), "images", unit="image"):
        clock.now += 15.0
    assert capsys.readouterr().err.splitlines()[0] == "images: 2, 15.00s/image, 00:30 gone"


def test_a_terminal_gets_a_bar(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with progress.progress(total=2, description="training", delay=0) as bar:
        bar.update(2)
    assert "\rtraining:   0%" in capsys.readouterr().err
