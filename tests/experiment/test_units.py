"""Statuses and verdicts do not depend on the units of the targets and of the features.

Let F' = a F and w' = b w in the new unit. A step of lr0' = lr0 b^2 / a is then the same step, and
with powers of two for a and b it is the same in every bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import as_problem, linear_problem

from lrbench.api import run
from lrbench.engine.control import Control
from lrbench.experiment.jobs import Serial
from lrbench.experiment.work import Work
from lrbench.losses.huber import Huber
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import Optimum, constants, find_optimum
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.base import Penalty
from lrbench.penalties.box import Box
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2
from lrbench.penalties.none import NoPenalty
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import Prepared
from lrbench.problem_files import load_spec, spec_from_data
from lrbench.results import Run, Status, Verdict
from lrbench.verdicts import judge_theorems

LR0 = (3e-7, 0.07, 0.6)
"""Far too small, so that a run stalls; about right; near 2/L."""


@dataclass(frozen=True)
class Unit:
    """The factors of the targets and of the features."""

    y: float = 1.0
    X: float = 1.0

    def of_objective(self, loss: str) -> float:
        """Return a: the squared loss and Huber's are quadratic in the targets."""
        return self.y**2 if loss in ("squared", "huber") else self.y

    @property
    def of_w(self) -> float:
        """b."""
        return self.y / self.X


def rescaled(problem: LinearProblem, unit: Unit) -> LinearProblem:
    """Return the same problem in another unit."""
    loss: Any = problem.loss
    if isinstance(loss, Huber):
        loss = Huber(threshold=loss.threshold * unit.y)
    a, b = unit.of_objective(loss.name), unit.of_w
    X: Any = problem.data.X
    return as_problem(
        X * unit.X,
        problem.y * unit.y,
        loss,
        penalty=in_unit(problem.penalty, a, b),
        w0=problem.w0 * b,
    )


def in_unit(penalty: Penalty, a: float, b: float) -> Penalty:
    if isinstance(penalty, L1):
        return L1(penalty.weight * a / b)
    if isinstance(penalty, L2):
        return L2(penalty.weight * a / b**2)
    if isinstance(penalty, BallPenalty):
        return BallPenalty(penalty.radius * b)
    if isinstance(penalty, Box):
        return Box(penalty.lower * b, penalty.upper * b)
    assert isinstance(penalty, NoPenalty)
    return penalty


def optimum_in_unit(optimum: Optimum, a: float, b: float) -> Optimum:
    c, error = optimum.curvature, optimum.distance_error
    assert optimum.w_star is not None
    of_L = a / b**2
    return replace(
        optimum,
        f_star=optimum.f_star * a,
        f_star_error=optimum.f_star_error * a,
        rounding=optimum.rounding * a,
        w_star=optimum.w_star * b,
        distance_error=None if error is None else error * b,
        curvature=replace(
            c, L=c.L * of_L, L_max=c.L_max * of_L, mu=c.mu * of_L, mu_pl=c.mu_pl * of_L
        ),
    )


@cache
def measured(
    loss: str, penalty: Any, unit: Unit, batch_size: int | None, radius: float | None
) -> tuple[list[Run], list[Verdict], float, float]:
    """Return runs and verdicts in a unit, with the factors of F and of w."""
    base = linear_problem(loss, 14, 3, seed=5, penalty=penalty, w0=np.array([0.5, -2.0, 0.25]))
    if isinstance(penalty, (BallPenalty, Box)):  # w_0 must lie in the set
        base = replace(base, w0=np.zeros(3))
    optimum = find_optimum(base, cache=None)
    a, b = unit.of_objective(loss), unit.of_w
    problem, optimum = rescaled(base, unit), optimum_in_unit(optimum, a, b)
    radius = None if radius is None else radius * b
    solvers = ["sgd", "sgd-sqrt", f"adagrad-norm[eta={0.7 * b!r}]"]
    if batch_size is None and radius is None:
        solvers += ["ista", "fista"]
    plan = Plan(
        solvers=solvers,
        lr0=[lr0 * b**2 / a for lr0 in LR0],
        iterations=80,
        radius=radius,
        batch_size=batch_size,
        replicates=1 if batch_size is None else 2,
    )
    of_solvers = tuple(axes.lanes(1.0) for axes in plan.axes)
    known = constants(problem, optimum, radius=radius)
    prepared = Prepared(load_spec("least-squares"), problem, optimum, known, of_solvers)
    work = Work(plan, [prepared])
    work.go(Serial(), Control())
    assert work.errors == {}
    runs = list(work.runs(0))
    lanes: dict[tuple[str, float | None], list[Run]] = {}
    for lane in runs:
        lanes.setdefault((str(lane.solver), lane.lr0), []).append(lane)
    verdicts = [
        verdict
        for (_, rate), seeds in lanes.items()
        for verdict in judge_theorems(seeds, prepared.setting(plan, seeds[0].solver, rate))
    ]
    return runs, verdicts, a, b


