"""Every solver, inside the engine, follows the published recursion step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pytest
from builders import Array, dense, linear_problem, run_healthy, task
from proximal import PROXIMAL
from recursions import REFERENCES, After
from scalar import ScalarModel

from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.results import Run
from lrbench.solvers import SOLVERS

STEPS = 30
RATES = [10.0**k for k in range(-3, 4)]

CASES = [
    pytest.param(name, params, id="-".join([name, *map(str, params.values())]))
    for name in SOLVERS
    for params in (REFERENCES[name].params if name in REFERENCES else [])
]
PROBLEMS = [
    pytest.param(loss, weight, intercept, id=f"{loss}-l2={weight}-intercept={intercept}")
    for loss in ("squared", "logistic")
    for weight, intercept in ((0.0, False), (0.1, False), (0.1, True))
]


def test_every_solver_has_a_reference() -> None:
    assert set(SOLVERS) == set(REFERENCES) | set(PROXIMAL)


@dataclass
class Pair:
    """A lane of the engine and the same lane in scalar Python."""

    run: Run
    steps: list[After]
    objective: Array
    L: float

    def comparable(self) -> int:
        """Return how many steps can be compared: beyond the first unstable one errors grow."""
        over = [t for t, s in enumerate(self.steps) if max(s.lr, s.gain) * self.L > 2.0]
        return STEPS if not over else min(STEPS, over[0] + 8)


def pairs(
    name: str, params: Mapping[str, Any], problem: LinearProblem, batch: Minibatches | None
) -> list[Pair]:
    work = task(problem, SOLVERS.get(name)(**params), RATES, STEPS, batch=batch, minimum=False)
    model = ScalarModel(
        dense(problem).tolist(),
        problem.y.tolist(),
        problem.loss.name,
        problem.penalty.weight,
        problem.intercept,
    )
    order = [range(problem.n_samples)] * STEPS
    if batch is not None:
        order = next(batch.chunks(STEPS)).tolist()
    out = []
    for run, lr0 in zip(run_healthy(work), RATES, strict=True):
        recursion = REFERENCES[name].recursion(
            problem.w0.tolist(), lr0, lambda t, w: model.gradient(w, order[t]), **params
        )
        steps = list(islice(recursion, STEPS))
        values = [model.value(problem.w0.tolist()), *(model.value(s.w) for s in steps)]
        out.append(Pair(run, steps, np.array(values), work.constants.L))
    return out


def compare(pair: Pair) -> None:
    trace, upto = pair.run.trace, pair.comparable() + 1
    # The scores of an iterate far out cancel: what is lost is relative to the largest objective.
    scale = np.maximum.accumulate(np.abs(pair.objective))
    error = np.abs(trace["objective"] - pair.objective) / scale
    assert error[:upto].max() < 1e-12
    lr = np.array([s.lr for s in pair.steps])
    np.testing.assert_allclose(trace["lr"][1:upto], lr[: upto - 1], rtol=1e-12)
    for key in pair.steps[0].state:
        expected = [s.state[key] for s in pair.steps[: upto - 1]]
        np.testing.assert_allclose(trace[key][1:upto], expected, rtol=1e-12)


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize(("loss", "weight", "intercept"), PROBLEMS)
@pytest.mark.parametrize("sampling", [None, "replacement", "reshuffle"])
def test_engine_follows_the_published_recursion(
    name: str, params: Mapping[str, Any], loss: str, weight: float, intercept: bool, sampling: Any
) -> None:
    w0 = np.array([0.3, -0.2, 0.5] + [0.1] * intercept)
    problem = linear_problem(loss, weight=weight, intercept=intercept, w0=w0, seed=3)
    batch = None if sampling is None else Minibatches(problem.n_samples, 5, sampling, seed=7)
    stable = 0
    for pair in pairs(name, params, problem, batch):
        compare(pair)
        if pair.comparable() == STEPS:
            stable += 1
            last = pair.run.iterates["last"]
            np.testing.assert_allclose(last, pair.steps[-1].w, rtol=1e-11, atol=1e-13)
    assert stable >= 2
