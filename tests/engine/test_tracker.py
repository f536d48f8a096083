"""What is measured at every step, against scalar loops over the recorded steps."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from builders import (
    Array,
    constants_of,
    every_variant,
    facts_of,
    linear_problem,
    minimiser,
    run_healthy,
    task,
    walk_along,
)

from lrbench.arrays import Lanes, PerLane
from lrbench.engine.tracker import SUMS, Tracker
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.solvers.wngrad import WNGrad

every_solver = pytest.mark.parametrize("solver", every_variant(), ids=str)
W0 = np.array([1.0, -2.0, 0.5, 3.0])


def problem_of(loss: str = "logistic") -> LinearProblem:
    return linear_problem(loss, 30, 4, weight=0.05, w0=W0, seed=6)


@dataclass
class Recorded:
    """Every step of one lane."""

    w: list[Array]
    at: list[Array]
    """Where the first gradient of each step was taken."""
    g: list[Array]
    lr: list[float]

    def sums(self, w_star: Array, L: float) -> dict[str, list[float]]:
        """Return, at every T, the sums and extremes over t < T by plain loops."""
        table: dict[str, list[float]] = {}
        for T in range(1, len(self.lr) + 1):
            a = [float(g @ g) for g in self.g[:T]]
            lr = self.lr[:T]
            far = [float(np.linalg.norm(w - w_star)) for w in self.w[: T + 1]]
            inner = [float(g @ (v - w_star)) for g, v in zip(self.g[:T], self.at, strict=False)]
            row = {
                "sum_grad_norm_sq": math.fsum(a),
                "sum_lr_grad_norm_sq": math.fsum(s * x for s, x in zip(lr, a, strict=True)),
                "sum_lr": math.fsum(lr),
                "regret": math.fsum(inner),
                "min_grad_norm_sq": min(a),
                "distance": far[T],
                "distance_max": max(far[:T]),
            }
            for limit, name in ((1.0, "stable"), (1.5, "short")):
                longer = [t for t in range(T) if lr[t] * L > limit]
                N = longer[-1] + 1 if longer else 0
                row[f"{name}_from"] = float(N) if N < T else math.nan
                row[f"{name}_distance"] = far[N] if N < T else math.nan
                row[f"{name}_sum_lr"] = math.fsum(lr[N:])
            for key, value in row.items():
                table.setdefault(key, []).append(value)
        return table


@np.errstate(over="ignore")  # as in a run
def record(
    problem: LinearProblem, solver: Any, rates: Array, steps: int, batch: Minibatches | None
) -> list[Recorded]:
    lanes = [Recorded([problem.w0], [], [], []) for _ in rates]
    walk = walk_along(problem, solver, rates, batch, horizon=steps)
    for W, lr, _, seen in itertools.islice(walk, steps):
        for k, lane in enumerate(lanes):
            lane.w.append(W[:, k].copy())
            lane.at.append(seen[0][0][:, k])
            lane.g.append(seen[0][1][:, k])
            lane.lr.append(float(lr[k]))
    return lanes


@every_solver
@pytest.mark.parametrize("batch", [None, Minibatches(30, 7, "replacement", seed=1)], ids=str)
@pytest.mark.parametrize("every", [1, 8])
def test_columns_equal_plain_loops(solver: Any, batch: Minibatches | None, every: int) -> None:
    problem = problem_of()
    w_star, L = minimiser(problem), constants_of(problem, None).L
    rates = np.array([0.01, 0.5 / L, 3.1 / L, 100.0])
    steps = range(0, 41, every)
    runs = run_healthy(task(problem, solver, rates.tolist(), 40, checkpoints=steps, batch=batch))
    for run, lane in zip(runs, record(problem, solver, rates, 40, batch), strict=True):
        expected = lane.sums(w_star, L)
        for key, values in expected.items():
            column = run.trace[key][1:]
            elsewhere = any(not np.array_equal(v, w) for v, w in zip(lane.at, lane.w, strict=False))
            if key == "min_grad_norm_sq" and (batch is not None or elsewhere):
                assert np.all(np.isnan(column))
                continue
            at = np.array(values)[every - 1 :: every]
            scale = np.nanmax(np.abs(values)) if key == "regret" else 0.0
            if key.endswith("_distance"):  # rounded up by the error of the squared distance
                column, at = column**2, at**2
                scale = 0.2 * max(expected["distance_max"]) ** 2
            np.testing.assert_allclose(
                column, at, rtol=2e-10, atol=1e-12 * scale, err_msg=f"{key} at lr0 = {run.lr0}"
            )
        # Longer steps amplify the last bits, in which the two runs differ.
        if run.lr0 is not None and run.lr0 < 1.0 / L:
            regret = np.array(expected["regret"])[every - 1 :: every]
            error = run.trace["regret_error"][1:]
            assert np.all(np.abs(run.trace["regret"][1:] - regret) <= 2.0 * error)
            rate = run.trace["lr"][1:]
            # The squared distances that are multiplied by 1/lr are known to so many digits.
            fall = max(lane.lr) / np.where(rate > 0.0, rate, max(lane.lr))
            assert np.all(error <= 1e-12 * run.trace["iteration"][1:] * fall)


@every_solver
def test_distance_by_recurrence_equals_the_distance_measured(solver: Any) -> None:
    problem = problem_of()
    w_star, c = minimiser(problem), constants_of(problem, None)
    rates = np.array([1e-3, 0.1, 0.9]) / c.L
    batch = Minibatches(30, 7, "replacement", seed=1)
    tracker = Tracker(3, problem.w0, w_star, c.L, c.mu)
    sampler = problem.sampler(w_star, None, [batch])
    W = sampler.iterates.start(3)
    state = solver.init(W, rates, facts_of(problem, solver))
    oracles = sampler.oracles(tracker.observe)
    largest = np.full(3, np.sum((W0 - w_star) ** 2))
    for t, oracle in zip(range(3000), oracles, strict=False):
        oracle.begin(W)
        W, lr, state = solver.step(W, state, oracle)
        assert tracker.advance(t, lr, W, oracle.off_path) is None
        measured = ((W - w_star[:, None]) ** 2).sum(axis=0)
        largest = np.maximum(largest, measured)
        if t % 100 == 99:
            squared = tracker.row(t + 1)["distance"] ** 2
            assert np.all(np.abs(squared - measured) <= 1e-12 * largest)


def test_distances_that_are_noted_are_those_of_the_lanes_off_the_path() -> None:
    rng, n_steps, n_lanes = np.random.default_rng(5), 150, 4
    w_star = rng.normal(size=3)
    noted = Tracker(n_lanes, np.array([2.0, -1.0, 0.5]), w_star, 1.0, 0.1)
    added_at_once = Tracker(n_lanes, np.array([2.0, -1.0, 0.5]), w_star, 1.0, 0.1)
    squared = np.full(n_lanes, np.sum((np.array([2.0, -1.0, 0.5]) - w_star) ** 2))
    largest = np.zeros(n_lanes)
    for t in range(n_steps):
        # Steps along the gradient, off the path, and of both kinds side by side.
        off = (None, np.ones(n_lanes, dtype=np.bool_), rng.random(n_lanes) < 0.5)[t // 7 % 3]
        lr, slope = rng.uniform(0.5, 2.0, n_lanes), rng.normal(size=n_lanes)
        gradient = GivenGradient(rng.uniform(1.0, 9.0, n_lanes), slope)
        W = rng.normal(size=(3, n_lanes))
        for tracker in (noted, added_at_once):
            tracker.observe(None, gradient)
            tracker.advance(t, lr, W, off)
        row = added_at_once.row(t + 1)
        largest = np.maximum(largest, squared)
        squared = squared + lr * (lr * gradient.norm_sq() - 2.0 * slope)
        if off is not None:
            squared = np.where(off, ((W - w_star[:, None]) ** 2).sum(axis=0), squared)
        np.testing.assert_allclose(row["distance"], np.sqrt(np.maximum(squared, 0)), rtol=1e-12)
        np.testing.assert_allclose(row["distance_max"], np.sqrt(largest), rtol=1e-12)
    for key, column in noted.row(n_steps).items():
        np.testing.assert_array_equal(column, row[key], err_msg=key)


class GivenGradient:
    """A gradient whose numbers are given."""

    def __init__(self, norm_sq: Array, slope: Array) -> None:
        self._norm_sq, self._slope = norm_sq, slope

    def norm_sq(self) -> PerLane:
        return self._norm_sq

    def inner(self, W: Lanes) -> PerLane:
        return self._slope

    def inner_star(self) -> PerLane:
        return np.zeros_like(self._slope)

    def dense(self) -> Lanes:
        raise AssertionError("the tracker has no need of it")


def follow(L: float, mu: float, rates: list[list[float]]) -> Tracker:
    """Return the tracker after steps at these rates, lanes last, from distance 2; gradients 0."""
    n_lanes = len(rates[0])
    tracker = Tracker(n_lanes, np.array([2.0]), np.array([0.0]), L, mu)
    for t, lr in enumerate(rates):
        tracker.observe(None, GivenGradient(np.zeros(n_lanes), np.zeros(n_lanes)))
        tracker.advance(t, np.array(lr))
    return tracker


def test_a_lane_is_stable_from_where_its_rate_stays_below_one_over_L() -> None:
    #                  always  later   leaves  back again
    tracker = follow(4.0, 0.0, [
        [0.25, 1.00, 0.25, 0.10],
        [0.25, 0.20, 0.25, 0.90],
        [0.25, 0.10, 0.26, 0.20],
    ])  # fmt: skip
    row = tracker.row(3)
    np.testing.assert_array_equal(row["stable_from"], [0.0, 1.0, np.nan, 2.0])
    np.testing.assert_allclose(row["stable_sum_lr"], [0.75, 0.30, 0.0, 0.20], rtol=1e-15)
    np.testing.assert_allclose(row["stable_distance"], [2.0, 2.0, np.nan, 2.0], rtol=1e-12)
    assert row["stable_distance"][0] == 2.0
    assert np.all(row["stable_distance"][[1, 3]] >= 2.0)


def test_a_lane_is_short_from_where_its_rate_stays_below_one_and_a_half_over_L() -> None:
    #                  always  later   leaves  not stable  longer, then at the limit
    tracker = follow(4.0, 0.0, [
        [0.375, 1.00, 0.25, 0.30, 0.80],
        [0.250, 0.30, 0.25, 0.20, 0.375 * (1 + 2e-16)],
        [0.300, 0.35, 0.38, 0.26, 0.375],
    ])  # fmt: skip
    row = tracker.row(3)
    np.testing.assert_array_equal(row["short_from"], [0.0, 1.0, np.nan, 0.0, 1.0])
    np.testing.assert_array_equal(row["stable_from"], np.full(5, np.nan))
    np.testing.assert_allclose(row["short_sum_lr"], [0.925, 0.65, 0.0, 0.76, 0.75], rtol=1e-15)
    np.testing.assert_allclose(row["short_distance"], [2, 2, np.nan, 2, 2], rtol=1e-12)
    assert np.all(row["short_distance"][[1, 4]] > 2.0)  # rounded up behind the start


def test_a_rate_of_one_over_L_to_rounding_is_stable() -> None:
    L = 3.0
    tracker = follow(L, 0.0, [[(1.0 / L) * (1 + 2e-16), (1.0 / L) * (1 + 1e-14)]])
    np.testing.assert_array_equal(tracker.row(1)["stable_from"], [0.0, np.nan])


def test_nothing_is_stable_where_F_is_not_smooth() -> None:
    row = follow(np.inf, 0.0, [[1e-9]]).row(1)
    assert np.isnan(row["stable_from"][0])
    assert row["stable_sum_lr"][0] == 0.0


def test_stable_distance_is_that_at_the_entrance() -> None:
    problem = linear_problem("squared", 30, 4, weight=0.05, w0=0.5 * W0, seed=6)
    w_star, L = minimiser(problem), constants_of(problem, None).L
    solver = WNGrad(order="lagged")
    (run,) = run_healthy(task(problem, solver, [0.6], 400))
    (lane,) = record(problem, solver, np.array([0.6]), 400, None)
    N = int(run.trace["stable_from"][-1])
    assert 1 < N < 400
    assert lane.lr[N - 1] * L > 1.0 >= lane.lr[N] * L
    entrance = float(np.linalg.norm(lane.w[N] - w_star))
    assert run.trace["stable_distance"][-1] == pytest.approx(entrance, rel=1e-10)
    assert run.trace["stable_sum_lr"][-1] == pytest.approx(math.fsum(lane.lr[N:]), rel=1e-12)


def test_log_contraction_sums_the_logarithms() -> None:
    rates = [[0.1, 1.0], [0.2, 5.0]]
    row = follow(10.0, 0.5, rates).row(2)
    assert row["log_contraction"][0] == pytest.approx(math.log(0.95 * 0.9), rel=1e-14)
    # A factor cannot fall below zero: at lr >= 1/mu it is rounded up to the least positive one.
    assert row["log_contraction"][1] == pytest.approx(math.log(0.5) - 36.7368, rel=1e-5)
    assert np.all(np.isnan(follow(10.0, 0.0, rates).row(2)["log_contraction"]))


def test_log_factor_sums_the_logarithms_of_the_steeper_curvature_too() -> None:
    # L = 10, mu = 0.5: the factors are 1 - lr/2 up to 2/10.5, and 10 lr - 1 above.
    rates = [[0.1, 0.195, 0.1], [2.0 / 10.5, 0.2, 3.0], [0.05, 0.01, 0.2]]
    row = follow(10.0, 0.5, rates).row(3)
    expected = [0.95 * (1 - 1 / 10.5) * 0.975, 0.95 * 1.0 * 0.995, 0.95 * 29.0 * 1.0]
    np.testing.assert_allclose(row["log_factor"], np.log(expected), rtol=1e-13)
    short = follow(10.0, 0.5, rates[:1]).row(1)
    assert short["log_factor"][0] == short["log_contraction"][0]
    assert np.all(np.isnan(follow(10.0, 0.0, rates).row(3)["log_factor"]))


def test_without_a_minimiser_there_are_no_distances() -> None:
    problem = problem_of()
    runs = run_healthy(task(problem, every_variant()[0], [0.1, 1.0], 5, minimum=False))
    for run in runs:
        for key in ("distance", "distance_max", "regret", "stable_distance", "short_distance"):
            assert np.all(np.isnan(run.trace[key][1:])), key
        assert np.all(np.isfinite(run.trace["sum_grad_norm_sq"]))
        assert np.all(np.isfinite(run.trace["min_grad_norm_sq"][1:]))


def test_only_the_first_gradient_of_a_step_is_noted() -> None:
    tracker = Tracker(1, np.zeros(1), None, 1.0, 0.0)
    for a in (4.0, 9.0):
        tracker.observe(None, GivenGradient(np.array([a]), np.zeros(1)))
    tracker.advance(0, np.ones(1))
    tracker.observe(None, GivenGradient(np.array([1.0]), np.zeros(1)))
    tracker.advance(1, np.ones(1))
    assert tracker.row(2)["sum_grad_norm_sq"][0] == 5.0
    assert tracker.row(2)["min_grad_norm_sq"][0] == 1.0


def test_advance_names_the_lanes_whose_gradient_is_lost() -> None:
    tracker = Tracker(3, np.zeros(1), None, 1.0, 0.0)
    tracker.observe(None, GivenGradient(np.array([1.0, np.inf, np.nan]), np.zeros(3)))
    with np.errstate(invalid="ignore"):  # as in a run
        lost = tracker.advance(0, np.ones(3))
    assert lost is not None
    np.testing.assert_array_equal(lost, [False, True, True])


def test_keep_drops_lanes_from_everything() -> None:
    tracker = follow(4.0, 0.5, [[0.25, 1.0, 0.1], [0.2, 0.2, 0.2]])
    before = tracker.row(2)
    mask = np.array([True, False, True])
    tracker.keep(mask)
    after = tracker.row(2)
    assert set(SUMS) < set(after)
    for key, column in before.items():
        np.testing.assert_array_equal(after[key], column[mask], err_msg=key)
    tracker.observe(None, GivenGradient(np.ones(2), np.zeros(2)))
    tracker.advance(2, np.array([0.1, 0.1]))
    assert tracker.row(3)["sum_grad_norm_sq"].tolist() == [1.0, 1.0]


def test_rows_are_not_overwritten_by_later_steps() -> None:
    tracker = follow(4.0, 0.5, [[0.25]])
    row = tracker.row(1)
    kept = {k: v.copy() for k, v in row.items()}
    tracker.observe(None, GivenGradient(np.ones(1), np.ones(1)))
    tracker.advance(1, np.array([3.0]))
    tracker.measure(np.array([[7.0]]))
    for key, column in row.items():
        np.testing.assert_array_equal(column, kept[key], err_msg=key)
