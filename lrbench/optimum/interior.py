"""A primal-dual interior point method for losses and penalties with kinks, and for constraints."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.barrier import BoxTerms, Diagonal, PieceTerms, SmoothTerms, Terms
from lrbench.optimum.barrier_ball import BallTerms
from lrbench.optimum.fenchel import Gap, gap_at, l1_strength, proved, sharpest
from lrbench.optimum.gram import Square, feature_gram
from lrbench.optimum.half_open import ENOUGH, half_open, with_room
from lrbench.optimum.newton import Solve, factorised
from lrbench.optimum.pieces import Pieces, pieces
from lrbench.optimum.point import ridge
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.box import Box

MAX_STEPS = 150

STEP_FRACTION = 0.995
"""The fraction of the longest step that is taken: at 1 a slack or multiplier would become 0."""

PATIENCE = 8
"""Steps without a smaller gap after which the method ends, if the products are `SPENT`."""

SPENT = 1e-13
"""Sum of the products, relative to F, below which the gap is not expected to fall further."""

TINY = 1e-6
"""Replaces F or its gradient at the start, where they are 0, as the scale of the multipliers."""

NEGLIGIBLE = 1e-30
"""A gap that is small enough even where F and its rounding are 0."""

SMALL = 1e-7
"""Size of a coefficient, relative to the largest, below which l1 may have it set to 0."""

INNER = 1e-6
"""Sum of the products, relative to F, at which slopes are kept that are well inside."""

REFINEMENTS = 3

LATE = 1e-5
"""Sum of the products, relative to F, above which the gap is not computed, to save time."""


def interior_point(objective: LinearObjective) -> Gap:
    r"""Return the primal and dual point with the smallest gap of all iterates.

    Every term is psi(a) = max_u u a - psi*(u) with its slope u between bounds. The method follows
    the central path

    .. math:: X^\top u / n + v + \kappa w = 0, \qquad
        \text{multiplier} \cdot \text{slack} = \mu \text{ for every bound}

    to mu = 0, with Mehrotra's predictor and corrector. Here v are the slopes of the kinks or bounds
    of the penalty, and kappa is the weight of its l2 part.

    Notes
    -----
    The method ends when the duality gap no longer falls. The gap is computed from (w, u) alone, so
    that the certificate does not depend on the correctness of the iteration. A step costs one
    product X^T D X and one factorisation of it.

    References
    ----------
    Mehrotra, On the implementation of a primal-dual interior point method, SIAM J. Optim. 2(4),
    1992. Wright, Primal-dual interior-point methods, SIAM, 1997, chapter 10.
    """
    path = CentralPath(objective)
    best, without_gain = path.gap(), 0
    unit = abs(best.value)  # F at the start: no level may depend on the unit of the targets
    inner, open_box = None, half_open(objective)
    for _ in range(MAX_STEPS):
        if not path.step():
            break
        size = unit + abs(best.value)
        if open_box and inner is None and path.products() <= INNER * size:
            inner = path.inner_slopes()
        if path.products() > LATE * size:
            continue
        current = path.gap()
        # At the end rounding makes the gap rise and fall: a single rise is no reason to stop.
        without_gain = 0 if current.error < best.error else without_gain + 1
        best = min(best, current, key=lambda g: g.error)
        spent = path.products() <= SPENT * (unit + abs(best.value))
        if spent and without_gain >= PATIENCE and not open_box:
            break
        if best.error <= max(NEGLIGIBLE * unit, 2 * best.rounding):
            break
    return _with_zeros(objective, best, inner, path.gap() if open_box else None)


class CentralPath:
    """The iterate of the method: w, the slopes, and the pairs of the loss and of the penalty.

    Parameters
    ----------
    objective
        F, with a loss made of pieces, or a penalty with kinks or bounds, or both.
    """

    def __init__(self, objective: LinearObjective) -> None:
        self._objective = objective
        self._pen = slice(0, objective.n_penalised)
        self.w = _inner_start(objective)
        self._z: PerSample = np.asarray(objective.data.X @ self.w)
        self._loss: Terms = SmoothTerms(objective.loss, objective.y, self._z)
        if (loss_pieces := pieces(objective)) is not None:
            multiplier = float(np.mean(np.abs(self._z - loss_pieces.kink))) or 1.0
            self._loss = PieceTerms(loss_pieces, self._z, multiplier)
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
        loss_pieces = pieces(objective)
        if loss_pieces is None:
            D = objective.loss.second_derivative(self._z, objective.y)
        else:
            D = _room(loss_pieces, u) ** 2
        products = np.zeros(objective.n_features)
        if self._penalty:
            products[self._pen] = -objective.n_samples * self._penalty.u
        solve = factorised(feature_gram(objective.data, D))
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
        H: Square = feature_gram(objective.data, D) / objective.n_samples
        penalised = np.arange(objective.n_penalised)
        H[penalised, penalised] += objective.penalty.curvature + self._stiff
        if not np.all(np.isfinite(H)):  # a direction of NaN ends the method
            return lambda v: np.full_like(v, np.nan)
        if isinstance(self._penalty, BallTerms):
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


def _room(loss_pieces: Pieces | None, u: PerSample) -> PerSample:
    """Return the distance of every slope from its bounds; 1 where there are none."""
    if loss_pieces is None:
        return np.ones_like(u)
    room = np.minimum(u - loss_pieces.least, loss_pieces.most - u)
    return np.where(np.isfinite(room), room, 1.0)


def _inner_start(objective: LinearObjective) -> Vector:
    """Return 0, or a point well inside a box and near 0."""
    w, penalty = np.zeros(objective.n_features), objective.penalty
    if isinstance(penalty, Box):
        longest = float(np.sqrt(objective.data.row_norms_sq().max(initial=0.0)))
        # A margin of at most 1 / max |x_i| keeps w near 0 and the scores small: exp may overflow.
        margin = min((penalty.upper - penalty.lower) / 2, 1.0 / longest if longest else 1.0)
        w[: objective.n_penalised] = min(max(0.0, penalty.lower + margin), penalty.upper - margin)
    return w


def _with_zeros(
    objective: LinearObjective, best: Gap, inner: PerSample | None, last: Gap | None
) -> Gap:
    """Return the point with small coefficients set to 0, if the gap grows by rounding at most.

    An interior point method approaches the zeros of an l1 penalty, but it never reaches them.
    """
    room, u = _room(pieces(objective), best.u), best.u
    best = sharpest(objective, best.w, u, room * room, inner)
    if half_open(objective):
        best = with_room(objective, best.w, u, best)
    # The estimate of a gap is of no use where only slopes of exactly 0 are feasible.
    if last is not None and best.error > ENOUGH * abs(best.value):
        best = min(best, proved(objective, last.w, last.u, inner), key=lambda g: g.error)
        best = with_room(objective, last.w, last.u, best)
    if not l1_strength(objective):
        return best
    w = best.w.copy()
    pen = w[: objective.n_penalised]
    pen[np.abs(pen) <= SMALL * np.abs(pen).max(initial=0.0)] = 0.0
    sparse = proved(objective, w, best.u)
    return sparse if sparse.error <= best.error + best.rounding else best


def _penalty_terms(objective: LinearObjective, start: Vector) -> Terms | None:
    """Return the kinks or bounds of the penalty; None if it has none.

    The first multipliers are of such a size that the products sum to about F (l1), or that the
    slopes are as large as the gradient of F (box, ball).
    """
    penalty, l1 = objective.penalty, l1_strength(objective)
    w = start[: objective.n_penalised]
    if not w.size:
        return None
    if l1:
        f = float(objective.value(start[:, None])[0])
        slope = np.full_like(w, l1)
        kinks = Pieces(np.zeros_like(w), -slope, slope, 0.0)
        return PieceTerms(kinks, w, (abs(f) or TINY) / (l1 * w.size))
    g_norm = float(np.linalg.norm(objective.gradient(start[:, None])[: w.size])) or TINY
    if isinstance(penalty, Box):
        return BoxTerms(penalty.lower, penalty.upper, w, g_norm / np.sqrt(w.size))
    if isinstance(penalty, BallPenalty):
        return BallTerms(penalty.radius, w, g_norm / penalty.radius)
    return None
