"""Outside solvers: a loop of their own, recorded like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from builders import linear_problem, minimiser, run, task
from scipy.optimize import minimize

import lrbench
from lrbench.arrays import Vector
from lrbench.config.looks import look_grid
from lrbench.engine.budget import Arrival
from lrbench.errors import RefutedError, UsageError
from lrbench.results import Status
from lrbench.solvers.outside.base import Objective, OutsideSolver
from lrbench.solvers.outside.lbfgs import LBFGS
from lrbench.solvers.sgd import SGD

W0 = np.array([0.3, -0.7, 1.1])


@dataclass(frozen=True)
class Descent(OutsideSolver):
    """Gradient descent by hand, which may stop early or raise."""

    name = "outside:descent"

    last: float = np.inf
    fails: bool = False

    def solve(
        self,
        objective: Objective,
        w0: Vector,
        lr0: float | None,
        iterations: int,
        record: Callable[[Vector], None],
    ) -> None:
        w, t = w0, 0
        while t < self.last:
            _, g = objective.value_and_gradient(w)
            w = w - (lr0 or 0.0) * g
            record(w)
            t += 1
        if self.fails:
            raise ZeroDivisionError("lost")


def logistic() -> Any:
    return linear_problem("logistic", 30, 3, weight=0.1, w0=W0, seed=2)


ERROR = "ZeroDivisionError: lost (test_outside.py, line 51, iteration 4)"


@pytest.mark.parametrize("checkpoints", [range(41), [0, 3, 17, 40]])
def test_the_trace_is_that_of_a_step_rule(checkpoints: Any) -> None:
    rates = [0.05, 0.4, 1.7]
    options: dict[str, Any] = {"iterations": 40, "checkpoints": checkpoints}
    rules = run(task(logistic(), SGD(), rates, **options))
    outside = run(task(logistic(), Descent(), rates, **options))
    for r, o in zip(rules, outside, strict=True):
        assert (o.status, o.status_at, o.lr0) == (r.status, r.status_at, r.lr0)
        for column in ("iteration", "passes", "sample_gradients", "sample_values", "prox_calls"):
            np.testing.assert_array_equal(o.trace[column], r.trace[column], column)
        for column in (
            "objective",
            "suboptimality",
            "suboptimality_average",
            "suboptimality_best",
            "grad_norm_sq",
            "distance",
        ):
            np.testing.assert_allclose(
                o.trace[column], r.trace[column], rtol=1e-9, atol=1e-14, err_msg=column
            )
        assert set(r.trace) >= set(o.trace)
        assert np.isnan(o.trace["lr"]).all()
        for name in ("last", "average", "best"):
            np.testing.assert_allclose(o.iterates[name], r.iterates[name], rtol=1e-10)


def test_the_iterate_of_a_solver_that_stops_in_a_sweep_stays() -> None:
    def swept(solver: Any, checkpoints: Any, arrival: Arrival | None) -> Any:
        work = task(logistic(), solver, [0.4], 40, checkpoints=checkpoints)
        budget = replace(work.job.budget, arrival=arrival)
        (found,) = run(work.changed(budget=budget))
        return found

    looks = look_grid(30, None, 40)
    path = swept(SGD(), range(41), None).trace
    # Its gap at T = 7, at which it stops, is above the target; and below it.
    gaps = path["suboptimality"]
    stopped = swept(Descent(last=7), [0, 40], Arrival("confirmed", [gaps[7] / 2], looks))
    assert (stopped.status, stopped.status_at) == (Status.COMPLETED, 40)
    assert set(stopped.trace["iteration"]) >= {7.0, *(t for t in looks if t < 40), 40.0}
    late = stopped.trace["iteration"] >= 7
    assert set(stopped.trace["passes"][late]) == {7.0}
    assert stopped.trace["suboptimality"][late] == pytest.approx(gaps[7], rel=1e-12)
    t = stopped.trace["iteration"][-1]
    problem = logistic()
    points = [W0]
    for _ in range(7):
        w = points[-1]
        points.append(w - 0.4 * problem.gradient(w[:, None])[:, 0])
    mean = (sum(points[:7]) + (t - 7) * points[7]) / t
    of_mean = problem.value(mean[:, None])[0] - problem.value(points[7][:, None])[0]
    difference = stopped.trace["suboptimality_average"] - stopped.trace["suboptimality"]
    assert difference[-1] == pytest.approx(of_mean, rel=1e-9)
    arrived = swept(Descent(last=7), [0, 40], Arrival("confirmed", [1.01 * gaps[7]], looks))
    assert (arrived.status, arrived.status_at) == (Status.REACHED_TARGET, 7)
    assert arrived.trace["iteration"][-1] == 14


def test_lbfgs_is_that_of_scipy() -> None:
    problem = logistic()
    found: list[Vector] = []
    options: Any = {"maxiter": 12, "maxcor": 3, "ftol": 0.0, "gtol": 0.0}
    solve: Any = minimize  # its types know no callback beside a separate gradient
    solve(
        lambda w: float(problem.value(w[:, None])[0]),
        W0,
        jac=lambda w: problem.gradient(w[:, None])[:, 0],
        method="L-BFGS-B",
        callback=lambda w: found.append(w.copy()),
        options=options,
    )
    (same,) = run(task(problem, LBFGS(memory=3.0), [1.0], 12))
    expected = [problem.value(w[:, None])[0] for w in (W0, *found)]
    np.testing.assert_allclose(same.trace["objective"], expected, rtol=1e-13)
    np.testing.assert_allclose(same.iterates["last"], found[-1], rtol=1e-10)
    # The gradients of its line searches are metered, those of the checkpoints are not.
    assert (same.trace["sample_gradients"][1:] >= 30 * same.trace["iteration"][1:]).all()


def test_the_first_trial_step_of_lbfgs_has_length_1() -> None:
    problem, asked = logistic(), []

    @dataclass(frozen=True)
    class Noting(LBFGS):
        def solve(self, objective: Objective, *args: Any) -> None:
            class Watched:
                bounds = objective.bounds

                def value_and_gradient(self, w: Vector) -> tuple[float, Vector]:
                    asked.append(w.copy())
                    return objective.value_and_gradient(w)

            watched: Any = Watched()  # all that L-BFGS asks for
            super().solve(watched, *args)

    run(task(problem, Noting(), [49.0], 3))
    assert np.linalg.norm(asked[1] - W0) == pytest.approx(1.0, rel=1e-6)


def test_it_may_end_before_its_budget() -> None:
    (r,) = run(task(logistic(), Descent(last=7), [0.4], 40, checkpoints=[0, 5, 40]))
    assert (r.status, r.status_at) == (Status.COMPLETED, 7)
    assert r.trace["iteration"].tolist() == [0.0, 5.0, 7.0]


def test_its_last_iterate_may_reach_the_target_or_overflow() -> None:
    (whole,) = run(task(logistic(), Descent(), [0.4], 40))
    target = float(whole.trace["suboptimality"][7]) * (1 + 1e-9)
    early = task(logistic(), Descent(last=7), [0.4], 40, checkpoints=[0, 5, 40], target=target)
    (r,) = run(early)
    assert (r.status, r.status_at) == (Status.REACHED_TARGET, 7)
    assert r.trace["iteration"].tolist() == [0.0, 5.0, 7.0]
    squared = linear_problem("squared", 30, 3, w0=W0, seed=2)
    (lost,) = run(task(squared, Descent(last=7), [1e60], 40, checkpoints=[0, 40]))
    assert (lost.status, lost.trace["iteration"].tolist()) == (Status.DIVERGED, [0.0])


def test_one_that_raises_is_a_row() -> None:
    (r,) = run(task(logistic(), Descent(last=4, fails=True), [0.4], 40))
    assert (r.status, r.status_at, r.error) == (Status.FAILED, 4, ERROR)
    assert len(r.trace["objective"]) == 5


def test_its_target_ends_it() -> None:
    (whole,) = run(task(logistic(), Descent(), [0.4], 40))
    target = float(whole.trace["suboptimality"][9]) * (1 + 1e-9)
    (r,) = run(task(logistic(), Descent(), [0.4], 40, target=target))
    assert (r.status, r.status_at) == (Status.REACHED_TARGET, 9)


def test_it_may_diverge() -> None:
    squared = linear_problem("squared", 30, 3, w0=W0, seed=2)
    (r,) = run(task(squared, Descent(), [1e30], 40))
    assert r.status is Status.DIVERGED
    assert np.isfinite(r.trace["objective"]).all()


def test_a_stop_interrupts_it_inside_an_iteration() -> None:
    asked: list[int] = []

    def stop(t: int) -> bool:
        asked.append(t)
        return len(asked) == 6

    (r,) = run(task(logistic(), Descent(), [0.4], 40), stop=stop)
    assert (r.status, r.status_at) == (Status.INTERRUPTED, 5)
    assert asked == list(range(6))
    (whole,) = run(task(logistic(), Descent(), [0.4], 5))
    assert r.trace["iteration"][-1] == 5
    for name in ("suboptimality", "suboptimality_average"):
        assert r.trace[name][-1] == whole.trace[name][-1]


def test_a_refuted_optimum_is_an_error() -> None:
    problem = logistic()
    f_star = float(problem.value(minimiser(problem)[:, None])[0])
    work = task(problem, LBFGS(), [1.0], 40)
    wrong = replace(work.shared.constants, f_star=f_star + 0.1, f_star_error=0.09)
    with pytest.raises(RefutedError):
        run(work.on(constants=wrong))


@pytest.mark.parametrize(
    ("problem", "options", "words"),
    [
        ("logreg", {"batch_size": 7}, "takes no batch_size="),
        ("logreg", {"radius": 20.0}, "knows no ball"),
    ],
)
def test_what_it_cannot_do_is_refused(problem: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        lrbench.run(problem, solvers="outside:lbfgs", iterations=5, **options)


def test_a_sweep_has_it_beside_step_rules() -> None:
    result = lrbench.sweep("logreg", solvers=["outside:lbfgs", "sgd"], lr0="0.01:10:4")
    sweep = result.problems[0].sweep
    assert sweep is not None
    outside, sgd = sweep.solvers
    assert (str(outside.solver), str(sgd.solver)) == ("outside:lbfgs", "sgd")
    assert (len(outside.passes), len(sgd.passes)) == (1, 4)
    assert outside.best_passes < sgd.best_passes
