"""Losses and penalties from outside lrbench have a certified minimum, as its own have."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import Array, as_problem
from own_parts import KINKS, SLOPES, Bent, LogCosh, Sides, Simplex, Slope, Steep
from scipy.optimize import linprog, minimize

from lrbench.errors import OptimumError
from lrbench.losses.base import Loss
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import Optimum, constants, find_optimum
from lrbench.optimum.verify import verified
from lrbench.penalties import PENALTIES
from lrbench.penalties.base import Penalty

NONE = PENALTIES.get("none")()
BENT = Bent(0.8)


def regression(
    loss: Loss, penalty: Penalty, seed: int, *, intercept: bool = False
) -> LinearProblem:
    """Return 29 samples of 4 features of different sizes; the intercept is one more."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((29, 4)) * [1.0, 0.3, 2.0, 0.7]
    y = X @ [0.9, -1.2, 0.1, 0.4] + 0.3 + rng.standard_normal(29)
    X = np.column_stack([X, np.ones(29)]) if intercept else X
    return as_problem(X, y, loss, 0.0, intercept, None, penalty)


def certified(problem: LinearProblem) -> Optimum:
    """Return the optimum, with an error that is as small as those of lrbench's own parts."""
    optimum = find_optimum(problem, cache=None)
    assert 0.0 <= optimum.f_star_error <= 1e-11 * abs(optimum.f_star)
    assert verified(problem, optimum)
    assert not verified(problem, replace(optimum, f_star=optimum.f_star * (1 + 1e-6)))
    return optimum


def linear_program(p: LinearProblem) -> float:
    """Return the minimum of the mean of `BENT` by HiGHS, with one inequality for each line.

    The unknowns are w, a bound on every loss, and one on every penalised |w_j|.
    """
    X: Any = p.data.X
    (n, d), k = X.shape, p.n_penalised
    offsets = [-SLOPES[0] * KINKS[0], -SLOPES[1] * KINKS[0]]
    offsets.append(offsets[1] + (SLOPES[1] - SLOPES[2]) * KINKS[1])
    rows, right = [], []
    for slope, offset in zip(BENT.scale * SLOPES, BENT.scale * np.array(offsets), strict=True):
        rows.append(np.hstack([slope * X, -np.eye(n), np.zeros((n, k))]))
        right.append(slope * p.y - offset)
    for sign in (-1.0, 1.0):
        rows.append(np.hstack([sign * np.eye(k, d), np.zeros((k, n)), -np.eye(k)]))
        right.append(np.zeros(k))
    lower, upper = p.penalty.bounds(k)
    bounds = [*zip(lower, upper, strict=True), *[(None, None)] * (d - k + n + k)]
    cost = np.r_[np.zeros(d), np.full(n, 1 / n), np.full(k, p.penalty.l1)]
    program = linprog(cost, A_ub=np.vstack(rows), b_ub=np.concatenate(right), bounds=bounds)
    assert program.status == 0
    assert program.fun is not None
    return float(program.fun)


SETS = [
    NONE,
    PENALTIES.get("l1")(0.05),
    PENALTIES.get("box")(lower=-0.4, upper=0.3),
    PENALTIES.get("box")(lower=0.0, upper=math.inf),
    Sides(0.2),
    Sides(0.3, half_open=1.0),
]


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("penalty", SETS, ids=str)
def test_the_minimum_of_three_lines_is_that_of_the_linear_program(
    penalty: Penalty, intercept: bool
) -> None:
    for seed in range(3):
        p = regression(BENT, penalty, seed, intercept=intercept)
        optimum = certified(p)
        assert optimum.f_star == pytest.approx(linear_program(p), rel=1e-9)
        assert optimum.w_star is not None
        assert np.isfinite(penalty.value(optimum.w_star[: p.n_penalised, None])).all()
        assert optimum.curvature.L_method == "not smooth"


def smallest(p: LinearProblem) -> float:
    """Return the minimum of a smooth objective by a quasi-Newton method within the bounds."""
    solved: Any = minimize(  # type: ignore[call-overload]
        lambda w: float(p.value(w[:, None])[0]),
        np.zeros(p.n_features),
        jac=lambda w: p.gradient(w[:, None])[:, 0],
        method="L-BFGS-B",
        bounds=list(zip(*p.penalty.bounds(p.n_features), strict=True)),
        options={"ftol": 1e-16, "gtol": 1e-10},
    )
    return float(solved.fun)


