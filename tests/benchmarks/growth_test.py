"""The tables of growth and of the start come out, with numbers in them."""

import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks"))

import growth
import startup


@pytest.mark.slow
def test_every_table_of_growth_is_printed_and_plotted(capsys, tmp_path):
    sizes = ["--sizes", "32", "--batches", "4", "--counts", "1000", "--turns", "1", "--steps", "10"]
    assert growth.main([*sizes, "--plot", str(tmp_path / "growth.png")]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"\| 1,000 \| 0\.\d{4} \| \d+% \|", printed)
    assert re.search(r"\| 10 \| \d{3,} \|", printed)
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_table_is_refused(capsys):
    with pytest.raises(SystemExit) as refused:
        growth.main(["sizes"])
    assert refused.value.code == 2
    assert "no table 'sizes'" in capsys.readouterr().err


def test_the_vaegan_of_another_size_makes_images_of_that_size():
    data = growth.vaegan_of(128, 3)
    assert data["generator"]["hwc"] == [8, 8, 512] and data["training"]["batch_size"] == 3


def test_a_command_that_fails_says_so():
    with pytest.raises(SystemExit, match=r"failed:\n.*no such thing"):
        startup.run([sys.executable, "-c", "import sys; sys.exit('no such thing')"])


def test_a_command_is_timed_with_the_processor_time_of_its_process():
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    wall, processor = startup.run([sys.executable, "-c", busy])
    assert wall >= 0.3 and 0.3 <= processor < wall + 1.0
