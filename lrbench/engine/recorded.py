"""A run of which only the iterates are known, because its loop is not lrbench's."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lrbench.arrays import Lanes, Mask, PerLane, Vector, inner, norm_sq
from lrbench.engine.evaluator import EVALUATED_ELEMENTS
from lrbench.engine.gradient_steps import GradientSteps
from lrbench.engine.job import SharedProblem
from lrbench.engine.recorder import End, Recorder
from lrbench.engine.tracker import STEPS, Tracker
from lrbench.errors import UsageError
from lrbench.objective.meter import Count, Stopwatch
from lrbench.objective.oracle import Ball
from lrbench.results import Status, Trace
from lrbench.results.records import COLUMNS, METERED, SUMMED

BLOCK = STEPS // 2
"""So many iterates are evaluated together, as lanes, which costs a seventh of one after another."""


class RecordedRun:
    """One run, from its iterates alone: rows, sums over the steps, and what the steps are.

    Iterates are kept until the next checkpoint, or until there are `BLOCK` of them, and are then
    evaluated together.

    Parameters
    ----------
    shared
        The problem, its constants and its minimiser.
    ball
        The ball that the iterates are confined to; None for none.
    checkpoints
        The iterations at which the trace has a row, ascending from 0; the last is never reached.
    every
        The number of steps from one recorded iterate to the next. With more than one, averages and
        sums over the steps are not known.
    gradients
        Whether F and its gradient are evaluated at every iterate, which certificates need, and not
        at checkpoints alone.
    target
        The suboptimality at which the run ends; None for none.
    timed
        Whether the seconds of `watch` are those of the loop.
    """

    def __init__(
        self,
        shared: SharedProblem,
        ball: Ball | None,
        checkpoints: Sequence[int],
        *,
        every: int = 1,
        gradients: bool = True,
        target: float | None = None,
        timed: bool = True,
    ) -> None:
        problem, constants = shared.problem, shared.constants
        self._problem, self._constants, self._w_star = problem, constants, shared.w_star
        self._every, self._gradients = every, gradients and every == 1
        self._target, self._timed, self._seconds = target, timed, math.nan
        self._checkpoints = iter(checkpoints)
        self._next_row = 0
        size = min(BLOCK, EVALUATED_ELEMENTS // problem.n_features)
        self._points = np.empty((max(size, 2), problem.n_features))
        self._rates = np.empty(len(self._points))
        self._n_points = self._n_evaluated = 0
        self._values: PerLane = np.empty(0)
        """F at the iterates that were evaluated; of the last block the last one alone is kept."""
        self._G: Lanes = np.empty((problem.n_features, 0))
        self._sum = np.zeros(problem.n_features)
        self._best_objective, self._best = math.inf, problem.w0
        mu = constants.mu or constants.mu_pl
        self._tracker = Tracker(1, problem.w0, shared.w_star, constants.L, mu)
        self._refute = Recorder(1, constants).refute
        self._rows: list[Mapping[str, PerLane | Count | float]] = []
        self.steps = GradientSteps(shared, ball)
        self.t = -every
        """The number of steps to the last iterate."""
        self.passes = 0.0
        self.end: tuple[Status, int] | None = None
        """How the run ended, and at which iteration; None while it goes on."""
        self._error: UsageError | None = None
        """The error of an iterate outside of the constraint, after which nothing is recorded."""
        self.watch = Stopwatch()
        """Runs while the loop does: the caller stops it before, and starts it after each call."""
        self.evaluation_seconds = 0.0

    @property
    def last(self) -> Vector:
        """The last iterate, (n_features,)."""
        last: Vector = self._points[self._n_points - 1]
        return last

    def record(self, w: Vector, lr: float, passes: float) -> None:
        """Note the next iterate.

        Parameters
        ----------
        w
            (n_features,); the first one is w_0.
        lr
            The rate of the step that led to it; NaN if it is not known.
        passes
            The passes over the data since the iterate before.

        Raises
        ------
        UsageError
            If an iterate of the present block lies outside of the constraint.
        RefutedError
            If F is below what the certificate of f_star allows.
        """
        if self._error is not None:
            raise self._error
        if self.end is not None:
            return
        self._points[self._n_points], self._rates[self._n_points] = w, lr
        self._n_points += 1
        self.t += self._every
        self.passes += passes
        if self._timed:
            self._seconds = self.watch.seconds
        at_row = self.t >= self._next_row
        if not at_row and self._n_points < len(self._points):
            return
        block = Stopwatch()
        block.start()
        with np.errstate(all="ignore"):  # a run that overflows has diverged
            self._evaluate()
            if at_row and self.end is None:
                self.end = self._write(self._rows)
                self._next_row = next(row for row in self._checkpoints if row > self.t)
        block.stop()
        self.evaluation_seconds += block.seconds

    def copied(self) -> RecordedRun:
        """Return a run with the same past, which goes on by itself.

        Its iterates may be evaluated now, and those of this run together with later ones: so that
        nobody who looks at a run in its middle changes the bits of what comes after.
        """
        run = copy.copy(self)
        run._points, run._rates, run._sum = self._points.copy(), self._rates.copy(), +self._sum
        run._tracker, run._rows = copy.deepcopy(self._tracker), [*self._rows]
        run.steps = copy.copy(self.steps)
        return run

    def ended_here(self) -> tuple[End, Trace]:
        """Return how the run ends with its present iterate, and its trace; it cannot go on."""
        if self._error is not None:
            raise self._error
        with np.errstate(all="ignore"):
            if self.end is None:
                self._evaluate()
            rows, end = [*self._rows], self.end
            if end is None and (not rows or rows[-1]["iteration"] != self.t):
                end = self._write(rows)
        recorder = Recorder(1, self._constants)
        for row in rows:
            recorder.write(row)
        status, iteration = end or (Status.COMPLETED, self.t)
        points = {"last": self.last, "best": self._best}
        if self._every == 1:
            points["average"] = self._sum / self.t if self.t > 0 else self.last
        recorder.end(0, status, iteration, {name: w.copy() for name, w in points.items()})
        return recorder.ended[0], recorder.trace(0)

    def _evaluate(self) -> None:
        """Evaluate the iterates of the block, and add the steps between them."""
        known, n = self._n_evaluated, self._n_points
        first = self.t - (n - 1) * self._every
        W = np.ascontiguousarray(self._points[:n].T)
        finite: Mask = np.asarray(np.isfinite(W).all(axis=0))
        self._check_inside(W, finite, first)
        from_star = W - (np.nan if self._w_star is None else self._w_star[:, None])
        grad_norm_sq, slope = np.full((2, n), np.nan)
        if self._gradients:
            if known < n:
                values, G = self._problem.value_and_gradient(np.ascontiguousarray(W[:, known:]))
                self._values = np.concatenate([self._values, values])
                self._G = np.hstack([self._G, G])
            grad_norm_sq, slope = norm_sq(self._G), inner(self._G, from_star)
            finite = np.isfinite(grad_norm_sq)
        if not finite.all():
            n = int(np.argmin(finite)) + 1
            self.t, W = first + (n - 1) * self._every, W[:, :n]
            self.end = (Status.DIVERGED, self.t)
        if self._every == 1:
            lr, steps = self._rates[1:n], slice(n - 1)
            self._tracker.extend(lr, grad_norm_sq[steps], slope[steps], norm_sq(from_star[:, :n]))
            self._sum += W[:, steps].sum(axis=1)
            if self._gradients:
                self.steps.verify(W, self._G[:, :n], lr, first)
        # The last iterate is the first one of the next block.
        self._points[0], self._rates[0] = self._points[n - 1], self._rates[n - 1]
        self._values, self._G = self._values[n - 1 : n], self._G[:, n - 1 : n]
        self._n_points = 1
        self._n_evaluated = int(self._gradients)

    def _check_inside(self, W: Lanes, finite: Mask, first: int) -> None:
        """Raise `UsageError` for an iterate outside of the constraint."""
        off = self.steps.outside(W) if self.steps.constrained else np.zeros(len(finite))
        outside = finite & (off > 0.0)
        if outside.any():
            k = int(np.argmax(outside))
            self._error = UsageError(
                f"the iterate of step {first + k * self._every} is outside of the constraint of"
                f" {self._problem.name}, by {off[k]:.2g}.",
                "record iterates after they are projected, or leave the constraint out.",
            )
            raise self._error

    def _write(
        self, rows: list[Mapping[str, PerLane | Count | float]]
    ) -> tuple[Status, int] | None:
        """Append a row at the present iterate; return how the run ends there, None if not."""
        c, w = self._constants, self.last[:, None]
        value, G = self._values, self._G
        if not self._gradients:
            value, G = self._problem.value_and_gradient(w)
        objective, grad_norm_sq, of_average = float(value[0]), float(norm_sq(G)[0]), math.nan
        if self.t > 0 and self._every == 1:
            of_average = float(self._problem.value((self._sum / self.t)[:, None])[0])
        if not math.isfinite(objective + grad_norm_sq):
            return Status.DIVERGED, self.t
        self._refute(self.t, value, np.array([of_average]))
        if objective < self._best_objective:
            self._best_objective, self._best = objective, self.last.copy()
        row = {
            **dict.fromkeys((*COLUMNS, *METERED, *SUMMED), math.nan),
            **dict(self._sums(w)),
            "iteration": self.t,
            "passes": self.passes,
            "seconds": self._seconds,
            "objective": objective,
            "suboptimality": objective - c.f_star,
            "suboptimality_average": of_average - c.f_star,
            "suboptimality_best": self._best_objective - c.f_star,
            "grad_norm_sq": grad_norm_sq,
            "lr": self._rates[self._n_points - 1],
            **self._problem.measures(w),
        }
        rows.append(row)
        reached = self._target is not None and objective - c.f_star <= self._target
        return (Status.REACHED_TARGET, self.t) if reached else None

    def _sums(self, w: Lanes) -> Iterator[tuple[str, PerLane | float]]:
        """Yield the columns that depend on every step, as far as they are known."""
        if self._every == 1:
            yield from self._tracker.row(self.t).items()
        elif self._w_star is not None:
            yield "distance", float(np.linalg.norm(w[:, 0] - self._w_star))