@pytest.mark.parametrize("loss", [LogCosh(), Steep(2.5)], ids=lambda loss: loss.name)
@pytest.mark.parametrize("penalty", [NONE, Sides(0.2), Sides(0.3, half_open=0.0)], ids=str)
def test_the_minimum_of_a_smooth_loss_is_that_of_another_library(
    loss: Loss, penalty: Penalty
) -> None:
    for seed in range(3):
        p = regression(loss, penalty, seed)
        assert certified(p).f_star == pytest.approx(smallest(p), rel=1e-9)


def test_factors_of_a_penalty_are_enough() -> None:
    weight = 0.05
    p = regression(BENT, Slope(weight), 3)
    usual = PENALTIES.get("elastic-net")(2.25 * weight, l1_ratio=1.0 / 9.0)
    optimum, expected = certified(p), certified(replace(p, penalty=usual))
    assert optimum.f_star == pytest.approx(expected.f_star, rel=1e-13)
    assert optimum.curvature.mu == pytest.approx(2.0 * weight, rel=1e-15)


@pytest.mark.parametrize("intercept", [False, True])
def test_a_steep_parabola_has_its_own_curvature(intercept: bool) -> None:
    penalty = PENALTIES.get("l2")(0.125)
    p = regression(Steep(2.5), penalty, 4, intercept=intercept)
    shrunk = np.diag([0.125] * 4 + [0.0] * intercept)
    X: Any = p.data.X
    eigenvalues = np.linalg.eigvalsh(2.5 * X.T @ X / 29 + shrunk)
    optimum = certified(p)
    assert optimum.method.startswith("closed form")
    assert optimum.curvature.mu == pytest.approx(eigenvalues[0], rel=1e-9)
    assert optimum.curvature.mu <= eigenvalues[0] * (1 + 1e-14)
    assert eigenvalues[-1] <= optimum.curvature.L


def test_nearly_equal_columns_give_a_distance_in_the_curvature_of_the_loss() -> None:
    X: Array = regression(Steep(), NONE, 5).data.X  # type: ignore[assignment]
    X = np.column_stack([X, X[:, 0] + 1e-6 * X[:, 1] ** 2])
    rough = replace(regression(Steep(2.0**-20), NONE, 5), data=DataMatrix(X), w0=np.zeros(5))
    usual = replace(rough, loss=Steep(1.0))
    distances = [find_optimum(p, cache=None).distance_error for p in (rough, usual)]
    assert distances[0] is not None
    assert distances[1] is not None
    errors = [find_optimum(p, cache=None).f_star_error for p in (rough, usual)]
    ratio = math.sqrt(errors[0] / 2.0**-20 / errors[1])
    # The second problem is the first one times a power of two, which rounds nothing.
    assert distances[0] == pytest.approx(distances[1] * ratio, rel=1e-9)


def test_a_set_without_bounds_is_refused() -> None:
    with pytest.raises(OptimumError, match="no reference solver handles the penalty 'simplex'"):
        find_optimum(regression(LogCosh(), Simplex(), 6), cache=None)


def test_the_constants_of_a_set_are_its_own() -> None:
    p = regression(BENT, Sides(0.2), 7)
    sides = [0.2 * (j + 1) + 0.2 / (j + 2) for j in range(4)]
    assert p.facts().diameter == pytest.approx(math.hypot(*sides), rel=1e-15)
    assert replace(p, penalty=NONE).facts().diameter is None
    assert replace(p, penalty=Sides(0.2, half_open=3.0)).facts().diameter is None
    assert regression(BENT, Sides(0.2), 7, intercept=True).facts().diameter is None
    assert p.facts().not_smooth == "the bent loss is not smooth"
    assert replace(p, loss=LogCosh()).facts().not_smooth == "the sides is a constraint"
    smooth = replace(p, loss=Steep(2.5))
    bound = constants(smooth, certified(smooth), radius=None).G
    # The farthest corner from the start 0 has the larger bound in every coordinate.
    reach = 0.2 * math.sqrt(1 + 4 + 9 + 16)
    X: Any = p.data.X
    lengths = np.linalg.norm(X, axis=1)
    steepest = max(2.5 * (abs(y) + reach * n) * n for y, n in zip(p.y, lengths, strict=True))
    assert bound == pytest.approx(steepest, rel=1e-13)
