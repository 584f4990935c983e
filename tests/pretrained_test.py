"""Shipped weights: every name leads to a complete folder."""

import json

import numpy as np
import pytest

from tests.helpers.command import run_command
from tfglyph import datasets, pretrained
from tfglyph.errors import UsageError
from tfglyph.latent.arithmetic import analogy
from tfglyph.loading import load
from tfglyph.pretrained import ALSO, FOLDER, folder_of, names, with_critic


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
    assert sum(path.stat().st_size for path in FOLDER.glob("*/*.safetensors")) < 89e6


def test_weights_with_a_critic_are_those_whose_manifest_has_one():
    for name in set(names()) - set(ALSO):
        (manifest,) = folder_of(f"pretrained:{name}").glob("model.ckpt-*.json")
        assert (name in with_critic()) == ('"discriminator"' in manifest.read_text())
    assert "infogan-fonts" in with_critic() and "vae-cns" not in with_critic()


def test_the_preferred_weights_with_a_critic_come_first(tmp_path, monkeypatch):
    for name, network in (("a-gan", "discriminator"), (pretrained.PREFERRED_CRITIC, "discriminator"), ("b", "encoder")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.ckpt-1.json").write_text(json.dumps({"tensors": {network: []}}))
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    assert with_critic() == [pretrained.PREFERRED_CRITIC, "a-gan"]


def test_the_weights_with_parts_read_sums():
    model = load("pretrained:vaegan-parts")
    glyphs = datasets.load("cns", size=32)
    rows = glyphs.rows_by_character()
    terms = [
        np.stack([glyphs.images[rows[letter]] for letter in letters]) for letters in ("酪鉤貓", "鉻釣喵", "鉸杓唬")
    ]
    sums = analogy(*(model.encode(images) for images in terms))
    assert model.describe(sums) == ["⿰酉交", "⿰木句", "⿰豸虎"]


def test_enhance_takes_shipped_weights_with_a_critic_and_names_them(tmp_path, capsys):
    arguments = ["enhance", "--steps", "2", "--output", tmp_path / "a.png"]
    assert run_command(*arguments) == 0
    assert with_critic()[0] in capsys.readouterr().out and (tmp_path / "a.png").is_file()
    with pytest.raises(UsageError, match=f"no critic.*--pretrained .*{with_critic()[0]}"):
        run_command(*arguments, "--pretrained", "vae-cns")
