"""The floor plan holds: no circle of imports, no import from a room above, no unexplained import in a function.

The modules are read with ``ast``, not imported, so that imports inside functions and under ``TYPE_CHECKING`` count
as well. A new room is a new word in ``FLOORS``.
"""

import ast
import dataclasses
import graphlib
import pathlib
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "tfglyph"

# From the ground up. A module may import from its own room and from rooms on lower floors: rooms on one floor do not
# know each other. "tfglyph" is the package's own __init__, which only looks names up when they are asked for.
FLOORS = (
    ("errors", "paths", "version"),
    ("progress",),
    ("files",),
    ("imaging", "losses", "outlines", "pretrained"),
    ("diffusion",),
    ("composition",),
    ("architecture",),
    ("datasets",),
    ("exemplars", "fontfiles"),
    ("networks",),
    ("runs",),
    ("models",),
    ("originals",),
    ("loading",),
    ("tfglyph",),
    ("latent",),
    ("evaluation", "export"),
    ("completion", "training"),
    ("studio",),
    ("cli",),
    ("__main__",),
)

# Code of the repository that is not part of the package: an installed wheel lacks it.
OUTSIDE = {"benchmarks", "tests", "tools"}

# What takes long to import, or need not be installed: these may be imported where they are used.
SLOW_OR_OPTIONAL = {
    "PIL",
    "absl",
    "filelock",
    "fontTools",
    "freetype",
    "gradio",
    "imageio",
    "importlib.util",
    "joblib",
    "keras",
    "matplotlib",
    "numpy",
    "onnx",
    "onnxruntime",
    "rapidocr",
    "safetensors",
    "scipy",
    "tensorboard",
    "tensorflow",
    "tensorflow_datasets",
    "torch",
    "tqdm",
}

# Rooms in which every import of ours may stand in a function: `--help` answers without TensorFlow because of it.
LAZY_ROOMS = {"cli", "tfglyph"}
MARKS = ("# slow:", "# optional:")


@dataclasses.dataclass(frozen=True)
class Import:
    """One imported module.

    Attributes:
        source: str, the importing module's dotted name.
        target: str, the dotted name of the module that it needs; for other packages as it is written.
        line: int, where it stands.
        in_function: bool.
        explained: bool, whether a comment at the line, or right above, says why it stands in a function.
    """

    source: str
    target: str
    line: int
    in_function: bool
    explained: bool

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


# === Reading ===


def module_files(package: pathlib.Path) -> dict[str, pathlib.Path]:
    """Every module of a package by its dotted name; an ``__init__`` has the name of its package."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def read_imports(package: pathlib.Path) -> list[Import]:
    """Every import statement of every module of a package, wherever it stands.

    ``from package.room import name`` needs the module ``package.room.name`` if there is one, else ``package.room``.
    That Python also runs the ``__init__`` of each package on the way is not counted.
    """
    files = module_files(package)
    found = []
    for source, path in files.items():
        lines = path.read_text(encoding="utf-8").split("\n")
        here = source if path.name == "__init__.py" else source.rpartition(".")[0]
        for node, in_function in _statements(ast.parse("\n".join(lines), str(path)), False):
            around = lines[node.lineno - 1 : node.end_lineno]
            around += [line for line in lines[max(node.lineno - 2, 0) : node.lineno - 1] if line.lstrip()[:1] == "#"]
            explained = any(mark in line for line in around for mark in MARKS)
            for target in dict.fromkeys(_targets(node, here, files)):
                found.append(Import(source, target, node.lineno, in_function, explained))
    return found


def _statements(node: ast.AST, in_function: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Each import statement below ``node``, with whether it is in a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, in_function
        else:
            yield from _statements(child, in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


def _targets(node: ast.Import | ast.ImportFrom, here: str, files: dict[str, pathlib.Path]) -> Iterator[str]:
    """The modules that a statement in the package ``here`` needs."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    above = here.split(".")[: len(here.split(".")) - (node.level - 1)] if node.level else []
    place = ".".join([*above, *([node.module] if node.module else [])])
    for alias in node.names:
        submodule = f"{place}.{alias.name}"
        yield submodule if submodule in files else place


def room_of(module: str) -> str:
    """The room that a module of the package is in: the second word of its name, or the first of the package's own."""
    return module.split(".")[1 if "." in module else 0]


# === Judging ===


