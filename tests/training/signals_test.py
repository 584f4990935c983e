"""SIGTERM, Ctrl-C once, Ctrl-C twice: real signals to real processes, no waiting on clocks."""

import signal
import subprocess
import sys
import threading

import pytest

from tfglyph.training.signals import StoppedError, StopRequest

# Tells when it is ready, then works in C (as TensorFlow does) until the request comes.
CHILD = """
import hashlib, sys
from tfglyph.training.signals import StopRequest
with StopRequest() as stop:
    print("ready", flush=True)
    while not stop.requested or "stubborn" in sys.argv:
        hashlib.pbkdf2_hmac("sha256", b"", b"", 200_000)
print("saved", flush=True)
stop.raise_if_requested(12, "run")
"""


def child(*arguments):
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number, words", [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "Ctrl-C")])
def test_one_signal_saves_and_ends(number, words):
    process = child()
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert output == "saved\n"
    assert "saving after this step" in errors
    assert f"stopped by {words} and saved at step 12; go on with --restore_from run" in errors


def test_a_second_interrupt_ends_at_once_with_130():
    process = child("stubborn")
    process.send_signal(signal.SIGINT)
    while "SIGINT" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and output == "" and "ending at once" in errors


def test_a_second_sigterm_changes_nothing():
    stop = StopRequest()
    stop.notice(signal.SIGTERM)
    stop.notice(signal.SIGTERM)
    with pytest.raises(StoppedError) as error:
        stop.raise_if_requested(1, "run")
    assert error.value.exit_code == 143


def test_the_exit_code_of_an_interrupt_is_130():
    stop = StopRequest()
    stop.raise_if_requested(1, "run")
    stop.notice(signal.SIGINT)
    with pytest.raises(StoppedError) as error:
        stop.raise_if_requested(1, "run")
    assert error.value.exit_code == 130


def test_the_handlers_from_before_come_back():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with StopRequest():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor)
    assert descriptor == -1


def test_another_thread_has_no_signals_and_no_error():
    found = []

    def work():
        with StopRequest() as stop:
            found.append(stop.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]
