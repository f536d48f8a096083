"""The one loop: how runs end, what a row says, what is timed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from builders import (
    Array,
    as_problem,
    constants_of,
    every_variant,
    linear_problem,
    minimiser,
    run,
    run_healthy,
    task,
    walk_along,
)

from lrbench.arrays import Lanes, PerLane
from lrbench.engine import evaluator
from lrbench.engine import run as engine
from lrbench.engine.budget import checkpoint_grid
from lrbench.errors import RefutedError
from lrbench.losses.base import Loss
from lrbench.losses.logistic import Logistic
from lrbench.objective import meter
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.results import Run, Status
from lrbench.solvers.adagrad_norm import AdaGradNorm
from lrbench.solvers.base import Facts, Solver, Step
from lrbench.solvers.sgd import SGD, SGDState
from lrbench.solvers.wngrad import WNGrad

W0 = np.array([1.0, -2.0, 0.5])


def quadratic(**options: Any) -> LinearProblem:
    return linear_problem("squared", 20, 3, w0=W0, seed=2, **options)


def logreg(**options: Any) -> LinearProblem:
    return linear_problem("logistic", 20, 3, weight=0.05, w0=W0, seed=2, **options)


def batches(problem: LinearProblem, size: int = 6) -> Minibatches:
    return Minibatches(problem.n_samples, size, "replacement", seed=3)


@pytest.fixture(scope="module")
def breast_cancer() -> LinearProblem:
    """Return l2-regularised logistic regression on maxabs-scaled breast cancer data."""
    from sklearn.datasets import load_breast_cancer

    X, target = load_breast_cancer(return_X_y=True)
    X = np.ascontiguousarray(X / np.abs(X).max(axis=0))
    return as_problem(X, np.where(target == 0, 1.0, -1.0), Logistic(), 1 / len(X))


# --- checkpoints -----------------------------------------------------------------------------


@pytest.mark.parametrize("T", [0, 1, 2, 3, 9, 10, 11, 99, 100, 101, 1000, 12345, 10**6])
@pytest.mark.parametrize("per_decade", [1, 5, 12])
def test_log_spaced(T: int, per_decade: int) -> None:
    points = checkpoint_grid(T, per_decade)
    assert points == sorted(set(points))
    assert points[0] == 0
    assert points[-1] == T
    series = {m * 10**e for e in range(8) for m in (1, 2, 5)}
    assert {t for t in series if t <= T} <= set(points)
    per = [sum(10**e <= t < 10 ** (e + 1) for t in points) for e in range(3) if 10 ** (e + 1) <= T]
    assert all(n <= per_decade + 3 for n in per)
    assert all(isinstance(t, int) for t in points)


def test_log_spaced_of_almost_nothing() -> None:
    assert checkpoint_grid(0, 12) == [0]
    assert checkpoint_grid(1, 12) == [0, 1]
    assert checkpoint_grid(2, 12) == [0, 1, 2]


def test_log_spaced_is_evenly_spaced_on_the_logarithm() -> None:
    points = set(checkpoint_grid(10**6, 12))
    assert {round(10 ** (i / 12)) for i in range(73)} <= points


# --- how a run ends --------------------------------------------------------------------------


def statuses(runs: list[Run]) -> list[Status]:
    return [r.status for r in runs]


def finite(r: Run) -> bool:
    """Return whether every number of the trace is, where there has to be one."""
    optional = {"stable_from", "stable_distance", "short_from", "short_distance"}
    optional |= {"min_grad_norm_sq", "log_contraction", "log_factor"}
    optional |= {"subgradient_error", "average_error"}  # minibatches, checkpoints of averages
    optional |= {"first_other_step"}
    if np.isnan(r.trace["distance"]).all():  # no minimiser
        optional |= {"distance", "distance_max", "regret", "regret_error"}
    return all(np.all(np.isfinite(v[1:])) for k, v in r.trace.items() if k not in optional)


def test_completed() -> None:
    (r,) = run_healthy(task(quadratic(), WNGrad(), [1.0], 50))
    assert (r.status, r.status_at, r.error) == (Status.COMPLETED, 50, None)
    assert r.trace["iteration"].tolist() == list(range(51))
    assert finite(r)


def test_no_iterations_at_all() -> None:
    problem = quadratic()
    (r,) = run_healthy(task(problem, WNGrad(), [1.0], 0))
    assert (r.status, r.status_at) == (Status.COMPLETED, 0)
    assert r.trace["objective"].tolist() == problem.value(W0[:, None]).tolist()
    np.testing.assert_array_equal(r.iterates["last"], W0)
    np.testing.assert_array_equal(r.iterates["best"], W0)


@pytest.mark.parametrize("every", [1, 7, 100])
def test_diverged_lanes_are_dropped_and_the_others_go_on(every: int) -> None:
    problem = quadratic()
    L = constants_of(problem, None).L
    rates = [0.5 / L, 1e3 / L, 1.0 / L, 50.0 / L]
    marks = sorted({*range(0, 301, every), 300})
    runs = run_healthy(task(problem, SGD(), rates, 300, checkpoints=marks))
    assert [r.lr0 for r in runs] == rates
    completed, diverged = Status.COMPLETED, Status.DIVERGED
    assert statuses(runs) == [completed, diverged, completed, diverged]
    for r in runs:
        assert finite(r), r.lr0
        assert r.trace["iteration"].tolist() == marks[: len(r.trace["iteration"])]
        if r.status is diverged:
            assert r.trace["iteration"][-1] <= r.status_at < 300
            assert r.trace["objective"].max(initial=0.0) > (1e290 if every == 1 else 0.0)
    assert runs[1].status_at < runs[3].status_at
    alone = run_healthy(task(problem, SGD(), [rates[0], rates[2]], 300, checkpoints=marks))
    for one, lane in zip(alone, (runs[0], runs[2]), strict=True):
        for key in set(one.trace) - {"seconds"}:
            scale = float(np.nanmax(np.abs(one.trace[key]), initial=0.0))
            np.testing.assert_allclose(
                lane.trace[key], one.trace[key], rtol=1e-11, atol=1e-13 * scale, err_msg=key
            )
        for key, point in one.iterates.items():
            np.testing.assert_allclose(lane.iterates[key], point, rtol=1e-11)


def test_all_lanes_diverge() -> None:
    problem = quadratic()
    runs = run(task(problem, SGD(), [1e3, 1e4], 500))
    assert statuses(runs) == [Status.DIVERGED, Status.DIVERGED]
    assert [r.error for r in runs] == [None, None]
    assert all(finite(r) for r in runs)


def test_nothing_is_evaluated_after_the_last_lane_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    checkpoint = engine.LaneLoop.checkpoint

    def noted(self: engine.LaneLoop) -> None:
        looked.append(self.runner.t)
        checkpoint(self)

    monkeypatch.setattr(engine.LaneLoop, "checkpoint", noted)
    (lost,) = run_healthy(task(quadratic(), SGD(), [1e3], 500, checkpoints=[0, 500]))
    assert lost.status is Status.DIVERGED
    soon = [0, lost.status_at + 1, 500]
    (again,) = run_healthy(task(quadratic(), SGD(), [1e3], 500, checkpoints=soon))
    assert again.status_at == lost.status_at
    assert looked == [0, 0]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e5])
def test_a_gradient_that_overflows_before_the_objective_is_in_no_row(scale: float) -> None:
    easy = quadratic()
    X: Any = easy.data.X
    problem = as_problem(scale * X, easy.y, easy.loss, w0=W0)
    L = constants_of(problem, None).L
    rates = [c / L for c in (3.0, 7.0, 10.0, 30.0)]
    for r in run_healthy(task(problem, SGD(), rates, 1200, minimum=False)):
        assert r.status is Status.DIVERGED
        assert finite(r)


def test_a_large_first_jump_is_not_divergence(breast_cancer: LinearProblem) -> None:
    work = task(breast_cancer, WNGrad(order="lagged"), [1e6], 100)
    (r,) = run_healthy(work)
    assert r.trace["objective"][1] > 1e3 * r.trace["objective"][0]
    assert r.status is not Status.DIVERGED
    assert r.status_at == 100


def test_stalled(breast_cancer: LinearProblem) -> None:
    marks = checkpoint_grid(1000, 12)
    (stuck,) = run_healthy(task(breast_cancer, SGD(), [100.0], 1000, checkpoints=marks))
    assert (stuck.status, stuck.status_at) == (Status.STALLED, 1000)
    assert stuck.trace["suboptimality"][-1] > 1.0
    (well,) = run_healthy(task(breast_cancer, WNGrad(), [100.0], 1000, checkpoints=marks))
    assert well.status is Status.COMPLETED
    assert well.trace["suboptimality"][-1] == pytest.approx(7.3e-3, rel=0.02)


def test_reached_target_ends_the_lane_at_that_checkpoint() -> None:
    problem = quadratic()
    L = constants_of(problem, None).L
    work = task(problem, SGD(), [0.001 / L, 1.0 / L, 0.3 / L], 200, target=1e-3)
    slow, fast, medium = run_healthy(work)
    assert slow.status is not Status.REACHED_TARGET
    for r in (fast, medium):
        gap = r.trace["suboptimality"]
        assert r.status is Status.REACHED_TARGET
        assert r.status_at == r.trace["iteration"][-1] == len(gap) - 1
        assert gap[-1] <= 1e-3 < gap[:-1].min()
        last = problem.value(r.iterates["last"][:, None])[0]
        assert r.trace["objective"][-1] == pytest.approx(last, rel=1e-14)
    assert fast.status_at < medium.status_at
    (alone,) = run_healthy(task(problem, SGD(), [0.001 / L], 200))
    np.testing.assert_allclose(slow.trace["objective"], alone.trace["objective"], rtol=1e-13)


def test_interrupted_lanes_keep_what_they_have() -> None:
    asked: list[int] = []

    def stop(t: int) -> bool:
        asked.append(t)
        return t == 7

    problem = quadratic()
    runs = run(task(problem, AdaGradNorm(), [0.1, 1.0], 50, checkpoints=[0, 5, 10, 50]), stop=stop)
    assert asked == list(range(8))
    assert statuses(runs) == [Status.INTERRUPTED, Status.INTERRUPTED]
    seven = run_healthy(task(problem, AdaGradNorm(), [0.1, 1.0], 7, checkpoints=[0, 5, 7]))
    for r, whole in zip(runs, seven, strict=True):
        assert r.status_at == 7
        assert r.trace["iteration"].tolist() == [0.0, 5.0, 7.0]  # their numbers are those there
        for name in ("suboptimality", "suboptimality_average", "lr"):
            np.testing.assert_array_equal(r.trace[name], whole.trace[name])
        np.testing.assert_array_equal(r.iterates["last"], whole.iterates["last"])
        np.testing.assert_array_equal(r.iterates["average"], whole.iterates["average"])


@dataclass(frozen=True)
class Raising(Solver):
    """Constant steps that raise at one of them."""

    name = "raising"
    at: int = 4

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Any:
        if self.at < 0:
            raise KeyError("no such setting")
        return np.zeros_like(lr0), lr0

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        count, lr0 = state
        if count[0] == self.at:
            raise ZeroDivisionError("the step is lost")
        W = oracle.descend(W, lr0, oracle.gradient(W))
        return Step(W, lr0, (count + 1.0, lr0))


def test_a_solver_that_raises_is_a_row() -> None:
    problem = quadratic()
    runs = run(task(problem, Raising(), [0.01, 0.1], 50))
    four = run_healthy(task(problem, SGD(), [0.01, 0.1], 4))
    for r, whole in zip(runs, four, strict=True):
        assert (r.status, r.status_at) == (Status.FAILED, 4)
        assert (
            r.error == "ZeroDivisionError: the step is lost (test_engine.py, line 267, iteration 4)"
        )
        assert r.trace["iteration"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
        np.testing.assert_array_equal(r.iterates["last"], whole.iterates["last"])
        # The point at which it raised is one of those that are averaged.
        mean = (4 * whole.iterates["average"] + whole.iterates["last"]) / 5
        np.testing.assert_allclose(r.iterates["average"], mean, rtol=1e-15)


def test_a_solver_that_raises_at_the_start_is_a_row() -> None:
    runs = run(task(quadratic(), Raising(at=-1), [0.01, 0.1], 50))
    for r in runs:
        assert (r.status, r.status_at) == (Status.FAILED, 0)
        assert r.error == "KeyError: 'no such setting' (test_engine.py, line 261, iteration 0)"
        np.testing.assert_array_equal(r.iterates["last"], W0)


def test_an_interrupt_inside_a_step_is_not_swallowed() -> None:
    def stop(t: int) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(task(quadratic(), SGD(), [0.1], 5), stop=stop)


def test_a_refuted_optimum_is_an_error() -> None:
    problem = quadratic()
    L = constants_of(problem, None).L
    f_star = float(problem.value(minimiser(problem)[:, None])[0])
    work = task(problem, SGD(), [1.0 / L], 500)
    run_healthy(work)
    wrong = replace(work.shared.constants, f_star=f_star + 0.1, f_star_error=0.09)
    with pytest.raises(RefutedError):
        run(work.on(constants=wrong))
    run_healthy(work.on(constants=replace(wrong, f_star_error=0.11)))


def test_the_statuses_in_the_order_of_the_schema() -> None:
    assert [str(s) for s in Status] == [
        "completed",
        "reached_target",
        "diverged",
        "stalled",
        "interrupted",
        "failed",
    ]


# --- what a row says -------------------------------------------------------------------------


class Reached(NamedTuple):
    """What a step reaches."""

    W: Array
    lr: PerLane
    output: Array
    """The solver's own answer, and the iterate where it has none."""
    looked_at: Array
    """Where the first gradient of the step was taken."""


