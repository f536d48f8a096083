"""Checks of single paths: right code never fails them, whatever the data; wrong code does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from builders import as_problem, dense, linear_problem, run_healthy, task

from lrbench.arrays import Lanes
from lrbench.engine.run import run_lanes
from lrbench.kernels.library import library
from lrbench.losses import LOSSES
from lrbench.objective.linear import minibatch_values, sampler
from lrbench.objective.linear.matrix import block
from lrbench.objective.linear.minibatch import MinibatchOracle
from lrbench.objective.linear.plain import DenseIterates
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.linear.scaled import ScaledIterates
from lrbench.objective.linear.touched import ScaledSampler
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import PROBE_STEP, ValuesInParts
from lrbench.penalties.box import Box
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.results import Run, Status
from lrbench.solvers.adagrad_norm import AdaGradNorm
from lrbench.solvers.polyak import Polyak
from lrbench.solvers.prox_wngrad import ProxWNGrad
from lrbench.solvers.sgd import SGD
from lrbench.solvers.wngrad import WNGrad

RATES = (1e-5, 1e-2, 0.3, 10.0, 1e4)
PENALTIES: list[dict[str, Any]] = [
    {},
    {"weight": 0.05, "intercept": True},
    {"penalty": L1(0.1)},
    {"penalty": ElasticNet(0.1)},
    {"penalty": Box(-0.5, 0.7)},
]


def problem_of(loss: str, seed: int = 3, **options: Any) -> LinearProblem:
    """Return a problem with a column in small and one in large units, and long rows."""
    problem = linear_problem(loss, 50, 6, seed=seed, **options)
    X = dense(problem).copy()
    X[:, 0] = X[:, 0] * 1e-3 + (0.0 if loss == "poisson" else 1e3)
    X[:, 1] *= 1e2
    X[::10] *= 0.1 if loss == "poisson" else 30.0
    return replace(problem, data=type(problem.data)(X))


def runs_on(
    problem: LinearProblem, solver: Any, size: int, steps: int = 40, **options: Any
) -> list[Run]:
    """Return runs beside a point that is no minimiser: the checks need none."""
    largest = np.abs(dense(problem)).max(axis=0)
    near = np.random.default_rng(5).standard_normal(problem.n_features)
    near /= np.where(largest > 0.0, largest, 1.0)
    batch = Minibatches(problem.n_samples, size, "replacement", seed=4)
    checkpoints = sorted({*range(0, steps, 7), 1, 2, steps})
    work = task(
        problem,
        solver,
        RATES,
        steps,
        checkpoints=checkpoints,
        batch=batch,
        minimum=False,
        **options,
    )
    return run_healthy(work.on(w_star=near))


def worst(runs: list[Run], column: str) -> float:
    return max(float(np.nanmax(r.trace[column], initial=0.0)) for r in runs)


# --- right code ------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("options", PENALTIES, ids=str)
def test_right_code_passes_on_any_data(loss: str, options: dict[str, Any]) -> None:
    problem = problem_of(loss, **options)
    for solver, size in (
        (WNGrad(), 1),
        (WNGrad(order="lagged"), 7),
        (SGD(), 1),
        (AdaGradNorm(), 7),
    ):
        runs = runs_on(problem, solver, size)
        assert worst(runs, "subgradient_error") <= 1.0
        assert worst(runs, "average_error") <= 0.5
        assert all(np.isnan(r.trace["subgradient_error"][0]) for r in runs)
        assert all(np.isfinite(r.trace["regret_error"]).all() for r in runs)


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 80 features count as wide, so that steps visit touched columns only."""
    monkeypatch.setattr(sampler, "FEW_FEATURES", 10)
    monkeypatch.setattr(sampler, "CHUNK_BYTES", 64)


def wide_problem(loss: str) -> LinearProblem:
    return linear_problem(loss, 40, 80, weight=0.05, intercept=True, density=0.04, seed=2)


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("loss", ["logistic", "hinge", "absolute"])
def test_right_code_passes_on_wide_sparse_data(loss: str) -> None:
    problem = wide_problem(loss)
    batch = Minibatches(40, 2, "replacement", seed=4)
    assert isinstance(problem.sampler(None, None, [batch]), ScaledSampler)
    for radius in (None, 0.5):
        runs = runs_on(problem, WNGrad(), 2, 200, radius=radius)
        assert worst(runs, "subgradient_error") <= 1.0
        assert worst(runs, "average_error") <= 0.5


def test_there_is_no_check_of_full_batches_and_of_proximal_steps() -> None:
    problem = linear_problem("squared", 20, 3, weight=0.1)
    (run,) = run_healthy(task(problem, WNGrad(), [0.1], 5))
    assert np.isnan(run.trace["subgradient_error"]).all()
    assert (run.trace["average_error"][1:] < 0.5).all()
    batch = Minibatches(20, 4, "replacement", seed=1)
    (run,) = run_healthy(task(problem, ProxWNGrad(), [0.1], 5, batch=batch))
    assert np.isnan(run.trace["subgradient_error"]).all()
    assert np.isnan(run.trace["average_error"]).all()


