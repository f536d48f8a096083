"""Imports inside lrbench go one way, and importing it is cheap."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SPEC = importlib.util.find_spec("lrbench")
assert SPEC is not None
assert SPEC.origin is not None
ROOT = Path(SPEC.origin).parent

LAYERS = [
    "errors arrays version cache kernels",
    "config",
    "plugins torch",
    "losses penalties",
    "objective",
    "results",
    "solvers theory data optimum study problem_files",
    "engine",
    "plan contract",
    "verdicts",
    "experiment",
    "gate",
    "api",
    "pytest_plugin",
    "reports",
    "cli",
    "__main__",
]
"""From the bottom up: the folders, and the modules that lie beside them. Each imports from its own
layer and from those above it in this list."""

LEVEL = {unit: level for level, units in enumerate(LAYERS) for unit in units.split()}

LOOSE = {"api", "arrays", "errors", "pytest_plugin", "version", "__main__"}
"""The modules that lie in no folder."""

NEVER = {
    "theory": "objective.linear solvers data optimum problem_files",
    "solvers": "theory data optimum problem_files study",
    "study": "objective solvers theory optimum problem_files data",
    "engine": "theory losses penalties data optimum problem_files study objective.linear",
    "reports": "engine solvers objective data optimum",
    "verdicts": "data optimum problem_files",
}
"""What the order of the layers allows, and still must not be."""


def modules() -> dict[str, ast.Module]:
    """Return every module of lrbench but those on their own in `lrbench.problems`."""
    out = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = ["lrbench", *path.relative_to(ROOT).with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        out[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return out


MODULES = modules()


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every node that runs: not those for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if not is_type_checking(child):
            yield child
            yield from statements(child)


def imported(tree: ast.AST) -> set[str]:
    """Return the modules of lrbench that a module imports, at its top or inside a function."""
    out = set()
    for node in statements(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            while name.startswith("lrbench") and name not in MODULES:
                name = name.rpartition(".")[0]
            if name.startswith("lrbench"):
                out.add(name)
    return out


GRAPH = {name: imported(tree) for name, tree in MODULES.items()}


def unit(module: str) -> str:
    """Return the module or folder directly below lrbench; empty for lrbench itself."""
    return [*module.split("."), ""][1]


def edges() -> Iterator[tuple[str, str]]:
    """Yield (importer, imported) between different units."""
    for name, targets in GRAPH.items():
        for target in sorted(targets):
            if "" != unit(name) != unit(target) != "":
                yield name, target


def test_the_graph_is_read_rightly() -> None:
    assert "lrbench.solvers.base" in GRAPH["lrbench.engine.runner"]
    # For type checkers only:
    assert "lrbench.objective.minibatches" not in GRAPH["lrbench.objective.problem"]
    assert GRAPH["lrbench.arrays"] == set()
    assert len(list(edges())) > 30


def test_every_folder_has_its_layer() -> None:
    units = {unit(name) for name in MODULES} - {"", "problems"}
    assert units - LEVEL.keys() == set(), "give it a layer in LAYERS"
    assert LEVEL.keys() - units == set(), "it is gone: take it from LAYERS"


def test_every_module_but_a_few_is_in_a_folder() -> None:
    assert {path.stem for path in ROOT.glob("*.py")} - {"__init__"} == LOOSE


def test_imports_go_one_way() -> None:
    wrong = [(a, b) for a, b in edges() if LEVEL[unit(b)] > LEVEL[unit(a)]]
    assert wrong == []


def test_what_must_not_be_imported_is_not() -> None:
    wrong = [
        (name, target)
        for name, target in edges()
        for folder in NEVER.get(unit(name), "").split()
        if f"{target}.".startswith(f"lrbench.{folder}.")
    ]
    assert wrong == []


def test_the_linear_model_is_known_where_problems_are_made_and_certified_only() -> None:
    folders = {unit(a) for a, b in edges() if f"{b}.".startswith("lrbench.objective.linear.")}
    assert folders <= {"contract", "data", "optimum", "problem_files"}


def test_nothing_but_the_command_imports_the_command() -> None:
    assert [a for a, b in edges() if unit(b) == "cli" and a != "lrbench.__main__"] == []


def test_folders_import_each_other_without_a_circle() -> None:
    folders: dict[str, set[str]] = {folder: set() for folder in LEVEL}
    for name, target in edges():
        folders[unit(name)].add(unit(target))
    assert set(TopologicalSorter(folders).static_order()) == set(LEVEL)


def test_there_is_no_circle() -> None:
    # A circle raises CycleError; without one every module has its place.
    assert set(TopologicalSorter(GRAPH).static_order()) == set(GRAPH)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_module_says_what_it_is_for(name: str) -> None:
    doc = ast.get_docstring(MODULES[name])
    assert doc, name
    assert doc.splitlines()[0].endswith((".", "?")), doc.splitlines()[0]


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    stems = {name.rpartition(".")[2] for name in MODULES} - {"__main__"}
    assert stems & sys.stdlib_module_names == set()


@pytest.mark.parametrize("module", ["lrbench", "lrbench.errors", "lrbench.config.registry"])
def test_importing_it_is_cheap(module: str) -> None:
    heavy = "{'numpy', 'scipy', 'sklearn', 'joblib', 'rich', 'click'}"
    code = f"import sys, {module}; print(sorted(sys.modules.keys() & {heavy}))"
    command = [sys.executable, "-W", "error", "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_public_names_are_there() -> None:
    import lrbench

    for name in lrbench.__all__:
        assert getattr(lrbench, name) is not None
    assert dir(lrbench) == sorted(lrbench.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lrbench.nothing


PARTS_OF_LINEAR = {"data", "y", "loss", "penalty", "intercept", "about", "digest", "test"}
"""Attributes that linear problems alone have."""


def last_name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def test_the_parts_of_linear_problems_are_read_where_they_are_made_and_certified_only() -> None:
    """`header` and `facts` have some of these names; they are no problems."""
    known = (
        "lrbench.contract.problems",
        "lrbench.objective.linear",
        "lrbench.objective.network",
        "lrbench.optimum",
        "lrbench.problem_files",
    )
    read = {
        (name, f"{last_name(node.value)}.{node.attr}")
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in PARTS_OF_LINEAR
        and last_name(node.value) in {"problem", "objective", "_problem", "_objective"}
    }
    assert {name for name, _ in read if name.startswith(known)}  # the rule finds what it is for
    assert sorted((name, what) for name, what in read if not name.startswith(known)) == []
