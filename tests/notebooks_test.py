"""The notebooks under examples/ run from top to bottom, show images, and leave nothing behind."""

import json
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
LARGEST = 200_000  # bytes
SECONDS = 600  # for one cell, on a machine that is busy with other things


def read(path: pathlib.Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 3
    readme = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS if f"({path.name})" not in readme] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_small_and_kept_without_outputs(path):
    assert path.stat().st_size < LARGEST
    for cell in read(path)["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None, "clear all outputs before saving"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_explain_what_they_do(path):
    cells = read(path)["cells"]
    assert cells[0]["cell_type"] == "markdown" and cells[0]["source"][0].startswith("# ")
    code = [number for number, cell in enumerate(cells) if cell["cell_type"] == "code"]
    assert len(cells) - len(code) >= len(code) / 2


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path, tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat (pip install nbformat)")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient (pip install nbclient)")
    pytest.importorskip("ipykernel", reason="needs ipykernel (pip install ipykernel)")
    home, folder, temporary = tmp_path / "home", tmp_path / "folder", tmp_path / "temporary"
    for place in (home, folder, temporary):
        place.mkdir()
    # A user without a cache, in an empty folder; the package is that of this environment.
    for name, value in {"HOME": home, "XDG_CACHE_HOME": home / "cache", "TMPDIR": temporary}.items():
        monkeypatch.setenv(name, str(value))
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.delenv("TFGLYPH_CACHE", raising=False)
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()  # raises CellExecutionError with the traceback of the cell that failed
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    images = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(images) >= 5
    assert list(folder.iterdir()) == [], "it wrote into the folder that it was started in"
    assert not (home / "cache" / "tfglyph").exists(), "it wrote into the user's cache"
    assert not list(temporary.glob("tfglyph*")), "it left its temporary folder behind"
