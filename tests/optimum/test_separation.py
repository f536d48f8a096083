"""Separable, quasi-separable and overlapping classes."""

from __future__ import annotations

import numpy as np
import pytest
from optimum_problems import Logistic, Squared, classes, problem, with_ones
from scipy.sparse import csr_array

import lrbench.optimum.separation as separation_module
from lrbench.optimum import constants, find_optimum
from lrbench.optimum.base import NOT_ATTAINED
from lrbench.optimum.curvature import find_curvature
from lrbench.optimum.search import _quasi_separable
from lrbench.optimum.separation import Separation, never_flat, overlap_proved, separation


def test_separated_classes_have_infimum_zero_and_no_minimiser() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 3))
    y = np.where(X @ np.array([1.0, -2.0, 0.5]) > 0, 1.0, -1.0)
    p = problem(X, y, Logistic())
    o = find_optimum(p, cache=None)
    assert (o.f_star, o.f_star_error, o.attained, o.w_star) == (0.0, 0.0, False, None)
    assert o.no_minimiser == NOT_ATTAINED
    assert o.method == "Newton, separating direction"
    c = constants(p, o, radius=None)
    assert c.distance is None
    assert c.noise_star is None
    assert not c.attained
    assert c.delta0 == pytest.approx(np.log(2))


def test_a_penalty_makes_the_minimum_attained() -> None:
    X, y = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0])
    o = find_optimum(problem(X, y, Logistic(), 0.1), cache=None)
    assert o.attained
    assert o.w_star is not None
    # 0.1 w = 1 / (1 + e^w)
    assert 0.1 * o.w_star[0] == pytest.approx(1 / (1 + np.exp(o.w_star[0])), rel=1e-13)


@pytest.mark.parametrize("weight", [0.0, 0.1])
def test_one_class_is_separated_by_the_intercept(weight: float) -> None:
    X, _ = classes(20, 2)
    o = find_optimum(
        problem(with_ones(X), np.ones(20), Logistic(), weight, intercept=True), cache=None
    )
    assert not o.attained
    assert o.f_star == 0.0


@pytest.mark.parametrize("sparse", [False, True])
def test_quasi_separation_leaves_the_infimum_of_the_rest(sparse: bool) -> None:
    """Feature 3 occurs in one class only: those samples cost nothing in the limit."""
    X, y = classes(80, 3, seed=2)
    n = 60
    X[:n, 2] = 0.0
    X[n:, 2] = 1.0
    y[n:] = 1.0
    rest = find_optimum(problem(X[:n, :2], y[:n], Logistic()), cache=None)
    assert rest.attained
    o = find_optimum(problem(csr_array(X) if sparse else X, y, Logistic()), cache=None)
    assert not o.attained
    assert o.w_star is None
    assert o.no_minimiser == NOT_ATTAINED
    assert o.f_star == pytest.approx(rest.f_star * n / 80, rel=1e-12)
    assert o.f_star_error < 1e-11


@pytest.mark.parametrize("slip", [0.0, 1e-3])
def test_a_direction_that_grazes_the_rest_costs_accuracy_not_truth(slip: float) -> None:
    """Half the samples: log 2 each, whatever the program returned."""
    X = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [-2.0, 0.0]])
    y = np.array([1.0, -1.0, 1.0, -1.0])
    p = problem(X, y, Logistic())
    separated = np.array([False, False, True, True])
    o = _quasi_separable(p, find_curvature(p), Separation(np.array([1.0, slip]), separated))
    infimum = np.log(2) / 2
    assert o.f_star - o.f_star_error <= infimum <= o.f_star + 1e-15
    assert o.f_star_error <= 1e-14 + (60 * slip) ** 2


def test_what_the_program_leaves_on_the_rest_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [-2.0, 0.0]])
    y = np.array([1.0, -1.0, 1.0, -1.0])
    rough = np.array([1.0, 1e-8]), np.array([0.0, 0.0, 1.0, 1.0])
    monkeypatch.setattr(separation_module, "_program", lambda X, y: rough)
    found = separation(problem(X, y, Logistic()), np.zeros(4))
    assert found is not None
    np.testing.assert_allclose(found.direction, [1.0, 0.0], atol=1e-15)


def test_points_on_the_separating_plane() -> None:
    """One dimension, both labels at 0, one more on each side: half the mass is stuck at log 2."""
    X = np.array([[0.0], [0.0], [1.0], [-2.0]])
    y = np.array([1.0, -1.0, 1.0, -1.0])
    o = find_optimum(problem(X, y, Logistic()), cache=None)
    assert not o.attained
    assert o.f_star == pytest.approx(np.log(2) / 2, rel=1e-14)
    assert o.f_star_error < 1e-13


def test_a_badly_predicted_outlier_is_no_separation() -> None:
    """Margins beyond 25 make the dual point touch its edge: the linear program must decide."""
    X, y = classes(60, 2, seed=1)
    X = np.vstack([X, [[60.0, 0.0], [-60.0, 0.0]]])
    y = np.append(y, [1.0, -1.0])
    p = problem(X, y, Logistic())
    o = find_optimum(p, cache=None)
    assert o.attained
    assert o.w_star is not None
    assert (y * (X @ o.w_star)).max() > 25
    assert o.f_star_error < 1e-12


@pytest.mark.parametrize("reduced", [False, True])
def test_linear_program_names_the_separated_samples(reduced: bool) -> None:
    X = np.array([[0.0, 1.0], [0.0, 2.0], [0.0, 1.0], [1.0, 5.0], [3.0, -1.0], [-1.0, 0.0]])
    y = np.array([1.0, -1.0, -1.0, 1.0, 1.0, -1.0])
    # Rows 0 to 2 overlap, the first feature separates the others.
    u = np.array([-0.6, 0.2, 0.2, 0.0, 0.0, 0.0]) if reduced else np.zeros(6)
    found = separation(problem(X, y, Logistic()), u)
    assert found is not None
    assert found.separated.tolist() == [False, False, False, True, True, True]
    margins = y * (X @ found.direction)
    assert margins[3:].min() > 0.9
    assert np.abs(margins[:3]).max() < 1e-12


def test_overlap_has_no_separating_direction() -> None:
    X, y = classes(60, 3)
    assert separation(problem(X, y, Logistic()), np.zeros(60)) is None


def test_only_a_dual_point_proves_overlap() -> None:
    X, y = np.array([[1.0], [-2.0], [1.0]]), np.array([1.0, 1.0, -1.0])
    p = problem(X, y, Logistic())
    assert overlap_proved(p, np.array([-0.5, -0.5, 0.5])) is False  # X^T u = 1
    assert overlap_proved(p, np.array([-0.9, -0.2, 0.5])) is True
    assert overlap_proved(p, np.array([0.0, -0.2, -0.4])) is False


def test_only_losses_that_keep_falling_can_miss_their_infimum() -> None:
    X, y = classes(10, 2)
    assert never_flat(problem(X, y, Logistic()))
    assert not never_flat(problem(X, y, Squared()))
