"""Minima beside l1 on a working set: against the interior point method, and in exact fractions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exact_gap import lasso_gap
from optimum_problems import Array, Logistic, Squared, problem, with_ones
from scipy.sparse import csr_array

import lrbench.optimum.sign_newton as sign_newton
import lrbench.optimum.working_set as working_set
from lrbench.losses.absolute import Absolute
from lrbench.losses.base import Loss
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.poisson import Poisson
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared_hinge import SquaredHinge
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import find_optimum
from lrbench.optimum.composite import SPARSE_METHOD
from lrbench.optimum.coordinates import by_coordinates
from lrbench.optimum.interior import interior_point
from lrbench.optimum.verify import verified
from lrbench.optimum.working_set import minimise_sparse
from lrbench.penalties.base import Penalty
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.problem_files import build_linear, spec_from_data

LOSSES: list[Loss] = [
    Logistic(),
    Squared(),
    Poisson(),
    Huber(0.7),
    SquaredHinge(),
    Hinge(),
    Absolute(),
    Quantile(0.8),
]


def irregular(loss: Loss, n: int = 37, d: int = 23, seed: int = 0) -> tuple[Array, Array]:
    """Return columns of different sizes, two of them equal, one empty; and targets of the loss."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * rng.uniform(0.3, 3.0, d) * (rng.random((n, d)) < 0.6)
    X[:, 5], X[:, 9] = X[:, 2], 0.0
    z = 0.7 * X[:, [1, 2, 11]].sum(axis=1) + 0.5 * rng.standard_normal(n)
    if loss.task == "binary":
        return X, np.where(z > 0.3, 1.0, -1.0)
    return X, rng.poisson(np.exp(0.3 * z)).astype(float) if loss.task == "count" else z


def compared(p: LinearProblem) -> None:
    """Assert that the working set and the interior point method agree within their errors."""
    ours, theirs = minimise_sparse(p), interior_point(p)
    assert ours is not None
    size = abs(theirs.value) + float(p.value(p.w0[:, None])[0])
    assert max(ours.error, theirs.error) <= 1e-11 * size
    assert abs(ours.value - theirs.value) <= ours.error + theirs.error


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("ratio", [1.0, 0.4])
def test_as_the_interior_point_method(
    loss: Loss, intercept: bool, ratio: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working_set, "ALL", 5)
    monkeypatch.setattr(working_set, "FEW", 2)
    X, y = irregular(loss, seed=1 + intercept)
    X = with_ones(X) if intercept else X
    weight = 0.07
    penalty = L1(weight) if ratio == 1.0 else ElasticNet(weight, ratio)
    p = problem(X, y, loss, intercept=intercept, penalty=penalty)
    compared(p)
    compared(problem(csr_array(X), y, loss, intercept=intercept, penalty=penalty))


@pytest.mark.parametrize("loss", [Logistic(), Squared()], ids=lambda loss: loss.name)
def test_all_columns_at_once_and_by_conjugate_gradients(
    loss: Loss, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = irregular(loss, seed=3)
    p = problem(with_ones(X), y, loss, intercept=True, penalty=L1(0.02))
    compared(p)
    monkeypatch.setattr(sign_newton, "DIRECT", 2)
    compared(p)
    compared(replace(p, data=type(p.data)(csr_array(p.data.X))))


@pytest.mark.parametrize("penalty", [L1(0.02), ElasticNet(0.03, 0.6)], ids=["l1", "elastic net"])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("wide", [False, True])
def test_coordinate_descent_of_many_columns(
    penalty: Penalty, intercept: bool, wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts Newton's method, whatever it leaves to be done."""
    monkeypatch.setattr(working_set, "ALL", 5)
    monkeypatch.setattr(working_set, "DIRECT", 6)
    X, y = irregular(Squared(), n=29 if wide else 71, d=53, seed=4)
    X = with_ones(X) if intercept else X
    calls = []
    descent = by_coordinates

    def counted(objective: LinearObjective, start: Array) -> Array:
        calls.append(start)
        return descent(objective, start)

    monkeypatch.setattr(working_set, "by_coordinates", counted)
    rows = csr_array(X)
    rows.indices, rows.indptr = rows.indices.astype(np.int64), rows.indptr.astype(np.int64)
    compared(problem(rows, 7 + y, Squared(), intercept=intercept, penalty=penalty))
    p = problem(X, 7 + y, Squared(), intercept=intercept, penalty=penalty)
    compared(p)
    assert len(calls) == 2
    # Near the minimum by itself, from a start that is not 0.
    near = descent(p, calls[1])
    least, found = interior_point(p).value, float(p.value(near[:, None])[0])
    assert least - 1e-12 <= found <= least + 1e-4 * float(p.value(p.w0[:, None])[0])


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e7])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(
    "loss", [Huber(1.0), Huber(0.01), SquaredHinge()], ids=["huber", "narrow", "hinge"]
)
def test_losses_of_parabolas_and_lines_where_no_score_is_on_a_parabola(
    loss: Loss, intercept: bool, scale: float
) -> None:
    """Targets far away, or the empty second class: there is no curvature at w = 0."""
    rng = np.random.default_rng(7)
    n, d = 40, 3100
    X = rng.standard_normal((n, d)) * (rng.random((n, d)) < 0.05)
    X[:, 8], X[:, 11] = X[:, 4], 0.0
    z = X[:, :6].sum(axis=1) + 0.3 * rng.standard_normal(n) + 2.0
    y = np.sign(z) if loss.task == "binary" else scale * z
    if loss.task == "binary":
        X *= scale
    X = with_ones(X) if intercept else X
    slopes = loss.derivative(np.zeros(n), y)
    weight = 0.2 * float(np.abs(X.T @ slopes)[:d].max()) / n
    p = problem(csr_array(X), y, loss, intercept=intercept, penalty=L1(weight))
    found = minimise_sparse(p)
    assert found is not None
    size = float(p.value(p.w0[:, None])[0]) - found.value
    assert found.error <= 1e-11 * size
    # The minimum on the support, by the other method.
    used = np.append(np.flatnonzero(found.w[:d]), np.arange(d, d + intercept))
    few = interior_point(problem(X[:, used], y, loss, intercept=intercept, penalty=L1(weight)))
    assert abs(few.value - found.value) <= few.error + found.error


