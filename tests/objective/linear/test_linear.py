"""The linear objective against explicit formulas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import Array, dense, linear_problem, slope
from scipy.sparse import csr_array

from lrbench.objective.linear import matrix
from lrbench.objective.linear import objective as linear_objective
from lrbench.objective.linear.held_out import LinearHeldOut
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.meter import Stopwatch

CASES = [
    (loss, weight, intercept, density, elements)
    for loss in ("squared", "logistic")
    for weight, intercept in ((0.0, False), (0.3, True))
    for density, elements in ((None, 1 << 17), (None, 21), (0.4, 1 << 17), (0.4, 21))
]


@pytest.fixture(params=CASES)
def objective(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> LinearObjective:
    """Return small problems of all kinds, whole and in many row blocks."""
    loss, weight, intercept, density, elements = request.param
    monkeypatch.setattr(matrix, "BLOCK_ELEMENTS", elements)
    return linear_problem(loss, 41, 6, weight=weight, intercept=intercept, density=density, seed=2)


@pytest.fixture
def W(objective: LinearObjective) -> Array:
    """Return five lanes."""
    return np.random.default_rng(0).standard_normal((objective.n_features, 5))


def explicit_value(objective: LinearObjective, w: Array) -> float:
    """Return F(w) from its definition, sample by sample."""
    X, total = dense(objective), 0.0
    for x, y in zip(X, objective.y, strict=True):
        z = float(x @ w)
        if objective.loss.name == "squared":
            total += 0.5 * (z - y) ** 2
        else:
            total += float(np.logaddexp(0.0, -y * z))
    penalised = w[: len(w) - objective.intercept]
    return total / len(X) + 0.5 * objective.penalty.weight * float(penalised @ penalised)


def test_value_is_the_mean_loss_and_the_penalty(objective: LinearObjective, W: Array) -> None:
    expected = [explicit_value(objective, w) for w in W.T]
    np.testing.assert_allclose(objective.value(W), expected, rtol=1e-13)


def test_gradient_is_explicit(objective: LinearObjective, W: Array) -> None:
    expected = np.column_stack([slope(objective, w) for w in W.T])
    np.testing.assert_allclose(objective.gradient(W), expected, rtol=1e-12, atol=1e-14)


def test_gradient_by_differences(objective: LinearObjective, W: Array) -> None:
    h = 1e-6
    for j in range(objective.n_features):
        step = np.zeros((objective.n_features, 1))
        step[j] = h
        difference = (objective.value(W + step) - objective.value(W - step)) / (2 * h)
        np.testing.assert_allclose(objective.gradient(W)[j], difference, rtol=1e-6, atol=1e-8)


def test_value_and_gradient_together_equal_each_alone(objective: LinearObjective, W: Array) -> None:
    before = W.copy()
    value, gradient = objective.value_and_gradient(W)
    np.testing.assert_array_equal(value, objective.value(W))
    np.testing.assert_array_equal(gradient, objective.gradient(W))
    np.testing.assert_array_equal(W, before)
    assert gradient.flags.c_contiguous


def test_strips_of_lanes_change_no_bit(
    objective: LinearObjective, monkeypatch: pytest.MonkeyPatch
) -> None:
    W = np.random.default_rng(7).standard_normal((objective.n_features, 40))
    held_out = LinearHeldOut(objective.data, objective.y, objective.loss)
    value, gradient, measures = objective.value(W), objective.gradient(W), held_out.measures(W)
    monkeypatch.setattr(linear_objective, "STRIP", 16)
    in_strips = objective.value_and_gradient(W)
    np.testing.assert_array_equal([objective.value(W), in_strips[0]], [value, value])
    np.testing.assert_array_equal([objective.gradient(W), in_strips[1]], [gradient, gradient])
    assert held_out.measures(W).keys() == measures.keys()
    for name, numbers in held_out.measures(W).items():
        np.testing.assert_array_equal(numbers, measures[name])
    # With an odd number of lanes the last strip has other kernels.
    np.testing.assert_allclose(objective.value(W[:, :37]), value[:37], rtol=1e-14)
    np.testing.assert_allclose(objective.gradient(W[:, :37]), gradient[:, :37], rtol=1e-12)


def test_dense_and_csr_agree(objective: LinearObjective, W: Array) -> None:
    X = dense(objective)
    other: Any = csr_array(X) if isinstance(objective.data.X, np.ndarray) else X
    twin = replace(objective, data=DataMatrix(other))
    np.testing.assert_allclose(twin.value(W), objective.value(W), rtol=1e-14)
    np.testing.assert_allclose(twin.gradient(W), objective.gradient(W), rtol=1e-12, atol=1e-15)


def test_the_sizes_count_the_intercept(objective: LinearObjective) -> None:
    assert objective.n_samples == 41
    assert objective.n_features == 6 + objective.intercept
    assert objective.n_penalised == 6


def test_the_watch_pauses_for_the_value_and_goes_on_after() -> None:
    objective = linear_problem("logistic", weight=0.1)
    watch = Stopwatch()
    running: list[bool] = []

    class Spy:
        """The loss, which notes whether the watch runs."""

        def sums(self, Z: Array, y: Array) -> Array:
            running.append(watch._since is not None)
            return objective.loss.sums(Z, y)

        def scaled_derivative(self, Z: Array, y: Array, factor: float) -> Array:
            running.append(watch._since is not None)
            return objective.loss.scaled_derivative(Z, y, factor)

    spy: Any = Spy()
    spied = replace(objective, loss=spy)
    watch.start()
    spied.value_and_gradient(np.zeros((3, 2)), watch)
    assert running == [False, True]
    assert watch._since is not None
    watch.stop()
    spied.value_and_gradient(np.zeros((3, 2)), watch)
    assert running == [False, True, False, False]
    assert watch._since is None
