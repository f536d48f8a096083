"""Every solver, inside the engine, follows the published recursion step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

import numpy as np
import pytest
from builders import Array, dense, linear_problem, run_healthy, task
from proximal import PROXIMAL
from recursions import REFERENCES
from scalar import Point, Rounded, Sampled, ScalarModel
from steps import After

from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.results import Run
from lrbench.solvers import SOLVERS

STEPS = 30
RATES = [10.0**k for k in range(-3, 4)]
"""The lanes; those of a method without an initial learning rate are alike."""

CASES = [
    (name, params)
    for name in SOLVERS
    for params in (REFERENCES[name].params if name in REFERENCES else [])
]
PROBLEMS = [
    (loss, weight, intercept)
    for loss in ("squared", "logistic")
    for weight, intercept in ((0.0, False), (0.1, False), (0.1, True))
]
SAMPLINGS = ("replacement", "reshuffle")
SETTINGS = [
    pytest.param(
        *(name, params, *problem, sampling),
        id="{}-{}-l2={}-intercept={}-".format(sampling, *problem)
        + "-".join([name, *map(str, params.values())]),
    )
    for j, problem in enumerate(PROBLEMS)
    for k, (name, params) in enumerate(CASES)
    for sampling in (None, SAMPLINGS[(j + k) % 2])
]
"""Every case on every problem, in full batches and on minibatches.

How these are drawn alternates from problem to problem, and from case to case.
"""


def test_every_solver_has_a_reference() -> None:
    step_rules = {name for name in SOLVERS if not SOLVERS.get(name).outside}
    assert step_rules == set(REFERENCES) | set(PROXIMAL)


LOST = 1e-8
"""Beyond the step at which rounding has grown to this, relative to a rate, nothing is compared."""


@dataclass
class Pair:
    """A lane of the engine and the same lane in scalar Python."""

    run: Run
    steps: list[After]
    rounded: list[list[After]]
    """The steps with other rounding."""
    start: Point
    model: ScalarModel

    def tolerance(self) -> Array:
        """Return the relative error at every checkpoint that can be compared: at least 1e-12.

        Errors grow where steps are unstable, and where a rate rests on a difference of nearby
        values or gradients.
        """
        lr = np.array([s.lr for s in self.steps])
        others = np.array([[s.lr for s in steps] for steps in self.rounded])
        changes = [np.abs(other - lr) / np.where(lr > 0.0, lr, 1.0) for other in others]
        values = self.objective(self.steps)
        changes += [
            np.abs(self.objective(steps) - values)[1:] / self.scale()[1:] for steps in self.rounded
        ]
        lost = np.maximum.accumulate([0.0, *np.max(changes, axis=0)])
        return np.maximum(1e-12, 100.0 * lost[lost < LOST])

    def objective(self, steps: list[After]) -> Array:
        """Return F at the start and after every step."""
        return objective_of(self.model, [self.start, *(s.w for s in steps)])

    def scale(self) -> Array:
        """Return the largest objective so far.

        The scores of an iterate far out cancel: what is lost is relative to it.
        """
        return np.maximum.accumulate(np.abs(self.objective(self.steps)))


def objective_of(model: ScalarModel, points: Sequence[Point]) -> Array:
    return np.array([model.value(w) for w in points])


def pairs(
    name: str, params: Mapping[str, Any], problem: LinearProblem, batch: Minibatches | None
) -> list[Pair]:
    bounded = problem.loss.name == "squared" or problem.penalty.weight > 0.0
    solver = SOLVERS.get(name)(**params)
    work = task(problem, solver, RATES, STEPS, batch=batch, minimum=bounded, parameters={})
    model = ScalarModel(
        dense(problem).tolist(),
        problem.y.tolist(),
        problem.loss.name,
        problem.penalty.weight,
        problem.intercept,
    )
    order: Sequence[Sequence[int]] = [range(problem.n_samples)] * STEPS
    if batch is not None:
        order = next(batch.chunks(STEPS)).tolist()
    answers = model, order, work.shared.constants.f_star
    every_F = [Sampled(*answers), *(Rounded(*answers, Random(seed)) for seed in range(3))]
    recursion, w0 = REFERENCES[name].recursion, problem.w0.tolist()
    out = []
    for run, lr0 in zip(run_healthy(work), RATES, strict=True):
        steps, *rounded = (list(islice(recursion(w0, lr0, F, **params), STEPS)) for F in every_F)
        out.append(Pair(run, steps, rounded, w0, model))
    return out


def compare(pair: Pair) -> None:
    trace, tolerance, scale = pair.run.trace, pair.tolerance(), pair.scale()
    n, steps = len(tolerance), pair.steps[: len(tolerance) - 1]
    error = np.abs(trace["objective"] - pair.objective(pair.steps)) / scale
    assert np.all(error[:n] < tolerance)
    columns = {"lr": [s.lr for s in steps]}
    columns |= {key: [s.state[key] for s in steps] for key in pair.steps[0].state}
    for key, expected in columns.items():
        error = np.abs(trace[key][1:n] - expected)
        assert np.all(error <= tolerance[1:] * np.abs(expected)), key
    outputs = [s.output for s in steps if s.output is not None]
    assert bool(outputs) is ("objective_output" in trace)
    if outputs:
        error = np.abs(trace["objective_output"][1:n] - objective_of(pair.model, outputs))
        assert np.all(error < tolerance[1:] * scale[1:n])


@pytest.mark.parametrize(("name", "params", "loss", "weight", "intercept", "sampling"), SETTINGS)
def test_engine_follows_the_published_recursion(
    name: str, params: Mapping[str, Any], loss: str, weight: float, intercept: bool, sampling: Any
) -> None:
    w0 = np.array([0.3, -0.2, 0.5] + [0.1] * intercept)
    problem = linear_problem(loss, weight=weight, intercept=intercept, w0=w0, seed=3)
    batch = None if sampling is None else Minibatches(problem.n_samples, 5, sampling, seed=7)
    stable = 0
    for pair in pairs(name, params, problem, batch):
        compare(pair)
        if len(tolerance := pair.tolerance()) == STEPS + 1:
            stable += 1
            last, rtol = pair.run.iterates["last"], 10.0 * tolerance[-1]
            # A lane that comes back from far out keeps the rounding of its farthest iterate.
            far = max(1.0, *(abs(x) for s in pair.steps for x in s.w))
            np.testing.assert_allclose(last, pair.steps[-1].w, rtol=rtol, atol=0.01 * rtol * far)
    assert stable >= 2
