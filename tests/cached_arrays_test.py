"""The cache of what real images cost."""

import numpy as np


def test_arrays_are_made_once_for_the_same_parts(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGLYPH_CACHE", str(tmp_path))
    made = []

    def make():
        made.append(1)
        return {"a": np.arange(3), "b": np.array(["酪", ""])}

    for _ in range(2):
        found = stored("things", ["one", np.arange(4)], make)
        assert found["a"].tolist() == [0, 1, 2] and found["b"].tolist() == ["酪", ""]
    assert len(made) == 1
    stored("things", ["one", np.arange(5)], make)
    assert len(made) == 2
    for path in (tmp_path / "evaluation").iterdir():  # cut off by a full disk, say
        path.write_bytes(path.read_bytes()[:50])
    assert stored("things", ["one", np.arange(4)], make)["a"].tolist() == [0, 1, 2]
    assert len(made) == 3


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TFGLYPH_CACHE", str(tmp_path / "file"))
    assert stored("things", ["one"], lambda: {"a": np.ones(1)})["a"].tolist() == [1.0]
