"""``-h`` and ``--help``: the same on every verb, and without TensorFlow."""

import pytest
from click.testing import CliRunner

from tfglyph.cli import VERBS, main


@pytest.mark.parametrize("words", [(), *((verb,) for verb in VERBS), ("data", "show"), ("data", "decompose")])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_verb_explains_itself(words, option):
    result = CliRunner().invoke(main, [*words, option])
    assert result.exit_code == 0 and result.output.startswith("Usage: ")
    assert "-h, --help" in result.output


def test_help_lists_each_verb_with_what_it_does():
    text = " ".join(CliRunner().invoke(main, ["--help"]).output.split())
    assert all(f"{verb} {meaning}" in text for verb, meaning in VERBS.items())