def steps_of(
    problem: LinearProblem, solver: Any, rates: Sequence[float], batch: Minibatches | None
) -> Iterator[Reached]:
    start = np.repeat(W0[:, None], len(rates), axis=1)
    yield Reached(start, np.full(len(rates), np.nan), start, start)
    for W, lr, state, seen in walk_along(problem, solver, np.array(rates), batch, horizon=30):
        own = solver.output(W, state)
        yield Reached(W.copy(), lr.copy(), (W if own is None else own).copy(), seen[0][0])


@pytest.mark.parametrize("solver", every_variant(), ids=str)
@pytest.mark.parametrize("stochastic", [False, True])
def test_row_T_is_the_state_after_T_steps(solver: Any, stochastic: bool) -> None:
    problem = logreg()
    batch = batches(problem) if stochastic else None
    rates = [0.05, 0.5, 2.0]
    work = task(problem, solver, rates, 30, batch=batch)
    steps = steps_of(problem, solver, rates, batch)
    recorded = list(itertools.islice(steps, 31))
    f_star = work.shared.constants.f_star
    at_iterates = all(np.array_equal(b.looked_at, a.W) for a, b in itertools.pairwise(recorded))
    for lane, r in enumerate(run_healthy(work)):
        W, outputs = (
            np.column_stack([points[:, lane] for points in of_all])
            for of_all in ([s.W for s in recorded], [s.output for s in recorded])
        )
        objective, of_outputs = problem.value(W), problem.value(outputs)
        gradients = (problem.gradient(W) ** 2).sum(axis=0)
        means = np.cumsum(W, axis=1)[:, :-1] / np.arange(1, 31)
        answers = np.minimum(objective, of_outputs)
        expected = {
            "objective": objective,
            "suboptimality": objective - f_star,
            "suboptimality_best": np.minimum.accumulate(answers) - f_star,
            "suboptimality_average": np.append(np.nan, problem.value(means) - f_star),
            "grad_norm_sq": gradients,
            "lr": np.array([step.lr[lane] for step in recorded]),
        }
        least = np.minimum.accumulate(gradients)[:-1]
        missing = np.full_like(least, np.nan)
        looked_at_iterates = at_iterates and not stochastic
        expected["min_grad_norm_sq"] = np.append(np.nan, least if looked_at_iterates else missing)
        if "objective_output" in r.trace:
            expected["objective_output"] = of_outputs
            expected["suboptimality_output"] = of_outputs - f_star
        else:
            np.testing.assert_array_equal(outputs, W)
        for key, column in expected.items():
            np.testing.assert_allclose(
                r.trace[key], column, rtol=1e-10, atol=1e-14, equal_nan=True, err_msg=key
            )
        np.testing.assert_array_equal(r.iterates["last"], W[:, -1])
        np.testing.assert_allclose(r.iterates["average"], means[:, -1], rtol=1e-13, atol=1e-15)
        best = objective.argmin() if objective.min() <= of_outputs.min() else of_outputs.argmin()
        points = W if objective.min() <= of_outputs.min() else outputs
        np.testing.assert_array_equal(r.iterates["best"], points[:, best])