def in_one(parts: ValuesInParts) -> tuple[Lanes, Any]:
    """Return what is computed in parts."""
    while True:
        try:
            next(parts)
        except StopIteration as ended:
            values: tuple[Lanes, Any] = ended.value
            return values


EXACT: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "squared": lambda z, y: (z - y) ** 2 / 2,
    "absolute": lambda z, y: abs(z - y),
    "hinge": lambda z, y: max(Fraction(0), 1 - z * y),
}


@pytest.mark.parametrize(("loss", "exact"), EXACT.items(), ids=EXACT)
@pytest.mark.parametrize("offset", [0.0, 1e7])
@pytest.mark.parametrize("rows", [2, 1024])
def test_the_rounding_of_values_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
    loss: str,
    exact: Callable[[Fraction, Fraction], Fraction],
    offset: float,
    rows: int,
) -> None:
    """The values of a minibatch, in parts and in one, against exact rationals."""
    monkeypatch.setattr(minibatch_values, "ROWS", rows)
    problem = linear_problem(loss, 9, 4, weight=0.0, seed=8)
    X = dense(problem) + offset
    problem = as_problem(X, problem.y, problem.loss)
    rng = np.random.default_rng(1)
    W = rng.standard_normal((4, 3)) * [[1.0], [1e-4], [1e3], [1.0]]
    reach = np.abs(W) * 1.5
    points = [W, *(W + s * PROBE_STEP * reach for s in (-1.0, 1.0))]

    def near(rows: Any, lanes: slice) -> tuple[list[Lanes], Lanes]:
        return [point[rows, lanes] for point in points], reach[rows, lanes]

    batch = minibatch_values.RowsOfLanes(slice(None), X, problem.y)
    values, rounding = in_one(minibatch_values.minibatch_values(problem, [batch], near, 3))
    rational = X.tolist()
    for value, point in zip(values, points, strict=True):
        for lane in range(3):
            w = [Fraction(float(v)) for v in point[:, lane]]
            z = [
                sum((Fraction(a) * b for a, b in zip(r, w, strict=True)), Fraction(0))
                for r in rational
            ]
            y = [Fraction(float(t)) for t in problem.y]
            mean = sum((exact(a, b) for a, b in zip(z, y, strict=True)), Fraction(0)) / 9
            assert abs(Fraction(float(value[lane])) - mean) <= Fraction(float(rounding[lane]))
    # It is not much wider than needed: 1e-13 of the largest terms, squared for the squared loss.
    size = (np.abs(X) @ reach).max() + 1.0
    assert rounding.max() < 1e-13 * size * (size if loss == "squared" else 1.0)


# --- parts -----------------------------------------------------------------------------------


def values_of(problem: LinearProblem, batch: Any, n_lanes: int) -> tuple[Lanes, Any]:
    """Return the values of a minibatch at two points of each lane."""
    W = np.random.default_rng(9).standard_normal((problem.n_features, n_lanes))
    reach = np.abs(W) + 0.3

    def near(rows: Any, lanes: slice) -> tuple[list[Lanes], Lanes]:
        at = [W, W + PROBE_STEP * reach]
        return [np.ascontiguousarray(A[rows, lanes]) for A in at], reach[rows, lanes]

    return in_one(minibatch_values.minibatch_values(problem, [batch], near, n_lanes))


@pytest.mark.parametrize("density", [None, 0.03, 0.6])
@pytest.mark.parametrize("n_lanes", [3, 40])
def test_parts_add_up_to_the_whole(
    monkeypatch: pytest.MonkeyPatch, density: float | None, n_lanes: int
) -> None:
    problem = linear_problem("logistic", 37, 70, weight=0.1, density=density, intercept=True)
    W = np.random.default_rng(9).standard_normal((problem.n_features, n_lanes))
    expected = [problem.value(A) for A in (W, W + PROBE_STEP * (np.abs(W) + 0.3))]
    X = block(problem.data.X, slice(0, 37))
    batch = minibatch_values.RowsOfLanes(slice(None), X, problem.y)
    small = {"ROWS": 5, "LANES": 16, "NUMBERS": 600, "ENTRIES": 150}
    for names in ([], ["ROWS"], ["LANES"], ["NUMBERS"], ["ENTRIES"], [*small]):
        with monkeypatch.context() as patch:
            for name in names:
                patch.setattr(minibatch_values, name, small[name])
            values, rounding = values_of(problem, batch, n_lanes)
        assert (np.abs(values - expected) <= rounding).all(), names


