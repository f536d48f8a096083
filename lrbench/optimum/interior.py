"""A primal-dual interior point method, for losses with kinks, penalties with kinks and bounds."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.barrier import BoxTerms, Diagonal, PieceTerms, SmoothTerms, Terms
from lrbench.optimum.barrier_ball import BallTerms
from lrbench.optimum.fenchel import Gap, gap_at, l1_strength
from lrbench.optimum.gram import Square, feature_gram
from lrbench.optimum.pieces import Pieces, pieces
from lrbench.optimum.point import ridge
from lrbench.optimum.steps import Solve, factorised
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.box import Box

MAX_STEPS = 150

NEARLY = 0.995
"""The share of the longest step that is taken."""

PATIENCE = 8
"""Steps without a better certificate after which the search ends, once the products are spent."""

SPENT = 1e-13
"""Sum of the products, relative to F, that promises no better certificate."""

TINY = 1e-6
"""Stands for F or its gradient at the start where that is 0."""

NOTHING = 1e-30
"""A gap that needs no improvement even where F and its rounding are 0."""

SMALL = 1e-7
"""Coefficients, relative to the largest, that are tried as zeros of an l1 penalty."""

LATE = 1e-5
"""Sum of the products, relative to F, under which the gap is worth its price."""


def interior_point(objective: LinearObjective) -> Gap:
    r"""Return the best pair of a primal and a dual point that the central path leads to.

    Every term is psi(a) = max_u u a - psi*(u) with its slope u between bounds; the method follows

    .. math:: X^\top u / n + v + \kappa w = 0, \qquad
        \text{multiplier} \cdot \text{slack} = \mu \text{ for every bound}

    to mu = 0, with Mehrotra's predictor and corrector (v: the slopes of the penalty's kinks or
    bounds, kappa its l2 part). It ends when the duality gap no longer falls; that is computed
    afresh from (w, u), nothing is taken from the method's own account of it.

    Notes
    -----
    A step costs one product X^T D X and one factorisation of it.

    References
    ----------
    Mehrotra, On the implementation of a primal-dual interior point method, SIAM J. Optim. 2(4),
    1992. Wright, Primal-dual interior-point methods, SIAM, 1997, chapter 10.
    """
    path = Path(objective)
    best, since = path.gap(), 0
    for _ in range(MAX_STEPS):
        if not path.step():
            break
        if path.products() > LATE * (1 + abs(best.value)):
            continue
        found = path.gap()
        since = 0 if found.error < best.error else since + 1
        best = min(best, found, key=lambda g: g.error)
        spent = path.products() <= SPENT * (1 + abs(best.value))
        if (spent and since >= PATIENCE) or best.error <= max(NOTHING, 2 * best.rounding):
            break
    return _with_zeros(objective, best)


class Path:
    """Where the method is.

    Parameters
    ----------
    objective
        F; a loss made of pieces, or a penalty with kinks or bounds, or both.
    """

    def __init__(self, objective: LinearObjective) -> None:
        self._objective = objective
        self._pen = slice(0, objective.n_penalised)
        self.w = _inner_start(objective)
        self._z: PerSample = np.asarray(objective.data.X @ self.w)
        self._loss = _loss_terms(objective, self._z)
        self._penalty = _penalty_terms(objective, self.w)
        self._n_pairs = self._loss.n_pairs + (self._penalty.n_pairs if self._penalty else 0)

    def products(self) -> float:
        """Return the method's own account of the gap."""
        total = self._loss.products() / self._objective.n_samples
        return total + (self._penalty.products() if self._penalty else 0.0)

    def gap(self) -> Gap:
        """Return the duality gap here."""
        w = self.w
        if self._objective.penalty.indicator:
            w = w.copy()
            w[self._pen] = self._objective.penalty.prox(w[self._pen, None], np.ones(1))[:, 0]
        return gap_at(self._objective, w, self._loss.u)

    def step(self) -> bool:
        """Take one step: a predictor that aims at 0, a corrector that aims where it came to.

        Return False where the products are so small that the step is lost in rounding.
        """
        mu = self.products() / self._n_pairs
        D, k, k_pen = self._linearise(0.0, correct=False)
        solve = self._factorise(D)
        _, length = self._turn(solve, k, k_pen)
        after = self._loss.products_after(length) / self._objective.n_samples
        after += self._penalty.products_after(length) if self._penalty else 0.0
        target = mu * min(1.0, after / (mu * self._n_pairs)) ** 3 if mu > 0 else 0.0
        _, k, k_pen = self._linearise(target, correct=True)
        dw, length = self._turn(solve, k, k_pen)
        if not np.all(np.isfinite(dw)):
            return False
        self.w = self.w + length * dw
        self._z = np.asarray(self._objective.data.X @ self.w)
        self._loss.advance(self._z, length)
        if self._penalty:
            self._penalty.advance(self.w[self._pen], length)
        return True

    def _linearise(self, target: float, *, correct: bool) -> tuple[Diagonal, Diagonal, Vector]:
        n = self._objective.n_samples
        D, k = self._loss.linearise(self._z, n * target, correct=correct)
        self._stiff = self._shift = np.zeros(self._objective.n_penalised)
        if self._penalty:
            self._stiff, self._shift = self._penalty.linearise(
                self.w[self._pen], target, correct=correct
            )
        return D, k, self._shift

    def _factorise(self, D: Diagonal) -> Solve:
        objective = self._objective
        H: Square = feature_gram(objective.data, D) / objective.n_samples
        penalised = np.arange(objective.n_penalised)
        H[penalised, penalised] += objective.penalty.curvature + self._stiff
        if not np.all(np.isfinite(H)):
            return lambda v: np.full_like(v, np.nan)
        if isinstance(self._penalty, BallTerms):
            w = self.w[self._pen]
            H[self._pen, self._pen] += self._penalty.bow * np.outer(w, w)
        return factorised(H)

    def _turn(self, solve: Solve, k: Diagonal, k_pen: Vector) -> tuple[Vector, float]:
        """Return the direction and the step length."""
        objective = self._objective
        g = np.asarray(objective.data.X.T @ (self._loss.u + k)) / objective.n_samples
        g += ridge(objective, self.w)
        if self._penalty:
            g[self._pen] += self._penalty.u + k_pen
        dw = -solve(g)
        longest = self._loss.move(np.asarray(objective.data.X @ dw))
        if self._penalty:
            longest = min(longest, self._penalty.move(dw[self._pen]))
        return dw, min(1.0, NEARLY * longest)


