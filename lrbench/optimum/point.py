"""The objective at one point, and what Newton's method and the certificates need of it there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.objective import LinearObjective

EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class Point:
    """A point w; every quantity is computed when it is first used.

    Parameters
    ----------
    objective
        F.
    w
        (n_features,).
    """

    objective: LinearObjective
    w: Vector

    @cached_property
    def z(self) -> PerSample:
        """The scores X w."""
        return np.asarray(self.objective.data.X @ self.w)

    @cached_property
    def u(self) -> PerSample:
        """The derivative of the loss at every score."""
        return self.objective.loss.derivative(self.z, self.objective.y)

    @cached_property
    def f(self) -> float:
        """F(w)."""
        return value(self.objective, self.z, self.w)

    @cached_property
    def g(self) -> Vector:
        """The gradient of F."""
        return self.objective.data.X.T @ self.u / self.objective.n_samples + ridge(
            self.objective, self.w
        )

    @cached_property
    def g_norm(self) -> float:
        """The norm of the gradient."""
        return float(np.linalg.norm(self.g))

    @cached_property
    def f_rounding(self) -> float:
        """Allowance for the rounding of F in float64, including that of the scores."""
        size, total = np.abs(self.w), 0.0
        # The rounding of z_i is about eps |x_i|'|w|, and F changes with z_i by the factor |u_i|/n.
        for rows, X, _ in self.objective.data.blocks(1):
            total += float(np.abs(self.u[rows]) @ (abs(X) @ size))
        return 4 * EPS * (abs(self.f) + total / self.objective.n_samples)

    @cached_property
    def g_rounding(self) -> float:
        """Allowance for the rounding of the norm of the gradient."""
        lengths = np.sqrt(self.objective.data.row_norms_sq())
        slope = float(np.mean(np.abs(self.u) * lengths))
        return 4 * EPS * (slope + float(np.linalg.norm(ridge(self.objective, self.w))))


def value(objective: LinearObjective, z: PerSample, w: Vector) -> float:
    """Return F(w) from the scores z = X w."""
    penalty = objective.penalty.value(w[: objective.n_penalised, None])[0]
    return float(np.mean(objective.loss.value(z, objective.y)) + penalty)


def ridge(objective: LinearObjective, v: Vector) -> Vector:
    """Return the gradient at `v` of the quadratic part of the penalty, curvature |v|^2 / 2."""
    out = objective.penalty.curvature * v
    out[objective.n_penalised :] = 0.0
    return out


def hessian_product(objective: LinearObjective, weights: PerSample, v: Vector) -> Vector:
    """Return the Hessian of F times `v`; `weights` is phi'' at the scores."""
    X = objective.data.X
    return X.T @ (weights * (X @ v)) / objective.n_samples + ridge(objective, v)
