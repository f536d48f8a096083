"""What solvers need and problems lack is one error, before any run on any problem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Invoke
from network import Network

import lrbench
from lrbench.engine import run as engine
from lrbench.errors import UsageError
from lrbench.objective.problem import Problem
from lrbench.optimum import Optimum, find_optimum
from lrbench.plan import prepare
from lrbench.problem_files import load_spec, with_overrides
from lrbench.solvers import SOLVERS
from lrbench.solvers.sgd import SGD


@dataclass(frozen=True)
class Greedy(SGD):
    """Gradient descent that asks for all constants."""

    name = "greedy"
    theorems = "scalar-step"
    needs = ("L", "L_max", "mu", "horizon")


@pytest.fixture
def stepless(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(*tasks: Any, **options: Any) -> Any:
        raise AssertionError("a run was started")

    monkeypatch.setattr(engine, "run_lanes", step)


@pytest.fixture
def greedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOLVERS._locations, "greedy", f"{__name__}:Greedy")


@pytest.fixture
def rough_logreg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the optimum of `logreg` one that is known to 0.003 only."""

    def rough(problem: Problem, cache: Path | None) -> Optimum:
        optimum = find_optimum(problem, cache=cache)
        if problem.name != "logreg":
            return optimum
        return replace(optimum, f_star_error=0.003, obstacle="collinear columns")

    monkeypatch.setattr(prepare, "find_optimum", rough)


@pytest.mark.usefixtures("stepless", "rough_logreg")
def test_an_uncertified_minimum_is_a_need_that_is_not_met(invoke: Invoke) -> None:
    words = ("-p", "log-spectrum", "-p", "logreg", "-s", "sgd", "-s", "polyak", "-n", "3")
    outcome = invoke("run", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "Error: a need of a solver is not met: polyak needs f* on logreg.\n"
        "Hint: leave the solver out, or give f* with --f-star VALUE.\n"
    )
    assert invoke("run", *words, "--dry-run").err == outcome.err


@pytest.mark.usefixtures("rough_logreg")
def test_a_minimum_that_is_given_meets_the_need() -> None:
    result = lrbench.run("logreg", solvers="polyak", iterations=3, f_star=0.25)
    assert result.failures == ()
    assert len(result.problems[0].runs) == 1


@pytest.mark.usefixtures("rough_logreg")
def test_without_the_need_the_other_problems_run() -> None:
    result = lrbench.run(["logreg", "log-spectrum"], solvers="sgd", iterations=3)
    assert [name for name, _ in result.failures] == ["logreg"]
    assert [p.name for p in result.problems] == ["log-spectrum"]


@pytest.mark.usefixtures("stepless", "greedy")
def test_all_problems_and_solvers_are_in_one_error() -> None:
    solvers = ["polyak", "saga", "greedy", "sgd"]
    with pytest.raises(UsageError) as caught:
        lrbench.run(["svm", "log-spectrum", Network()], solvers=solvers, iterations=3)
    assert caught.value.message == (
        "a need of a solver is not met: greedy needs L and L_max on svm; polyak needs f* on"
        " network; saga needs the derivatives of single samples on network; greedy needs L and"
        " L_max and mu > 0 on network."
    )
    assert caught.value.hint == "leave the solver out, or give f* with f_star=VALUE."


@pytest.mark.usefixtures("stepless")
def test_what_an_outside_solver_does_not_minimise_is_in_one_error() -> None:
    solvers = ["outside:lasso", "outside:liblinear", "outside:newton-cg", "outside:lbfgs", "dog"]
    changes: dict[str, Any] = {"penalty": "box", "intercept": True, "start": "normal[scale=0.1]"}
    boxed = replace(with_overrides(load_spec("logreg"), **changes), name="boxed")
    with pytest.raises(UsageError) as caught:
        lrbench.run(["lasso", "logreg", boxed, Network()], solvers=solvers, iterations=3)
    assert caught.value.message == (
        "a need of a solver is not met:"
        " outside:liblinear needs loss = logistic on lasso;"
        " outside:lasso needs loss = squared and penalty = l1 or elastic-net on logreg;"
        " outside:lasso needs loss = squared and penalty = l1 or elastic-net on boxed;"
        " outside:liblinear needs penalty = l2 or l1 and intercept = false and start = zeros on"
        " boxed;"
        " outside:newton-cg needs a problem without bounds on boxed;"
        " outside:lasso needs a linear model on network;"
        " outside:liblinear needs a linear model on network."
    )
    assert caught.value.hint == "leave the solver out."


def test_a_schedule_that_is_made_from_the_penalty_needs_one() -> None:
    solvers = ["outside:sgd-classifier[schedule=optimal]", "outside:sgd-classifier"]
    with pytest.raises(UsageError) as caught:
        lrbench.run("logreg-unregularised", solvers=solvers, iterations=3)
    assert caught.value.message == (
        "a need of a solver is not met: outside:sgd-classifier needs a penalty for its"
        " schedule = optimal on logreg-unregularised."
    )


@pytest.mark.usefixtures("greedy")
def test_strong_convexity_is_needed_where_mu_is_0() -> None:
    with pytest.raises(UsageError) as caught:
        lrbench.run("huber", solvers=["greedy"], iterations=3)
    assert caught.value.message == "a need of a solver is not met: greedy needs mu > 0 on huber."
    assert caught.value.hint == "leave the solver out."


@pytest.mark.usefixtures("stepless", "greedy")
def test_the_gate_checks_it_too() -> None:
    with pytest.raises(UsageError, match="greedy needs mu > 0 on huber"):
        lrbench.check("huber", solvers="greedy", iterations=3, expect="status = completed")
