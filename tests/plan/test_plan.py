"""What to run is checked when a plan is made, before any data are read."""

from __future__ import annotations

import math

import pytest

from lrbench.api import run
from lrbench.errors import UsageError
from lrbench.plan.plan import Plan


def test_budget() -> None:
    assert Plan().steps(569) == 1000
    assert Plan(passes=3).steps(569) == 3
    assert Plan(batch_size=64).steps(569) == math.ceil(10 * 569 / 64)
    assert Plan(batch_size=64, passes=1).steps(640) == 10
    assert Plan(batch_size=64, iterations=7).steps(569) == 7


def test_a_wrong_option_is_said_before_anything_runs() -> None:
    with pytest.raises(UsageError, match="replicates"):
        Plan(replicates=2)
    with pytest.raises(UsageError, match=r"^radius=1 leaves"):
        run("logreg", radius=1.0)
    with pytest.raises(UsageError, match="initial learning rate"):
        Plan(lr0=[])


def test_a_solver_named_twice_runs_once() -> None:
    (problem,) = run("log-spectrum", solvers=["gd", "sgd", "sgd"], iterations=3).problems
    assert len(problem.runs) == 1


def test_solvers_whose_parameters_differ_in_the_last_digit_are_two() -> None:
    plan = Plan(solvers=["adam[beta2=0.9999999]", "adam[beta2=0.99999990000001]", "adam"])
    assert len(plan.built) == 3
    assert str(plan.built[0][1]) == "adam[beta2=0.9999999]"
