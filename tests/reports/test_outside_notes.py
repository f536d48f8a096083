"""Pages say of solvers that own their loop how they are traced, and what a pass is to them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lrbench.solvers import SOLVERS

NOTES = (
    "outside:saga owns its loop: traced by increasing budgets, each a run from w_0,\n"
    "  a pass is an epoch of n_samples steps, each with the gradient of one sample\n"
    "outside:lbfgs owns its loop: traced by callback,\n"
    "  a pass is n_samples gradients that it asks for, at trial points, too\n"
)


@pytest.mark.parametrize("lr0", ["1", "1,2"])
def test_a_run_says_it_once(invoke: Any, lr0: str) -> None:
    solvers = ("-s", "outside:saga", "-s", "sgd", "-s", "outside:lbfgs")
    page = invoke("run", "-p", "logreg", *solvers, "--lr0", lr0, "-n", "5").out
    assert page.count(NOTES) == 1
    assert page.count("owns its loop") == 2
    assert "owns its loop" not in invoke("run", "-p", "logreg", "-s", "sgd", "-n", "5").out


@pytest.mark.parametrize("more", [(), ("--at", "2,4")])
def test_a_sweep_says_it_once(invoke: Any, more: tuple[str, ...]) -> None:
    solvers = ("-s", "outside:saga", "-s", "sgd", "-s", "outside:lbfgs")
    page = invoke("sweep", "-p", "logreg", *solvers, "--lr0", "1:10:2", "-n", "5", *more).out
    assert page.count(NOTES) == 1


def test_each_is_listed_with_it(invoke: Any) -> None:
    for name in ("outside:liblinear", "outside:newton-cg", "sgd"):
        (part,) = json.loads(invoke("list", "solvers", name, "--format", "json").out)["parts"]
        cls = SOLVERS.get(name)
        traced = {"outside:liblinear": "by increasing budgets, each a run from w_0"}
        traced["outside:newton-cg"] = "by callback"
        assert part["traced"] == traced.get(name)
        assert part["pass"] == getattr(cls, "pass_means", None)


def test_an_average_that_is_not_known_has_no_column(invoke: Any) -> None:
    command = ("run", "-p", "logreg", "-s", "outside:saga", "-s", "sgd", "--lr0", "1,2", "-n", "5")
    table = invoke(*command).out.split("\noutside:saga\n")[1].split("\n\n")[0]
    heading, _, row = (text.split() for text in table.splitlines())
    assert heading == ["lr0", "last"]
    assert (row[0], len(row)) == ("-", 2)
