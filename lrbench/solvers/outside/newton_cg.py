"""Newton-CG of SciPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrbench.arrays import Vector
from lrbench.objective.problem import Problem
from lrbench.solvers.outside.base import Objective, OutsideSolver

SMALLEST = 1e-300
"""The length of a step at which it stops; with 0 SciPy 1.12 would not begin."""


@dataclass(frozen=True)
class NewtonCG(OutsideSolver):
    r"""Newton-CG of SciPy: Newton's method, whose steps conjugate gradients solve for in part.

    .. math:: w_{t+1} = w_t + a_t d_t, \qquad \nabla^2 F(w_t) d_t \approx -\nabla F(w_t)

    with a_t from a line search that tries 1 first.

    Notes
    -----
    lr0 has no effect. Conjugate gradients stop at a residual of
    :math:`\min(1/2, \|\nabla F\|_1^{1/2}) \|\nabla F\|_1`. Their products with the Hessian are
    exact on linear problems, where a kink of the loss counts as having no curvature; elsewhere
    SciPy takes the difference of two gradients. Each product is metered like a gradient. SciPy's
    own test of convergence is off, so that a run ends with its budget or where the line search
    finds no lower value. It knows no constraints; where F is not smooth nothing is known of it, and
    it may stop early. No learning rate is reported.

    References
    ----------
    Nocedal, Wright, Numerical Optimization, 2nd ed., Springer, 2006, algorithm 7.1.
    """

    name = "outside:newton-cg"
    step_cost = "2 or more gradients"
    state_size = "6 d"
    papers = ("nocedal2006",)
    lr0_means = "without effect"
    pass_means = "n_samples gradients, at trial points, too, or a product with the Hessian"

    def load(self) -> None:
        import scipy.optimize  # noqa: F401

    def unmet(self, problem: Problem) -> list[str]:
        lower, upper = problem.bounds
        free = bool(np.isinf(lower).all() and np.isinf(upper).all())
        return [] if free else ["a problem without bounds"]

    def solve(
        self,
        objective: Objective,
        w0: Vector,
        lr0: float | None,
        iterations: int,
        record: Callable[[Vector], None],
    ) -> None:
        from scipy.optimize import minimize

        point, multiply = w0.copy(), objective.hessian(w0)

        def product(w: Vector, v: Vector) -> Vector:
            nonlocal point, multiply
            if not np.array_equal(w, point):
                point, multiply = w.copy(), objective.hessian(w)
            assert multiply is not None
            return multiply(v)

        solve: Any = minimize  # its types know no hessp that is None beside jac=True
        solve(
            objective.value_and_gradient,
            w0,
            jac=True,
            hessp=None if multiply is None else product,
            method="Newton-CG",
            callback=record,
            options={"maxiter": iterations, "xtol": SMALLEST},
        )
