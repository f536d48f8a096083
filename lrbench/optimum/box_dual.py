"""Minima of losses with one kink beside an l2 penalty, from the samples that lie on their kinks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.fenchel import Gap, gap_at, proved
from lrbench.optimum.newton import factorised
from lrbench.optimum.row_space import DIRECT

FIRST = 10.0
"""The first smoothing, relative to the mean of |x_i|^2 / (lambda n)."""

FACTOR = 4.0
"""The factor between two smoothings."""

LAST = 1e-6
"""The last smoothing, relative to the spread of the kinks over the width of the slopes."""

MAX_CORRECTIONS = 30
"""Times that samples are put on their kinks or taken off them, for each smoothing."""

WIDEST = 1.0
"""The width of slopes that is used where they have no bound on a side."""

SETTLED = 0.02
"""The share of the samples on their kinks that may still change when the smoothing is reduced."""

LOOSE = 1e-2
"""The accuracy of the scores on the kinks, relative to the smoothing."""

TIGHT = 1e-15
"""The relative accuracy of the last linear systems: as far as rounding allows."""

MAX_STEPS = 5000
"""Steps of conjugate gradients for each linear system."""

CHEAPER = 16
"""The cost of a product of two numbers in a linear system, relative to one in a factorisation."""

REFINEMENTS = 8
"""Steps of conjugate gradients with a factorised matrix: more than one only against rounding."""

CORRECTIONS = 200
"""Factorisations that the budget must allow for them to be tried."""

TRIED = 1 << 29
"""What of the budget conjugate gradients may take if factorisations can follow: seconds."""

SHARP = 1e-12
"""An error, relative to F and F at the start, with which factorisations are not tried."""

BUDGET = 1 << 35
"""Products of two numbers that all linear systems together may take: about a minute."""

PATIENCE = 8
"""Exact corrections without a smaller gap after which the method ends."""


@dataclass(eq=False)
class BoxDual:
    r"""The dual problem and the current slopes.

    .. math:: \min_u \; \frac{1}{2 \lambda n} \|X^\top u\|^2 + t^\top u + \frac c2 \|u\|^2
        \quad\text{with}\quad l \le u \le h, \text{ and } \sum_i u_i = 0 \text{ beside an intercept}

    where X has the penalised columns only. The multiplier of the sum is the intercept.
    """

    objective: LinearObjective
    factors: bool = False
    """Whether linear systems are solved with a factorised matrix, and the smoothing falls slower.

    The corrections need that where the rows differ so much in size that conjugate gradients stall.
    """
    u: PerSample = field(init=False)
    """The slopes; those of samples on their kinks may lie beyond the bounds."""
    on: NDArray[np.bool_] = field(init=False)
    """Which samples are on their kinks."""
    left: int = field(init=False)
    """What is left of the budget."""

    def __post_init__(self) -> None:
        objective, self.left = self.objective, BUDGET
        pieces = objective.loss.pieces(objective.y)
        assert pieces is not None
        self.kink, self.least, self.most = pieces.kink[0], pieces.least[0], pieces.most[0]
        self.curvature = pieces.dual_curvature
        X: Any = objective.data.X
        self.X = X[:, : objective.n_penalised] if objective.intercept else X
        self.strength = objective.penalty.curvature * objective.n_samples
        self.intercept = float(np.median(self.kink)) if objective.intercept else 0.0
        lengths = objective.data.row_norms_sq() - float(objective.intercept)
        self.diagonal = np.maximum(lengths, 0.0) / self.strength

    def smoothings(self) -> list[float]:
        """Return c, descending to that of the loss itself."""
        width = np.minimum(self.most - self.least, WIDEST)
        spread = float(np.mean(np.abs(self.kink - self.intercept))) or float(
            np.mean(np.abs(self.kink))
        )
        unit = (spread or 1.0) / (float(np.mean(width)) or 1.0)
        c = max(unit, FIRST * float(np.mean(self.diagonal)), self.curvature)
        least = max(LAST * unit, FACTOR * self.curvature)
        out = []
        while c > least:
            out.append(c)
            c /= math.sqrt(FACTOR) if self.factors else FACTOR
        return [*out, self.curvature]

    def start(self, c: float) -> None:
        """Take the slopes at w = 0, with the middle of the kinks as the intercept."""
        slopes = (self.intercept - self.kink) / c
        self.on = (slopes > self.least) & (slopes < self.most)
        self.u = np.clip(slopes, self.least, self.most)

    def correct(self, c: float, *, last: bool) -> int:
        """Solve for the slopes on the kinks; return how many samples come on or off."""
        if self.objective.intercept and not self.on.any():
            self.on[self._nearest(c)] = True
        chosen = np.flatnonzero(self.on)
        u = np.where(self.on, 0.0, self.u)
        if chosen.size:
            u[chosen] = self._solve(chosen, u, c, last)
        self.u = np.clip(u, self.least, self.most)
        beyond = self._beyond(u, c)
        below, above = u <= self.least, u >= self.most
        back = ~self.on & ((below & (beyond > 0.0)) | (above & (beyond < 0.0)))
        following = (self.on & (u == self.u)) | back
        changes = int(np.count_nonzero(following != self.on))
        self.on = following
        return changes

    def gap(self) -> Gap:
        """Return the gap at the slopes and at the coefficients that belong to them."""
        w = -np.asarray(self.X.T @ self.u) / self.strength
        w = np.append(w, self.intercept) if self.objective.intercept else w
        return gap_at(self.objective, w, self.u)

    def _beyond(self, u: PerSample, c: float) -> PerSample:
        """Return the scores less the kinks, smoothed, (n_samples,)."""
        scores = np.asarray(self.X @ np.asarray(self.X.T @ u)) / -self.strength
        return np.asarray(scores + self.intercept - self.kink - c * u)

    def _nearest(self, c: float) -> int:
        """Return the sample nearest to its kink whose slope can bring the sum of all nearer to 0.

        The intercept is such that some sample is on its kink.
        """
        movable = self.u > self.least if self.u.sum() > 0 else self.u < self.most
        return int(np.argmin(np.where(movable, np.abs(self._beyond(self.u, c)), np.inf)))

    def _solve(self, chosen: NDArray[np.intp], u: PerSample, c: float, last: bool) -> PerSample:
        """Return the slopes of the chosen samples with which they are on their kinks.

        Beside an intercept they also make up for the sum of `u`: conjugate gradients then go along
        steps whose sum is 0 only, and what is left on all kinks alike is the intercept.
        """
        A, m, free = self.X[chosen], len(chosen), self.objective.intercept
        diagonal = self.diagonal[chosen] + c
        diagonal[diagonal <= 0.0] = float(np.mean(diagonal)) or 1.0
        cost = 2 * (A.size if isinstance(A, np.ndarray) else int(A.nnz))

        def gram(v: Vector) -> Vector:
            self.left -= cost
            return np.asarray(A @ np.asarray(A.T @ v)) / self.strength + c * v

        def centred(v: Vector) -> Vector:
            return v - v.mean() if free else v

        x = self.u[chosen]
        if free:
            x = x - (u.sum() + x.sum()) / m
        r = -self.kink[chosen] - np.asarray(A @ np.asarray(self.X.T @ u)) / self.strength
        width = np.minimum(self.most - self.least, WIDEST)[chosen]
        if self.factors and self.left > (price := _price(m, cost)):
            self.left -= price
            G: Any = A @ A.T
            G = np.asarray(G if isinstance(G, np.ndarray) else G.toarray()) / self.strength
            # The ones change nothing along steps whose sum is 0, and make up for empty rows.
            G += np.diag(np.full(m, c)) + free * float(np.mean(diagonal))
            inverse, close, most_steps = factorised(G), 0.0, REFINEMENTS
        else:
            inverse, most_steps = lambda r: r / diagonal, MAX_STEPS
            close = float(np.linalg.norm(r) * TIGHT if last else LOOSE * c * np.linalg.norm(width))
        ones = inverse(np.ones(m)) if free else np.zeros(m)
        x = x + _conjugate_gradients(
            lambda v: centred(gram(v)),
            centred(r - gram(x)),
            lambda r: (step := inverse(r)) - ones * (step.sum() / (ones.sum() or 1.0)),
            close,
            most_steps=min(most_steps, self.left // max(1, cost)),
        )
        if free:
            x = x - (u.sum() + x.sum()) / m
            self.intercept = float(np.mean(gram(x) - r))
        return np.asarray(x)


def _price(m: int, cost: int) -> int:
    """Return what a Gram matrix of m samples and its factor cost, in products of the budget."""
    return m**3 // CHEAPER + m * cost


def _conjugate_gradients(
    product: Callable[[Vector], Vector],
    r: Vector,
    preconditioned: Callable[[Vector], Vector],
    close: float,
    most_steps: int,
) -> Vector:
    """Return x with |r - G x| <= `close`, or as near as rounding allows; `product` is v -> G v.

    G may be singular if r is in its range. SciPy's divides by 0 where rounding leaves no direction.
    """
    x, best, p, rho = np.zeros_like(r), np.zeros_like(r), np.zeros_like(r), 1.0
    least = float(np.linalg.norm(r))
    for _ in range(most_steps):
        if least <= close:
            break
        z = preconditioned(r)
        rho, last = float(r @ z), rho
        p = z + (rho / last) * p
        image = product(p)
        bend = float(p @ image)
        if not (rho > 0.0 and bend > 0.0):
            break
        x = x + (rho / bend) * p
        r = r - (rho / bend) * image
        if (size := float(np.linalg.norm(r))) < least:
            best, least = x, size
    return best


def has_box_dual(objective: LinearObjective) -> bool:
    """Return whether the loss has one kink, a joint of two lines or parabolas, beside l2."""
    pieces, penalty = objective.loss.pieces(objective.y), objective.penalty
    return (
        penalty.curvature > 0 and penalty.shrinks and pieces is not None and len(pieces.kink) == 1
    )


def minimise_box_dual(objective: LinearObjective) -> Gap:
    r"""Return the gap found, with its primal and dual point (`has_box_dual` must hold).

    A sample off its kink has the slope of its line. Those on their kinks have slopes with which
    their scores are the kinks: a linear system. A slope beyond its bounds takes its sample off the
    kink, and a score on the other side than its line puts one on it, until neither happens. The
    vertex of the dual problem is then exact but for rounding.

    Notes
    -----
    These corrections converge where the kinks are smoothed much, to parabolas of width c, and near
    the solution. Hence c goes from a large one to that of the loss itself, 0 for a kink of two
    lines. The linear systems are solved by conjugate gradients on the samples on their kinks, so
    that no Gram matrix is formed. Where that ends without a small gap and the samples are few, the
    matrices are formed and factorised in a second attempt.

    References
    ----------
    Hintermueller, Ito and Kunisch, The primal-dual active set strategy as a semismooth Newton
    method, SIAM J. Optim. 13(3), 2002.
    """
    dual, n = BoxDual(objective), objective.n_samples
    affordable = n <= DIRECT and CORRECTIONS * _price(n, 2 * objective.data.nnz) <= BUDGET
    if affordable:
        dual.left = min(dual.left, TRIED)
    best = _followed(dual)
    size = best.value + float(objective.value(np.zeros((objective.n_features, 1)))[0])
    if affordable and best.error > SHARP * size + 2 * best.rounding:
        best = min(best, _followed(BoxDual(objective, factors=True)), key=lambda g: g.error)
    return proved(objective, best.w, best.u)


def _followed(dual: BoxDual) -> Gap:
    """Return the best gap on the way from the first smoothing to none."""
    *smoothings, exact = dual.smoothings()
    dual.start(smoothings[0] if smoothings else exact)
    best = dual.gap()
    for c in smoothings:
        for _ in range(MAX_CORRECTIONS):
            changes = dual.correct(c, last=False)
            few = 0.0 if dual.factors else SETTLED * np.count_nonzero(dual.on) + 2
            if dual.left <= 0 or changes <= few:
                break
        best = min(best, dual.gap(), key=lambda g: g.error)
    without_gain = 0
    for _ in range(MAX_CORRECTIONS):
        changes, gap = dual.correct(exact, last=True), dual.gap()
        without_gain = 0 if gap.error < best.error else without_gain + 1
        best = min(best, gap, key=lambda g: g.error)
        if not changes or dual.left <= 0 or without_gain >= PATIENCE:
            break
    return best
