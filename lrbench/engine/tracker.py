"""The sums and extremes over all steps that certificates need, for every lane."""

from __future__ import annotations

import itertools
import math

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, Vector, inner_in_order, row_slices, take
from lrbench.objective.oracle import Gradient, Iterate, Iterates

SUMS = (
    "sum_grad_norm_sq",
    "sum_lr_grad_norm_sq",
    "sum_lr",
    "stable_sum_lr",
    "short_sum_lr",
    "regret",
)
"""Running sums over t < T: of |g|^2, lr |g|^2, lr, lr since `stable_from` and since `short_from`,
<g, w - w_star>."""

LIMITS = {"stable": 1.0, "short": 1.5}
"""The largest lr L from `stable_from` and from `short_from` on: certificates need 1 or 3/2."""

LIMIT_ROUNDING = 1.0 + 4 * float(np.finfo(np.float64).eps)
"""A rate of 1/L is within the limit 1, although the rounded lr L may exceed it."""

ROUNDING = 1e-13
"""The error of the recurrence of the distance, relative to the largest distance so far."""

EPS = float(np.finfo(np.float64).eps)

STEPS = 64
"""So many steps are buffered and then added together, in one call instead of one for each step."""


class Tracker:
    r"""Measurements at every step, in O(n_lanes) beyond two inner products.

    The distance to the minimiser follows the recurrence

    .. math:: \delta_{t+1} = \delta_t - 2\,\mathrm{lr}(\langle g,w\rangle - \langle g,w^*\rangle)
              + \mathrm{lr}^2 \|g\|^2

    and is measured directly at checkpoints and, for the lanes concerned, after every step that was
    not W - lr g itself. Steps are noted, and added to the sums 64 at a time.

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
    iterates
        Those whose averages are checked; None for no check.
    """

    def __init__(
        self,
        n_lanes: int,
        w0: Vector,
        w_star: Vector | None,
        L: float,
        mu: float,
        iterates: Iterates | None = None,
    ) -> None:
        self._w_star = w_star
        self._w_star_norm = math.nan if w_star is None else float(np.linalg.norm(w_star))
        self._L = L
        self._mu = mu
        self._sums = np.zeros((len(SUMS), n_lanes))
        self._min_grad = np.full(n_lanes, np.inf)
        self._logs = np.zeros((4, n_lanes))
        """The sums `log_contraction` and `log_factor`, and the products of factors, less 1, whose
        logarithms compiled steps have yet to add to them."""
        start = np.nan if w_star is None else float(np.sum(np.square(w0 - w_star)))
        self._distance = np.full(n_lanes, start)
        self._distance_max = np.zeros(n_lanes)
        # A row for each of `LIMITS`: whether the last step was within it, since when, and whence.
        self._within = np.zeros((len(LIMITS), n_lanes), dtype=np.bool_)
        self._within_from = np.full((len(LIMITS), n_lanes), np.nan)
        self._within_distance = np.full((len(LIMITS), n_lanes), np.nan)
        self._grad_norm_sq: PerLane | None = None
        self._zeros = np.zeros(n_lanes)
        self.slope: PerLane = np.full(n_lanes, np.nan)
        """<g, w - w_star> of the present step."""
        self._steps = np.zeros((3, STEPS, n_lanes))
        """lr, |g|^2 and <g, w - w_star> of the steps that are not yet added."""
        self._measured = np.zeros((STEPS, n_lanes))
        """|w - w_star|^2 after these steps, for the lanes that `_is_measured` has."""
        self._is_measured = np.zeros((STEPS, n_lanes), dtype=np.bool_)
        self._n_buffered = 0
        self._t = -1
        self._iterates = iterates
        self._checksums = np.zeros((STEPS, n_lanes))
        """<r, w> of the steps that are not yet added; r is the direction of `iterates`."""
        self._checksum = np.zeros(n_lanes)
        self._subgradient_error = np.full(n_lanes, np.nan)
        self._lr = np.full(n_lanes, np.nan)
        self._first_other_step = np.nan

    @property
    def awaits_gradient(self) -> bool:
        """Whether the present step has no gradient yet."""
        return self._grad_norm_sq is None

    def observe(self, W: Iterate, gradient: Gradient) -> None:
        """Measure the first gradient of a step, before the solver uses it up."""
        if self.awaits_gradient:
            # A copy, as a rule may change the array that it is given.
            self._grad_norm_sq = gradient.norm_sq().copy()
            if self._w_star is not None:
                self.slope = gradient.inner(W) - gradient.inner_star()
            if self._iterates is not None:
                # At the points of the gradients: these are the ones that an average is about.
                self._iterates.checksum(W, self._checksums[self._n_buffered])

    def advance(
        self, t: int, lr: PerLane, W: Lanes | None = None, off_path: Mask | None = None
    ) -> Mask | None:
        """Note step `t`; return the lanes whose gradient was not finite, None if all were.

        A step that asked for derivatives of single samples alone has no gradient: its sums are NaN,
        and whether it is finite shows at the next checkpoint.

        Parameters
        ----------
        t, lr
            The step, and its rates, (n_lanes,).
        W, off_path
            The iterate after the step, and the lanes whose distance is measured there, because the
            step was not W - lr g. None where the recurrence holds for all lanes.
        """
        grad_norm_sq, k = self._grad_norm_sq, self._n_buffered
        missing = grad_norm_sq is None
        self._grad_norm_sq = None
        self._steps[0, k] = lr
        self._steps[1, k] = np.nan if missing else grad_norm_sq
        self._steps[2, k] = np.nan if missing else self.slope
        if W is not None and off_path is not None and self._w_star is not None:
            self._measured[k], self._is_measured[k] = self._distance_at(W), off_path
        self._t, self._n_buffered = t, k + 1
        if self._n_buffered == STEPS:
            self._add_up()
        # 0 times inf or NaN is NaN: one product, in a fifth of the time of a maximum.
        if grad_norm_sq is None or grad_norm_sq.dot(self._zeros) == 0.0:
            return None
        finite = np.isfinite(grad_norm_sq)
        return None if finite.all() else ~finite

    def note_other_step(self, t: int) -> None:
        """Note that step `t` of all lanes was not W - lr g along the first gradient."""
        self._first_other_step = min(t, self._first_other_step)

    def rest(self, t: int, W: Iterate) -> None:
        """Count step `t`, which asked for no gradient and left `W` where it was: no sum changes."""
        self._add_up()
        self._t = t
        if self._iterates is not None:
            self._iterates.checksum(W, self._checksums[0])
            self._checksum = self._checksum + self._checksums[0]

    def extend(
        self, lr: PerLane, grad_norm_sq: PerLane, slope: PerLane, distance_sq: PerLane
    ) -> None:
        """Add the next steps of a single lane of which every iterate is known.

        Parameters
        ----------
        lr, grad_norm_sq, slope
            Of each step, (n_steps,), at most `STEPS` of them; NaN for what is not known.
        distance_sq
            The squared distance at the iterate of each step, and after the last, (n_steps + 1,).
        """
        if not (n := len(lr)):
            return
        self._n_buffered, self._distance = n, distance_sq[:1]
        self._steps[:, :n, 0] = lr, grad_norm_sq, slope
        self._measured[:n, 0], self._is_measured[:n] = distance_sq[1:], True
        self._t += n
        self._add_up()

    def _add_up(self) -> None:
        """Add the noted steps, in ranges in which no lane comes within a limit or leaves it."""
        n, self._n_buffered = self._n_buffered, 0
        if not n:
            return
        steps, first = self._steps[:, :n], self._t + 1 - n
        if steps[0].min() < 0.0:  # no theorem is about steps against the descent
            self.note_other_step(first + int(np.argmax((steps[0] < 0.0).any(axis=1))))
        limits = np.array([*LIMITS.values()])[:, None] * LIMIT_ROUNDING
        within = (steps[0] * self._L)[:, None] <= limits  # (n, len(LIMITS), n_lanes)
        starts = np.flatnonzero((within[1:] != within[:-1]).any(axis=(1, 2))) + 1
        for start, stop in itertools.pairwise((0, *starts.tolist(), n)):
            if not np.array_equal(within[start], self._within):
                self._enter(first + start, within[start])
            self._add(slice(start, stop))
        self._checksum = _add_in_order(self._checksum, self._checksums[:n])
        self._lr = steps[0, -1].copy()
        self._is_measured[:n] = False

    def _add(self, rows: slice) -> None:
        """Add these noted steps to the sums, with the bits of adding one after another."""
        lr, grad_norm_sq, slope = self._steps[:, rows]
        lr_grad_norm_sq = lr * grad_norm_sq
        since = [lr * within for within in self._within]
        terms = np.stack([grad_norm_sq, lr_grad_norm_sq, lr, *since, slope])
        self._sums = _add_in_order(self._sums, terms)
        distances = self._distances(rows, lr * (lr_grad_norm_sq - 2.0 * slope))
        self._distance = distances[-1]
        # Certificates take the maximum over t < T, without the distance after the last step.
        self._distance_max = np.maximum(self._distance_max, distances[:-1].max(axis=0))
        self._min_grad = np.minimum(self._min_grad, grad_norm_sq.min(axis=0))
        if self._mu:
            # The logarithm stays finite for lanes with mu lr >= 1.
            logs = np.log1p(-np.minimum(self._mu * lr, 1.0 - 1e-16))
            terms = np.stack([logs, self._log_factors(lr, logs)])
            self._logs[:2] = _add_in_order(self._logs[:2], terms)

    def _distances(self, rows: slice, changes: Lanes) -> Lanes:
        """Return the squared distances before these noted steps and after each, one row for each.

        `changes` are those of the recurrence.
        """
        measured, is_measured = self._measured[rows], self._is_measured[rows]
        if not is_measured.any():
            return np.add.accumulate(_prepended(self._distance, changes))
        distances = _prepended(self._distance, measured)
        if not is_measured.all():
            for k, change in enumerate(changes):
                np.add(distances[k], change, out=distances[k + 1], where=~is_measured[k])
        return distances

    def _log_factors(self, lr: Lanes, logs: Lanes) -> Lanes:
        """Return log max(1 - mu lr, L lr - 1): `logs`, except for steps above 2/(L + mu)."""
        steep = self._L * lr - 1.0
        if (steep <= 1.0 - self._mu * lr).all():
            return logs
        return np.maximum(logs, np.log(np.maximum(steep, np.finfo(float).tiny)))

    def _enter(self, t: int, within: Mask) -> None:
        """Restart the sums where lanes came within a limit or left it, (len(LIMITS), n_lanes)."""
        entering = within & ~self._within
        allowance = ROUNDING * np.maximum(self._distance_max, self._distance)
        # An upper bound, because certificate C6 starts from it; at t = 0 the distance is measured.
        upper = np.sqrt(np.maximum(self._distance, 0.0) + (allowance if t else 0.0))
        for values, entrance in ((self._within_from, t), (self._within_distance, upper)):
            np.copyto(values, np.where(within, entrance, np.nan), where=entering | ~within)
        for row, name in enumerate(LIMITS):
            self._sums[SUMS.index(f"{name}_sum_lr")] *= (within & self._within)[row]
        self._within = within

    def measure(self, W: Lanes) -> None:
        """Measure the distance of all lanes directly, from the iterates `W`."""
        self._add_up()
        if self._w_star is not None:
            self._distance = self._distance_at(W)

    def _distance_at(self, W: Lanes) -> PerLane:
        """Return |w - w_star|^2, (n_lanes,)."""
        assert self._w_star is not None
        distance = np.zeros_like(self._distance)
        for rows in row_slices(len(W)):  # no second array as large as W
            D = W[rows] - self._w_star[rows, None]
            distance += inner_in_order(D, D)
        return distance

    def add_subgradient_error(self, error: PerLane) -> None:
        """Note the error of a step's gradient: see `lrbench.engine.subgradients`."""
        self._subgradient_error = np.fmax(self._subgradient_error, error)

    def average_error(self, t: int, checksum: PerLane) -> PerLane:
        r"""Return by how much <r, x_average> differs from that of the points of the gradients.

        It is in units of the rounding: above 1 the average is not that of these points. NaN where
        `checksum`, or a minimiser, is missing.

        Notes
        -----
        A sum of t terms in order, of products of d terms, is wrong by at most
        :math:`(t + d)\,\varepsilon` times the sum of absolute values, and by the same again for
        the running sum of the iterates. No iterate is longer than \|w_star\| plus the largest
        distance.
        """
        if self._w_star is None or self._iterates is None:
            return np.full(self._checksum.shape, np.nan)
        self._add_up()
        r, d = self._iterates.direction, len(self._w_star)
        longest = self._w_star_norm + np.sqrt(np.maximum(self._distance_max, 0.0))
        allowed = 2.0 * EPS * (t + d + 8) * self._iterates.amplification
        difference = np.abs(checksum - self._checksum / max(t, 1))
        error: PerLane = difference / (allowed * np.linalg.norm(r) * longest)
        return error

    def _regret_error(self, t: int) -> PerLane:
        r"""Return a bound on the rounding of the regret, and of what bounds it on every path.

        Notes
        -----
        A product <g, w - w_star> is known to :math:`d\,\varepsilon\|g\|(\|w\| + \|w^*\|)`, a sum
        of t of them loses :math:`t\,\varepsilon`, and by Cauchy and Schwarz
        :math:`(\sum\|g_t\|)^2 \le t\sum\|g_t\|^2`. The squared distances that certificates
        multiply by 1/lr follow from the same products times lr.
        """
        if self._w_star is None:
            return np.full(self._lr.shape, np.nan)
        sums = dict(zip(SUMS, self._sums, strict=True))
        longest = 2.0 * self._w_star_norm + np.sqrt(np.maximum(self._distance_max, 0.0))
        total = math.sqrt(t) * np.sqrt(sums["sum_grad_norm_sq"])
        # The path of the steps; a path of no length adds nothing, whatever the rate, and where the
        # last rate is 0 nothing finite is multiplied by 1/lr.
        path = np.sqrt(sums["sum_lr"]) * np.sqrt(sums["sum_lr_grad_norm_sq"])
        some = (path > 0.0) & (self._lr > 0.0)
        total = total + np.divide(path, self._lr, out=np.zeros_like(path), where=some)
        factor = 1.0 if self._iterates is None else self._iterates.amplification
        error: PerLane = EPS * (t + len(self._w_star) + 8) * factor * longest * total
        return error

    def numbers(self) -> Lanes:
        """Return all that the steps change, (n_rows, n_lanes), for steps that are made elsewhere.

        The rows are those of `lrbench.kernels.codes.N_TRACKER_ROWS`, behind |g|^2 and the slope of
        the last step.
        """
        self._add_up()
        return np.vstack([np.zeros_like(self.slope), self.slope, *self._rows()])

    def _rows(self) -> list[PerLane]:
        return [
            *self._sums,
            self._min_grad,
            *self._logs,
            self._distance,
            self._distance_max,
            *self._within.astype(np.float64),
            *self._within_from,
            *self._within_distance,
            self._checksum,
        ]

    def take_numbers(self, t: int, lr: PerLane, numbers: Lanes) -> None:
        """Take what `numbers` has become after step `t`, the rate of which is `lr`."""
        self._t, self._lr = t, lr
        _, self.slope, *rows = numbers.copy()
        self._sums, rows = np.array(rows[:6]), rows[6:]
        self._min_grad, *rows = rows
        self._logs, rows = np.array(rows[:4]), rows[4:]
        self._distance, self._distance_max, *rows = rows
        self._within, rows = np.array(rows[:2]) > 0.0, rows[2:]
        self._within_from, self._within_distance = np.array(rows[:2]), np.array(rows[2:4])
        self._checksum = rows[4]

    def keep(self, lanes: Index | Mask) -> None:
        """Drop all lanes but these."""
        self._add_up()
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray) and value is not self._w_star:
                setattr(self, name, take(value, lanes))

    def row(self, t: int) -> dict[str, PerLane]:
        """Return the columns of the trace after `t` steps."""
        self._add_up()
        columns = dict(zip(SUMS, self._sums.copy(), strict=True))
        missing = np.full(self._min_grad.shape, np.nan)
        logs = self._logs[:2] + np.log1p(self._logs[2:])
        distance_max = np.sqrt(np.maximum(self._distance_max, 0.0))
        return columns | {
            "min_grad_norm_sq": self._min_grad.copy() if t else missing,
            "distance": np.sqrt(np.maximum(self._distance, 0.0)),
            "distance_max": missing if t == 0 or self._w_star is None else distance_max,
            **{f"{name}_from": self._within_from[k].copy() for k, name in enumerate(LIMITS)},
            **{
                f"{name}_distance": self._within_distance[k].copy() for k, name in enumerate(LIMITS)
            },
            "log_contraction": logs[0] if self._mu else missing,
            "log_factor": logs[1] if self._mu else missing,
            "regret_error": self._regret_error(t),
            "subgradient_error": self._subgradient_error.copy(),
            "first_other_step": np.full(len(self._lr), self._first_other_step),
        }


def _prepended(first: Lanes, terms: Lanes) -> Lanes:
    """Return `terms` with `first` before them, along the last axis but one."""
    return np.concatenate([first[..., None, :], terms], axis=-2)


def _add_in_order(first: Lanes, terms: Lanes) -> Lanes:
    """Return `first` plus one term after the other: the bits do not depend on their grouping."""
    rows = _prepended(first, terms)
    if rows.shape[-1] == 1:  # `reduce` would add a single column in pairs
        last: Lanes = np.add.accumulate(rows, axis=-2)[..., -1, :]
        return last
    total: Lanes = np.add.reduce(rows, axis=-2)
    return total
