"""Every problem that ships: certified, and what its file says of it is so."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.special import expit
from shipped_problems import LINEAR

from lrbench.api import run
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import find_optimum
from lrbench.problem_files import build_linear, load_spec, planted, with_overrides


@pytest.mark.parametrize("name", LINEAR)
def test_optimum_is_certified(name: str) -> None:
    o = find_optimum(build_linear(load_spec(name)), cache=None)
    assert 0 <= o.f_star_error <= 1e-10 * max(1.0, abs(o.f_star))


def widest_margin(p: LinearProblem) -> float:
    """Return max over |d|_inf <= 1 of min_i y_i x_i'd, by the program's own direction."""
    X: Any = np.asarray(p.data.X) * p.y[:, None]
    n, d = X.shape
    found = linprog(
        np.append(np.zeros(d), -1.0),
        A_ub=np.column_stack([-X, np.ones(n)]),
        b_ub=np.zeros(n),
        bounds=[(-1, 1)] * d + [(None, 1)],
    )
    assert found.status == 0
    return float((X @ np.asarray(found.x)[:d]).min())


def test_separable_logistic_regression_has_no_minimiser() -> None:
    p = build_linear(load_spec("logreg-separable"))
    o = find_optimum(p, cache=None)
    assert (o.attained, o.f_star, o.f_star_error, o.w_star) == (False, 0.0, 0.0, None)
    assert widest_margin(p) > 1e-4


def test_unregularised_logistic_regression_has_a_far_minimiser() -> None:
    p = build_linear(load_spec("logreg-unregularised"))
    o = find_optimum(p, cache=None)
    assert o.attained
    assert o.w_star is not None
    assert widest_margin(p) <= 1e-9
    X, y = np.asarray(p.data.X), p.y
    residual = -y * expit(-y * (X @ o.w_star))
    assert np.linalg.norm(X.T @ residual / len(y)) < 1e-13
    assert o.f_star == pytest.approx(np.mean(np.logaddexp(0, -y * (X @ o.w_star))), rel=1e-12)
    assert 400 < np.linalg.norm(o.w_star) < 450
    assert o.curvature.mu == 0


def test_the_two_differ_by_the_intercept_alone() -> None:
    one, other = load_spec("logreg-unregularised"), load_spec("logreg-separable")
    changed = with_overrides(one, intercept=True)
    assert build_linear(changed).about.fingerprint == build_linear(other).about.fingerprint


@pytest.mark.parametrize("scale", ["maxabs", "none"])
def test_without_centring_a_plane_through_0_separates(scale: str) -> None:
    p = build_linear(with_overrides(load_spec("logreg-unregularised"), scale=scale))
    assert widest_margin(p) > 1e-5
    assert not find_optimum(p, cache=None).attained


def test_nesterov_has_the_published_constants() -> None:
    spec = load_spec("nesterov")
    d, w = 1001, planted(spec)
    o = find_optimum(build_linear(spec), cache=None)
    assert o.w_star is not None
    assert w is not None
    np.testing.assert_allclose(o.w_star, w, rtol=0, atol=1e-12)
    assert o.f_star == pytest.approx(1 / (8 * (d + 1)), rel=1e-12)
    largest, smallest = (0.25 * (2 - 2 * math.cos(k * math.pi / (d + 1))) for k in (d, 1))
    assert largest <= o.curvature.L * (1 + 1e-14)
    assert o.curvature.L / largest <= 1 + 1e-11
    assert o.curvature.mu == pytest.approx(smallest, rel=1e-6)
    assert o.curvature.mu <= smallest * (1 + 1e-9)


def test_nesterov_with_an_intercept_has_no_planted_minimiser() -> None:
    spec = with_overrides(load_spec("nesterov"), intercept=True)
    o = find_optimum(build_linear(spec), cache=None)
    assert planted(spec) is None
    assert o.f_star < 1 / (8 * 1002) - 1e-6


def test_no_solver_falls_below_the_lower_bound_on_nesterov() -> None:
    d = 1001
    result = run("nesterov", lr0=[0.3, 2.0, 30.0], iterations=60)
    runs = result.problems[0].runs
    assert len(runs) == 9
    for r in runs:
        t = np.array(r.trace["iteration"])
        gap = np.array(r.trace["suboptimality"], dtype=float)
        assert np.all((gap >= (1 / (t + 1) - 1 / (d + 1)) / 8 * (1 - 1e-9)) | np.isnan(gap))
    best = min(float(r.trace["suboptimality"][1]) for r in runs)  # sgd at 2: to w_1 = 1/2
    assert best == pytest.approx((1 / 2 - 1 / (d + 1)) / 8, rel=1e-9)
