"""tfglyph.studio.jobs: work that shows how far it is, that can be stopped, and whose errors become messages."""

import threading

import pytest

from tfglyph.errors import UsageError
from tfglyph.progress import hidden, progress, report_to
from tfglyph.studio.jobs import Jobs, WorkStoppedError, message


def test_bars_report_how_far_they_are():
    reports = []
    with report_to(lambda *values: reports.append(values)):
        for _ in progress(range(2), "reading"):
            with hidden():
                assert list(progress([1], "inner")) == [1]
        with progress(None, "writing", total=5) as bar:
            bar.update(3)
            bar.set_postfix(loss=1)
        list(progress(iter("a"), "endless"))
    assert reports == [("reading", 1, 2), ("reading", 2, 2), ("writing", 3, 5), ("endless", 1, None)]
    assert list(progress([1], "after")) == [1] and len(reports) == 4


def test_work_returns_its_value_and_shows_its_progress():
    jobs, seen, shown = Jobs(), threading.Event(), []

    def work():
        for _ in progress(range(3), "steps"):
            pass
        assert seen.wait(10)
        return 7

    def show(*values):
        shown.append(values)
        seen.set()

    assert jobs.run("tab", work, show) == 7
    assert shown[-1] == (3, 3, "steps")


def test_stopping_ends_only_the_work_of_that_tab():
    jobs, started, other = Jobs(), threading.Event(), {}

    def endless():
        for _ in progress(iter(int, 1), "for ever"):
            started.set()

    def run_other():
        other["value"] = jobs.run("other", lambda: 5)

    def stop():
        assert started.wait(10)
        jobs.stop("nobody")
        waiting = threading.Thread(target=run_other)  # waits for its turn
        waiting.start()
        jobs.stop("tab")
        waiting.join(10)

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(WorkStoppedError):
        jobs.run("tab", endless)
    stopper.join(10)
    assert other == {"value": 5}


def test_what_waits_for_its_turn_can_be_stopped_too():
    jobs, free = Jobs(), threading.Event()
    first = threading.Thread(target=lambda: jobs.run("a", lambda: free.wait(10)))
    first.start()

    def stop():
        while "b" not in jobs._running:
            pass
        jobs.stop("b")

    threading.Thread(target=stop).start()
    with pytest.raises(WorkStoppedError):
        jobs.run("b", lambda: 1)
    free.set()
    first.join(10)


def test_a_stop_inside_of_tensorflow_is_a_stop():
    import tensorflow as tf

    jobs = Jobs()

    def work():
        with progress(None, "steps", total=2) as bar:
            jobs.stop("tab")
            tf.function(lambda: tf.py_function(lambda: bar.update(1), [], []))()

    with pytest.raises(WorkStoppedError):
        jobs.run("tab", work)


def test_errors_come_out_and_become_one_line_that_is_safe_in_a_page(capsys):
    def fail():
        raise UsageError("found '<b>', expected\nless")

    with pytest.raises(UsageError) as caught:
        Jobs().run("tab", fail)
    assert message(caught.value) == "found &#x27;&lt;b&gt;&#x27;, expected less"
    assert "Traceback" not in capsys.readouterr().err
    assert message(ZeroDivisionError("by zero")).startswith("internal error, ZeroDivisionError: by zero; the terminal")
    assert "ZeroDivisionError" in capsys.readouterr().err
