"""Newton-CG of SciPy: its products with the Hessian, exact or by differences, and their cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import Work, constants_of, hessian, linear_problem, run, task
from network import Network
from scipy.optimize import minimize

from lrbench.arrays import Vector
from lrbench.engine.job import SharedProblem
from lrbench.losses import LOSSES
from lrbench.penalties.box import Box
from lrbench.results import Status
from lrbench.solvers.outside.newton_cg import NewtonCG

W0 = np.array([0.3, -0.7, 1.1])


@pytest.mark.parametrize("density", [None, 0.7])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_the_hessian_of_a_linear_problem(loss: str, intercept: bool, density: float | None) -> None:
    problem = linear_problem(loss, 25, 4, weight=0.3, intercept=intercept, density=density, seed=4)
    rng = np.random.default_rng(1)
    w, v = 0.3 * rng.standard_normal((2, problem.n_features))
    expected = hessian(problem, w) @ v
    np.testing.assert_allclose(problem.hessian(w)(v), expected, rtol=1e-12, atol=1e-14)


def test_its_iterates_are_those_of_scipy_with_the_hessian_as_a_matrix() -> None:
    problem = linear_problem("logistic", 30, 3, weight=0.1, w0=W0, seed=2)
    points: list[Vector] = []
    calls = dict.fromkeys(("gradient", "product"), 0)
    costs: list[int] = []

    def both(w: Vector) -> tuple[float, Vector]:
        calls["gradient"] += 1
        value, gradient = problem.value_and_gradient(w[:, None])
        return float(value[0]), gradient[:, 0]

    def product(w: Vector, v: Vector) -> Vector:
        calls["product"] += 1
        out: Vector = hessian(problem, w) @ v
        return out

    def note(w: Vector) -> None:
        points.append(w.copy())
        costs.append(sum(calls.values()))

    solve: Any = minimize
    solve(
        both,
        W0,
        jac=True,
        hessp=product,
        method="Newton-CG",
        callback=note,
        options={"maxiter": 5, "xtol": 1e-300},
    )
    (r,) = run(task(problem, NewtonCG(), [1.0], 5))
    n = len(points)
    assert n >= 4
    values = [problem.value(w[:, None])[0] for w in (W0, *points)]
    np.testing.assert_allclose(r.trace["objective"][: n + 1], values, rtol=1e-13)
    assert r.trace["passes"].tolist()[: n + 1] == [0.0, *costs]
    assert calls["product"] > n
    assert r.trace["suboptimality"][-1] < 1e-12


def test_lr0_has_no_effect() -> None:
    problem = linear_problem("logistic", 30, 3, weight=0.1, w0=W0, seed=2)
    a, b = run(task(problem, NewtonCG(), [1e-3, 50.0], 5))
    np.testing.assert_array_equal(a.trace["objective"], b.trace["objective"])


def test_without_a_hessian_it_takes_differences_of_gradients() -> None:
    smooth = linear_problem("logistic", 30, 3, weight=0.1)
    unknown: dict[str, Any] = {"f_star": -np.inf, "f_star_error": 0.0, "delta0": 0.0}
    constants = replace(constants_of(smooth, None), **unknown)
    work = task(smooth, NewtonCG(), [1.0], 12)
    (r,) = run(Work(work.job, SharedProblem(Network(), constants, None)))
    assert r.status is not Status.FAILED, r.error
    objective, passes = r.trace["objective"], r.trace["passes"]
    assert objective[-1] < 0.5 * objective[0]
    assert np.all(np.diff(objective) <= 0)
    # A gradient at the trial point of every step, and at least one for a difference.
    assert np.all(np.diff(passes) >= 2)


def test_a_box_is_no_problem_for_it() -> None:
    free = linear_problem("logistic", 30, 3)
    boxed = linear_problem("logistic", 30, 3, penalty=Box(0.0, np.inf))
    assert NewtonCG().unmet(free) == []
    assert NewtonCG().unmet(boxed) == ["a problem without bounds"]


def test_a_stop_interrupts_it_at_a_product() -> None:
    problem = linear_problem("logistic", 30, 3, weight=0.1, w0=W0, seed=2)
    asked: list[int] = []

    def stop(t: int) -> bool:
        asked.append(t)
        return len(asked) == 3  # the first gradient, two products

    (r,) = run(task(problem, NewtonCG(), [1.0], 5), stop=stop)
    assert (r.status, r.status_at) == (Status.INTERRUPTED, 0)
