"""The minimum does not depend on the units and the offsets of columns."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimum_problems import Array, Logistic, Squared, problem, with_ones
from scipy.optimize import linprog
from scipy.sparse import csr_array

from lrbench.losses.absolute import Absolute
from lrbench.losses.base import Loss
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.poisson import Poisson
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared_hinge import SquaredHinge
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import Optimum, find_optimum
from lrbench.optimum.variables import in_usual_variables
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.base import Penalty
from lrbench.penalties.box import Box
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2
from lrbench.penalties.none import NoPenalty

LOSSES: list[Loss] = [
    Logistic(),
    Squared(),
    Absolute(),
    Huber(0.5),
    Quantile(0.25),
    Hinge(),
    SquaredHinge(),
]
PENALTIES: list[Penalty] = [
    NoPenalty(),
    L2(0.03125),
    L1(0.015625),
    ElasticNet(0.03125, 0.25),
    Box(-0.5, 0.75),
    BallPenalty(0.5),
]


def grid(n: int, d: int, seed: int) -> tuple[Array, Array, Array]:
    """Return X with entries in multiples of 1/128, labels of overlapping classes, and targets."""
    rng = np.random.default_rng(seed)
    X = np.round(128 * rng.normal(size=(n, d)) * np.linspace(0.5, 1.5, d)) / 128
    scores = X @ np.linspace(1.0, -0.5, d)
    labels = np.where(scores + 1.5 * rng.logistic(size=n) > 0, 1.0, -1.0)
    return X, labels, np.round(128 * (scores + rng.normal(size=n))) / 128


def of(X: Array, y: Array, loss: Loss, penalty: Penalty) -> LinearProblem:
    return problem(with_ones(X), y, loss, intercept=True, penalty=penalty)


def optimum(X: Array, targets: tuple[Array, Array], loss: Loss, penalty: Penalty) -> Optimum:
    y = targets[0] if loss.task == "binary" else targets[1]
    return find_optimum(of(X, y, loss, penalty), cache=None)


def assert_same_minimum(a: Optimum, b: Optimum, factor: float = 1.0) -> None:
    """Assert that b is `factor` times a, each to the error that it claims."""
    assert abs(factor * a.f_star - b.f_star) <= factor * a.f_star_error + b.f_star_error
    assert max(a.f_star_error, b.f_star_error / factor) <= 1e-9
    assert a.attained
    assert b.attained
    assert a.obstacle == b.obstacle == ""


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: p.name)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_an_offset_beside_an_intercept_changes_nothing(loss: Loss, penalty: Penalty) -> None:
    X, *targets = grid(40, 3, 7)
    at_home = optimum(X, (targets[0], targets[1]), loss, penalty)
    for offset in (2.0**10, 1.7e9, -(2.0**31)):
        far = X.copy()
        far[:, 1] += offset
        assert_same_minimum(at_home, optimum(far, (targets[0], targets[1]), loss, penalty))


@pytest.mark.parametrize("loss", [*LOSSES, Poisson()], ids=lambda loss: loss.name)
@given(
    seed=st.integers(0, 1000),
    offset=st.integers(-(2**30), 2**30) | st.sampled_from([0, 1, -3, 100]),
    powers=st.tuples(*[st.integers(-30, 30)] * 3),
    order=st.permutations(range(3)),
    twice=st.booleans(),
)
@settings(max_examples=12, deadline=None, derandomize=True)
def test_units_offsets_order_and_copies_of_columns_change_nothing(
    loss: Loss,
    seed: int,
    offset: int,
    powers: tuple[int, ...],
    order: list[int],
    twice: bool,
) -> None:
    X, labels, y = grid(30, 3, seed)
    if loss.task == "count":
        y = np.abs(np.round(y))
    changed = X.copy()
    changed[:, 2] += 8.0 * offset  # up to 1e9 times the spread, and exact
    changed = (changed * np.exp2(powers))[:, order]
    if twice:
        changed = np.hstack([changed, changed[:, :1]])
    a = optimum(X, (labels, y), loss, NoPenalty())
    if not a.attained:  # separable: there is no minimiser in any unit
        return
    b = optimum(changed, (labels, y), loss, NoPenalty())
    assert_same_minimum(a, b)
    start = of(X, labels if loss.task == "binary" else y, loss, NoPenalty())
    improvement = float(start.value(np.zeros((4, 1)))[0]) - a.f_star
    assert max(a.f_star_error, b.f_star_error) <= 1e-9 * improvement


@pytest.mark.parametrize("penalty", PENALTIES[1:], ids=lambda p: p.name)
@given(
    seed=st.integers(0, 1000),
    loss=st.sampled_from([*LOSSES, Poisson()]),
    offset=st.integers(-(2**30), 2**30) | st.sampled_from([0, 1, -3, 100]),
    order=st.permutations(range(3)),
)
@settings(max_examples=12, deadline=None, derandomize=True)
def test_offsets_and_order_change_nothing_beside_a_penalty(
    penalty: Penalty, seed: int, loss: Loss, offset: int, order: list[int]
) -> None:
    X, labels, y = grid(30, 3, seed)
    if loss.task == "count":
        y = np.abs(np.round(y))
    changed = X.copy()
    changed[:, 0] += 8.0 * offset
    a = optimum(X, (labels, y), loss, penalty)
    b = optimum(changed[:, order], (labels, y), loss, penalty)
    assert_same_minimum(a, b)
    start = of(X, labels if loss.task == "binary" else y, loss, penalty)
    improvement = float(start.value(np.zeros((4, 1)))[0]) - a.f_star
    assert max(a.f_star_error, b.f_star_error) <= 1e-9 * improvement


@given(
    seed=st.integers(0, 1000),
    power=st.integers(-40, 40),
    kind=st.sampled_from(["squared", "absolute", "huber", "quantile"]),
    agreement=st.sampled_from([1.0, 2.0**-30]),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_targets_in_another_unit_scale_the_minimum(
    seed: int, power: int, kind: str, agreement: float
) -> None:
    X, _, y = grid(30, 2, seed)
    X = np.column_stack([X, X[:, 0] + agreement * X[:, 1] * (1 if agreement < 1 else X[:, 0])])
    c = 2.0**power
    losses: dict[str, tuple[Loss, Loss, float]] = {
        "squared": (Squared(), Squared(), c * c),
        "absolute": (Absolute(), Absolute(), c),
        "quantile": (Quantile(0.25), Quantile(0.25), c),
        "huber": (Huber(0.5), Huber(0.5 * c), c * c),
    }
    loss, in_unit, factor = losses[kind]
    a = optimum(X, (y, y), loss, NoPenalty())
    b = optimum(X, (c * y, c * y), in_unit, NoPenalty())
    assert_same_minimum(a, b, factor)


def test_the_minimiser_is_that_of_the_original_columns() -> None:
    X, _, y = grid(30, 3, 3)
    far = X * np.array([2.0**20, 1.0, 2.0**-20])
    far[:, 1] += 1.0e6
    expected = find_optimum(of(X, y, Squared(), NoPenalty()), cache=None)
    found = find_optimum(of(far, y, Squared(), NoPenalty()), cache=None)
    assert found.w_star is not None
    assert expected.w_star is not None
    w = expected.w_star
    intercept = w[3] - 1.0e6 * w[1]
    right = np.array([w[0] / 2.0**20, w[1], w[2] * 2.0**20, intercept])
    np.testing.assert_allclose(found.w_star, right, rtol=1e-9)
    assert found.distance_error is not None
    assert np.linalg.norm(found.w_star - right) <= found.distance_error + 1e-9 * abs(intercept)


def test_the_curvature_is_that_of_the_original_columns() -> None:
    X, _, y = grid(30, 3, 3)
    far = with_ones(X + np.array([0.0, 5000.0, 0.0]))
    found = find_optimum(problem(far, y, Squared(), intercept=True), cache=None)
    eigenvalues = np.linalg.eigvalsh(far.T @ far / 30)
    np.testing.assert_allclose(found.curvature.L, eigenvalues[-1], rtol=1e-9)
    assert found.curvature.mu <= eigenvalues[0] * (1 + 1e-6)


def test_least_absolute_deviations_of_unix_seconds_against_a_linear_program() -> None:
    X, _, y = grid(24, 2, 11)
    hours = 3600.0 * np.arange(24.0) + 1.7e9
    data = np.column_stack([hours, X[:, 1]])
    found = find_optimum(of(data, y, Absolute(), NoPenalty()), cache=None)
    centred = np.column_stack([np.arange(24.0), X[:, 1], np.ones(24)])
    cost = np.concatenate([np.zeros(3), np.full(48, 1 / 24)])
    equations = np.hstack([centred, np.eye(24), -np.eye(24)])
    bounds = [(None, None)] * 3 + [(0, None)] * 48
    solution = linprog(cost, A_eq=equations, b_eq=y, bounds=bounds, method="highs")
    right = float(cost @ solution.x)
    assert abs(found.f_star - right) <= found.f_star_error + 1e-9
    assert found.f_star_error <= 1e-9


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_the_change_is_exact(sparse: bool) -> None:
    X, _, y = grid(20, 4, 5)
    X[:, 0] = np.abs(X[:, 0]) + 2.0**33
    X[:, 1] = -(np.abs(X[:, 1]) + 3.0e8)
    X[:, 2] *= 2.0**-40
    p = of(X, y, Squared(), NoPenalty())
    ones: Any = p.data.X
    if sparse:
        p = replace(p, data=DataMatrix(csr_array(ones)))
    changed = in_usual_variables(p)
    assert changed is not None
    objective, variables = changed
    new: Any = objective.data.X.toarray() if sparse else objective.data.X  # type: ignore[union-attr]
    assert np.abs(new).max() < 1024
    for i, j in np.ndindex(*new.shape):
        shift, scale = float(variables.shift[j]), float(variables.scale[j])
        exact = (Fraction(float(ones[i, j])) - Fraction(shift)) / Fraction(scale)
        assert Fraction(float(new[i, j])) == exact
    assert variables.shift[[2, 3, 4]].tolist() == [0.0, 0.0, 0.0]
    w = np.array([1.0, -2.0, 2.0**41, 0.5, 3.0])
    np.testing.assert_allclose(variables.to_original(variables.from_original(w)), w, rtol=1e-6)


def test_usual_columns_are_left_as_they_are() -> None:
    X, _, y = grid(20, 3, 5)
    assert in_usual_variables(of(X, y, Squared(), NoPenalty())) is None
    assert in_usual_variables(problem(X + 1e6, y, Squared(), 0.1)) is None  # no intercept, l2
    constant = np.column_stack([X[:, :2], np.full(20, 7.0)])
    assert in_usual_variables(of(constant, y, Squared(), NoPenalty())) is None


def test_columns_under_a_penalty_keep_their_unit() -> None:
    X, _, y = grid(20, 3, 5)
    for penalty in PENALTIES[1:]:
        changed = in_usual_variables(of(X * 2.0**20 + 2.0**25, y, Squared(), penalty))
        assert changed is not None
        assert (changed[1].scale == 1.0).all()


def test_a_rounding_of_the_objective_is_no_refutation_and_no_progress() -> None:
    X, labels, _ = grid(30, 2, 2)
    far = X + np.array([2.0**31, 0.0])
    found = find_optimum(of(far, labels, Logistic(), L2(0.015625)), cache=None)
    assert found.w_star is not None
    p = of(far, labels, Logistic(), L2(0.015625))
    values = [
        float(p.value((found.w_star + k * np.spacing(found.w_star[-1]) * np.eye(3)[2])[:, None])[0])
        for k in range(-5, 6)
    ]
    assert max(abs(value - found.f_star) for value in values) > 1e-10
    assert max(found.f_star - value for value in values) <= found.f_star_error + found.rounding
    assert found.rounding < 1e-5
