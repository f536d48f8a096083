"""The minimiser against other libraries, closed forms and scalar arithmetic."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import sparse
from optimum_problems import Logistic, Squared, classes, problem, regression, with_ones
from scipy.optimize import minimize as scipy_minimize
from scipy.sparse import csr_array

import lrbench.optimum.row_space as row_space
from lrbench.errors import OptimumError
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import find_optimum
from lrbench.optimum.certificate import certify
from lrbench.optimum.newton import IterativeStep, minimise


def assert_minimum(p: LinearProblem, f: float, error: float, tries: int = 200) -> None:
    """No point near or far may lie below f - error."""
    rng = np.random.default_rng(5)
    scale = np.logspace(-9, 1, tries)
    found = find_optimum(p, cache=None).w_star
    assert found is not None
    W = found[:, None] + scale * rng.standard_normal((p.n_features, tries))
    assert p.value(W).min() >= f - error


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(("n", "d"), [(40, 7), (7, 40), (20, 20)])
def test_least_squares_is_the_pseudo_inverse(n: int, d: int, sparse: bool) -> None:
    X, y = regression(n, d)
    p = problem(csr_array(X) if sparse else X, y, Squared())
    o = find_optimum(p, cache=None)
    expected = np.linalg.lstsq(X, y, rcond=None)[0]
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, expected, rtol=1e-11, atol=1e-12)
    f = 0.5 * float(np.mean((X @ expected - y) ** 2))
    assert o.f_star == pytest.approx(f, rel=1e-13, abs=1e-25)
    assert o.f_star_error <= 1e-13 * max(1.0, f)
    assert o.method.startswith("closed form, ")
    assert_minimum(p, o.f_star, o.f_star_error)


@pytest.mark.parametrize(("n", "d"), [(40, 7), (7, 40)])
@pytest.mark.parametrize("intercept", [False, True])
def test_ridge_solves_the_normal_equations(n: int, d: int, intercept: bool) -> None:
    X, y = regression(n, d)
    y = y + 3.0
    if intercept:
        X = with_ones(X)
    free = np.ones(X.shape[1])
    free[d:] = 0.0
    o = find_optimum(problem(X, y, Squared(), 0.1, intercept=intercept), cache=None)
    expected = np.linalg.solve(X.T @ X / n + 0.1 * np.diag(free), X.T @ y / n)
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, expected, rtol=1e-11, atol=1e-12)
    assert o.f_star_error < 1e-12


def test_rank_deficient_least_squares_gives_the_nearest_minimiser() -> None:
    X, y = regression(30, 5)
    X = np.round(1024 * X) / 1024  # so that the last two columns are exact combinations
    X = np.hstack([X, X[:, :2] @ np.array([[1.0, 2.0], [3.0, -1.0]])])
    w0 = np.arange(7.0)
    o = find_optimum(problem(X, y, Squared(), w0=w0), cache=None)
    expected = w0 + np.linalg.pinv(X) @ (y - X @ w0)
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, expected, rtol=1e-12, atol=1e-12)
    assert o.curvature.mu_pl > 0
    assert o.curvature.mu == 0
    assert o.f_star_error < 1e-13


def test_a_condition_of_a_million_loses_nothing() -> None:
    spectrum = np.logspace(-6, 0, 200)
    X = np.diag(np.sqrt(200 * spectrum))
    w = np.random.default_rng(0).standard_normal(200)
    o = find_optimum(problem(X, X @ w, Squared()), cache=None)
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, w, rtol=1e-12)
    assert o.f_star_error < 1e-25
    assert o.curvature.mu == pytest.approx(1e-6, rel=1e-6)


def test_features_in_wildly_different_units() -> None:
    X, y = regression(60, 4)
    units = np.array([1e-9, 1.0, 1e5, 1e-4])
    o = find_optimum(problem(X * units, y, Squared()), cache=None)
    plain = find_optimum(problem(X, y, Squared()), cache=None)
    assert o.w_star is not None
    assert plain.w_star is not None
    np.testing.assert_allclose(o.w_star * units, plain.w_star, rtol=1e-8)
    assert o.f_star == pytest.approx(plain.f_star, rel=1e-13)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(("n", "d"), [(80, 6), (20, 50)])
def test_logistic_agrees_with_scikit_learn(n: int, d: int, intercept: bool) -> None:
    from sklearn.linear_model import LogisticRegression

    X, y = classes(n, d)
    weight = 0.05
    o = find_optimum(
        problem(with_ones(X) if intercept else X, y, Logistic(), weight, intercept=intercept),
        cache=None,
    )
    model = LogisticRegression(
        C=1 / (n * weight), solver="newton-cholesky", tol=1e-12, fit_intercept=intercept
    ).fit(X, y)
    expected = model.coef_[0]
    if intercept:
        expected = np.append(expected, model.intercept_)
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, expected, rtol=1e-6, atol=1e-8)
    assert o.f_star_error < 1e-13
    assert o.method == f"Newton, {'duality gap' if intercept else 'strong convexity'}"


def test_logistic_without_penalty_agrees_with_bfgs() -> None:
    X, y = classes(100, 4)
    p = problem(X, y, Logistic())
    o = find_optimum(p, cache=None)
    reached: Any = scipy_minimize(  # type: ignore[call-overload]
        lambda w: np.mean(np.logaddexp(0, -y * (X @ w))),
        np.zeros(4),
        method="BFGS",
        options={"gtol": 1e-7},
    )
    assert o.attained
    assert o.f_star == pytest.approx(reached.fun, rel=1e-12)
    assert o.f_star_error < 1e-14
    assert_minimum(p, o.f_star, o.f_star_error)


def test_rank_deficient_logistic_gives_the_nearest_minimiser() -> None:
    X, y = classes(100, 3)
    narrow = find_optimum(problem(X, y, Logistic()), cache=None)
    w0 = np.array([5.0, -3.0, 2.0, 7.0])
    o = find_optimum(problem(X[:, [0, 1, 2, 2]], y, Logistic(), w0=w0), cache=None)
    assert narrow.w_star is not None
    assert o.w_star is not None
    # The last two coordinates share their sum and keep the difference of w0.
    total, difference = narrow.w_star[2], w0[2] - w0[3]
    expected = [*narrow.w_star[:2], (total + difference) / 2, (total - difference) / 2]
    np.testing.assert_allclose(o.w_star, expected, rtol=1e-10)


@pytest.mark.parametrize("weight", [0.0, 0.01])
def test_conjugate_gradients_agree_with_the_factorisation(
    weight: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = regression(60, 20)
    w0 = np.ones(20)
    direct = find_optimum(problem(X, y, Squared(), weight, w0=w0), cache=None)
    monkeypatch.setattr(row_space, "DIRECT", 10)
    o = find_optimum(problem(csr_array(X), y, Squared(), weight, w0=w0), cache=None)
    assert o.method.startswith("Newton-CG, ")
    assert direct.w_star is not None
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, direct.w_star, rtol=1e-10)
    assert o.f_star_error < 1e-12


def test_conjugate_gradients_find_the_nearest_minimiser(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = regression(30, 12)
    X = np.round(1024 * X) / 1024
    X = np.hstack([X, 3 * X[:, :4]])
    w0 = np.arange(16.0)
    monkeypatch.setattr(row_space, "DIRECT", 10)
    o = find_optimum(problem(X, y, Squared(), w0=w0), cache=None)
    assert o.method.startswith("Newton-CG, ")
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, w0 + np.linalg.pinv(X) @ (y - X @ w0), rtol=1e-10)


def test_large_sparse_logistic_by_conjugate_gradients() -> None:
    X: Any = sparse(3100, 3200, 2e-3)
    y = np.where(np.random.default_rng(1).random(3100) < 0.4, 1.0, -1.0)
    p = problem(X, y, Logistic(), 1 / 3100)
    o = find_optimum(p, cache=None)
    assert o.method == "Newton-CG, strong convexity"
    assert o.w_star is not None
    assert o.f_star_error < 1e-14
    gradient = -X.T @ (y / (1 + np.exp(y * (X @ o.w_star)))) / 3100 + o.w_star / 3100
    assert np.linalg.norm(gradient) < 1e-14
    assert o.distance_error is not None
    assert np.linalg.norm(gradient) * 3100 <= o.distance_error


def test_conjugate_gradients_that_run_out_leave_an_honest_certificate() -> None:
    X, y = regression(60, 20)
    p = problem(X * np.logspace(-2, 0, 20), y, Squared(), 1e-3)
    truth = find_optimum(p, cache=None)
    rough = minimise(p, np.zeros(20), IterativeStep(p, budget=5))
    suboptimality = rough.f - truth.f_star
    assert suboptimality > 1e-4
    assert certify(rough, truth.curvature.mu, None).error >= suboptimality


def test_distance_error_covers_the_true_distance() -> None:
    X, y = regression(50, 6)
    o = find_optimum(problem(X, y, Squared()), cache=None)
    truth = np.linalg.lstsq(X.astype(np.longdouble).astype(np.float64), y, rcond=None)[0]
    assert o.w_star is not None
    assert o.distance_error is not None
    assert np.linalg.norm(o.w_star - truth) <= 4 * o.distance_error
    assert o.distance_error < 1e-12


def test_a_loss_that_is_not_smooth_is_refused() -> None:
    class Kinked(Squared):
        name = "kinked"
        smoothness = np.inf

    X, y = regression(5, 2)
    with pytest.raises(OptimumError, match="no reference solver handles the loss 'kinked'"):
        find_optimum(problem(X, y, Kinked()), cache=None)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5)])
@pytest.mark.parametrize("weight", [0.0, 0.1])
def test_data_of_zeros(shape: tuple[int, int], weight: float) -> None:
    y = np.arange(float(shape[0]))
    w0 = np.arange(float(shape[1]))
    o = find_optimum(problem(np.zeros(shape), y, Squared(), weight, w0=w0), cache=None)
    assert o.f_star == pytest.approx(float(y @ y) / (2 * len(y)), rel=1e-15)
    assert o.f_star_error < 1e-14
    assert o.w_star is not None
    np.testing.assert_array_equal(o.w_star, 0 * w0 if weight else w0)


def test_targets_already_met_at_the_start() -> None:
    X, _ = regression(10, 3)
    w0 = np.array([1.0, -2.0, 0.5])
    o = find_optimum(problem(X, X @ w0, Squared(), w0=w0), cache=None)
    assert o.f_star < 1e-28
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, w0, rtol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "f_star"), [("a9a", 0.3233795824648), ("mushrooms", 0.01448586612833)]
)
def test_published_data_are_certified(name: str, f_star: float, libsvm_dir: Path) -> None:
    """The values are scikit-learn's (newton-cholesky, tolerance 1e-12)."""
    from sklearn.datasets import load_svmlight_file

    X, labels = load_svmlight_file(str(libsvm_dir / f"{name}.bz2"))
    y = np.where(labels == labels.max(), 1.0, -1.0)
    o = find_optimum(problem(csr_array(X), y, Logistic(), 1 / len(y)), cache=None)
    assert o.f_star == pytest.approx(f_star, rel=1e-12)
    assert o.f_star_error < 1e-13


