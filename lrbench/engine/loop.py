"""The one loop: legs from checkpoint to checkpoint, and the lanes that end at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, keep_freed_memory, take
from lrbench.engine.arrival import arrivals
from lrbench.engine.clock import Clock
from lrbench.engine.columns import Columns
from lrbench.engine.evaluator import Evaluation, Evaluator, level
from lrbench.engine.job import Job, SharedProblem
from lrbench.engine.recorder import Recorder
from lrbench.engine.runners import runner_of
from lrbench.errors import ContractError, raised_by
from lrbench.objective.meter import Count
from lrbench.results import Status


class LaneLoop:
    """The loop over the legs of a job's lanes.

    The lanes stand in the columns that `Columns` describes; those behind the running lanes are
    padding.

    Parameters
    ----------
    job, shared
        What is run, and on which problem.
    """

    def __init__(self, job: Job, shared: SharedProblem) -> None:
        self.job, self.shared = job, shared
        problem = shared.problem
        counts = [len(lanes.lr0) for lanes in job.lanes]
        self.seed_of: Index = np.repeat(np.arange(len(counts)), counts)
        """The seed of each running lane, as an index into the job's lanes."""
        keep_freed_memory()  # before the first large temporary array
        self.sampler = problem.sampler(
            shared.w_star,
            job.ball(problem),
            job.minibatches(problem),
            dense_iterates=job.solver.dense_iterates,
            seeds=[lanes.seed for lanes in job.lanes],
        )
        columns = self.arrange_columns()
        self.clock = Clock(self.seed_of, len(counts))
        self.recorder = Recorder(self.n_running, shared.constants, job.budget.arrival)
        self.evaluator = Evaluator(job, problem, columns)
        lanes = columns.padded(np.arange(self.n_running))
        rates = [lr0 for of_seed in job.lanes for lr0 in of_seed.lr0]
        lr0 = np.array(rates, dtype=np.float64)[lanes]  # None becomes NaN
        parameters = {
            name: np.concatenate([of_seed.parameters[name] for of_seed in job.lanes])[lanes]
            for name in job.lanes[0].parameters
        }
        self.arrivals = arrivals(job.budget, self.n_running)
        self.runner = runner_of(job, shared, self.sampler, lr0, parameters, self.clock)
        self.row_at = -1
        """The iteration of the last row of the traces; -1 before the first one."""
        self.has_output: bool | None = None
        """Whether the solver has an answer of its own; None before the first checkpoint."""

    @property
    def uses_gradients(self) -> bool:
        """Whether the gradients of the steps so far are those of F at the iterates."""
        of_F = self.job.batch_size is None and not self.job.solver.proximal
        return of_F and not self.runner.looks_elsewhere

    @property
    def n_running(self) -> int:
        """The number of running lanes, without the padding."""
        return len(self.seed_of)

    def arrange_columns(self) -> Columns:
        """Assign columns to the running lanes, and pass them to the sampler."""
        counts = np.bincount(self.seed_of, minlength=len(self.job.lanes))
        columns = Columns.of(counts.tolist(), self.job.pad_to)
        self.sampler.set_columns(columns.slices)
        return columns

    def go(self, stop: Callable[[int], bool]) -> None:
        """Run until the budget is used up, `stop` returns True, or no lane is left."""
        runner, budget = self.runner, self.job.budget
        runner.start()
        recorded = frozenset(budget.rows)
        for until in sorted({*recorded, budget.iterations}):
            while runner.t < until and self.n_running:
                # The progress of a lane that goes on past its budget stays at the end.
                leg = runner.go(until, lambda t: stop(min(t, budget.iterations)))
                if leg.stopped:
                    return self.interrupt()
                if leg.diverged is not None:
                    # Of step t - 1: its rate is no step that was made.
                    diverged = leg.diverged[: self.n_running]
                    at = leg.t - 1 if leg.at is None else leg.at[: self.n_running]
                    self.end(diverged, Status.DIVERGED, at)
                    self.drop(diverged)
            if self.n_running and until in recorded:
                with self.clock.evaluating():
                    self.checkpoint()
        return self.end_all(Status.COMPLETED)

    def interrupt(self) -> None:
        """End every lane where it is, with a row there; in a sweep only looks count."""
        runner = self.runner
        if self.arrivals is None and self.row_at != runner.t and not runner.check_stopped:
            with self.clock.evaluating():
                self.checkpoint()
        self.end_all(Status.INTERRUPTED)

    def checkpoint(self) -> None:
        """Evaluate all lanes and write a row; lanes may end here."""
        runner, budget, n = self.runner, self.job.budget, self.n_running
        t, iterates = runner.t, self.sampler.iterates
        seconds = self.clock.seconds()  # the gradient below belongs to the next step
        W = iterates.dense(runner.W)
        output = self.output(W)
        reuses = self.uses_gradients and runner.reuses_gradients and t < budget.last
        gradients = self.clock.steps if reuses else None
        measured = self.evaluator.evaluate(
            t, runner.W, iterates, output, gradients, summed=runner.n_summed == t
        )
        average_error = runner.tracker.average_error(t, measured.checksum)
        runner.tracker.measure(W)
        # Without the padding, whose iterates may be those of no lane.
        self.recorder.refute(
            t, measured.objective[:n], measured.of_average[:n], measured.answer[:n]
        )
        point = W if output is None else output
        held_out = self.evaluator.measures(point)
        self.write(measured, seconds, average_error, held_out)
        finite = np.isfinite(measured.objective) & np.isfinite(measured.answer)
        finite &= np.isfinite(measured.grad_norm_sq) | (not budget.gradients)
        diverged: Mask = ~finite[:n]
        f_star = self.shared.constants.f_star
        gap = level(budget.measure, measured.answer, f_star, held_out)[:n]
        over = reached = np.zeros_like(diverged)
        at: int | PerLane = t
        if budget.target is not None:
            over = reached = (gap <= budget.target) & ~diverged
        if self.arrivals is not None:
            over = self.arrivals.look(t, gap) & ~diverged
            at = self.arrivals.arrived_at
            reached = over & ~np.isnan(at)
        G = measured.gradient
        if (ended := diverged | over).any():
            self.recorder.retract(diverged)
            self.end(diverged, Status.DIVERGED, t)
            self.end(reached, Status.REACHED_TARGET, at)
            self.end(over & ~reached, Status.COMPLETED, budget.iterations)
            kept = self.drop(ended)  # last: `end` takes positions among the running lanes
            G = None if G is None else take(G, kept)
        if G is not None:  # with full batches the next step asks for this very gradient
            self.sampler.offer_gradient(G, runner.W)

    def output(self, W: Lanes) -> Lanes | None:
        """Return the solver's own answer; None where it is the iterate `W`.

        Raises
        ------
        ContractError
            If it has another shape than `W`, or is there at some checkpoints only.
        """
        view = W.view()
        view.flags.writeable = False
        solver, name = self.runner.solver, self.runner.solver.name
        with raised_by("output"):
            output = solver.output(view, self.runner.state)
            if output is not None and getattr(output, "shape", None) != W.shape:
                raise ContractError(
                    f"{name}: output has shape {np.shape(output)}, and not {W.shape}."
                )
            if self.has_output not in (None, output is not None):
                raise ContractError(
                    f"{name}: output is there at some checkpoints and not at others."
                )
        self.has_output = output is not None
        return output

    def write(
        self,
        measured: Evaluation,
        seconds: PerLane,
        average_error: PerLane,
        held_out: Mapping[str, PerLane],
    ) -> None:
        """Write the trace's row of the present iteration."""
        runner, meter = self.runner, self.sampler.meter
        f_star, n_samples = self.shared.constants.f_star, self.shared.problem.n_samples
        row: dict[str, PerLane | Count | float] = {
            "iteration": runner.t,
            "passes": (meter.sample_gradients + meter.sample_values) / n_samples,
            "sample_gradients": meter.sample_gradients,
            "sample_values": meter.sample_values,
            "prox_calls": meter.prox_calls,
            "seconds": seconds,
            "objective": measured.objective,
            "suboptimality": measured.objective - f_star,
            "suboptimality_average": measured.of_average - f_star,
            "suboptimality_best": self.evaluator.best_objective - f_star,
            "grad_norm_sq": measured.grad_norm_sq,
            "lr": runner.lr,
            **runner.tracker.row(runner.t),
            "average_error": average_error,
            **held_out,
        }
        if measured.of_output is not None:
            row["objective_output"] = measured.of_output
            row["suboptimality_output"] = measured.of_output - f_star
        if not self.uses_gradients:
            row["min_grad_norm_sq"] = np.full_like(measured.objective, np.nan)
        for name in runner.solver.traced:
            value = getattr(runner.state, name)
            row[name] = value.max(axis=0) if value.ndim > 1 else value  # the largest of its parts
        self.recorder.write(row)
        self.row_at = runner.t

    def end(self, mask: Mask, status: Status, iteration: int | PerLane | Index) -> None:
        """Record how the lanes in `mask` ended, and their iterates if they are kept.

        `iteration` is that of the status, one for all or one for each running lane.
        """
        if not mask.any():
            return
        points: dict[str, Lanes] = {}
        # Where all end the arrays are used up; else views would keep those of all lanes alive.
        together = bool(mask.all())
        if self.job.keep_iterates and together:
            points = self.finished()
        at = np.broadcast_to(iteration, mask.shape)
        for lane in np.flatnonzero(mask).tolist():
            if self.job.keep_iterates and not together:
                points = self.copied(slice(lane, lane + 1))
            column = lane if together else 0
            self.recorder.end(
                lane, status, int(at[lane]), {name: A[:, column] for name, A in points.items()}
            )

    def finished(self) -> dict[str, Lanes]:
        """Return the last, average and best iterates of all lanes; the runner's are used up."""
        iterates, runner = self.sampler.iterates, self.runner
        last, average = iterates.finish(runner.W, runner.n_summed)
        return {"last": last, "average": average, "best": self.evaluator.best}

    def copied(self, lanes: slice) -> dict[str, Lanes]:
        """Return copies of the last, average and best iterates of some lanes."""
        iterates, runner = self.sampler.iterates, self.runner
        last = iterates.part(runner.W, lanes)
        count = runner.n_summed
        average = iterates.mean(runner.W, count, lanes) if count else last
        points = {"last": last, "average": average, "best": self.evaluator.best[:, lanes]}
        return {name: A.copy() for name, A in points.items()}

    def drop(self, mask: Mask) -> Index:
        """Drop the lanes in `mask`; return the former columns of the others and of the padding."""
        self.seed_of = self.seed_of[~mask]
        self.clock.keep(self.seed_of)
        columns = self.arrange_columns()
        self.recorder.drop(mask)
        if not self.n_running:
            return np.empty(0, dtype=np.intp)
        running = np.flatnonzero(~mask)
        if self.arrivals is not None:
            self.arrivals.keep(running)
        kept = columns.padded(running)
        self.runner.keep(kept)
        self.evaluator.keep(kept, columns)
        return kept

    def end_all(self, status: Status) -> None:
        """End every lane that is still running."""
        self.end(np.ones(self.n_running, dtype=np.bool_), status, self.runner.t)
