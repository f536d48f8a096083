"""Scaled lanes on wide sparse data agree with plain arrays on the same minibatches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from builders import (
    Array,
    every_variant,
    linear_problem,
    minimiser,
    run_healthy,
    shrink_rates,
    slope,
    task,
)

from lrbench.arrays import norm_sq
from lrbench.objective.linear import sampler as linear_sampler
from lrbench.objective.linear import scaled as scaled_lanes
from lrbench.objective.linear.full import FullSampler
from lrbench.objective.linear.minibatch import MinibatchSampler
from lrbench.objective.linear.oracle import LinearRun
from lrbench.objective.linear.plain import DenseIterates
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.linear.scaled import ScaledIterates
from lrbench.objective.linear.touched import ScaledSampler
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import Ball, Gradient, Iterate, Oracle
from lrbench.objective.random_numbers import RandomNumbers
from lrbench.solvers.base import Step
from lrbench.solvers.sgd import SGD
from lrbench.solvers.state import keep_lanes

FEATURES, SAMPLES = 60, 40
RATES = np.array([1e-3, 0.1, 0.5, 1.0, 2.0])


def wide(
    weight: float = 0.1, *, intercept: bool = False, loss: str = "logistic", w0: Any = None
) -> LinearProblem:
    return linear_problem(
        loss,
        SAMPLES,
        FEATURES,
        weight=weight,
        intercept=intercept,
        density=0.05,
        w0=w0,
        seed=9,
    )


def start(intercept: bool) -> Array:
    return np.random.default_rng(4).standard_normal(FEATURES + intercept)


def batches(size: int = 3) -> Minibatches:
    return Minibatches(SAMPLES, size, "replacement", seed=5)


def scaled_sampler(
    problem: LinearProblem, w_star: Array | None, ball: Ball | None, minibatches: Minibatches
) -> ScaledSampler:
    iterates = ScaledIterates(problem.w0, w_star, problem.n_penalised)
    run = LinearRun(problem, w_star, ball, iterates, RandomNumbers([0]))
    return ScaledSampler(run, minibatches)


def plain_sampler(
    problem: LinearProblem, w_star: Array | None, ball: Ball | None, *, dense: bool
) -> MinibatchSampler:
    run = LinearRun(problem, w_star, ball, DenseIterates(problem.w0), RandomNumbers([0]))
    return MinibatchSampler(run, [batches()], dense=dense)


@dataclass
class Lap:
    """What both ways are compared in after a step."""

    W: Array
    norm_sq: Array
    inner: Array
    inner_star: Array
    mean: Array
    plain: list[bool]
    """What the oracle said after every step."""


@dataclass(frozen=True)
class Mixed(SGD):
    """Steps along the gradient, or moves elsewhere: the first sample of the minibatch decides."""

    n_features: int = FEATURES

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        g = oracle.gradient(W)
        assert oracle.index is not None
        if oracle.index[0] % 2:
            return Step(oracle.descend(W, state.lr0, g), state.lr0, state)
        W = oracle.move(W, state.lr0 * np.linspace(-0.1, 0.2, self.n_features)[:, None])
        assert oracle.off_path is not None
        return Step(W, state.lr0, state)


def laps(
    sampler: ScaledSampler | MinibatchSampler,
    solver: Any,
    rates: Array,
    steps: int,
    look: int,
    keep_at: int = -1,
) -> Iterator[Lap]:
    """Step; yield every `look` steps (looking folds the scale: the recurrences start anew)."""
    noted: list[tuple[Array, Array, Array]] = []

    def observe(W: Iterate, g: Gradient) -> None:
        noted[:] = [(g.norm_sq(), g.inner(W), g.inner_star())]

    iterates: Any = sampler.iterates
    oracles: Iterator[Oracle] = sampler.oracles(observe)
    W = iterates.start(len(rates))
    facts = {need: 1e3 if need == "horizon" else 0.07 for need in solver.needs}
    state = solver.init(W, rates, facts)
    plain: list[bool] = []
    for t, oracle in zip(range(steps), oracles, strict=False):
        iterates.accumulate(W)
        oracle.begin(W)
        with np.errstate(over="ignore"):  # as in a run
            W, _, state = solver.step(W, state, oracle)
        plain.append(oracle.off_path is None)
        if t == keep_at:
            mask = np.array([True, False, True, False, True])
            W, state = iterates.keep(W, mask), keep_lanes(state, mask)
        if (t + 1) % look == 0:
            mean = iterates.mean(W, t + 1, slice(None)).copy()
            yield Lap(iterates.dense(W).copy(), *noted[0], mean, list(plain))


def assert_same(
    problem: LinearProblem,
    solver: Any,
    rates: Array = RATES,
    *,
    steps: int = 300,
    ball: Ball | None = None,
    keep_at: int = -1,
    look: int = 60,
) -> list[Lap]:
    """Compare both ways; every number to 1e-12 of the largest of its kind and lane."""
    w_star = np.random.default_rng(8).standard_normal(problem.n_features)
    fast = scaled_sampler(problem, w_star, ball, batches())
    plain = plain_sampler(problem, w_star, ball, dense=True)
    out = []
    a, b = (laps(sampler, solver, rates, steps, look, keep_at) for sampler in (fast, plain))
    for one, two in zip(a, b, strict=True):
        for name in ("W", "mean", "norm_sq", "inner", "inner_star"):
            mine, theirs = getattr(one, name), getattr(two, name)
            scale = max(1.0, float(np.abs(theirs).max()))
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-12 * scale, err_msg=name)
        assert one.plain == two.plain
        out.append(two)
    assert len(out) == steps // look
    return out


@pytest.mark.parametrize("solver", [s for s in every_variant() if not s.dense_iterates], ids=str)
@pytest.mark.parametrize("weight", [0.0, 0.1])
@pytest.mark.parametrize("intercept", [False, True])
def test_every_solver_agrees(solver: Any, weight: float, intercept: bool) -> None:
    problem = wide(weight, intercept=intercept, w0=start(intercept))
    assert_same(problem, solver, RATES, steps=120)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("look", [1, 200])
def test_shrinking_to_nothing_and_beyond(intercept: bool, look: int) -> None:
    # lr * weight is 1 exactly, nearly 1, and above 1: a scale of zero, tiny, and negative.
    problem = wide(0.5, intercept=intercept, w0=start(intercept))
    rates = np.array([2.0, 2.0 * (1 - 2.0**-30), 2.0 * (1 - 2.0**-3), 3.0, 3.9])
    assert_same(problem, SGD(), rates, steps=200, look=look)


@pytest.mark.parametrize("intercept", [False, True])
def test_scales_that_grow_beyond_all_bounds_are_folded(intercept: bool) -> None:
    # |1 - lr * weight| = 4: the scale leaves its range every seven steps.
    problem = wide(1.0, intercept=intercept, w0=start(intercept))
    assert_same(problem, SGD(), np.array([5.0, 0.1]), steps=40, look=20)


@pytest.mark.parametrize(("weight", "lr"), [(1.0, 5.0), (1.0, 0.9), (0.5, 2.0)])
def test_the_scale_keeps_its_range(weight: float, lr: float) -> None:
    problem = wide(weight, w0=start(False))
    sampler = scaled_sampler(problem, None, None, batches())
    W, rate = sampler.iterates.start(1), np.array([lr])
    seen = []
    for _, oracle in zip(range(30), sampler.oracles(lambda W, g: None), strict=False):
        W = oracle.descend(W, rate, oracle.gradient(W))
        seen.append(abs(float(W.scale[0])))
    assert scaled_lanes.SMALLEST_SCALE <= min(seen) <= max(seen) <= scaled_lanes.LARGEST_SCALE


@pytest.mark.parametrize("smallest", [1e-4, 0.5])
def test_folding_happens_and_changes_nothing(
    smallest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaled_lanes, "SMALLEST_SCALE", smallest)
    folds: list[int] = []
    fold = scaled_lanes.ScaledLanes.fold

    def counted(W: scaled_lanes.ScaledLanes, lanes: Any = None) -> None:
        folds.append(1)
        fold(W, lanes)

    monkeypatch.setattr(scaled_lanes.ScaledLanes, "fold", counted)
    problem = wide(0.2, intercept=True, w0=start(True))
    assert_same(problem, SGD(), np.array([0.5, 0.1]), steps=400, look=400)
    # 0.9^400 is far below either limit; one fold belongs to the one look.
    assert len(folds) > 1 + (2 if smallest < 0.5 else 40)


@pytest.mark.parametrize("weight", [0.0, 0.1])
@pytest.mark.parametrize("intercept", [False, True])
def test_a_ball_around_the_origin(weight: float, intercept: bool) -> None:
    problem = wide(weight, intercept=intercept)
    ball = Ball(np.zeros(problem.n_features), 0.7)
    seen = assert_same(problem, SGD(), RATES, ball=ball)
    assert not all(seen[-1].plain)
    assert np.sqrt(norm_sq(seen[-1].W)).max() == pytest.approx(0.7, rel=1e-12)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("radius", [None, 0.7])
def test_moves_that_no_gradient_gives(intercept: bool, radius: float | None) -> None:
    problem = wide(0.1, intercept=intercept)
    ball = None if radius is None else Ball(np.zeros(problem.n_features), radius)
    solver = Mixed(n_features=problem.n_features)
    seen = assert_same(problem, solver, np.array([0.1, 0.5, 2.0]), ball=ball)
    assert {True, False} == set(seen[-1].plain)
    if radius is not None:
        assert np.sqrt(norm_sq(seen[-1].W)).max() == pytest.approx(radius, rel=1e-12)


def test_dropping_lanes() -> None:
    problem = wide(0.1, intercept=True, w0=start(True))
    for keep_at in (30, 59, 100):
        seen = assert_same(problem, SGD(), RATES, steps=180, keep_at=keep_at)
        assert seen[-1].W.shape[1] == 3


def test_minibatches_without_a_single_entry() -> None:
    problem = wide(0.1)
    X: Any = problem.data.X
    X.data[X.indptr[3] : X.indptr[12]] = 0.0
    X.eliminate_zeros()
    assert_same(problem, SGD(), RATES, steps=120)
    one = scaled_sampler(problem, None, None, batches(1))
    W = one.iterates.start(2)
    empty = 0
    for _, oracle in zip(range(60), one.oracles(lambda W, g: None), strict=False):
        empty += len(oracle.columns) == 0
        W = oracle.descend(W, np.array([0.1, 0.2]), oracle.gradient(W))
    assert empty
    assert np.all(np.isfinite(one.iterates.dense(W)))


@pytest.mark.parametrize("weight", [0.0, 0.3])
@pytest.mark.parametrize("intercept", [False, True])
def test_dense_gradient_is_explicit(weight: float, intercept: bool) -> None:
    problem = wide(weight, intercept=intercept, w0=start(intercept))
    sampler = scaled_sampler(problem, None, None, batches())
    W = sampler.iterates.start(2)
    for _, oracle in zip(range(8), sampler.oracles(lambda W, g: None), strict=False):
        # The iterate by hand, so that nothing is folded before the gradient is taken.
        p = W.n_penalised
        here = np.vstack([W.V[:p] * W.scale, W.V[p:]])
        g = oracle.gradient(W)
        assert oracle.index is not None
        expected = np.column_stack([slope(problem, w, oracle.index) for w in here.T])
        norm, inner = g.norm_sq(), g.inner(W)
        np.testing.assert_allclose(norm, norm_sq(expected), rtol=1e-12)
        np.testing.assert_allclose(inner, (expected * here).sum(axis=0), rtol=1e-11, atol=1e-13)
        if sampler.meter.sample_gradients % 2:
            np.testing.assert_allclose(g.dense(), expected, rtol=1e-12, atol=1e-15)
        lr = np.array([0.1, 1.0])
        W = oracle.descend(W, lr, g)
        after = here - lr * expected
        moved = np.vstack([W.V[:p] * W.scale, W.V[p:]])
        np.testing.assert_allclose(moved, after, rtol=1e-12, atol=1e-14)


def test_untouched_rows_are_not_visited() -> None:
    problem = wide(0.1, w0=start(False))
    sampler = scaled_sampler(problem, None, None, batches())
    W = sampler.iterates.start(2)
    oracle = next(sampler.oracles(lambda W, g: None))
    before = W.V.copy()
    W = oracle.descend(W, np.array([0.1, 0.2]), oracle.gradient(W))
    changed = np.flatnonzero((before != W.V).any(axis=1))
    assert 0 < len(changed) < FEATURES / 2
    assert set(changed) <= set(oracle.columns)
    np.testing.assert_allclose(W.scale, [0.99, 0.98], rtol=1e-15)


ROUNDING = ("regret_error", "average_error", "subgradient_error")
"""The columns of a trace that are what rounding left, or bounds on it."""


def test_whole_runs_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = wide(0.1, intercept=True, w0=start(True))
    work = task(problem, every_variant()[0], RATES.tolist(), 200, batch=batches())
    plain = run_healthy(work)
    monkeypatch.setattr(linear_sampler, "CHUNK_BYTES", 0)
    monkeypatch.setattr(linear_sampler, "FEW_FEATURES", FEATURES - 1)
    monkeypatch.setattr(problem.data.X, "toarray", None)
    assert isinstance(problem.sampler(None, None, [batches()]), ScaledSampler)
    for one, two in zip(run_healthy(work), plain, strict=True):
        assert one.status == two.status
        for key in set(two.trace) - {"seconds", *ROUNDING}:
            scale = float(np.nanmax(np.abs(two.trace[key]), initial=0.0))
            np.testing.assert_allclose(
                one.trace[key], two.trace[key], rtol=1e-10, atol=1e-12 * scale, err_msg=key
            )
        for key, point in two.iterates.items():
            np.testing.assert_allclose(one.iterates[key], point, rtol=1e-10, atol=1e-12)


def test_scaled_lanes_only_where_they_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    sparse = wide(0.1)
    dense_data = linear_problem("logistic", SAMPLES, FEATURES, weight=0.1)
    zero, elsewhere = np.zeros(FEATURES), start(False)

    def chosen(problem: LinearProblem, size: int | None = 3, ball: Ball | None = None) -> type:
        return type(problem.sampler(None, ball, [] if size is None else [batches(size)]))

    assert chosen(sparse) is MinibatchSampler  # small: densified
    monkeypatch.setattr(linear_sampler, "CHUNK_BYTES", 8 * 8 * FEATURES)
    assert chosen(sparse, size=2) is MinibatchSampler  # few features
    monkeypatch.setattr(linear_sampler, "FEW_FEATURES", FEATURES - 1)
    assert chosen(sparse, size=1) is MinibatchSampler  # just small enough
    assert chosen(sparse, size=2) is ScaledSampler
    assert chosen(sparse, size=None) is FullSampler
    assert chosen(dense_data) is MinibatchSampler
    assert chosen(sparse, size=39) is MinibatchSampler  # touches nearly everything
    assert chosen(sparse, ball=Ball(zero, 1.0)) is ScaledSampler
    assert chosen(wide(0.1, w0=elsewhere), ball=Ball(elsewhere, 1.0)) is MinibatchSampler
    assert chosen(sparse, ball=Ball(elsewhere, 1.0)) is MinibatchSampler
    monkeypatch.setattr(type(sparse.penalty), "shrinks", False)
    assert chosen(sparse) is MinibatchSampler


def test_minibatches_are_made_dense_where_that_is_cheaper() -> None:
    def dense(density: float, size: int) -> bool:
        problem = linear_problem("logistic", 500, 100, density=density)
        sampler = problem.sampler(None, None, [Minibatches(500, size, "replacement", 0)])
        oracle: Any = next(iter(sampler.oracles(lambda W, g: None)))
        return isinstance(oracle.seed_batches[0].X, np.ndarray)

    assert dense(0.05, 2)  # so few that the calls of sparse products take longer
    assert not dense(0.05, 16)
    assert dense(0.3, 400)  # more than a fifth
    assert not dense(0.15, 400)


def test_whole_gradients_are_taken_in_plain_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_sampler, "CHUNK_BYTES", 8 * 8 * FEATURES)
    monkeypatch.setattr(linear_sampler, "FEW_FEATURES", FEATURES - 1)
    problem, chosen = wide(0.1), []
    assert type(problem.sampler(None, None, [batches()])) is ScaledSampler
    assert type(problem.sampler(None, None, [batches()], dense_iterates=True)) is MinibatchSampler
    assert type(problem.sampler(None, None, [], dense_iterates=True)) is FullSampler
    start = ScaledSampler.__init__

    def noted(self: ScaledSampler, *args: Any) -> None:
        chosen.append(type(self))
        start(self, *args)

    monkeypatch.setattr(ScaledSampler, "__init__", noted)
    solvers = every_variant()
    assert {solver.dense_iterates for solver in solvers} == {True, False}
    for solver in solvers:
        chosen.clear()
        run_healthy(task(problem, solver, [0.1], 3, batch=batches(), minimum=False))
        assert bool(chosen) is not solver.dense_iterates, solver


def test_the_sparse_gather_equals_the_dense_one() -> None:
    problem = wide(0.1, intercept=True, w0=start(True))
    w_star = minimiser(problem)
    one, two = (plain_sampler(problem, w_star, None, dense=dense) for dense in (True, False))
    for a, b in zip(
        laps(one, SGD(), RATES, 100, 20), laps(two, SGD(), RATES, 100, 20), strict=True
    ):
        np.testing.assert_allclose(a.W, b.W, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(a.mean, b.mean, rtol=1e-12, atol=1e-14)
    assert shrink_rates(problem)[-1] == 0.0
