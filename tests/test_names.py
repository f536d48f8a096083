"""Names say what a thing is, and one name means one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

import pytest
from test_imports import MODULES

RIDDLES = {
    # of another theory, or a metaphor
    *("bundle", "bundles", "walk", "walks", "ledger", "ground", "grounds", "layout"),
    *("foretold", "foretell", "carry_out", "conclude", "conducted", "given"),
    # a part of speech instead of a content
    *("found", "said", "why", "there", "mine", "ours", "theirs", "told", "shown"),
}
"""No variable, parameter, attribute, function, class or module may be called so."""


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield every name that a module gives to something, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield (node.id if isinstance(node, ast.Name) else node.attr), node.lineno
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name, node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname, node.lineno) for alias in node.names if alias.asname)


def words(name: str) -> str:
    return name.strip("_").lower()


def test_names_are_seen() -> None:
    source = "import a as b\ndef f(c):\n    self._d = e = 1\nclass G:\n    h: int = 2\n"
    assert {words(name) for name, _ in names(ast.parse(source))} == set("bcdefgh") - {"self"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_name_is_a_riddle(module: str) -> None:
    riddles = [(n, line) for n, line in names(MODULES[module]) if words(n) in RIDDLES]
    assert riddles == []
    assert words(module.rpartition(".")[2]) not in RIDDLES


def test_a_class_or_a_type_has_a_name_of_its_own() -> None:
    modules = defaultdict(set)
    for module, tree in MODULES.items():
        # An optimiser for torch has the names of the solver whose steps it takes.
        method = module.replace("lrbench.torch.", "lrbench.solvers.")
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, ast.ClassDef):
                modules[node.name].add(method)
            elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
                modules[ast.unparse(node.target)].add(method)
    assert {name: where for name, where in modules.items() if len(where) > 1} == {}