def test_state_columns_are_those_after_the_step() -> None:
    (r,) = run_healthy(task(logreg(), WNGrad(), [2.0], 30))
    assert r.trace["b"][0] == 0.5
    np.testing.assert_array_equal(1.0 / r.trace["b"][1:], r.trace["lr"][1:])
    np.testing.assert_allclose(r.trace["growth"], r.trace["b"] - 0.5, rtol=1e-12, atol=1e-15)
    (lagged,) = run_healthy(task(logreg(), WNGrad(order="lagged"), [2.0], 30))
    np.testing.assert_array_equal(1.0 / lagged.trace["b"][:-1], lagged.trace["lr"][1:])


@pytest.mark.parametrize("size", [1, 6, 20])
def test_passes_count_sample_gradients(size: int) -> None:
    problem = logreg()
    work = task(problem, SGD(), [0.01, 0.1], 30, batch=batches(problem, size))
    for r in run_healthy(work):
        np.testing.assert_allclose(r.trace["passes"], np.arange(31) * size / 20, rtol=1e-15)
        assert (r.setting, r.batch_size, r.sampling) == ("stochastic", size, "replacement")


@pytest.mark.parametrize("checkpoints", [None, [0, 30]])
def test_a_full_batch_is_a_pass(checkpoints: Any) -> None:
    (r,) = run_healthy(task(logreg(), SGD(), [0.1], 30, checkpoints=checkpoints))
    np.testing.assert_array_equal(r.trace["passes"], r.trace["iteration"])
    assert (r.setting, r.batch_size, r.sampling) == ("batch", 20, None)


