"""A run of which only the iterates are known, because its loop is not lrbench's."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, Vector, inner, norm_sq
from lrbench.config.targets import TargetMeasure
from lrbench.engine.evaluator import EVALUATED_ELEMENTS, level
from lrbench.engine.gradient_steps import GradientSteps
from lrbench.engine.job import SharedProblem
from lrbench.engine.recorder import End, MeasuredIterate, Recorder, row_of_one
from lrbench.engine.tracker import STEPS, Tracker
from lrbench.errors import UsageError
from lrbench.objective.meter import Count, Stopwatch
from lrbench.objective.oracle import Ball
from lrbench.results import Status, Trace

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
        The level at which the run ends; None for none.
    measure
        What it is a level of.
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
        measure: TargetMeasure = "suboptimality",
        timed: bool = True,
    ) -> None:
        problem, constants = shared.problem, shared.constants
        self._problem, self._constants, self._w_star = problem, constants, shared.w_star
        self._every, self._gradients = every, gradients and every == 1
        self._target, self._measure, self._timed = target, measure, timed
        self._checkpoints = iter(checkpoints)
        self._next_row = 0
        size = max(min(BLOCK, EVALUATED_ELEMENTS // problem.n_features), 2)
        self._points = np.empty((size, problem.n_features))
        self._rates, self._passes, self._seconds = np.empty((3, size))
        """Of each iterate of the block: the rate of the step to it, the passes and the seconds."""
        self._at_row = np.zeros(size, dtype=np.bool_)
        """The iterates of the block at which the trace has a row that is not yet written."""
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
        k = self._n_points
        self.t, self.passes, self._n_points = self.t + self._every, self.passes + passes, k + 1
        self._points[k], self._rates[k], self._passes[k] = w, lr, self.passes
        self._seconds[k] = self.watch.seconds if self._timed else math.nan
        self._at_row[k] = at_row = self.t >= self._next_row
        if at_row:
            self._next_row = next(row for row in self._checkpoints if row > self.t)
        # A row waits for the others of the block, unless the run or the loop could end there.
        ends = self._target is not None or self.steps.constrained
        if k + 1 == len(self._points) or (at_row and ends):
            block = Stopwatch()
            block.start()
            self._evaluate()
            block.stop()
            self.evaluation_seconds += block.seconds

    def copied(self) -> RecordedRun:
        """Return a run with the same past, which goes on by itself.

        Its iterates may be evaluated now, and those of this run together with later ones: so that
        nobody who looks at a run in its middle changes the bits of what comes after.
        """
        run = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray | list):
                setattr(run, name, value.copy())
        run._tracker, run.steps = copy.deepcopy(self._tracker), copy.copy(self.steps)
        return run

    def ended_here(self) -> tuple[End, Trace]:
        """Return how the run ends with its present iterate, and its trace; it cannot go on."""
        if self._error is not None:
            raise self._error
        if self.end is None:
            written = self._rows[-1]["iteration"] if self._rows else None
            self._at_row[self._n_points - 1] = written != self.t
            self._evaluate()
        recorder = Recorder(1, self._constants)
        for row in self._rows:
            recorder.write(row)
        status, iteration = self.end or (Status.COMPLETED, self.t)
        points = {"last": self.last, "best": self._best}
        if self._every == 1:
            points["average"] = self._sum / self.t if self.t > 0 else self.last
        recorder.end(0, status, iteration, {name: w.copy() for name, w in points.items()})
        return recorder.ended[0], recorder.trace(0)

    @np.errstate(all="ignore")  # a run that overflows has diverged
    def _evaluate(self) -> None:
        """Evaluate the iterates of the block, add the steps between them, and write its rows."""
        known, n = self._n_evaluated, self._n_points
        first, rows = self.t - (n - 1) * self._every, np.flatnonzero(self._at_row[:n])
        W = np.ascontiguousarray(self._points[:n].T)
        finite: Mask = np.asarray(np.isfinite(W).all(axis=0))
        self._check_inside(W, finite, first)
        from_star = W - (np.nan if self._w_star is None else self._w_star[:, None])
        grad_norm_sq, slope = np.full((2, n), np.nan)
        values = norms = np.empty(0)
        if self._gradients:
            if known < n:
                new, G = self._problem.value_and_gradient(np.ascontiguousarray(W[:, known:]))
                self._values = np.concatenate([self._values, new])
                self._G = np.hstack([self._G, G])
            grad_norm_sq, slope = norm_sq(self._G), inner(self._G, from_star)
            finite, values, norms = (
                np.isfinite(grad_norm_sq),
                self._values[rows],
                grad_norm_sq[rows],
            )
        elif len(rows):
            values, G = self._problem.value_and_gradient(np.ascontiguousarray(W[:, rows]))
            norms = norm_sq(G)
        finite[rows] &= np.isfinite(values + norms)
        if not finite.all():
            n = int(np.argmin(finite)) + 1
            self.t, W = first + (n - 1) * self._every, W[:, :n]
            self.end, rows = (Status.DIVERGED, self.t), rows[rows < n - 1]
        distance_sq = norm_sq(from_star[:, :n])
        sums: list[Mapping[str, PerLane | float]] = []
        totals: list[Vector] = []
        start = 0
        for k in (*rows.tolist(), n - 1):
            if self._every == 1:
                steps, lr = slice(start, k), self._rates[start + 1 : k + 1]
                distances = distance_sq[start : k + 1]
                self._tracker.extend(lr, grad_norm_sq[steps], slope[steps], distances)
                self._sum += W[:, steps].sum(axis=1)
            if len(sums) < len(rows):
                sums.append(self._sums(first + k * self._every, distance_sq[k]))
                totals.append(self._sum.copy())
            start = k
        if self._gradients:
            self.steps.verify(W, self._G[:, :n], self._rates[1:n], first)
        if len(rows):
            self._write(rows, first + rows * self._every, W[:, rows], values, norms, sums, totals)
        # The last iterate is the first one of the next block.
        for each in (self._points, self._rates, self._passes, self._seconds):
            each[0] = each[n - 1]
        self._at_row[0] = False
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
        self,
        rows: Index,
        at: Index,
        W: Lanes,
        values: PerLane,
        norms: PerLane,
        sums: Sequence[Mapping[str, PerLane | float]],
        totals: Sequence[Vector],
    ) -> None:
        """Write the rows of the block; end the run where it is at the target.

        Parameters
        ----------
        rows, at
            The places of their iterates in the block, and the numbers of steps before these.
        W, values, norms
            The iterates, F at them, and the squared norms of the gradients, of each row, and of
            those after a divergence, which are not written.
        sums, totals
            The columns that depend on every step, and the sums of the iterates before.
        """
        values, of_average = values[: len(rows)], np.full(len(rows), np.nan)
        f_star = self._constants.f_star
        if self._every == 1:
            counts = np.maximum(at, 1)
            averages = np.ascontiguousarray(np.transpose(totals) / counts)
            of_average = np.where(at > 0, self._problem.value(averages), np.nan)
        least = int(np.argmin(np.fmin(values, of_average)))  # F is finite, and the other may be NaN
        self._refute(int(at[least]), values[least : least + 1], of_average[least : least + 1])
        measures = self._problem.measures(np.ascontiguousarray(W))
        for j, (k, t) in enumerate(zip(rows.tolist(), at.tolist(), strict=True)):
            objective = float(values[j])
            if objective < self._best_objective:
                self._best_objective, self._best = objective, W[:, j].copy()
            measured = MeasuredIterate(
                objective, float(of_average[j]), self._best_objective, float(norms[j])
            )
            row = row_of_one(t, self._passes[k], self._seconds[k], measured, f_star)
            row |= {"lr": self._rates[k], **sums[j], **{n: v[j] for n, v in measures.items()}}
            self._rows.append(row)
            if self._target is None:
                continue
            held_out = {name: numbers[j : j + 1] for name, numbers in measures.items()}
            if level(self._measure, values[j : j + 1], f_star, held_out)[0] <= self._target:
                self.end = (Status.REACHED_TARGET, t)

    def _sums(self, t: int, distance_sq: float) -> Mapping[str, PerLane | float]:
        """Return the columns that depend on every step, as far as they are known."""
        if self._every == 1:
            return self._tracker.row(t)
        return {} if self._w_star is None else {"distance": math.sqrt(distance_sq)}