@pytest.mark.parametrize("solver", [WNGrad(), SGD(), Polyak()], ids=repr)
@pytest.mark.parametrize("compiled", [False, True])
def test_a_stop_is_asked_for_within_a_check(
    monkeypatch: pytest.MonkeyPatch, solver: Any, compiled: bool
) -> None:
    if compiled and library() is None:
        pytest.skip("no compiled steps were built")
    monkeypatch.setattr(minibatch_values, "ROWS", 2)
    problem = linear_problem("logistic", 50, 6, seed=3)
    batch = Minibatches(50, 30, "replacement", seed=4)
    work = task(problem, solver, RATES[:3], 4, batch=batch, minimum=False)
    work = work.on(w_star=np.linspace(-1.0, 1.0, 6)).changed(compiled=compiled)
    asked: list[int] = []

    def never(t: int) -> bool:
        asked.append(t)
        return False

    whole = run_lanes(work.job, work.shared, never)
    assert len(asked) > 4 * 15  # every step is a leg, and has a check
    for k in range(1, len(asked) + 1):
        calls: list[int] = []

        def stop(t: int, k: int = k, calls: list[int] = calls) -> bool:
            calls.append(t)
            return len(calls) >= k

        runs = run_lanes(work.job, work.shared, stop)
        assert len(calls) == k
        for run, other in zip(runs, whole, strict=True):
            assert run.status is Status.INTERRUPTED
            # Each row is that of the whole run: its checks were all finished.
            n_rows = len(run.trace["iteration"])
            assert max(1, calls[-1]) <= n_rows <= min(4, calls[-1] + 1)
            for name in ("iteration", "regret", "subgradient_error"):
                rows = other.trace[name][:n_rows]
                assert np.array_equal(run.trace[name], rows, equal_nan=True)


# --- wrong code ------------------------------------------------------------------------------


def wrong_gradient(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[MinibatchOracle, Lanes], Lanes]
) -> None:
    """Let minibatches have another gradient: change(oracle, gradient)."""
    right = MinibatchOracle._mean_gradient

    def changed(oracle: MinibatchOracle, W: Lanes, batches: Any, *, penalised: bool) -> Lanes:
        return change(oracle, right(oracle, W, batches, penalised=penalised))

    monkeypatch.setattr(MinibatchOracle, "_mean_gradient", changed)


def without_feature(oracle: MinibatchOracle, G: Lanes) -> Lanes:
    G[2] = 0.0
    return G


class Late:
    """The gradient of the step before, unless lanes have ended since."""

    def __init__(self) -> None:
        self.before: Lanes | None = None

    def __call__(self, oracle: MinibatchOracle, G: Lanes) -> Lanes:
        before, self.before = self.before, G.copy()
        return G if before is None or before.shape != G.shape else before


FAULTS: dict[str, Callable[[], Callable[[MinibatchOracle, Lanes], Lanes]]] = {
    "x 1.01": lambda: lambda oracle, G: G * 1.01,
    "x 0.99": lambda: lambda oracle, G: G * 0.99,
    "summed": lambda: lambda oracle, G: G * oracle.size,
    "no feature": lambda: without_feature,
    "late": Late,
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_wrong_gradients_are_seen(monkeypatch: pytest.MonkeyPatch, fault: str, loss: str) -> None:
    problem = linear_problem(loss, 50, 6, seed=3)
    wrong_gradient(monkeypatch, FAULTS[fault]())
    assert worst(runs_on(problem, SGD(), 5, 30), "subgradient_error") > 1e3


def stale(monkeypatch: pytest.MonkeyPatch, owner: Any) -> None:
    right = owner.accumulate
    counts = {"calls": 0}

    def late(self: Any, W: Any) -> None:
        counts["calls"] += 1
        if counts["calls"] != 3:  # one iterate of all is left out
            right(self, W)

    monkeypatch.setattr(owner, "accumulate", late)


def test_another_average_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = problem_of("logistic")
    stale(monkeypatch, DenseIterates)
    runs = runs_on(problem, SGD(), 5)
    for run in runs:
        early = run.trace["iteration"] <= 2
        assert np.nanmax(run.trace["average_error"][early]) <= 0.5
        assert np.nanmin(run.trace["average_error"][~early]) > 10.0
    assert worst(runs, "subgradient_error") <= 1.0


@pytest.mark.usefixtures("wide")
def test_another_average_of_wide_sparse_data_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    stale(monkeypatch, ScaledIterates)
    assert worst(runs_on(wide_problem("logistic"), SGD(), 2), "average_error") > 1.0


def test_lanes_of_several_seeds_are_checked_on_their_own_minibatches() -> None:
    problem = problem_of("hinge")
    near = np.linspace(-1.0, 1.0, problem.n_features)
    batch = Minibatches(50, 3, "replacement", 1)
    work = task(problem, WNGrad(), RATES, 30, minimum=False, batch=batch, seeds=(1, 2, 3), pad_to=8)
    runs = run_healthy(work.on(w_star=near))
    assert len({r.trace["regret"][-1] for r in runs}) == len(runs)
    assert worst(runs, "subgradient_error") <= 1.0
