"""Solvers of scikit-learn's LogisticRegression."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import Any, ClassVar

from lrbench.objective.about import LinearModel
from lrbench.solvers.outside.estimator import EstimatorSolver

SMALLEST = 1e-300
"""A tolerance that liblinear takes, which does not take 0."""


class LogisticRegressionSolver(EstimatorSolver):
    r"""A solver of scikit-learn's LogisticRegression.

    .. math:: C \sum_{i=1}^n \log(1 + e^{-y_i x_i^\top w}) + \rho \|w\|_1
              + \tfrac{1 - \rho}{2} \|w\|^2 = C n F(w), \qquad C = \frac{1}{n \lambda}

    with lambda the weight of the penalty, and rho its share of l1.
    """

    losses = ("logistic",)
    solver: ClassVar[str]
    """What LogisticRegression calls it."""
    tolerance: ClassVar[float] = 0.0
    lr0_means = "without effect"

    def estimator(self, model: LinearModel, lr0: float | None) -> Any:
        from sklearn.linear_model import LogisticRegression

        del lr0
        l1, l2 = model.penalty.l1, model.penalty.curvature
        weight = l1 + l2
        settings: dict[str, Any] = {"tol": self.tolerance, "solver": self.solver}
        if weight:
            settings["C"] = 1.0 / (len(model.y) * weight)
        # Up to version 1.7 the penalty has a name; later its share of l1 and C = inf say it.
        known = inspect.signature(LogisticRegression).parameters
        if "penalty" in known and known["penalty"].default == "l2":
            names = {(False, False): None, (False, True): "l2", (True, False): "l1"}
            settings["penalty"] = names.get((l1 > 0, l2 > 0), "elasticnet")
            if settings["penalty"] == "elasticnet":
                settings["l1_ratio"] = l1 / weight
        elif weight:
            settings["l1_ratio"] = l1 / weight
        else:
            settings["C"] = math.inf
        return LogisticRegression(**settings)


@dataclass(frozen=True)
class LogisticSAGA(LogisticRegressionSolver):
    r"""SAGA of scikit-learn's LogisticRegression: single samples, and a table of their slopes.

    .. math:: w_{t+1} = \mathrm{prox}_{\gamma R}\bigl(w_t - \gamma (g_i(w_t) - v_i + \bar v)\bigr)

    with v_i the last gradient that was seen of sample i.

    Notes
    -----
    lr0 has no effect: the step is gamma = 1 / (2 L + min(2 n c, L)) with c the weight of l2, and
    L = max_i |x_i|^2 / 4 + c, where x_i counts a 1 for an intercept. An iteration is an epoch of
    n_samples steps, on samples drawn with replacement, by the seed of the run. Each row of the
    trace is a fit of its own from w_0 with that budget of epochs and the same seed. On sparse data
    the intercept moves by a hundredth of the step.

    References
    ----------
    Defazio, Bach, Lacoste-Julien, SAGA: a fast incremental gradient method with support for
    non-strongly convex composite objectives, NeurIPS 2014.
    """

    name = "outside:saga"
    state_size = "n + d"
    papers = ("defazio2014",)
    pass_means = "an epoch of n_samples steps, each with the gradient of one sample"
    solver = "saga"
    penalties = ("none", "l2", "l1", "elastic-net")


@dataclass(frozen=True)
class LogisticNewtonCholesky(LogisticRegressionSolver):
    r"""Newton's method of scikit-learn's LogisticRegression, with the Hessian as a matrix.

    .. math:: w_{t+1} = w_t - a_t \nabla^2 F(w_t)^{-1} \nabla F(w_t)

    with a_t the first of 1, 1/2, 1/4 and so on that lowers F enough.

    Notes
    -----
    lr0 has no effect. Where the Hessian is singular, or the line search finds no lower value, as at
    the end of the digits, the rest of the budget is that of L-BFGS. An iteration counts as
    n_features + 1 passes: n_samples gradients, and a Hessian of as many columns as w has
    coordinates, each of which costs as much as a gradient. Trial points of the line search beyond
    the first are not visible and not counted. Each row of the trace is a fit of its own from w_0
    with that budget.

    References
    ----------
    Nocedal, Wright, Numerical Optimization, 2nd ed., Springer, 2006, section 3.3.
    """

    name = "outside:newton-cholesky"
    step_cost = "d + 1 gradients"
    state_size = "d^2"
    papers = ("nocedal2006",)
    pass_means = "n_samples gradients; an iteration is n_features + 1 passes, for the Hessian, too"
    solver = "newton-cholesky"
    penalties = ("none", "l2")

    def cost(self, iterations: int, n_features: int) -> int:
        return iterations * (n_features + 1)


@dataclass(frozen=True)
class LogisticLiblinear(LogisticRegressionSolver):
    r"""LIBLINEAR of scikit-learn's LogisticRegression: Newton's method in a trust region.

    .. math:: w_{t+1} = w_t + d_t, \qquad d_t \approx \mathrm{argmin}_{\|d\| \le \Delta_t}
              \nabla F(w_t)^\top d + \tfrac12 d^\top \nabla^2 F(w_t) d

    where the trust region shrinks if F does not fall. Under an l1 penalty it is newGLMNET: the
    quadratic model with the l1 norm is minimised by coordinate descent, before a line search.

    Notes
    -----
    lr0 has no effect. It starts at 0 and would penalise an intercept, so that problems with one,
    or with another start, are refused. An iteration is a step of its outer loop. What its inner
    loop costs, which are products with the Hessian or sweeps over the coordinates, is not visible
    and not counted: the number of passes is a lower bound, and seconds are what can be compared.
    It stops by itself where F no longer falls by more than its rounding. Each row of the trace is a
    fit of its own with that budget.

    References
    ----------
    Fan, Chang, Hsieh, Wang, Lin, LIBLINEAR: a library for large linear classification, JMLR 9,
    2008.
    """

    name = "outside:liblinear"
    step_cost = "1 or more gradients"
    state_size = "n + d"
    papers = ("fan2008",)
    pass_means = "a step of the outer loop, a lower bound: what its inner loop costs is not visible"
    solver = "liblinear"
    tolerance = SMALLEST
    penalties = ("l2", "l1")
    plain = True
