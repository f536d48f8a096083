"""Losses and penalties are asked for what they say, and never which ones they are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lrbench
from lrbench.losses import LOSSES
from lrbench.penalties import PENALTIES

ROOT = Path(lrbench.__file__).parent

PARTS = {part.get(name) for part in (LOSSES, PENALTIES) for name in part}
"""The classes of the losses and penalties that are registered."""

PART_NAMES = {part.name for part in PARTS}

PACKAGES_OF_PARTS = {"lrbench.losses", "lrbench.penalties"}

REGISTRIES = {"LOSSES", "PENALTIES"}


def asked_for_its_class(tree: ast.AST) -> list[str]:
    """Return the losses and penalties that a module imports for another use than to make one."""
    classes = {part.__name__ for part in PARTS}
    modules = {part.__module__ for part in PARTS}
    imported = [
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in {*modules, *PACKAGES_OF_PARTS}
        for alias in node.names
        if node.module in PACKAGES_OF_PARTS or alias.name in classes
    ]
    made = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return [n.id for n in names if n.id in set(imported) - REGISTRIES and id(n) not in made]


def asked_for_its_name(tree: ast.AST) -> list[str]:
    """Return the comparisons with the name of a loss or penalty, and the lists of such names.

    ``none`` is the name of other things, too: it counts where a ``.name`` is compared with it.
    """
    out = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            of_name = any(getattr(side, "attr", "") == "name" for side in ast.walk(node))
            literals = {c.value for c in ast.walk(node) if isinstance(c, ast.Constant)}
            if literals & (PART_NAMES if of_name else PART_NAMES - {"none"}):
                out.append(ast.unparse(node))
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            values = {c.value for c in node.elts if isinstance(c, ast.Constant)}
            if values & (PART_NAMES - {"none"}):
                out.append(ast.unparse(node))
    return out


def test_nobody_asks_which_loss_or_penalty_it_is() -> None:
    asked = {}
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        # A report has the record of a problem, in which a penalty is its name and its numbers. An
        # estimator of another library minimises the objectives that it has names for, and no other.
        if not name.startswith(("losses/", "penalties/", "reports/", "solvers/outside/")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            asked[name] = asked_for_its_class(tree) + asked_for_its_name(tree)
    assert len(asked) > 200
    assert {name: what for name, what in asked.items() if what} == {}


@pytest.mark.parametrize(
    "text",
    [
        "from lrbench.penalties.box import Box\nisinstance(penalty, Box)",
        "from lrbench.losses.hinge import Hinge as H\nKINKED = (H, int)",
        "from lrbench.losses import squared\ntype(loss) is squared.Squared",
        "penalty.name == 'none'",
        "loss != 'squared'",
        "spec.penalty.name in ('none', 'l2')",
        "SHARES = ('l1', 'elastic-net')",
    ],
)
def test_a_question_for_a_class_or_a_name_is_seen(text: str) -> None:
    assert asked_for_its_class(ast.parse(text)) or asked_for_its_name(ast.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "from lrbench.penalties.none import NoPenalty\nreplace(p, penalty=NoPenalty())",
        "from lrbench.losses import LOSSES\nLOSSES.get('squared')",
        "from lrbench.losses.base import Loss\nx: Loss",
        "spec.scale != 'none'",
    ],
)
def test_what_is_no_question_is_none(text: str) -> None:
    assert not asked_for_its_class(ast.parse(text))
    assert not asked_for_its_name(ast.parse(text))