@pytest.mark.parametrize("solver", every_variant(), ids=str)
@pytest.mark.parametrize("stochastic", [False, True])
@pytest.mark.parametrize("elements", [1 << 17, 12])
def test_looking_does_not_change_the_trajectory(
    solver: Any, stochastic: bool, elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lrbench.objective.linear.matrix.BLOCK_ELEMENTS", elements)
    problem = logreg(intercept=False)
    batch = batches(problem) if stochastic else None
    rates = [1e-3, 0.1, 1.0, 100.0]
    often = run_healthy(task(problem, solver, rates, 60, batch=batch))
    never = run_healthy(task(problem, solver, rates, 60, batch=batch, checkpoints=[0, 60]))
    for a, b in zip(often, never, strict=True):
        for key in ("last", "average"):
            assert a.iterates[key].tobytes() == b.iterates[key].tobytes()
        for key in ("objective", "lr", "sum_grad_norm_sq", "sum_lr"):
            assert a.trace[key][-1] == b.trace[key][-1]


def test_the_average_is_evaluated_in_parts_where_it_is_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = task(logreg(), SGD(), [0.01, 0.1, 0.2, 0.3, 0.4], 10)
    whole = run_healthy(work)
    monkeypatch.setattr(evaluator, "EVALUATED_ELEMENTS", 7)  # two lanes of three features at a time
    for a, b in zip(run_healthy(work), whole, strict=True):
        key = "suboptimality_average"
        np.testing.assert_allclose(a.trace[key], b.trace[key], rtol=1e-12, equal_nan=True)


def test_rows_of_different_lanes_are_in_the_order_of_lr0() -> None:
    rates = [3.0, 0.01, 1.0, 0.1]
    runs = run_healthy(task(quadratic(), WNGrad(), rates, 5))
    assert [r.lr0 for r in runs] == rates
    np.testing.assert_allclose([r.trace["b"][0] for r in runs], 1 / np.array(rates), rtol=1e-15)


def test_iterates_of_an_ended_lane_are_not_overwritten() -> None:
    problem = quadratic()
    L = constants_of(problem, None).L
    runs = run_healthy(task(problem, SGD(), [1.0 / L, 0.1 / L], 100, target=1e-2))
    at = [r.status_at for r in runs]
    assert at[0] < at[1]
    for r in runs:
        (alone,) = run_healthy(task(problem, SGD(), [r.lr0 or 0.0], r.status_at))
        for key, point in alone.iterates.items():
            np.testing.assert_allclose(r.iterates[key], point, rtol=1e-12, err_msg=key)


def test_the_ball_is_felt_by_the_run() -> None:
    problem = quadratic()
    w_star = minimiser(problem)
    radius = 0.5 * float(np.linalg.norm(w_star - W0))
    L = constants_of(problem, None).L
    work = task(problem, SGD(), [0.5 / L, 30.0 / L], 101, radius=radius)
    rare = work.changed(budget=replace(work.job.budget, checkpoints=[0, 101]))
    for r, again in zip(run_healthy(work), run_healthy(rare), strict=True):
        assert r.status is not Status.DIVERGED
        assert np.linalg.norm(r.iterates["last"] - W0) == pytest.approx(radius, rel=1e-12)
        distance = float(np.linalg.norm(r.iterates["last"] - w_star))
        assert r.trace["distance"][-1] == pytest.approx(distance, rel=1e-12)
        # Between checkpoints too the distance is that of the projected point.
        farthest = r.trace["distance"][:-1].max()
        assert again.trace["distance_max"][-1] == pytest.approx(farthest, rel=1e-10)


# --- what is timed ---------------------------------------------------------------------------

VALUE, DERIVATIVE, STEP = 1000.0, 1.0, 0.125


@dataclass(frozen=True)
class Costly(Loss):
    """The logistic loss, which takes its time on a clock that stands still otherwise."""

    clock: list[float]
    inside: Logistic
    name = "logistic"
    task = "binary"
    smoothness = 0.25
    lipschitz = 1.0

    def value(self, Z: Array, y: Array) -> Array:
        self.clock[0] += VALUE
        return self.inside.value(Z, y)

    def derivative(self, Z: Array, y: Array) -> Array:
        self.clock[0] += DERIVATIVE
        return self.inside.derivative(Z, y)

    def second_derivative(self, Z: Array, y: Array) -> Array:
        return self.inside.second_derivative(Z, y)

    def conjugate(self, u: Array, y: Array) -> Array:
        return self.inside.conjugate(u, y)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time that the engine sees."""
    now = [0.0]
    monkeypatch.setattr(meter, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    return now


def slow(clock: list[float]) -> Any:
    return replace(logreg(), loss=Costly(clock, Logistic()))


def test_a_full_gradient_is_timed_once_whoever_asks_for_it(clock: list[float]) -> None:
    for marks in ([*range(11)], [0, 5, 10], [0, 10]):
        (r,) = run_healthy(task(slow(clock), SGD(), [0.1], 10, checkpoints=marks))
        np.testing.assert_array_equal(r.trace["seconds"], r.trace["iteration"])
        # Objectives at iterates and averages, and the gradient at the end, which no step needs.
        assert r.evaluation_seconds == VALUE * (2 * len(marks) - 1) + DERIVATIVE


def test_evaluation_is_outside_the_clock_with_minibatches(clock: list[float]) -> None:
    problem = slow(clock)
    (r,) = run_healthy(task(problem, SGD(), [0.1], 10, batch=batches(problem)))
    np.testing.assert_array_equal(r.trace["seconds"], np.arange(11) * DERIVATIVE)
    # Before each step the minibatch's objective at five points, and two slopes.
    checks = 10 * (5 * VALUE + 2 * DERIVATIVE)
    assert r.evaluation_seconds == 11 * (VALUE + DERIVATIVE) + 10 * VALUE + checks


def test_seeds_that_go_together_share_the_clock_while_they_run(clock: list[float]) -> None:
    problem = slow(clock)
    far = task(problem, SGD(), [1e-9], 10, batch=batches(problem), checkpoints=[0, 4, 10])
    gap = float(run_healthy(far.lanes((4, [0.1])))[0].trace["suboptimality"][1])
    far = far.changed(budget=replace(far.job.budget, target=gap * (1 + 1e-9)))
    clock[0] = 0.0
    slowly, quickly = run_healthy(far.lanes((4, [1e-9]), (4, [0.1])))
    assert (quickly.status, quickly.status_at) == (Status.REACHED_TARGET, 4)
    # In each of 4 steps both seeds take a derivative, in 6 more one of them.
    assert quickly.trace["seconds"].tolist() == [0.0, 4 * DERIVATIVE]
    assert slowly.trace["seconds"].tolist() == [0.0, 4 * DERIVATIVE, 10 * DERIVATIVE]
    looks = slowly.evaluation_seconds + quickly.evaluation_seconds
    assert looks == clock[0] - 14 * DERIVATIVE
    assert quickly.evaluation_seconds < slowly.evaluation_seconds


def test_the_time_of_the_solver_itself_counts(clock: list[float]) -> None:
    class Thoughtful(SGD):
        """SGD that thinks before each step."""

        def step(self, W: Iterate, state: SGDState, oracle: Oracle) -> Step:
            clock[0] += STEP
            return super().step(W, state, oracle)

    (r,) = run_healthy(task(slow(clock), Thoughtful(), [0.1], 10, checkpoints=[0, 10]))
    assert r.trace["seconds"].tolist() == [0.0, 10 * (DERIVATIVE + STEP)]


class AheadState(NamedTuple):
    before: Lanes
    lr: PerLane


@dataclass(frozen=True)
class LookAhead(SGD):
    """Nesterov's momentum: the gradient is asked for beyond the iterate."""

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Any:
        return AheadState(W.copy(), lr0)

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        ahead = W + 0.9 * (W - state.before)
        g = oracle.gradient(ahead)
        before = W.copy()
        return Step(oracle.descend(ahead, state.lr, g), state.lr, AheadState(before, state.lr))


class MoveThenLook(LookAhead):
    """The same, but the iterate is moved in place before the gradient is asked for."""

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        before = W.copy()
        ahead = oracle.move(W, -0.9 * (W - state.before))
        g = oracle.gradient(ahead)
        return Step(oracle.descend(ahead, state.lr, g), state.lr, AheadState(before, state.lr))


@pytest.mark.parametrize("solver", [LookAhead(), MoveThenLook()], ids=["ahead", "moved"])
def test_where_a_run_is_looked_at_does_not_change_it(solver: SGD) -> None:
    problem = quadratic()
    ends = [
        run(task(problem, solver, [0.05], 40, checkpoints=marks))[0].iterates["last"]
        for marks in ([0, 40], [0, 3, 17, 40], [*range(41)])
    ]
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[0], ends[2])


def test_a_lane_that_ends_at_once_has_its_start_as_average() -> None:
    problem = quadratic()
    (r,) = run(task(problem, SGD(), [0.1], 10, target=1e12))
    assert (r.status, r.status_at) == (Status.REACHED_TARGET, 0)
    np.testing.assert_array_equal(r.iterates["average"], problem.w0)
