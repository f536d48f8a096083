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
        # F changes with z_i by the factor |u_i| / n.
        return 4 * EPS * (abs(self.f) + float(np.mean(np.abs(self.u) * self._sizes))) + (
            self._entry_error * float(np.mean(np.abs(self.u)))
        )

    @cached_property
    def score_rounding(self) -> PerSample:
        """A bound on the rounding of every score, (n_samples,)."""
        return (len(self.w) + 4) * EPS * self._sizes + self._entry_error

    @cached_property
    def _sizes(self) -> PerSample:
        """|x_i|'|w|: the rounding of z_i is about eps times that."""
        sizes = np.empty(self.objective.n_samples)
        for rows, X, _ in self.objective.data.blocks(1):
            sizes[rows] = abs(X) @ np.abs(self.w)
        return sizes

    @property
    def _entry_error(self) -> float:
        """What errors of the entries of X add to the rounding of a score."""
        # Of a `Preconditioned` objective, whose module is imported only where one is made.
        entry_error: float = getattr(self.objective, "entry_error", 0.0)
        return entry_error * float(np.abs(self.w).sum()) if entry_error else 0.0

    @cached_property
    def g_rounding(self) -> float:
        """Allowance for the rounding of the norm of the gradient."""
        lengths = np.sqrt(self.objective.data.row_norms_sq())
        # The derivative changes with z_i by at most the factor phi'', which is near its bound or
        # that at z_i: the scores of Poisson losses are known to much less than 1.
        loss = self.objective.loss
        curvature: PerSample | float = loss.smoothness
        if not np.isfinite(loss.smoothness):
            curvature = loss.second_derivative(self.z, self.objective.y)
        slopes = np.abs(self.u) + curvature * (self._sizes + np.abs(self.z))
        slope = float(np.mean(slopes * lengths))
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
