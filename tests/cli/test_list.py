"""`lrbench list`: what is registered and nothing else, and what is said of other software."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import as_problem, walk_along

from lrbench.cli.list import reflowed
from lrbench.cli.list_parts import KINDS
from lrbench.losses import LOSSES
from lrbench.penalties import PENALTIES
from lrbench.reports import REPORTS
from lrbench.solvers import SOLVERS
from lrbench.solvers.base import GROUPS
from lrbench.theory import THEOREMS

ROOT = Path(__file__).parent.parent.parent
REGISTERED = {
    "problems": sorted(p.stem for p in (ROOT / "problems").glob("*.toml")),
    "solvers": list(SOLVERS),
    "losses": list(LOSSES),
    "penalties": list(PENALTIES),
    "theorems": list(dict.fromkeys(t.key for found in THEOREMS.values() for t in found)),
    "formats": list(REPORTS),
}
QUICK = [(kind, name) for kind, names in REGISTERED.items() if kind != "problems" for name in names]


def parts(invoke: Any, *args: str) -> list[dict[str, Any]]:
    outcome = invoke("list", *args, "--format", "json")
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert (report["format"], report["version"], report["kind"]) == ("lrbench-list", 1, args[0])
    found: list[dict[str, Any]] = report["parts"]
    return found


def test_every_kind_is_tested() -> None:
    assert REGISTERED.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", REGISTERED)
def test_what_is_registered_is_listed_and_nothing_else(invoke: Any, kind: str) -> None:
    found = parts(invoke, kind)
    assert [part["name"] for part in found] == REGISTERED[kind]
    assert all(part["about"] for part in found)
    outcome = invoke("list", kind)
    lines = outcome.out.splitlines()
    assert outcome.code == 0
    headings = {f"{group}:" for group in GROUPS} | {"scale:", "theorems:", "what"}
    names = {line.split()[0] for line in lines[2:] if line and line[0] != " "}
    assert names - (headings if kind == "solvers" else set()) == set(REGISTERED[kind])
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize(("kind", "name"), [*QUICK, ("problems", "logreg")])
def test_the_details_of_a_part(invoke: Any, kind: str, name: str) -> None:
    (part,) = parts(invoke, kind, name)
    assert part["name"] == name
    outcome = invoke("list", kind, name)
    assert outcome.code == 0
    assert outcome.out.startswith(f"{name}\n")
    assert outcome.out.isascii()
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert not re.search(r"math::|``|\\|&=|\]_", outcome.out)
    prose = re.sub(r":math:`[^`]*`\S*", "", part.get("doc", "").partition("\n")[2])
    prose = re.sub(r"\.\. math::.*(\n +.*)*|`", "", prose).replace(r"\|", "|")
    assert set(prose.split()) <= set(outcome.out.split())


def test_a_problem_tells_its_data_and_sizes(invoke: Any) -> None:
    (part,) = parts(invoke, "problems", "least-squares")
    assert (part["n_samples"], part["n_features"]) == (442, 11)  # ten columns and the intercept
    assert part["data"] == "sklearn:diabetes"
    assert part["intercept"] is True
    table = tomllib.loads((ROOT / "problems" / "least-squares.toml").read_text("utf-8"))
    assert part["about"] == table["title"]


def test_a_solver_tells_its_theorems_and_parameters(invoke: Any) -> None:
    (part,) = parts(invoke, "solvers", "wngrad")
    assert part["parameters"] == {
        "order": "current",
        "c": 1.0,
        "scope": "all",
        "sphere": False,
    }
    assert part["theorems"] == [t.key for t in THEOREMS["wngrad"]]
    assert "Algorithm 1" in part["doc"]
    (alias,) = parts(invoke, "solvers", "gd")
    assert alias["name"] == "sgd"


def test_a_theorem_tells_the_solvers_that_it_speaks_of(invoke: Any) -> None:
    (part,) = parts(invoke, "theorems", "C6")
    assert set(part["solvers"]) >= {"wngrad", "adagrad-norm", "sgd"}
    assert part["sharpness"] == "tight"


@pytest.mark.parametrize(
    ("args", "near"),
    [
        (("solver",), "solvers"),
        (("solvers", "wngard"), "wngrad"),
        (("problems", "logrge"), "logreg"),
        (("theorems", "W33"), "W3"),
        (("formats", "jsn"), "json"),
    ],
)
def test_an_unknown_name_is_met_with_the_nearest(
    invoke: Any, args: tuple[str, ...], near: str
) -> None:
    outcome = invoke("list", *args)
    assert outcome.code == 2
    assert outcome.out == ""
    assert f"Hint: did you mean {near}?" in outcome.err


def test_theorems_are_found_whatever_their_case(invoke: Any) -> None:
    for said, key in (("w3", "W3"), ("gd-MU", "GD-mu"), ("c2'", "C2'")):
        assert parts(invoke, "theorems", said)[0]["name"] == key


def test_a_formula_of_one_line_is_kept(invoke: Any) -> None:
    assert "    w_{t+1} = w_t - eta_t g_t,  t = 0, 1, ...\n" in invoke("list", "solvers", "sgd").out


def test_a_path_is_no_name_of_a_problem(invoke: Any) -> None:
    assert invoke("list", "problems", str(ROOT / "problems" / "logreg.toml")).code == 2


def test_docstrings_keep_formulas_and_headings() -> None:
    doc = (
        "A\n.. math::\n    a &= b \\\\\n    c &= d\n\nNotes\n-----\none\ntwo\n\nname\n    x\n    y"
    )
    expected = "A\n    a = b\n    c = d\n\nNotes\n-----\none two\n\nname\n    x y"
    assert "\n".join(reflowed(doc)) == expected
    assert max(map(len, reflowed("word " * 100))) <= 80


# The same step rules as other software computes them, in its own settings. Each yields iterates.

A = np.array([3.0, 0.5])
START = [1.0, -2.0]
Point = list[float]


def gradient(w: Point) -> Point:
    return [a * x for a, x in zip(A, w, strict=True)]


def norm_sq(g: Point) -> float:
    return sum(x * x for x in g)


def ensmallen(step_size: float) -> Any:
    """b += stepSize^2 / b * |g|^2, then w -= stepSize g / b, from b = 1."""
    w, b = START, 1.0
    while True:
        g = gradient(w)
        b += step_size**2 / b * norm_sq(g)
        w = [x - step_size * d / b for x, d in zip(w, g, strict=True)]
        yield w


def pytorch_row(lr: float, initial: float) -> Any:
    """One row of a matrix: wn += lr^2 |g|^2 / wn, then w -= lr g / wn, without eps."""
    w, wn = START, initial
    while True:
        g = gradient(w)
        wn += lr**2 * norm_sq(g) / wn
        w = [x - lr * d / wn for x, d in zip(w, g, strict=True)]
        yield w


def caffe2(lr: float, seq_b: float) -> Any:
    """w += lr g / h with the old h, then h += |g|^2 / h, without epsilon."""
    w, h = START, seq_b
    while True:
        g = gradient(w)
        w = [x + lr * d / h for x, d in zip(w, g, strict=True)]
        h += norm_sq(g) / h
        yield w


def pytorch_norm(lr: float, initial: float) -> Any:
    """One row of a matrix: sum += |g|^2, then w -= lr g / sqrt(sum), without 1e-10."""
    w, total = START, initial
    while True:
        g = gradient(w)
        total += norm_sq(g)
        w = [x - lr * d / total**0.5 for x, d in zip(w, g, strict=True)]
        yield w


def ward(eta: float, b: float) -> Any:
    """b^2 += |g|^2, then w -= eta g / b."""
    w = START
    while True:
        g = gradient(w)
        b = (b * b + norm_sq(g)) ** 0.5
        w = [x - eta * d / b for x, d in zip(w, g, strict=True)]
        yield w


ELSEWHERE: dict[str, tuple[str, Callable[[], Any], float, dict[str, Any]]] = {
    "ensmallen, WNGradUpdate": ("wngrad", lambda: ensmallen(0.562), 0.562, {"order": "current"}),
    "X. Wu's PyTorch, optim.Wngrad": (
        "wngrad",
        lambda: pytorch_row(0.3, 0.25),
        0.3 / 0.25,
        {"order": "current"},
    ),
    "Caffe2, operator Wngrad": (
        "wngrad",
        lambda: caffe2(-0.3, 4.0),
        0.3 / 4.0,
        {"order": "lagged", "c": 1 / 0.3**2},
    ),
    "X. Wu's PyTorch, optim.Adagradnorm": (
        "adagrad-norm",
        lambda: pytorch_norm(0.7, 0.01),
        0.7 / 0.1,
        {"eta": 0.7},
    ),
    "Ward, Wu, Bottou, Algorithm 1": (
        "adagrad-norm",
        lambda: ward(0.3, 0.05),
        0.3 / 0.05,
        {"eta": 0.3},
    ),
}


def rows() -> dict[str, tuple[str, dict[str, str]]]:
    text = (resources.files("lrbench.solvers") / "elsewhere.toml").read_text("utf-8")
    return {r["where"]: (s, r) for s, found in tomllib.loads(text).items() for r in found}


def test_every_place_is_checked_and_complete() -> None:
    assert rows().keys() == ELSEWHERE.keys()
    for solver, row in rows().values():
        assert solver in SOLVERS
        columns = {"where", "order", "b_0", "lr0", "differs", "source"}
        assert row.keys() == columns | ({"c"} if solver == "wngrad" else set())


@pytest.mark.parametrize("where", ELSEWHERE)
def test_settings_elsewhere_mean_what_the_table_says(where: str) -> None:
    solver, theirs, lr0, params = ELSEWHERE[where]
    said = rows()[where]
    assert said[0] == solver
    assert said[1]["order"] == params.get("order", "current")
    X = np.diag(np.sqrt(len(A) * A))  # X'X / n = diag(A)
    problem = as_problem(X, np.zeros(len(A)), LOSSES.get("squared")(), w0=np.array(START))
    ours = walk_along(problem, SOLVERS.get(solver)(**params), np.array([lr0]))
    for _, (W, *_), other in zip(range(50), ours, theirs(), strict=False):
        assert W[:, 0] == pytest.approx(np.array(other), rel=1e-11, abs=1e-300)


def test_the_table_of_other_software_is_shown(invoke: Any) -> None:
    page = invoke("list", "solvers", "wngrad").out
    for where, (solver, row) in rows().items():
        assert (where in page) == (solver == "wngrad")
        if solver == "wngrad":
            assert row["lr0"] in page
