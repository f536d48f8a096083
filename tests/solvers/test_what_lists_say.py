"""What lists say of a solver is what a run measures: the cost of a step, the size of the state."""

from __future__ import annotations

import re

import numpy as np
import pytest

import lrbench
from lrbench.engine.runner import StepRunner
from lrbench.solvers import SOLVERS
from lrbench.solvers.base import GROUPS
from lrbench.solvers.state import is_per_lane, leaves

STEPS, BATCH = 40, 10
STEP_RULES = sorted(name for name in SOLVERS if not SOLVERS.get(name).outside)


def count(text: str, noun: str) -> int:
    """Return the number before a noun in a text such as ``"1 gradient, 2 values"``; else 0."""
    match = re.search(rf"(\d+) (?:or more )?{noun}", text)
    return int(match[1]) if match else 0


@pytest.mark.parametrize("name", STEP_RULES)
def test_the_cost_and_the_state_are_those_of_a_run(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = []

    class Noted(StepRunner):
        def go(self, *args):  # type: ignore[no-untyped-def]
            leg = super().go(*args)
            states.append(self.state)
            return leg

    monkeypatch.setenv("LRBENCH_COMPILED", "0")  # the steps are those of the class
    monkeypatch.setattr("lrbench.engine.runners.StepRunner", Noted)
    cls = SOLVERS.get(name)
    result = lrbench.run(
        "logreg", solvers=name, lr0=[0.1, 0.3, 0.7], batch_size=BATCH, iterations=STEPS
    )
    problem = result.problems[0]
    n, d = problem.header.n_samples, problem.header.n_features
    trace = problem.runs[0].trace
    gradients = trace["sample_gradients"][-1] / STEPS / BATCH
    if "full one a pass" in cls.step_cost or name == "saga":  # a full gradient at the start
        gradients -= n * np.ceil(STEPS * BATCH / n) / STEPS / BATCH
    assert gradients == pytest.approx(count(cls.step_cost, "gradient"), abs=0.06)
    values = trace["sample_values"][-1] / STEPS / BATCH
    assert values >= count(cls.step_cost, "(?:or more )?value") - 0.01
    assert ("or more" in cls.step_cost) or values == count(cls.step_cost, "value")
    assert (trace["prox_calls"][-1] > 0) == bool(count(cls.step_cost, "prox"))
    n_lanes = 3 if cls.has_lr0 else 1
    numbers = sum(leaf.size // n_lanes for _, leaf in leaves(states[-1]) if is_per_lane(leaf))
    size = {"O(1)": 0, "d": d, "2 d": 2 * d, "n + d": n + d}[cls.state_size]
    assert size <= numbers < size + 8


@pytest.mark.parametrize("name", sorted(SOLVERS))
def test_every_solver_of_lrbench_is_in_a_group(name: str) -> None:
    group = SOLVERS.get(name).group
    assert group in GROUPS
    assert (group == "yours") == (not SOLVERS.is_own(name))
