"""What is measured at every step, for every lane: the sums and extremes that certificates need."""

from __future__ import annotations

import itertools

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, Vector, norm_sq, row_slices
from lrbench.objective.oracle import Gradient, Iterate, take

SUMS = ("sum_grad_norm_sq", "sum_lr_grad_norm_sq", "sum_lr", "stable_sum_lr", "regret")
"""Running sums over t < T: of |g|^2, lr |g|^2, lr, lr since `stable_from`, <g, w - w_star>."""

ROUNDING = 1e-13
"""Relative allowance for the recurrence of the distance between two checkpoints."""


STEPS = 64
"""Steps are noted, and added up so many at a time: one call for all instead of one for each."""


class Tracker:
    r"""Measurements at every step, in O(n_lanes) beyond two inner products.

    The distance to the minimiser follows the recurrence

    .. math:: \delta_{t+1} = \delta_t - 2\,\mathrm{lr}(\langle g,w\rangle - \langle g,w^*\rangle)
              + \mathrm{lr}^2 \|g\|^2

    and is measured afresh at checkpoints and, lane by lane, after every step that was not W - lr g
    itself.

    Parameters
    ----------
    n_lanes
        The number of lanes.
    w0
        The starting point, (n_features,).
    w_star
        The minimiser, (n_features,); None where there is none.
    L, mu
        Smoothness (inf where there is none) and the constant of linear convergence (0 for none).
    """

    def __init__(
        self, n_lanes: int, w0: Vector, w_star: Vector | None, L: float, mu: float
    ) -> None:
        self._w_star = w_star
        self._L = L
        self._mu = mu
        self._sums = np.zeros((len(SUMS), n_lanes))
        self._min_grad = np.full(n_lanes, np.inf)
        self._log_contraction = np.zeros(n_lanes)
        start = np.nan if w_star is None else float(np.sum(np.square(w0 - w_star)))
        self._distance = np.full(n_lanes, start)
        self._distance_max = np.zeros(n_lanes)
        self._stable = np.zeros(n_lanes, dtype=np.bool_)
        self._stable_from = np.full(n_lanes, np.nan)
        self._stable_distance = np.full(n_lanes, np.nan)
        self._grad: PerLane | None = None
        self._slope: PerLane = np.full(n_lanes, np.nan)
        self._steps = np.zeros((3, STEPS, n_lanes))
        """lr, |g|^2 and <g, w - w_star> of the steps that are not yet added up."""
        self._noted = 0
        self._t = -1

    def observe(self, W: Iterate, gradient: Gradient) -> None:
        """Note the first gradient of a step, before the solver uses it up."""
        if self._grad is None:
            self._grad = gradient.norm_sq()
            if self._w_star is not None:
                self._slope = gradient.inner(W) - gradient.inner_star()

    def advance(self, t: int, lr: PerLane) -> Mask | None:
        """Add step `t`; return the lanes whose gradient was not finite, None if all were."""
        grad, k = self._grad, self._noted
        assert grad is not None
        self._grad = None
        self._steps[0, k], self._steps[1, k], self._steps[2, k] = lr, grad, self._slope
        self._t, self._noted = t, k + 1
        if self._noted == STEPS:
            self._add_up()
        if grad.max() < np.inf:
            return None
        finite = np.isfinite(grad)
        return None if finite.all() else ~finite

    def _add_up(self) -> None:
        """Add the steps noted, in parts in which no lane becomes or ceases to be stable."""
        n, self._noted = self._noted, 0
        if not n:
            return
        steps, first = self._steps[:, :n], self._t + 1 - n
        stable = steps[0] * self._L <= 1.0 + 4 * np.finfo(float).eps
        starts = np.flatnonzero((stable[1:] != stable[:-1]).any(axis=1)) + 1
        for start, stop in itertools.pairwise((0, *starts.tolist(), n)):
            if not np.array_equal(stable[start], self._stable):
                self._enter(first + start, stable[start])
            self._add(*steps[:, start:stop])

    def _add(self, lr: Lanes, grad: Lanes, slope: Lanes) -> None:
        """Add steps, (n_steps, n_lanes), in this order: the sums are those of one after another."""
        length = lr * grad
        terms = np.stack([grad, length, lr, lr * self._stable, slope])
        self._sums = _total(self._sums, terms)
        distances = np.add.accumulate(_after(self._distance, lr * (length - 2.0 * slope)))
        self._distance = distances[-1]
        self._distance_max = np.maximum(self._distance_max, distances[:-1].max(axis=0))
        self._min_grad = np.minimum(self._min_grad, grad.min(axis=0))
        if self._mu:
            logs = np.log1p(-np.minimum(self._mu * lr, 1.0 - 1e-16))
            self._log_contraction = _total(self._log_contraction, logs)

    def _enter(self, t: int, stable: Mask) -> None:
        """Start anew the lanes that became stable (lr <= 1/L) or ceased to be."""
        entering = stable & ~self._stable
        allowance = ROUNDING * np.maximum(self._distance_max, self._distance)
        near = np.sqrt(np.maximum(self._distance, 0.0) + (allowance if t else 0.0))
        self._stable_from = np.where(entering, t, np.where(stable, self._stable_from, np.nan))
        kept = np.where(stable, self._stable_distance, np.nan)
        self._stable_distance = np.where(entering, near, kept)
        self._sums[SUMS.index("stable_sum_lr")] *= stable & self._stable
        self._stable = stable

    def measure(self, W: Lanes, lanes: Mask | None = None) -> None:
        """Measure the distance of these lanes (None: all) from the iterate itself."""
        self._add_up()
        if self._w_star is not None:
            distance = np.zeros_like(self._distance)
            for rows in row_slices(len(W)):
                distance += norm_sq(W[rows] - self._w_star[rows, None])
            self._distance = np.where(True if lanes is None else lanes, distance, self._distance)

    def keep(self, lanes: Index | Mask) -> None:
        """Go on with these lanes only."""
        self._add_up()
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray) and value is not self._w_star:
                setattr(self, name, take(value, lanes))

    def row(self, t: int) -> dict[str, PerLane]:
        """Return the columns of the trace after `t` steps."""
        self._add_up()
        columns = dict(zip(SUMS, self._sums.copy(), strict=True))
        none = np.full(self._min_grad.shape, np.nan)
        distance_max = np.sqrt(np.maximum(self._distance_max, 0.0))
        return columns | {
            "min_grad_norm_sq": self._min_grad.copy() if t else none,
            "distance": np.sqrt(np.maximum(self._distance, 0.0)),
            "distance_max": none if t == 0 or self._w_star is None else distance_max,
            "stable_from": self._stable_from.copy(),
            "stable_distance": self._stable_distance.copy(),
            "log_contraction": self._log_contraction.copy() if self._mu else none,
        }


def _after(first: Lanes, terms: Lanes) -> Lanes:
    """Return `terms` with `first` before them, along the last axis but one."""
    return np.concatenate([first[..., None, :], terms], axis=-2)


def _total(first: Lanes, terms: Lanes) -> Lanes:
    """Return `first` plus one term after the other: however they are cut, the bits are the same."""
    rows = _after(first, terms)
    if rows.shape[-1] == 1:  # NumPy would add in pairs
        last: Lanes = np.add.accumulate(rows, axis=-2)[..., -1, :]
        return last
    total: Lanes = np.add.reduce(rows, axis=-2)
    return total