def _inner_start(objective: LinearObjective) -> Vector:
    """Return 0, or a point well inside a box near 0: no score is far from 0 there."""
    w, penalty = np.zeros(objective.n_features), objective.penalty
    if isinstance(penalty, Box):
        longest = float(np.sqrt(objective.data.row_norms_sq().max(initial=0.0)))
        room = min((penalty.upper - penalty.lower) / 2, 1.0 / longest if longest else 1.0)
        inside = min(max(0.0, penalty.lower + room), penalty.upper - room)
        w[: objective.n_penalised] = inside
    return w


def _with_zeros(objective: LinearObjective, best: Gap) -> Gap:
    """Return the point with its small coefficients at 0 if the gap is none the worse for it."""
    if not l1_strength(objective):
        return best
    w = best.w.copy()
    pen = w[: objective.n_penalised]
    pen[np.abs(pen) <= SMALL * np.abs(pen).max(initial=0.0)] = 0.0
    found = gap_at(objective, w, best.u)
    return found if found.error <= best.error + best.rounding else best


def _loss_terms(objective: LinearObjective, z: PerSample) -> Terms:
    parts = pieces(objective)
    if parts is None:
        return SmoothTerms(objective.loss, objective.y, z)
    return PieceTerms(parts, z, float(np.mean(np.abs(z - parts.kink))) or 1.0)


def _penalty_terms(objective: LinearObjective, start: Vector) -> Terms | None:
    """Return the penalty's kinks or bounds; multipliers and slacks are of the size of F there."""
    penalty, l1 = objective.penalty, l1_strength(objective)
    w = start[: objective.n_penalised]
    if not w.size:
        return None
    if l1:
        f = float(objective.value(start[:, None])[0])
        flat = np.full_like(w, l1)
        kinks = Pieces(np.zeros_like(w), -flat, flat, 0.0)
        return PieceTerms(kinks, w, max(abs(f), TINY) / (l1 * w.size))
    steepness = float(np.linalg.norm(objective.gradient(start[:, None])[: w.size])) or TINY
    if isinstance(penalty, Box):
        return BoxTerms(penalty.lower, penalty.upper, w, steepness / np.sqrt(w.size))
    if isinstance(penalty, BallPenalty):
        return BallTerms(penalty.radius, w, steepness / penalty.radius)
    return None