def words(verdicts: Sequence[Verdict]) -> list[tuple[Any, ...]]:
    """Return what a verdict says, without the numbers that have a unit."""
    return [
        (
            v.theorem,
            v.applies,
            v.bound_verdict,
            v.failed_at,
            v.informative_from,
            v.order_verdict,
            v.order_reason.partition(":")[0],
            v.window,
        )
        for v in verdicts
    ]


REGRESSION: list[tuple[str, Any]] = [
    ("squared", NoPenalty()),
    ("squared", L1(0.3)),
    ("squared", BallPenalty(0.75)),
    ("huber", L2(0.125)),
    ("huber", NoPenalty()),
    ("absolute", NoPenalty()),
    ("absolute", L1(0.3)),
    ("quantile", L2(0.125)),
    ("quantile", Box(-0.25, 0.5)),
]
CLASSES: list[tuple[str, Any]] = [
    ("logistic", L2(0.125)),
    ("hinge", L1(0.3)),
    ("squared-hinge", BallPenalty(0.75)),
    ("poisson", L2(0.125)),
]
CASES = [
    *((loss, penalty, Unit(y=2.0**-30)) for loss, penalty in REGRESSION),
    *((loss, penalty, Unit(X=2.0**-9)) for loss, penalty in REGRESSION + CLASSES),
    ("squared", NoPenalty(), Unit(y=2.0**20, X=2.0**-3)),
    ("absolute", L1(0.3), Unit(y=2.0**20)),
    ("logistic", L2(0.125), Unit(X=2.0**30)),
]
SETTINGS = {"batch": (None, None), "a ball": (None, 64.0), "minibatches": (4, None)}


@pytest.mark.parametrize(("loss", "penalty", "unit"), CASES)
@pytest.mark.parametrize(("batch_size", "radius"), SETTINGS.values(), ids=SETTINGS)
def test_a_unit_changes_no_status_and_no_word(
    loss: str, penalty: Any, unit: Unit, batch_size: int | None, radius: float | None
) -> None:
    if radius is not None and isinstance(penalty, Box):
        pytest.skip("a ball beside a box")
    plain, plain_verdicts, _, _ = measured(loss, penalty, Unit(), batch_size, radius)
    runs, verdicts, a, b = measured(loss, penalty, unit, batch_size, radius)
    for lane, reference in zip(runs, plain, strict=True):
        assert (lane.status, lane.status_at) == (reference.status, reference.status_at)
        for name, w in lane.iterates.items():
            np.testing.assert_array_equal(w, reference.iterates[name] * b, err_msg=name)
        for column, factor in (("objective", a), ("grad_norm_sq", (a / b) ** 2)):
            values, expected = lane.trace[column], reference.trace[column] * factor
            np.testing.assert_array_equal(values, expected, err_msg=column)
    assert words(verdicts) == words(plain_verdicts)
    assert {lane.status for lane in plain} >= {Status.COMPLETED, Status.STALLED}


def test_the_cases_reach_every_word() -> None:
    """Orders that pass and that do not, bounds of every kind: else nothing would be compared."""
    verdicts = [
        v
        for loss, penalty in REGRESSION + CLASSES
        for v in measured(loss, penalty, Unit(), None, None)[1]
    ]
    assert {v.bound_verdict for v in verdicts} >= {"pass", "vacuous", "none"}
    assert {v.order_verdict for v in verdicts} == {"pass", "inconclusive", "none"}
    assert any(v.order_reason.startswith("reached the floor") for v in verdicts)
    assert any(v.informative_from is not None and v.informative_from > 1 for v in verdicts)


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber[threshold=1.2e-8]"])
def test_tiny_targets_do_not_hide_that_nothing_is_gained(loss: str, tmp_path: Path) -> None:
    """With targets x 1e-8 a run that does not move stalls, and none of its orders passes."""
    p = linear_problem("squared", 30, 3, seed=2)
    X: Any = p.data.X
    lines = [
        f"{1e-8 * target!r} " + " ".join(f"{j}:{x!r}" for j, x in enumerate(row, 1))
        for row, target in zip(X.tolist(), p.y.tolist(), strict=True)
    ]
    (tmp_path / "tiny.svm").write_text("\n".join(lines))
    spec = spec_from_data(str(tmp_path / "tiny.svm"), loss=loss, penalty="none")
    solvers = ["sgd", "sgd-sqrt", "ista", "fista", "adagrad-norm[eta=1e-12]"]
    (problem,) = run(spec, solvers=solvers, lr0=[1e-12], iterations=100).problems
    assert {lane.status for lane in problem.runs} == {Status.STALLED}
    orders = {v.order_verdict for v in problem.verdicts if v.order}
    assert orders
    assert "pass" not in orders
