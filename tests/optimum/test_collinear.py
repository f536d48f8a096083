"""Certified minima on columns that nearly agree, against columns that do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from optimum_problems import Array, Logistic, Squared, classes, problem, with_ones
from scipy.optimize import linprog
from scipy.sparse import csr_array

from lrbench.losses.absolute import Absolute
from lrbench.losses.base import Loss
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.poisson import Poisson
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared_hinge import SquaredHinge
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import basis, find, find_optimum, preconditioned
from lrbench.optimum.base import COLLINEAR, NOT_CONVERGED
from lrbench.optimum.preconditioned import preconditioned as in_orthogonal_variables
from lrbench.penalties.box import Box
from lrbench.penalties.l2 import L2

LOSSES: list[Loss] = [
    Squared(),
    Logistic(),
    Poisson(),
    Absolute(),
    Quantile(0.25),
    Huber(0.5),
    Hinge(),
    SquaredHinge(),
]


def samples(loss: Loss, n: int, seed: int) -> tuple[Array, Array, Array]:
    """Return two columns of multiples of 1/128 that are far from dependent, and targets."""
    rng = np.random.default_rng(seed)
    x, z = (np.round(128 * rng.uniform(-3, 3, n)) / 128 for _ in range(2))
    scores = x - 0.5 * z
    if loss.task == "binary":
        return x, z, np.where(scores + 2 * rng.logistic(size=n) > 0, 1.0, -1.0)
    if loss.task == "count":
        return x, z, rng.poisson(np.exp(0.3 * scores)).astype(float)
    return x, z, np.round(128 * (scores + rng.standard_normal(n))) / 128


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("bits", [14, 24, 34, 42])
def test_a_column_that_nearly_agrees_with_another_changes_nothing(loss: Loss, bits: int) -> None:
    for seed, intercept in ((1, False), (2, True)):
        x, z, y = samples(loss, 40, seed)
        # The sum is exact, so that both problems have the same minimum.
        columns = [np.column_stack([x, v]) for v in (z, x + 2.0**-bits * z)]
        usual, near = (
            find_optimum(
                problem(with_ones(X) if intercept else X, y, loss, intercept=intercept), cache=None
            )
            for X in columns
        )
        assert abs(usual.f_star - near.f_star) <= usual.f_star_error + near.f_star_error
        assert near.f_star_error <= 1e-12
        assert near.obstacle == ""
        assert near.attained


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_columns_that_agree_to_the_last_bit_but_one(loss: Loss) -> None:
    rng = np.random.default_rng(9)
    x, _, y = samples(loss, 30, 3)
    near = np.nextafter(x, np.where(rng.random(30) < 0.5, np.inf, -np.inf))
    optimum = find_optimum(problem(np.column_stack([x, near]), y, loss), cache=None)
    assert optimum.f_star_error <= 1e-11
    assert optimum.attained
    # The difference of the columns fits the targets: F is below that on the first column alone.
    alone = find_optimum(problem(x[:, None], y, loss), cache=None)
    assert optimum.f_star < alone.f_star


def test_the_minimiser_is_that_of_the_original_columns() -> None:
    x, z, y = samples(Squared(), 40, 5)
    near = problem(np.column_stack([x, x + 2.0**-20 * z]), y, Squared())
    optimum = find_optimum(near, cache=None)
    a, b = np.linalg.lstsq(np.column_stack([x, z]), y, rcond=None)[0]
    right = np.array([a - 2.0**20 * b, 2.0**20 * b])
    assert optimum.w_star is not None
    np.testing.assert_allclose(optimum.w_star, right, rtol=1e-9)
    assert optimum.distance_error is not None
    assert np.linalg.norm(optimum.w_star - right) <= optimum.distance_error
    # F cannot be evaluated more accurately at a w of this size.
    value = float(near.value(optimum.w_star[:, None])[0])
    assert abs(value - optimum.f_star) <= optimum.rounding < 1e-8


def test_a_sparse_matrix_is_as_good() -> None:
    x, z, y = samples(Absolute(), 40, 6)
    X = np.column_stack([x * (z > 0), x * (z > 0) + 2.0**-30 * z, z])
    dense = find_optimum(problem(X, y, Absolute()), cache=None)
    sparse = find_optimum(problem(csr_array(X), y, Absolute()), cache=None)
    assert abs(dense.f_star - sparse.f_star) <= dense.f_star_error + sparse.f_star_error
    assert sparse.f_star_error <= 1e-12


def test_least_absolute_deviations_against_a_linear_program() -> None:
    x, z, y = samples(Absolute(), 40, 7)
    near = find_optimum(problem(np.column_stack([x, x + 2.0**-40 * z]), y, Absolute()), cache=None)
    cost = np.concatenate([np.zeros(2), np.full(80, 1 / 40)])
    equations = np.hstack([np.column_stack([x, z]), np.eye(40), -np.eye(40)])
    bounds = [(None, None)] * 2 + [(0, None)] * 80
    solution = linprog(cost, A_eq=equations, b_eq=y, bounds=bounds, method="highs")
    assert abs(near.f_star - float(cost @ solution.x)) <= near.f_star_error + 1e-9


def objective(loss: Loss, agreement: float, n: int = 30) -> LinearProblem:
    x, z, y = samples(loss, n, 8)
    return problem(np.column_stack([x, x * (1 + agreement * z)]), y, loss)


def test_only_columns_that_nearly_agree_are_replaced() -> None:
    assert in_orthogonal_variables(objective(Squared(), 0.5)) is None
    replaced = in_orthogonal_variables(objective(Squared(), 1e-9))
    assert replaced is not None
    gram: Any = replaced.data.X.T @ replaced.data.X
    np.testing.assert_allclose(gram, replaced.unit**2 * np.eye(2), atol=1e-9)


def test_the_scores_of_the_other_variables_are_known_to_their_allowance() -> None:
    from fractions import Fraction

    p = objective(Squared(), 1e-13)
    replaced = in_orthogonal_variables(p)
    assert replaced is not None
    T = replaced.unit * np.stack([replaced.basis.high, replaced.basis.low])
    rows: Any = p.data.X
    for i, k in np.ndindex(30, 2):
        exact = sum(
            (Fraction(rows[i, j]) * (Fraction(T[0, j, k]) + Fraction(T[1, j, k])) for j in (0, 1)),
            Fraction(0),
        )
        entry = float(replaced.data.X[i, k])
        allowed = 2.0**-53 * abs(entry) + replaced.entry_error
        assert abs(Fraction(entry) - exact) <= allowed
    assert replaced.entry_error < 1e-14


def test_no_basis_leaves_a_large_error_and_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basis, "ACCURATE", 10)
    monkeypatch.setattr(preconditioned, "ACCURATE", 10)
    for loss in (Absolute(), Logistic()):
        optimum = find_optimum(objective(loss, 1e-9), cache=None)
        assert optimum.f_star_error >= 0.1 * optimum.f_star
        assert optimum.obstacle == "nearly collinear columns"


def test_separated_samples_beside_others_that_overlap() -> None:
    """Hinge losses of integers: the slopes of the separated samples are 0 but for rounding."""
    rng = np.random.default_rng(0)
    for loss in (Hinge(), SquaredHinge(), Logistic()):
        for _ in range(8):
            X = rng.integers(0, 2, (25, 4)).astype(float)
            y = np.where(rng.random(25) < 0.3 + 0.4 * X[:, 0], 1.0, -1.0)
            y[X[:, 1] > 0] = 1.0
            optimum = find_optimum(problem(X, y, loss), cache=None)
            assert optimum.f_star_error <= 1e-12
            assert optimum.obstacle == ""


def test_counts_of_zero_that_recede_leave_an_infimum_that_is_known() -> None:
    X = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    optimum = find_optimum(problem(X, np.array([0.0, 0.0, 3.0, 1.0]), Poisson()), cache=None)
    rest = find_optimum(problem(X[2:, 1:], np.array([3.0, 1.0]), Poisson()), cache=None)
    assert not optimum.attained
    assert abs(optimum.f_star - rest.f_star / 2) <= optimum.f_star_error + rest.f_star_error
    assert optimum.f_star_error <= 1e-12


def test_rows_of_very_different_sizes_are_refused_in_words() -> None:
    rng = np.random.default_rng(25)
    X = rng.standard_normal((21, 2)) * 10.0 ** rng.integers(-8, 9, 21)[:, None]
    y = np.where(X @ np.array([1.0, -0.3]) > 0, 1.0, -1.0)
    optimum = find_optimum(problem(X, y, Logistic()), cache=None)
    # The infimum is 0. Either it is known, or the reason why it is not.
    assert optimum.f_star - optimum.f_star_error <= 0.0
    assert optimum.f_star <= np.log(2.0)
    assert optimum.f_star_error <= 1e-6 or optimum.obstacle


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("box", [Box(0.0, np.inf), Box(-np.inf, 0.25)], ids=["from 0", "to 1/4"])
def test_the_open_side_of_a_box_costs_nothing(loss: Loss, box: Box) -> None:
    for seed, intercept in ((1, False), (2, True)):
        x, z, y = samples(loss, 40, seed)
        X = np.column_stack([x, z, x * z])
        p = problem(with_ones(X) if intercept else X, y, loss, intercept=intercept, penalty=box)
        optimum = find_optimum(p, cache=None)
        assert optimum.f_star_error <= 1e-11
        # A bound that is far away and a bound that is not there have the same minimum.
        wide = Box(max(box.lower, -1e3), min(box.upper, 1e3))
        q = problem(with_ones(X) if intercept else X, y, loss, intercept=intercept, penalty=wide)
        bounded = find_optimum(q, cache=None)
        assert abs(bounded.f_star - optimum.f_star) <= bounded.f_star_error + optimum.f_star_error


def test_a_direction_that_separates_by_rounding_only_proves_nothing() -> None:
    from lrbench.optimum.point import Point
    from lrbench.optimum.separation import separates

    X, y = classes(30, 2)
    X = np.column_stack([1e6 + X[:, 0], 1e6 + X[:, 0]])
    X[:, 1] -= 1e-9 * y  # rounding decides what is left of this
    w = np.array([1e10, -1e10])
    assert (y * (X @ w)).min() > 0
    assert not separates(Point(problem(X, y, Logistic()), w))
    assert separates(Point(problem(y[:, None] * (1 + X[:, :1] ** 2), y, Logistic()), np.ones(1)))


@pytest.mark.parametrize(
    ("agreeing", "obstacle"), [(0.25, NOT_CONVERGED), (2.0**-30, COLLINEAR), (0.0, COLLINEAR)]
)
def test_nearly_collinear_columns_are_named_where_a_solver_ends_early(
    agreeing: float, obstacle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, z, y = samples(Squared(), 29, 8)
    p = problem(np.c_[x, 1e-3 * (x + agreeing * z), 0 * z], y, Squared(), penalty=L2(0.5))
    early = replace(find_optimum(p, cache=None), f_star_error=0.7)
    monkeypatch.setattr(find, "_minimum", lambda _: early)
    assert find_optimum(p, cache=None).obstacle == obstacle
