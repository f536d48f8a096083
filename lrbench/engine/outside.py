"""Runs of outside solvers, which own their loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from lrbench.arrays import Vector, norm_sq
from lrbench.engine.arrival import arrivals
from lrbench.engine.cause import cause_of
from lrbench.engine.evaluator import level
from lrbench.engine.job import Job, SharedProblem
from lrbench.engine.recorder import End, MeasuredIterate, Recorder, row_of_one
from lrbench.errors import RefutedError
from lrbench.objective.about import LinearModel
from lrbench.objective.meter import Meter, Stopwatch
from lrbench.objective.problem import TwiceDifferentiable
from lrbench.results import Status
from lrbench.results.traces import Trace
from lrbench.solvers.outside.base import OutsideSolver, Refit


class Ended(BaseException):
    """The run has ended; no `Exception`, so that no solver catches it by mistake.

    Parameters
    ----------
    status
        How it ended.
    iteration
        At which iteration; None for the present one.
    """

    def __init__(self, status: Status, iteration: int | None = None) -> None:
        super().__init__(status)
        self.status, self.iteration = status, iteration


class OutsideRun:
    """One lane of an outside solver: the objective that it asks, and the record of its iterates.

    Parameters
    ----------
    job, shared
        What is run, and on which problem.
    seed
        The seed of the run.
    stop
        Called with the iteration at every call of the objective, and before every run with a budget
        of its own; True interrupts the run.
    """

    def __init__(
        self, job: Job, shared: SharedProblem, seed: int, stop: Callable[[int], bool]
    ) -> None:
        assert isinstance(job.solver, OutsideSolver)
        self._solver = job.solver
        self._job, self._problem, self._constants = job, shared.problem, shared.constants
        self._w_star = shared.w_star
        self._stop, self.seed = stop, seed
        self._rows = frozenset(job.budget.rows)
        self._arrivals = arrivals(job.budget, 1)
        self._meter, self._watch = Meter(), Stopwatch()
        self._recorder = Recorder(1, shared.constants, job.budget.arrival)
        self._t = -1
        self._recorded = -1
        self._sum: Vector | None = np.zeros(shared.problem.n_features)
        self._last = self._best = shared.problem.w0
        self._best_objective = math.inf
        self.evaluation_seconds = 0.0

    @property
    def bounds(self) -> tuple[Vector, Vector]:
        """The least and the largest value of every coordinate, (n_features,) each."""
        return self._problem.bounds

    @property
    def linear(self) -> LinearModel | None:
        """X, y and the terms of F; None for a problem that is no linear model."""
        return self._problem.facts().linear

    @property
    def rows(self) -> list[int]:
        """The iterations after 0 at which the trace has a row, ascending."""
        return sorted({*self._rows, self._job.budget.last} - {0})

    def _check_stop(self) -> None:
        """End the run, off the clock, where it is asked to stop; start the clock again."""
        self._watch.stop()
        if self._stop(max(self._t, 0)):
            if self._arrivals is None and self._recorded < self._t:
                self._evaluate()
            raise Ended(Status.INTERRUPTED)
        self._watch.start()

    def hessian(self, w: Vector) -> Callable[[Vector], Vector] | None:
        """Return the function that multiplies a vector by the Hessian of F at `w`, if it is known.

        Each product is metered as n_samples gradients.
        """
        if not isinstance(self._problem, TwiceDifferentiable):
            return None
        product = self._problem.hessian(w)

        def metered_product(v: Vector) -> Vector:
            self._check_stop()
            self._meter.sample_gradients += self._problem.n_samples
            return product(v)

        return metered_product

    def value_and_gradient(self, w: Vector) -> tuple[float, Vector]:
        """Return F and its gradient at `w`."""
        self._check_stop()
        self._meter.sample_gradients += self._problem.n_samples
        value, G = self._problem.value_and_gradient(w[:, None])
        return float(value[0]), G[:, 0]

    def go(self, lr0: float | None) -> tuple[End, Trace, str | None]:
        """Run the solver; return how it ended, its trace, and what it raised."""
        error, iteration = None, None
        budget, status = self._job.budget, Status.COMPLETED
        try:
            self._solver.load()
            self._record(self._problem.w0)
            self._watch.start()
            self._solver.solve(self, self._problem.w0.copy(), lr0, budget.last, self._record)
            self._watch.stop()
            if self._recorded < self._t:  # it stopped between two checkpoints
                self._evaluate()
            if budget.arrival is not None:
                self._stay(t for t in budget.rows if t > self._t)
        except Ended as ended:
            status, iteration = ended.status, ended.iteration
        except RefutedError:  # concerns the problem, not this solver
            raise
        except (Exception, SystemExit) as e:
            status, error = Status.FAILED, cause_of(e, self._solver, max(self._t, 0))
        points: dict[str, Vector] = {}
        if self._job.keep_iterates:
            points = {"last": self._last, "best": self._best}
            if self._sum is not None:
                points["average"] = self._sum / self._t if self._t > 0 else self._last
        at = max(self._t, 0) if iteration is None else iteration
        self._recorder.end(0, status, at, points)
        return self._recorder.ended[0], self._recorder.trace(0), error

    def _record(self, w: Vector) -> None:
        """Note an iterate, off the clock; end the run where its budget or target is reached."""
        self._watch.stop()
        if self._t >= 0:
            self._sum_last(1)
        self._t, self._last = self._t + 1, np.array(w, dtype=np.float64)
        done = self._t >= self._job.budget.last
        if self._t in self._rows or done:
            self._evaluate()
        if done:
            raise Ended(Status.COMPLETED)
        self._watch.start()

    def restart(self) -> None:
        """Begin a run from w_0 with a budget of its own: the seconds so far are of the trace."""
        self._watch.stop()
        self.evaluation_seconds += self._watch.seconds
        self._watch = Stopwatch()
        self._check_stop()

    def record(self, fit: Refit) -> None:
        """Write the row of a run with a budget of its own, off the clock."""
        self._watch.stop()
        if fit.iterations <= self._t:  # no more than the budget before it: the row is written
            return
        self._t, self._last = fit.iterations, fit.w
        self._sum = None  # the iterates before it are not known
        self._meter.sample_gradients = fit.sample_gradients
        self._evaluate()

    def _stay(self, rows: Iterable[int]) -> None:
        """Write these rows after the solver has stopped: its last iterate stays."""
        for t in rows:
            self._sum_last(t - self._t)
            self._t = t
            self._evaluate()

    def _sum_last(self, times: int) -> None:
        """Add the last iterate to the sum: the average of the theorems is that of w_0 … w_{T-1}."""
        if self._sum is not None:
            self._sum += times * self._last

    def _evaluate(self) -> None:
        """Write a row at the present iterate."""
        block, c, n = Stopwatch(), self._constants, self._problem.n_samples
        block.start()
        value, G = self._problem.value_and_gradient(self._last[:, None])
        objective, of_average = float(value[0]), math.nan
        if self._t > 0 and self._sum is not None:
            of_average = float(self._problem.value((self._sum / self._t)[:, None])[0])
        if objective < self._best_objective:
            self._best_objective, self._best = objective, self._last
        self._recorder.refute(self._t, value, np.array([of_average]))
        measured = MeasuredIterate(
            objective, of_average, self._best_objective, float(norm_sq(G)[0])
        )
        asked, seconds = float(self._meter.sample_gradients), self._watch.seconds
        row = row_of_one(self._t, asked / n, seconds, measured, c.f_star)
        row |= {"sample_gradients": asked, "sample_values": 0.0, "prox_calls": 0.0}
        if self._w_star is not None:
            row["distance"] = float(np.linalg.norm(self._last - self._w_star))
        measures = self._problem.measures(self._last[:, None])
        self._recorder.write(row | {name: float(v[0]) for name, v in measures.items()})
        self._recorded = self._t
        block.stop()
        self.evaluation_seconds += block.seconds
        if not math.isfinite(objective):
            self._recorder.retract(np.ones(1, dtype=np.bool_))
            raise Ended(Status.DIVERGED)
        budget = self._job.budget
        gap = level(budget.measure, value, c.f_star, measures)
        if budget.target is not None and gap[0] <= budget.target:
            raise Ended(Status.REACHED_TARGET)
        if self._arrivals is not None and self._arrivals.look(self._t, gap).all():
            at = float(self._arrivals.arrived_at[0])
            if math.isnan(at):
                raise Ended(Status.COMPLETED, self._job.budget.iterations)
            raise Ended(Status.REACHED_TARGET, int(at))
