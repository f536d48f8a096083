"""What every registered solver promises; no solver is named here."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import (
    Array,
    as_problem,
    constants_of,
    dense,
    every_variant,
    facts_of,
    given,
    linear_problem,
    minimiser,
    proximal_variants,
    run_healthy,
    task,
    walk_along,
    with_rates,
)

from lrbench.arrays import norm_sq
from lrbench.losses.logistic import Logistic
from lrbench.losses.squared import Squared
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import Ball
from lrbench.solvers import SOLVERS
from lrbench.solvers.state import check_state, keep_lanes, leaves

RATES = np.array([1e-4, 1e-2, 0.3, 1.0, 1e2, 1e4, 1e-3])

every_solver = pytest.mark.parametrize("solver", [*every_variant(), *proximal_variants()], ids=str)


def logistic(seed: int = 1) -> LinearProblem:
    w0 = np.random.default_rng(seed).standard_normal(5)
    return linear_problem("logistic", 20, 4, weight=0.1, intercept=True, w0=w0, seed=seed)


def batches(problem: LinearProblem, sampling: Any = "replacement") -> Minibatches:
    return Minibatches(problem.n_samples, 6, sampling, seed=4)


def stationary() -> list[LinearProblem]:
    """Return problems whose gradient vanishes to the last bit at the origin."""
    X = np.array([[1.0, 2.0, -3.0], [4.0, 0.0, 1.0]])
    twice, signs = np.vstack([X, X]), np.array([1.0, 1.0, -1.0, -1.0])
    return [
        as_problem(X, np.zeros(2), Squared()),
        as_problem(X, np.zeros(2), Squared(), weight=0.5),
        as_problem(twice, signs, Logistic()),
    ]


@every_solver
@pytest.mark.parametrize("problem", stationary(), ids=["squared", "squared-l2", "logistic"])
def test_stays_at_a_stationary_point(solver: Any, problem: LinearProblem) -> None:
    with np.errstate(all="raise"):
        steps = walk_along(problem, solver, RATES)
        for W, lr, state, _ in itertools.islice(steps, 50):
            assert np.all(W == 0.0)
            assert np.all(np.isfinite(lr))
            assert np.all(lr >= 0)
            assert not any(np.any(np.isnan(leaf)) for _, leaf in leaves(state))


@every_solver
def test_stays_where_every_minibatch_is_stationary(solver: Any) -> None:
    problem = stationary()[1]
    with np.errstate(all="raise"):
        steps = walk_along(problem, solver, RATES, Minibatches(2, 1, "replacement", seed=0))
        for W, lr, state, _ in itertools.islice(steps, 50):
            assert np.all(W == 0.0)
            assert np.all(np.isfinite(lr))
            assert not any(np.any(np.isnan(leaf)) for _, leaf in leaves(state))


@every_solver
def test_state_is_a_tree_with_lanes_last(solver: Any) -> None:
    problem = logistic()
    first = solver.init(
        np.repeat(problem.w0[:, None], len(RATES), axis=1), RATES, facts_of(problem, solver)
    )
    _, _, later, _ = next(walk_along(problem, solver, RATES))
    for state in (first, later):
        check_state(solver, state, len(RATES))
        check_state(solver, keep_lanes(state, np.arange(len(RATES)) < 3), 3)


@every_solver
def test_lr0_is_not_written_to(solver: Any) -> None:
    rates = RATES.copy()
    for _ in itertools.islice(walk_along(logistic(), solver, rates), 5):
        pass
    np.testing.assert_array_equal(rates, RATES)


ORDERS = [[*order, 4] for order in itertools.permutations(range(4))][1::4]
"""Other orders of the features of `logistic`, whose last one is the intercept."""


def reordered(problem: LinearProblem, order: list[int], *, samples: bool) -> LinearProblem:
    """Return the same problem with other rounding, by the order of its features and `samples`."""
    rows = np.random.default_rng(order).permutation(20) if samples else np.arange(20)
    X = np.ascontiguousarray(dense(problem)[rows][:, order])
    return replace(problem, data=DataMatrix(X), y=problem.y[rows], w0=problem.w0[order])


@every_solver
@pytest.mark.parametrize("sampling", [None, "replacement"])
def test_lanes_together_equal_a_lane_alone_for_a_few_steps(solver: Any, sampling: Any) -> None:
    problem = logistic()
    batch = None if sampling is None else batches(problem, sampling)

    def few_steps(problem: LinearProblem, rates: Array) -> Array:
        steps = walk_along(problem, solver, rates, batch)
        return np.array([W.copy() for W, *_ in itertools.islice(steps, 4)])

    together = few_steps(problem, RATES)
    # A rate that rests on a difference of nearby gradients has few digits.
    full = batch is None
    others = [few_steps(reordered(problem, order, samples=full), RATES) for order in ORDERS]
    pairs = zip(others, ORDERS, strict=True)
    rounding = np.max([np.abs(W - together[:, order]).max(axis=1) for W, order in pairs], axis=0)
    allowed = np.maximum(1e-12 * np.abs(together).max(axis=1), 10.0 * rounding)
    for k in range(len(RATES)):
        alone = few_steps(problem, RATES[k : k + 1])
        assert np.all(np.abs(alone[:, :, 0] - together[:, :, k]).max(axis=1) <= allowed[:, k])


@every_solver
def test_stable_lanes_equal_a_lane_alone_for_long(solver: Any) -> None:
    problem = logistic()
    budget: dict[str, Any] = {"iterations": 600, "checkpoints": range(0, 601, 20)}
    L = constants_of(problem, None).L
    rates = np.array([1e-5, 1e-3, 0.1, 0.5, 0.999]) / L
    together = run_healthy(task(problem, solver, rates.tolist(), **budget))
    others = [
        run_healthy(task(reordered(problem, order, samples=True), solver, rates.tolist(), **budget))
        for order in ORDERS
    ]
    stable = 0
    for k, (lane, lr0) in enumerate(zip(together, rates, strict=True)):
        (alone,) = run_healthy(task(problem, solver, [lr0], **budget))
        last, rate = lane.iterates["last"], lane.trace["lr"][1:]
        spread = [
            np.abs(other[k].iterates["last"] - last[order]).max()
            for other, order in zip(others, ORDERS, strict=True)
        ]
        if max(spread) > 1e-6:
            continue
        stable += 1
        allowed = max(1e-10, 10.0 * max(spread))
        assert np.abs(alone.iterates["last"] - last).max() <= allowed
        # Near the minimiser the direction of g is rounding, and |dW|/|g| may rest on it.
        sure = lane.trace["grad_norm_sq"][1:] > 1e-8
        rounding = np.max([np.abs(other[k].trace["lr"][1:] - rate) for other in others], axis=0)
        allowed_rate = np.maximum(1e-9 * rate, 10.0 * np.maximum.accumulate(rounding))
        assert np.all((np.abs(alone.trace["lr"][1:] - rate) <= allowed_rate)[sure])
    assert stable


@every_solver
@pytest.mark.parametrize("sampling", [None, "reshuffle"])
def test_the_reported_lr_is_the_rate_that_was_used(solver: Any, sampling: Any) -> None:
    problem = logistic()
    batch = None if sampling is None else batches(problem, sampling)
    rates = np.array([1e-3, 0.1, 1.0, 10.0])
    seen: list[Any] = []
    sampler = problem.sampler(None, None, given(batch))
    W = sampler.iterates.start(len(rates))
    state = solver.init(W, rates, facts_of(problem, solver))
    oracles = sampler.oracles(lambda W, g: seen.append((W.copy(), g.dense().copy())))
    for t, oracle in zip(range(40), oracles, strict=False):
        oracle.begin(W)
        W, lr, state = solver.step(W, state, oracle)
        assert lr.shape == rates.shape
        assert np.all(lr >= 0)
        if not seen:  # derivatives of single samples
            continue
        asked, (before, g) = len(seen), seen[0]
        seen.clear()
        scale = np.abs(before).max() + (lr * np.abs(g)).max()
        if solver.proximal:
            P = problem.prox(before - lr * g, lr)
            if t == 0:
                np.testing.assert_allclose(W, P, rtol=0, atol=4e-16 * scale)
        elif oracle.off_path is None:
            np.testing.assert_allclose(W, before - lr * g, rtol=0, atol=4e-16 * scale)
        elif t == 0 and asked == 1:
            # Later a mean of gradients may go another way; the references know the rate.
            moved = np.sqrt(norm_sq(W - before))
            np.testing.assert_allclose(moved, lr * np.sqrt(norm_sq(g)), rtol=0, atol=1e-15 * scale)


@every_solver
def test_two_runs_give_the_same_bits(solver: Any) -> None:
    problem = logistic()
    first, second = (
        run_healthy(task(problem, solver, RATES.tolist(), 60, batch=batches(problem)))
        for _ in range(2)
    )
    for a, b in zip(first, second, strict=True):
        assert a.iterates["last"].tobytes() == b.iterates["last"].tobytes()
        for column in set(a.trace) - {"seconds"}:
            assert a.trace[column].tobytes() == b.trace[column].tobytes(), column


@every_solver
def test_dropping_a_lane_leaves_the_others_as_they_were(solver: Any) -> None:
    problem = logistic()
    rates = np.array([1e-3, 0.05, 0.1, 0.2, 0.3])
    keep = np.array([True, False, True, True, False])

    whole = walk_along(problem, solver, rates)
    expected = [(W.copy(), lr.copy()) for W, lr, *_ in itertools.islice(whole, 30)]

    sampler = problem.sampler(None, None, [])
    W = sampler.iterates.start(len(rates))
    lanes = with_rates(solver, rates)
    state = lanes.init(W, rates, facts_of(problem, solver))
    oracles = sampler.oracles(lambda W, g: None)
    for t, (V, rate) in enumerate(expected):
        oracle = next(oracles)
        oracle.begin(W)
        W, lr, state = lanes.step(W, state, oracle)
        if t >= 10:
            np.testing.assert_allclose(W, V[:, keep], rtol=1e-12)
            np.testing.assert_allclose(lr, rate[keep], rtol=1e-12)
        elif t == 9:
            W, state = sampler.iterates.keep(W, keep), keep_lanes(state, keep)
            lanes = with_rates(solver, rates[keep])
            sampler.meter.keep(keep)


@every_solver
@pytest.mark.parametrize("sampling", [None, "replacement"])
def test_no_iterate_leaves_the_ball(solver: Any, sampling: Any) -> None:
    problem = logistic()
    radius = 0.3 * float(np.linalg.norm(minimiser(problem) - problem.w0))
    batch = None if sampling is None else batches(problem, sampling)
    ball = Ball(problem.w0, radius)
    touched = np.zeros(len(RATES), dtype=bool)
    for W, *_ in itertools.islice(walk_along(problem, solver, RATES, batch, ball), 100):
        distance = np.sqrt(norm_sq(W - problem.w0[:, None]))
        assert np.all(distance <= radius * (1 + 1e-14))
        touched |= distance > radius * (1 - 1e-12)
    assert touched.any()


@pytest.mark.parametrize("name", list(SOLVERS))
def test_is_a_frozen_dataclass_whose_parameters_have_defaults(name: str) -> None:
    cls = SOLVERS.get(name)
    fields = dataclasses.fields(cls)
    assert cls.name == name
    assert cls.__dataclass_params__.frozen
    assert all(f.default is not dataclasses.MISSING for f in fields)
    assert set(cls.label_fields) <= {f.name for f in fields}
    assert cls() == cls()


@pytest.mark.parametrize("name", list(SOLVERS))
def test_docstring_shows_the_rule_and_its_source(name: str) -> None:
    doc = SOLVERS.get(name).__doc__ or ""
    assert ".. math::" in doc
    assert "\n    Notes\n    -----\n" in doc
    assert "\n    References\n    ----------\n" in doc
    for field in dataclasses.fields(SOLVERS.get(name)):
        assert f"\n    {field.name}\n" in doc, f"{field.name} is not documented"