def circles(imports: Iterable[Import]) -> list[str]:
    """Circles of imports, each as one line ``a -> b -> a``; an empty list where there is none."""
    graph: dict[str, set[str]] = {}
    for found in imports:
        graph.setdefault(found.source, set()).add(found.target)
    lines = []
    while True:
        try:
            # Sorted, so that the same circles are named in the same way at each run.
            graphlib.TopologicalSorter({module: sorted(graph[module]) for module in sorted(graph)}).prepare()
            return lines
        except graphlib.CycleError as error:
            circle = error.args[1][:0:-1]  # each imports the one after it, and the last the first
            start = circle.index(min(circle))
            circle = circle[start:] + circle[:start]
            lines.append(" -> ".join([*circle, circle[0]]))
            graph[circle[0]].discard(circle[1 % len(circle)])  # to find the next one


def upward(imports: Iterable[Import], floors: Sequence[Sequence[str]]) -> list[str]:
    """Imports from a higher floor, from another room of the same floor, or from outside the package."""
    floor = {room: number for number, rooms in enumerate(floors) for room in rooms}
    wrong = []
    for found in imports:
        if found.target.split(".")[0] in OUTSIDE:
            wrong.append(f"{found}, which is not part of the package")
        if found.target.split(".")[0] != found.source.split(".")[0]:
            continue
        here, there = room_of(found.source), room_of(found.target)
        if here != there and here in floor and there in floor and floor[there] >= floor[here]:
            wrong.append(f"{found}, but {there} is not below {here}")
    return wrong


def homeless(package: pathlib.Path, floors: Sequence[Sequence[str]]) -> list[str]:
    """Modules whose room is on no floor, and rooms of the floors without a module."""
    rooms = {room for floor in floors for room in floor}
    files = module_files(package)
    lines = [f"{module}: no floor has a room {room_of(module)}" for module in files if room_of(module) not in rooms]
    return lines + [f"room {room}: no module is in it" for room in sorted(rooms - {room_of(name) for name in files})]


def unexplained(imports: Iterable[Import]) -> list[str]:
    """Imports inside functions of what is neither slow nor optional, without a comment that says why."""
    wrong = []
    for found in imports:
        if not found.in_function or found.explained:
            continue
        top = found.target.split(".")[0]
        ours = top == found.source.split(".")[0]
        if not (room_of(found.source) in LAZY_ROOMS if ours else {top, found.target} & SLOW_OR_OPTIONAL):
            wrong.append(f"{found} inside a function, without {' or '.join(MARKS)} and a reason")
    return wrong


# === The package ===


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    return read_imports(PACKAGE)


def check(faults: list[str]) -> None:
    """Fails with all faults, a line each, where pytest would cut a list off."""
    assert not faults, "\n".join(["", *faults])


def test_every_module_has_a_room_and_every_room_a_module():
    check(homeless(PACKAGE, FLOORS))


def test_no_circle_of_imports(imports):
    check(circles(imports))


def test_nothing_imports_from_a_room_above(imports):
    check(upward(imports, FLOORS))


def test_imports_inside_functions_say_why(imports):
    check(unexplained(imports))


def test_the_imports_that_everyone_knows_are_seen(imports):
    # A reader that found nothing would pass all of the above.
    seen = {(found.source, found.target) for found in imports}
    assert {
        ("tfglyph.__main__", "tfglyph.cli"),
        ("tfglyph.models.vae", "tfglyph.losses"),
        ("tfglyph.datasets", "tfglyph.datasets.registry"),
        ("tfglyph.models.vae", "tensorflow"),
    } <= seen
    assert len(imports) > 500


