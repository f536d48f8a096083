"""The certificate holds at any point, and the dual value is the textbook's."""

from __future__ import annotations

import numpy as np
import pytest
from optimum_problems import Array, Logistic, Squared, classes, problem, regression, with_ones
from scipy.special import xlogy

from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import find_optimum
from lrbench.optimum.certificate import certify, dual_point, duality_gap
from lrbench.optimum.newton import FactorisedStep
from lrbench.optimum.point import Point


def problems() -> dict[str, LinearProblem]:
    X, y = regression(40, 5)
    Z, labels = classes(60, 5)
    wide, targets = regression(6, 15)
    return {
        "squared": problem(X, y, Squared()),
        "squared-l2": problem(X, y, Squared(), 0.1),
        "squared-l2-intercept": problem(with_ones(X), y, Squared(), 0.1, intercept=True),
        "squared-rank-deficient": problem(np.hstack([X, X]), y, Squared()),
        "squared-wide": problem(wide, targets, Squared()),
        "logistic": problem(Z, labels, Logistic()),
        "logistic-l2": problem(Z, labels, Logistic(), 0.01),
        "logistic-l2-intercept": problem(with_ones(Z), labels, Logistic(), 0.01, intercept=True),
    }


@pytest.mark.parametrize("name", problems())
@pytest.mark.parametrize("size", [1e-6, 1e-4, 1e-2, 0.3])
def test_error_at_a_perturbed_minimiser_covers_its_suboptimality(name: str, size: float) -> None:
    p = problems()[name]
    o = find_optimum(p, cache=None)
    assert o.w_star is not None
    rng = np.random.default_rng(3)
    w = o.w_star + size * rng.standard_normal(p.n_features)
    point = Point(p, w)
    true = point.f - o.f_star
    step = FactorisedStep(p, None)
    found = certify(point, o.curvature.mu, step)
    assert found.error >= true
    if size <= 1e-2 and name != "squared-wide":
        assert found.error <= 100 * true + 1e-13
    assert duality_gap(point, step).error >= true
    assert certify(point, o.curvature.mu, None).error >= true


@pytest.mark.parametrize("name", problems())
def test_random_points_never_fall_below_the_certified_infimum(name: str) -> None:
    p = problems()[name]
    o = find_optimum(p, cache=None)
    assert o.w_star is not None
    assert o.f_star_error <= 1e-12
    rng = np.random.default_rng(4)
    W = o.w_star[:, None] + np.logspace(-8, 0, 400) * rng.standard_normal((p.n_features, 400))
    assert p.value(W).min() >= o.f_star - o.f_star_error


def dual_value(p: LinearProblem, u: Array, weight: float) -> float:
    """D(u) as a textbook has it, sample by sample."""
    n, total = p.n_samples, 0.0
    q = np.zeros(p.n_features)
    for x, y, slope in zip(np.asarray(p.data.X), p.y, u, strict=True):
        if isinstance(p.loss, Squared):
            total -= slope * slope / 2 + slope * y
        else:
            share = -slope * y
            total -= float(xlogy(share, share) + xlogy(1 - share, 1 - share))
        q += slope * x / n
    return total / n - float(q[: p.n_penalised] @ q[: p.n_penalised]) / (2 * weight)


@pytest.mark.parametrize("name", ["squared-l2-intercept", "logistic-l2-intercept"])
def test_gap_is_primal_minus_dual_value(name: str) -> None:
    p = problems()[name]
    w_star = find_optimum(p, cache=None).w_star
    assert w_star is not None
    point = Point(p, w_star + 0.05 * np.random.default_rng(1).standard_normal(p.n_features))
    step = FactorisedStep(p, None)
    u = dual_point(point, step)
    assert abs(u.sum()) < 1e-12  # the intercept's constraint
    expected = point.f - dual_value(p, u, p.penalty.weight)
    assert duality_gap(point, step).error == pytest.approx(expected, rel=1e-9)


def test_without_a_penalty_the_dual_point_is_orthogonal_to_the_data() -> None:
    X, y = classes(60, 5)
    p = problem(X, y, Logistic())
    point = Point(p, np.full(5, 0.3))
    u = dual_point(point, FactorisedStep(p, None))
    assert np.abs(X.T @ u).max() < 1e-12
    assert np.abs(X.T @ point.u).max() > 0.1


def test_a_dual_point_outside_the_domain_certifies_nothing() -> None:
    X, y = classes(60, 5)
    p = problem(X, y, Logistic())
    point = Point(p, np.full(5, 30.0))
    gap = duality_gap(point, FactorisedStep(p, None))
    assert gap.obstacle == "the dual point lies outside its domain"
    # The bound by the terms remains.
    assert gap.error >= point.f
    assert certify(point, 0.0, FactorisedStep(p, None)).error == pytest.approx(point.f)
