"""What to run is checked when a plan is made, before any data are read."""

from __future__ import annotations

import math
import re

import pytest

from lrbench.api import run
from lrbench.config.parameters import number_fields
from lrbench.errors import UsageError
from lrbench.plan.plan import Plan
from lrbench.solvers import SOLVERS


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


@pytest.mark.parametrize("given", [["wngrad", "adagrad-norm", "sgd"], ["sgd"], ["dog", "adam"]])
def test_the_hint_on_an_axis_that_is_missing_leads_to_one_that_is_there(given: list[str]) -> None:
    every = {name for cls in SOLVERS.available().values() for name in number_fields(cls)}
    refused = 0
    for name in sorted(every):
        try:
            Plan(solvers=given, over=f"{name}=1", sweep=True)
        except UsageError as error:
            if "no number of this name" not in error.message:
                continue  # 1 may be no value of it
            refused += 1
            if match := re.match(r"give --solver (\S+) --over (\w+);", error.hint):
                assert match[2] == name
                assert name in number_fields(SOLVERS.get(match[1]))
                offered = error.hint.partition(" have ")[2] or error.hint.partition(" has ")[2]
            else:
                offered = error.hint.removeprefix("did you mean ").removesuffix("?")
            for other in offered.rstrip(".").split(", "):
                known = {"scale", "lr0"} if other in ("scale", "lr0") else set()
                for solver in given:
                    assert other in {*known, *number_fields(SOLVERS.get(solver))}
    assert refused > 10
