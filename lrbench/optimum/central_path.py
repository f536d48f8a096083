"""The iterate of the interior point method: its primal and dual point, and its step."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.losses.pieces import one_kink
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.barrier import Diagonal, SmoothTerms, Terms
from lrbench.optimum.barrier_ball import BallTerms
from lrbench.optimum.barrier_pairs import BoxTerms, PieceTerms
from lrbench.optimum.fenchel import Gap, gap_at
from lrbench.optimum.gram import Square, WeightedGram
from lrbench.optimum.newton import Solve, factorised
from lrbench.optimum.point import ridge

STEP_FRACTION = 0.995
"""The fraction of the longest step that is taken: at 1 a slack or multiplier would become 0."""

TINY = 1e-6
"""Replaces F or its gradient at the start, where they are 0, as the scale of the multipliers."""

REFINEMENTS = 3


class CentralPath:
    """The iterate of the method: w, the slopes, and the pairs of the loss and of the penalty.

    Parameters
    ----------
    objective
        F, with a loss made of pieces, or a penalty with kinks or bounds, or both.
    gram
        That of X; by default it is made.
    """

    def __init__(self, objective: LinearObjective, gram: WeightedGram | None = None) -> None:
        self._objective = objective
        self._pen = slice(0, objective.n_penalised)
        self._gram = gram or WeightedGram(objective.data)
        self.w = _inner_start(objective)
        self._z: PerSample = np.asarray(objective.data.X @ self.w)
        self._loss: Terms = SmoothTerms(objective.loss, objective.y, self._z)
        if (pieces := objective.loss.pieces(objective.y)) is not None:
            multiplier = float(np.mean(np.abs(self._z - pieces.kink))) or 1.0
            self._loss = PieceTerms(pieces, self._z, multiplier)
        self._penalty = _penalty_terms(objective, self.w)
        self._n_pairs = self._loss.n_pairs + (self._penalty.n_pairs if self._penalty else 0)

    def products(self) -> float:
        """Return the sum of all products: in exact arithmetic, the gap at a feasible point."""
        total = self._loss.products() / self._objective.n_samples
        return total + (self._penalty.products() if self._penalty else 0.0)

    def gap(self) -> Gap:
        """Return the duality gap at the iterate."""
        w = self.w
        # Rounding, or the slack of a ball that is a variable of its own, may leave w outside.
        if self._objective.penalty.indicator:
            w = w.copy()
            w[self._pen] = self._objective.penalty.prox(w[self._pen, None], np.ones(1))[:, 0]
        return gap_at(self._objective, w, self._loss.u)

    def inner_slopes(self) -> PerSample:
        """Return slopes near the current ones with X^T u / n = -v, up to rounding.

        They lie inside the domain, and their products on the bounded side of a box.
        """
        objective, u = self._objective, self._loss.u
        room = slope_room(objective, u)
        D = objective.loss.second_derivative(self._z, objective.y) if room is None else room**2
        products = np.zeros(objective.n_features)
        if self._penalty:
            products[self._pen] = -objective.n_samples * self._penalty.u
        solve = factorised(self._gram(D))
        for _ in range(REFINEMENTS):
            u = u - D * (objective.data.X @ solve(objective.data.X.T @ u - products))
        return u

    def step(self) -> bool:
        """Take one step; return False if it is not finite, because the products are too small.

        A predictor aims at products of 0. The corrector aims at a target that is smaller the better
        the predictor succeeds.
        """
        mu = self.products() / self._n_pairs
        D, k, k_pen = self._linearise(0.0, correct=False)
        solve = self._factorise(D)  # the corrector has the same matrix: one factor serves both
        _, length = self._set_direction(solve, k, k_pen)
        after = self._loss.products_after(length) / self._objective.n_samples
        after += self._penalty.products_after(length) if self._penalty else 0.0
        # Mehrotra's choice of the centring parameter: the cube of the predicted reduction.
        target = mu * min(1.0, after / (mu * self._n_pairs)) ** 3 if mu > 0 else 0.0
        _, k, k_pen = self._linearise(target, correct=True)
        dw, length = self._set_direction(solve, k, k_pen)
        if not np.all(np.isfinite(dw)):
            return False
        self.w = self.w + length * dw
        self._z = np.asarray(self._objective.data.X @ self.w)
        self._loss.advance(self._z, length)
        if self._penalty:
            self._penalty.advance(self.w[self._pen], length)
        return True

    def _linearise(self, target: float, *, correct: bool) -> tuple[Diagonal, Diagonal, Vector]:
        """Return D and k of the loss, and k of the penalty."""
        n = self._objective.n_samples
        # F is the mean of the losses: their slopes and multipliers are n times those of F.
        D, k = self._loss.linearise(self._z, n * target, correct=correct)
        self._stiff = k_pen = np.zeros(self._objective.n_penalised)
        if self._penalty:
            w_pen = self.w[self._pen]
            self._stiff, k_pen = self._penalty.linearise(w_pen, target, correct=correct)
        return D, k, k_pen

    def _factorise(self, D: Diagonal) -> Solve:
        objective = self._objective
        H: Square = self._gram(D) / objective.n_samples
        penalised = np.arange(objective.n_penalised)
        H[penalised, penalised] += objective.penalty.curvature + self._stiff
        if not np.all(np.isfinite(H)):  # a direction of NaN ends the method
            return lambda v: np.full_like(v, np.nan)
        if self._penalty and self._penalty.rank_one_weight:
            w = self.w[self._pen]
            H[self._pen, self._pen] += self._penalty.rank_one_weight * np.outer(w, w)
        return factorised(H)

    def _set_direction(self, solve: Solve, k: Diagonal, k_pen: Vector) -> tuple[Vector, float]:
        """Fix the direction of all terms; return dw and the step length."""
        objective = self._objective
        g = np.asarray(objective.data.X.T @ (self._loss.u + k)) / objective.n_samples
        g += ridge(objective, self.w)
        if self._penalty:
            g[self._pen] += self._penalty.u + k_pen
        dw = -solve(g)
        longest = self._loss.set_direction(np.asarray(objective.data.X @ dw))
        if self._penalty:
            longest = min(longest, self._penalty.set_direction(dw[self._pen]))
        return dw, min(1.0, STEP_FRACTION * longest)


def slope_room(objective: LinearObjective, u: PerSample) -> PerSample | None:
    """Return the distance of every slope from those of the pieces, 1 where all are infinite.

    It is None for a loss without pieces.
    """
    pieces = objective.loss.pieces(objective.y)
    if pieces is None:
        return None
    room = np.min([np.abs(u - slope) for slope in pieces.slopes], axis=0)
    return np.where(np.isfinite(room), room, 1.0)


def _inner_start(objective: LinearObjective) -> Vector:
    """Return 0, or a point well inside a box and near 0."""
    w = np.zeros(objective.n_features)
    lower, upper = objective.penalty.bounds(objective.n_penalised)
    longest = float(np.sqrt(objective.data.row_norms_sq().max(initial=0.0)))
    # A margin of at most 1 / max |x_i| keeps w near 0 and the scores small: exp may overflow.
    margin = np.minimum((upper - lower) / 2, 1.0 / longest if longest else 1.0)
    w[: objective.n_penalised] = np.minimum(np.maximum(0.0, lower + margin), upper - margin)
    return w


def _penalty_terms(objective: LinearObjective, start: Vector) -> Terms | None:
    """Return the kinks or bounds of the penalty; None if it has none.

    The first multipliers are of such a size that the products sum to about F (l1), or that the
    slopes are as large as the gradient of F (box, ball).
    """
    penalty, w = objective.penalty, start[: objective.n_penalised]
    if not w.size:
        return None
    if l1 := penalty.l1:
        f = float(objective.value(start[:, None])[0])
        kinks = one_kink(np.zeros_like(w), -l1, l1)
        return PieceTerms(kinks, w, (abs(f) or TINY) / (l1 * w.size))
    if not penalty.indicator:
        return None
    g_norm = float(np.linalg.norm(objective.gradient(start[:, None])[: w.size])) or TINY
    if np.isfinite(penalty.radius):
        return BallTerms(penalty.radius, w, g_norm / penalty.radius)
    return BoxTerms(*penalty.bounds(w.size), w, g_norm / np.sqrt(w.size))