def test_the_interior_point_method_follows_newtons(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = irregular(Logistic(), seed=8)
    p = problem(X, y, Logistic(), penalty=L1(0.03))
    monkeypatch.setattr(sign_newton, "MAX_STEPS", 2)
    assert not sign_newton.newton_on_signs(p, np.zeros(p.n_features), 0.0)[2]
    compared(p)


def test_a_weight_that_keeps_everything_at_0() -> None:
    X, y = irregular(Squared())
    weight = 1.01 * float(np.abs(X.T @ y).max()) / len(y)
    found = minimise_sparse(problem(X, y, Squared(), penalty=L1(weight)))
    assert found is not None
    assert not found.w.any()
    assert found.value == pytest.approx(float(y @ y) / (2 * len(y)))


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_the_gap_of_the_lasso_in_fractions(seed: int, intercept: bool) -> None:
    X, y = irregular(Squared(), n=17, d=29, seed=10 + seed)
    X = with_ones(X) if intercept else X
    weight = 0.03 * (1 + seed)
    found = minimise_sparse(problem(X, y, Squared(), intercept=intercept, penalty=L1(weight)))
    assert found is not None
    value, gap = lasso_gap(X, y, found.w, found.u, weight, intercept=intercept)
    assert 0 <= gap <= found.error <= 1e-11 * float(y @ y)
    assert abs(float(value) - found.value) <= found.rounding


@pytest.mark.parametrize("loss", [Squared(), Logistic(), Absolute()], ids=lambda loss: loss.name)
def test_more_features_than_the_interior_point_method_takes(loss: Loss) -> None:
    rng = np.random.default_rng(4)
    X = rng.standard_normal((90, 3400)) * (rng.random((90, 3400)) < 0.05)
    z = X[:, :4] @ np.array([3.0, -2.0, 1.0, 4.0]) + 0.3 * rng.standard_normal(90)
    y = np.where(z > 0, 1.0, -1.0) if loss.task == "binary" else z
    weight = 0.3 * float(np.abs(X.T @ loss.derivative(np.zeros(90), y)).max()) / 90
    p = problem(csr_array(X), y, loss, penalty=L1(weight))
    o = find_optimum(p, cache=None)
    assert (o.method, o.obstacle) == (SPARSE_METHOD, "")
    assert o.w_star is not None
    assert o.f_star_error <= 1e-11 * float(p.value(p.w0[:, None])[0])
    # The minimum on the support alone, by the other method: no column outside lowers it.
    support = np.flatnonzero(o.w_star)
    few = interior_point(problem(X[:, support], y, loss, penalty=L1(weight)))
    assert abs(few.value - o.f_star) <= few.error + o.f_star_error
    assert o.dual is not None
    assert np.abs(X.T @ o.dual / 90).max() <= weight * (1 + 1e-12)


def test_a_wrong_dual_point_is_refused() -> None:
    X, y = irregular(Logistic(), seed=6)
    p = problem(with_ones(X), y, Logistic(), intercept=True, penalty=L1(0.03))
    o = find_optimum(p, cache=None)
    assert o.method == SPARSE_METHOD
    assert o.dual is not None
    assert o.w_star is not None
    assert verified(p, o)
    one = np.zeros_like(o.dual)
    one[3] = 1e-4
    for dual in (1.001 * o.dual, o.dual + one, -o.dual, np.roll(o.dual, 1)):
        assert not verified(p, replace(o, dual=dual))
    assert not verified(p, replace(o, w_star=1.001 * o.w_star))
    assert not verified(p, replace(o, f_star=o.f_star * (1 - 1e-6)))


@pytest.mark.parametrize("name", ["lasso", "sparse logistic"])
def test_news20(name: str, libsvm_dir: Path) -> None:
    positive = [str(k) for k in range(1, 11)]
    spec = spec_from_data(str(libsvm_dir / "news20.bz2"), loss="logistic", positive=positive)
    data = build_linear(spec)
    loss: Loss = Squared() if name == "lasso" else Logistic()
    X, y = data.data.X, data.y
    weight = 0.1 * float(np.abs(X.T @ loss.derivative(np.zeros_like(y), y)).max()) / len(y)
    p = problem(X, y, loss, penalty=L1(weight))
    o = find_optimum(p, cache=None)
    assert o.f_star_error <= 1e-11 * float(p.value(p.w0[:, None])[0])
    assert o.w_star is not None
    assert np.count_nonzero(o.w_star) < 60
    assert verified(p, o)