def test_importing_the_package_and_its_verbs_imports_nothing_heavy():
    code = """
import sys
import tfglyph
import tfglyph.cli
heavy = {"tensorflow", "keras", "numpy", "PIL", "matplotlib", "scipy", "gradio", "pydantic"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
for verb in tfglyph.cli.VERBS:
    tfglyph.cli.main.get_command(None, verb)
heavy = {"tensorflow", "keras", "PIL", "matplotlib", "scipy", "gradio"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert not {"tfglyph.datasets.pack", "tfglyph.models"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# === The check itself: it fails where it should ===


SOUND = {
    "__init__.py": "from house.ground import WORD\n",
    "ground.py": "import os\nWORD = os.sep\n",
    "middle/__init__.py": "from house.middle.stairs import climb\n",
    "middle/stairs.py": "from house import ground\n\n\ndef climb():\n    import tensorflow\n",
    "top.py": "from house.middle import climb\nfrom house.middle.stairs import climb as again\nimport house.ground\n",
}
HOUSE_FLOORS = (("ground",), ("house",), ("middle",), ("top",))


@pytest.fixture
def house(tmp_path):
    """Writes a package ``house`` of the sound files with some replaced; returns its folder."""

    def build(**changes: str) -> pathlib.Path:
        for name, text in (SOUND | {key.replace("__", "/") + ".py": value for key, value in changes.items()}).items():
            path = tmp_path / "house" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "house"

    return build


def faults(package: pathlib.Path) -> list[str]:
    imports = read_imports(package)
    return [
        *homeless(package, HOUSE_FLOORS),
        *circles(imports),
        *upward(imports, HOUSE_FLOORS),
        *unexplained(imports),
    ]


def test_a_sound_house_has_no_fault(house):
    package = house()
    assert faults(package) == []
    assert {(found.source, found.target) for found in read_imports(package)} == {
        ("house", "house.ground"),
        ("house.ground", "os"),
        ("house.middle", "house.middle.stairs"),
        ("house.middle.stairs", "house.ground"),
        ("house.middle.stairs", "tensorflow"),
        ("house.top", "house.middle"),
        ("house.top", "house.middle.stairs"),
        ("house.top", "house.ground"),
    }


@pytest.mark.parametrize(
    "back",
    [
        "from house.middle.stairs import climb\n",
        "import house.middle.stairs\n",
        "from . import stairs\n",
        "from .stairs import climb\n",
        "from ..middle import stairs\n",
        "def late():\n    # slow: half a second\n    from house.middle.stairs import climb\n",
        "class Late:\n    def late(self):\n        from house.middle import stairs  # optional: not always there\n",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from house.middle import stairs\n",
        "try:\n    from house.middle import stairs\nexcept ImportError:\n    pass\n",
    ],
)
def test_a_circle_is_found_wherever_it_closes(house, back):
    package = house(middle__stairs="from house.middle import landing\n", middle__landing=back)
    assert faults(package) == ["house.middle.landing -> house.middle.stairs -> house.middle.landing"]


def test_every_circle_is_found(house):
    package = house(
        middle__a="from house.middle import b\n",
        middle__b="from house.middle import a, c\n",
        middle__c="from house.middle import d\n",
        middle__d="from house.middle import c\n",
    )
    assert len(faults(package)) == 2


def test_a_module_that_needs_its_own_package_is_a_circle(house):
    assert len(circles(read_imports(house(middle__stairs="from house.middle import climb\n")))) == 1


def test_an_import_from_above_is_found(house):
    imports = read_imports(house(ground="def late():\n    import house.top  # slow: it is high\n"))
    assert upward(imports, HOUSE_FLOORS) == ["house.ground:2 imports house.top, but top is not below ground"]


def test_rooms_of_one_floor_do_not_know_each_other(house):
    imports = read_imports(house())
    assert upward(imports, (("ground",), ("house", "middle", "top"))) == [
        "house.top:1 imports house.middle, but middle is not below top",
        "house.top:2 imports house.middle.stairs, but middle is not below top",
    ]


@pytest.mark.parametrize("outside", ["from tests.helpers import small\n", "import tools.ship\n"])
def test_the_package_does_not_need_what_a_wheel_lacks(house, outside):
    assert ["not part of the package" in line for line in faults(house(top=outside))] == [True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def late():\n    from house import ground\n", 1),
        ("def late():\n    import json\n", 1),
        ("async def late():\n    import json, house.ground\n", 2),
        ("def late():\n    def later():\n        import json\n", 1),
        ("def late():\n    import json  # because\n", 1),
        ("# slow: no, that is about something else\n\n\ndef late():\n    import json\n", 1),
        ("def late():\n    import json  # slow: parses itself first\n", 0),
        ("def late():\n    # optional: an extra\n    from house import ground\n", 0),
        ("def late():\n    from house.ground import (  # slow: long\n        WORD,\n    )\n", 0),
        ("def late():\n    import keras.src.backend\n    from PIL import Image\n", 0),
        ("def late():\n    import importlib.util\n", 0),
        ("def late():\n    import importlib.metadata\n", 1),
        ("import json\n", 0),
        ("class House:\n    import json\n", 0),
    ],
)
def test_an_import_in_a_function_needs_a_reason(house, text, expected):
    assert len(faults(house(top=text))) == expected


def test_the_package_itself_may_look_up_late(house):
    assert faults(house(__init__="def __getattr__(name):\n    from house import ground\n")) == []


def test_a_module_without_a_room_is_found(house):
    assert faults(house(attic="")) == ["house.attic: no floor has a room attic"]


def test_a_folder_without_an_init_is_a_room_as_well(house):
    assert faults(house(attic__trunk="")) == ["house.attic.trunk: no floor has a room attic"]


def test_a_room_without_a_module_is_found(house):
    assert homeless(house(), (*HOUSE_FLOORS, ("cellar",))) == ["room cellar: no module is in it"]
