"""Outside solvers without a callback: a run from w_0 for every row of the trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from builders import linear_problem, run, task

from lrbench.arrays import Vector
from lrbench.config.looks import look_grid
from lrbench.engine.budget import Arrival
from lrbench.objective import meter
from lrbench.objective.about import LinearModel
from lrbench.results import Status
from lrbench.solvers.outside.base import Refit, RefittedSolver
from lrbench.solvers.sgd import SGD

W0 = np.array([0.3, -0.7, 1.1])


@dataclass(frozen=True)
class Descent(RefittedSolver):
    """Gradient descent by hand on least squares, which notes its budgets."""

    name = "outside:refitted-descent"

    last: float = np.inf
    fails_at: float = np.inf
    overflows_at: float = np.inf
    budgets: Any = None
    clock: Any = None

    def prepare(
        self, model: LinearModel, w0: Vector, lr0: float | None, seed: int
    ) -> Callable[[int], Refit]:
        assert lr0 is not None
        X, y = model.X, model.y
        if self.clock:
            self.clock[0] += 1000.0  # not on the clock of any row

        def fit(iterations: int) -> Refit:
            if self.budgets is not None:
                self.budgets.append((iterations, seed))
            if iterations >= self.fails_at:
                raise ZeroDivisionError("lost")
            steps, w = int(min(iterations, self.last)), w0
            for _ in range(steps):
                w = w - lr0 * (X.T @ (X @ w - y) / len(y) + model.penalty.curvature * w)
            if self.clock:
                self.clock[0] += 3.0 + steps
            over = iterations >= self.overflows_at
            return Refit(w * np.nan if over else w, steps, 7 * steps * len(y))

        return fit


def problem() -> Any:
    return linear_problem("squared", 30, 3, weight=0.1, w0=W0, seed=2)


MARKS = [0, 1, 4, 9, 20]


def traced(solver: Any, **options: Any) -> Any:
    (r,) = run(task(problem(), solver, [0.2], 20, checkpoints=MARKS), **options)
    return r


def test_the_rows_are_those_of_a_step_rule_but_for_averages_and_cost() -> None:
    rule, refitted = traced(SGD()), traced(Descent())
    assert (refitted.status, refitted.status_at) == (Status.COMPLETED, 20)
    for column in ("iteration", "objective", "suboptimality", "grad_norm_sq", "distance"):
        np.testing.assert_allclose(refitted.trace[column], rule.trace[column], rtol=1e-9)
    np.testing.assert_allclose(refitted.iterates["last"], rule.iterates["last"], rtol=1e-9)
    assert refitted.iterates.keys() == {"last", "best"}
    assert np.isnan(refitted.trace["suboptimality_average"][1:]).all()
    assert np.isnan(refitted.trace["lr"]).all()
    assert refitted.trace["passes"].tolist() == [7.0 * t for t in MARKS]
    assert refitted.trace["sample_gradients"].tolist() == [210.0 * t for t in MARKS]


def test_every_budget_is_run_once_with_the_seed_of_the_run() -> None:
    budgets: list[tuple[int, int]] = []
    work = task(problem(), Descent(budgets=budgets), [0.2], 20, checkpoints=[0, 4, 20])
    run(work.lanes((5, [0.2, 0.1]), (6, [0.2])))
    assert budgets == [(t, seed) for seed in (5, 5, 6) for t in (4, 20)]


def test_the_clock_of_a_row_is_that_of_its_own_run(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(meter, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    r = traced(Descent(clock=now))
    assert r.trace["seconds"].tolist() == [0.0] + [3.0 + t for t in MARKS[1:]]
    # Whatever else took time, the shorter runs among it, counts as evaluation.
    assert r.evaluation_seconds + r.trace["seconds"][-1] == now[0]


def test_one_that_stops_by_itself_has_its_last_row_there() -> None:
    budgets: list[tuple[int, int]] = []
    r = traced(Descent(last=7, budgets=budgets))
    assert (r.status, r.status_at) == (Status.COMPLETED, 7)
    assert r.trace["iteration"].tolist() == [0.0, 1.0, 4.0, 7.0]
    assert [t for t, _ in budgets] == [1, 4, 9]
    exact = traced(Descent(last=4))  # the budget of 9 brings nothing new
    assert exact.trace["iteration"].tolist() == [0.0, 1.0, 4.0]
    at_once = traced(Descent(last=0))
    assert (at_once.status, at_once.trace["iteration"].tolist()) == (Status.COMPLETED, [0.0])


def test_one_that_raises_or_overflows_keeps_its_rows() -> None:
    lost = traced(Descent(fails_at=9))
    assert (lost.status, lost.status_at) == (Status.FAILED, 4)
    assert lost.error.startswith("ZeroDivisionError: lost")
    over = traced(Descent(overflows_at=9))
    assert (over.status, over.error) == (Status.DIVERGED, None)
    for r in (lost, over):
        assert r.trace["iteration"].tolist() == [0.0, 1.0, 4.0]


def test_it_stops_between_two_budgets() -> None:
    asked: list[int] = []

    def stop(t: int) -> bool:
        asked.append(t)
        return len(asked) == 3

    r = traced(Descent(), stop=stop)
    assert (r.status, r.status_at, asked) == (Status.INTERRUPTED, 4, [0, 1, 4])


def test_it_ends_at_its_target() -> None:
    gaps = traced(SGD()).trace["suboptimality"]
    work = task(problem(), Descent(), [0.2], 20, checkpoints=MARKS, target=gaps[2] * (1 + 1e-9))
    (r,) = run(work)
    assert (r.status, r.status_at) == (Status.REACHED_TARGET, 4)


@pytest.mark.parametrize(("last", "reached", "at"), [(np.inf, 15, 16), (7, 7, 7)])
def test_its_arrival_in_a_sweep_is_confirmed(last: float, reached: int, at: int) -> None:
    """At the first look from where its target is reached, or where it has stopped."""
    (whole,) = run(task(problem(), SGD(), [0.2], 40))
    targets = [float(whole.trace["suboptimality"][reached]) * (1 + 1e-9)]
    work = task(problem(), Descent(last=last), [0.2], 40, checkpoints=[0, 40])
    arrival = Arrival("confirmed", targets, look_grid(30, None, 40))
    (r,) = run(work.changed(budget=replace(work.job.budget, arrival=arrival)))
    assert (r.status, r.status_at) == (Status.REACHED_TARGET, at)
    assert 15 not in arrival.looks
    assert r.trace["iteration"][-1] == 2 * at
