"""Shipped weights: every name leads to a complete folder."""

import pytest

from tfglyph.errors import UsageError
from tfglyph.pretrained import ALSO, FOLDER, folder_of, names


def test_every_name_has_all_that_belongs_to_weights():
    assert {"vaegan-cns", "vae-cns", "ddpm-cns", "compose-cns", "cppn-fonts", "infogan-fonts"} <= set(names())
    for name in names():
        folder = folder_of(f"pretrained:{name}")
        there = {path.name for path in folder.iterdir()}
        assert {"architecture.json", "options.json", "stats.jsonl", "metrics.json", "README.md"} <= there, name
        assert len(list(folder.glob("model.ckpt-*.safetensors"))) == 1, name


def test_a_second_name_is_not_also_a_folder():
    for second, first in ALSO.items():
        assert folder_of(f"pretrained:{second}") == FOLDER / first
        assert not (FOLDER / second).exists()


def test_unknown_names_are_one_line():
    with pytest.raises(UsageError, match=r"pretrained:ddpm-cn: no such shipped weights .did you mean ddpm-cns"):
        folder_of("pretrained:ddpm-cn")


def test_all_weights_together_keep_to_their_size():
    assert sum(path.stat().st_size for path in FOLDER.glob("*/*.safetensors")) < 60e6