COUNTS = """
import sys
import numpy as np
from threadpoolctl import threadpool_info
from lrbench.optimum import find as find_module
from lrbench.problem_files import load_spec
from lrbench.problem_files import build_problem

problem = build_problem(load_spec("log-spectrum"))
solve = find_module.solve


def look(*args):
    print([p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"])
    return solve(*args)


find_module.solve = look
find_module.computed(problem)
"""


def test_every_blas_has_one_thread_while_the_optimum_is_certified() -> None:
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", COUNTS], capture_output=True, text=True, check=True, env=env
    )
    counts = ast.literal_eval(done.stdout.strip().splitlines()[-1])
    assert len(counts) >= 2, "NumPy and SciPy bring one each"
    assert set(counts) == {1}


@pytest.mark.parametrize(
    ("rows", "counts", "attained"),
    [
        ([[1, 0.5], [2, 0], [0, 1]], [0, 0, 0], False),  # all counts zero
        ([[1, 0], [2, 0], [0, 1], [0, 2]], [0, 0, 3, 1], False),  # feature 1 has only zeros
        ([[1, 0], [-2, 0], [0, 1], [0, 2]], [0, 0, 3, 1], True),  # but of both signs
        ([[1, 0], [2, 0], [0, 1], [0, 2]], [0, 2, 3, 1], True),
    ],
)
def test_counts_of_zero_may_leave_no_minimiser(
    rows: list[list[float]], counts: list[float], attained: bool
) -> None:
    from lrbench.losses.poisson import Poisson

    p = problem(np.array(rows, dtype=float), np.array(counts, dtype=float), Poisson())
    o = find_optimum(p, cache=None)
    assert o.attained is attained
    assert (o.w_star is not None) is attained
    far = np.array([[-40.0], [0.0]])
    if not attained:
        assert "counts of zero" in o.no_minimiser
        assert p.value(far)[0] >= o.f_star - o.f_star_error - 1e-12
