"""The one loop: it steps the lanes of a task through a problem and records their traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Index, Lanes, Mask, PerLane, keep_freed_memory, norm_sq
from lrbench.engine.columns import Columns
from lrbench.engine.evaluator import evaluate, evaluate_average, objective_at
from lrbench.engine.recorder import Recorder
from lrbench.engine.subgradients import subgradient_error
from lrbench.engine.task import Task
from lrbench.engine.tracker import Tracker
from lrbench.objective.oracle import Count, Gradient, Iterate, MinibatchValues, Stopwatch, take
from lrbench.objective.problem import Sampler
from lrbench.results import Status
from lrbench.solvers.base import with_parameters
from lrbench.solvers.state import check_state, keep_lanes


class LaneLoop:
    """The loop over the steps of the lanes of a task, or of the same task for several seeds.

    The lanes stand in the columns that `Columns` describes; those behind the running lanes are
    padding.
    """

    def __init__(self, tasks: Sequence[Task], sampler: Sampler) -> None:
        task, c = tasks[0], tasks[0].constants
        self.task = task
        self.n_seeds = len(tasks)
        lr0_of_seeds = [seed_task.lr0 for seed_task in tasks]
        self.seed_of = np.repeat(np.arange(self.n_seeds), [len(lr0) for lr0 in lr0_of_seeds])
        """The seed of each running lane, as an index into the tasks."""
        keep_freed_memory()  # before the first large temporary array
        self.sampler = sampler
        columns = self.arrange_columns()
        self.n_running, n_lanes = len(self.seed_of), columns.n_lanes
        lanes = columns.padded(np.arange(self.n_running))
        self.lr0 = np.concatenate(lr0_of_seeds)[lanes]
        self.parameters = {
            name: np.concatenate([seed_task.parameters[name] for seed_task in tasks])[lanes]
            for name in task.parameters
        }
        """The hyper-parameters that have a value for each lane, (n_lanes,) each."""
        self.solver = with_parameters(task.solver, self.parameters)
        # The gradients of a proximal solver are those of the loss, and taken at other points.
        checked = None if task.solver.proximal else sampler.iterates
        self.tracker = Tracker(n_lanes, task.problem.w0, task.w_star, c.L, c.mu or c.mu_pl, checked)
        self.checks_gradients = checked is not None and task.minibatches is not None
        self.checked_oracle: MinibatchValues | None = None
        """The oracle of a step whose gradient is checked, until that gradient is observed."""
        self.recorder = Recorder(self.n_running, c)
        self.watch = Stopwatch()
        self.seconds = np.zeros(self.n_seeds)
        """Seconds of the steps of each seed: they are split evenly among the running lanes."""
        self.evaluation_seconds = np.zeros(self.n_seeds)
        """Seconds of evaluation of each seed, split in the same way."""
        self._split_seconds = 0.0
        self.t = 0
        self.n_summed = 0
        self.W: Iterate = self.sampler.iterates.start(n_lanes)
        self.lr = np.full(n_lanes, np.nan)
        self.best_objective = np.full(n_lanes, np.inf)
        # No rows where iterates are not kept: `take` works on the empty array all the same.
        self.best: Lanes = np.zeros((task.problem.n_features * task.keep_iterates, n_lanes))
        self.state: Any = None
        self.uses_gradients = task.minibatches is None and not task.solver.proximal
        """Whether the gradients of the steps are those of F."""
        self.output: Lanes | None = None
        """The solver's own answer at the present checkpoint; None where it is the iterate."""

    def arrange_columns(self) -> Columns:
        """Assign columns to the running lanes, and pass them to the sampler."""
        counts = np.bincount(self.seed_of, minlength=self.n_seeds)
        columns = Columns.of(counts.tolist(), self.task.pad_to)
        self.sampler.set_columns(columns.slices)
        return columns

    def go(self, stop: Callable[[int], bool]) -> None:
        """Step until the budget is used up, `stop` returns True, or no lane is left."""
        budget, sampler, tracker = self.task.budget, self.sampler, self.tracker
        self.state = self.solver.init(self.W, self.lr0, self.facts())
        check_state(self.solver, self.state, len(self.lr0))
        checkpoints = frozenset(budget.checkpoints)
        oracles = sampler.oracles(self.observe)
        for t in range(budget.iterations + 1):
            self.t = t
            if at_checkpoint := t in checkpoints:
                with self.evaluating():
                    self.checkpoint()
            if t == budget.iterations or not self.n_running:
                break
            if stop(t):
                return self.end_all(Status.INTERRUPTED, t)
            # Before the step: the average of the theorems is that of w_0, ..., w_{T-1}.
            sampler.iterates.accumulate(self.W)
            self.n_summed = t + 1
            self.watch.start()
            oracle = next(oracles)
            if at_checkpoint and self.checks_gradients and isinstance(oracle, MinibatchValues):
                self.checked_oracle = oracle
            oracle.begin(self.W)
            self.W, self.lr, self.state = self.solver.step(self.W, self.state, oracle)
            self.watch.stop()
            diverged = tracker.advance(t, self.lr)
            if oracle.off_path is not None:
                # Not `dense`, which computes anew what every lane carries by recurrences.
                tracker.measure(sampler.iterates.part(self.W, slice(None)), oracle.off_path)
            if diverged is not None:
                diverged = diverged[: self.n_running]
                self.end(diverged, Status.DIVERGED, t)
                self.drop(diverged)
                if diverged.all():
                    break
        return self.end_all(Status.COMPLETED, budget.iterations)

    def facts(self) -> dict[str, float]:
        """Return the numbers that the solver needs."""
        c = self.task.constants
        known = {"f_star": c.f_star, "L": c.L, "L_max": c.L_max, "mu": c.mu}
        known["horizon"] = self.task.budget.iterations
        return {name: known[name] for name in self.solver.needs if name in known}

    def observe(self, W: Iterate, gradient: Gradient) -> None:
        """Let the tracker measure a gradient off the clock, except for its norm."""
        gradient.norm_sq()  # on the clock, because adaptive solvers ask for it
        self.watch.stop()
        self.tracker.observe(W, gradient)
        if self.checked_oracle is not None and self.task.w_star is not None:
            oracle, self.checked_oracle = self.checked_oracle, None
            with self.evaluating():
                W_now = self.sampler.iterates.part(W, slice(None))
                slope, w_star = self.tracker.slope, self.task.w_star
                error = subgradient_error(oracle, W_now, gradient, slope, w_star)
                self.tracker.add_subgradient_error(error)
        self.watch.start()

    def split_time(self) -> None:
        """Split the seconds since the last call among the seeds of the running lanes."""
        self.seconds += (self.watch.seconds - self._split_seconds) * self.seed_fractions()
        self._split_seconds = self.watch.seconds

    def seed_fractions(self) -> NDArray[np.float64]:
        """Return the fraction of the running lanes that each seed has, (n_seeds,)."""
        counts = np.bincount(self.seed_of, minlength=self.n_seeds)
        fractions: NDArray[np.float64] = counts / len(self.seed_of)
        return fractions

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Count the time of the block as evaluation, except for gradients that a step needs."""
        # The fractions of the beginning: lanes may end inside the block.
        fractions, step_seconds, clock = self.seed_fractions(), self.watch.seconds, Stopwatch()
        clock.start()
        yield
        clock.stop()
        off_clock = clock.seconds - (self.watch.seconds - step_seconds)
        self.evaluation_seconds += off_clock * fractions

    def checkpoint(self) -> None:
        """Evaluate the objective and write a row; lanes may end here."""
        t, budget, iterates = self.t, self.task.budget, self.sampler.iterates
        W = iterates.dense(self.W)
        self.split_time()  # the gradient below belongs to the next step
        seconds = self.seconds[self.seed_of]
        G: Lanes | None = None
        self.output = output = self.solver.output(W, self.state)
        if self.uses_gradients and t < budget.iterations:
            self.watch.start()
            objective, G = self.task.problem.value_and_gradient(W, self.watch)
            self.watch.stop()
            grad_norm_sq = norm_sq(G)
        else:
            objective, grad_norm_sq = evaluate(self.task, W)
        of_output = None if output is None else objective_at(self.task, output)
        average, checksum = np.full((2, len(objective)), np.nan)
        if t > 0 and (budget.averages is None or t in budget.averages):
            average, checksum = evaluate_average(self.task, iterates, self.W, t, len(objective))
        average_error = self.tracker.average_error(t, checksum)
        self.tracker.measure(W)
        n = self.n_running  # without the padding, whose iterates may be those of no lane
        answer = objective if of_output is None else of_output
        self.recorder.refute(t, objective[:n], average[:n], answer[:n])
        self.keep_best(W, objective)
        if output is not None and of_output is not None:
            self.keep_best(output, of_output)
        self.write(W, seconds, objective, average, of_output, grad_norm_sq, average_error)
        measured = np.isfinite(grad_norm_sq) | (not budget.gradients)
        diverged: Mask = ~(np.isfinite(objective) & np.isfinite(answer) & measured)[:n]
        reached = np.zeros_like(diverged)
        if budget.target is not None:
            suboptimality = answer[:n] - self.task.constants.f_star
            reached = (suboptimality <= budget.target) & ~diverged
        if (ended := diverged | reached).any():
            self.recorder.retract(diverged)
            self.end(diverged, Status.DIVERGED, t)
            self.end(reached, Status.REACHED_TARGET, t)
            kept = self.drop(ended)  # last: `end` takes positions among the running lanes
            G = None if G is None else take(G, kept)
        if G is not None:  # with full batches the next step asks for this very gradient
            self.sampler.offer_gradient(G, self.W)

    def write(
        self,
        W: Lanes,
        seconds: PerLane,
        objective: PerLane,
        average: PerLane,
        of_output: PerLane | None,
        grad_norm_sq: PerLane,
        average_error: PerLane,
    ) -> None:
        """Write the trace's row of the present iteration, whose iterates are `W`."""
        t, f_star, meter = self.t, self.task.constants.f_star, self.sampler.meter
        row: dict[str, PerLane | Count | float] = {
            "iteration": t,
            "passes": (meter.sample_gradients + meter.sample_values) / self.task.problem.n_samples,
            "sample_gradients": meter.sample_gradients,
            "sample_values": meter.sample_values,
            "prox_calls": meter.prox_calls,
            "seconds": seconds,
            "objective": objective,
            "suboptimality": objective - f_star,
            "suboptimality_average": average - f_star,
            "suboptimality_best": self.best_objective - f_star,
            "grad_norm_sq": grad_norm_sq,
            "lr": self.lr,
            **self.tracker.row(t),
            "average_error": average_error,
            **self.task.problem.measures(W if self.output is None else self.output),
        }
        if of_output is not None:
            row["objective_output"], row["suboptimality_output"] = of_output, of_output - f_star
        if not self.uses_gradients:  # the gradients of the steps are not those of F
            row["min_grad_norm_sq"] = np.full_like(objective, np.nan)
        for name in self.solver.traced:
            row[name] = getattr(self.state, name)
        self.recorder.write(row)

    def keep_best(self, W: Lanes, objective: PerLane) -> None:
        """Keep the iterates with the least objective so far."""
        better = objective < self.best_objective
        if self.task.keep_iterates:
            np.copyto(self.best, W, where=better)
        self.best_objective = np.where(better, objective, self.best_objective)

    def end(self, mask: Mask, status: Status, iteration: int) -> None:
        """Record how the lanes in `mask` ended, and their iterates if they are kept."""
        iterates, W, count = self.sampler.iterates, self.W, self.n_summed
        if not mask.any():
            return
        if not self.task.keep_iterates:
            for lane in np.flatnonzero(mask).tolist():
                self.recorder.end(lane, status, iteration, {})
            return
        if mask.all():  # the arrays are used up: their columns need no copies
            last, average = iterates.finish(W, count)
            points = {"last": last, "average": average, "best": self.best}
            for lane in range(len(mask)):
                views = {k: v[:, lane] for k, v in points.items()}
                self.recorder.end(lane, status, iteration, views)
            return
        for lane in np.flatnonzero(mask).tolist():  # views would keep the arrays of all lanes alive
            column = slice(lane, lane + 1)
            last = iterates.part(W, column)
            points = {
                "last": last,
                "average": iterates.mean(W, count, column) if count else last,
                "best": self.best[:, column],
            }
            copies = {k: v[:, 0].copy() for k, v in points.items()}
            self.recorder.end(lane, status, iteration, copies)

    def drop(self, mask: Mask) -> Index:
        """Drop the lanes in `mask`; return the former columns of the others and of the padding."""
        self.split_time()  # these lanes ran until now
        self.seed_of = self.seed_of[~mask]
        kept = self.arrange_columns().padded(np.flatnonzero(~mask))
        self.recorder.drop(mask)
        self.n_running -= int(mask.sum())
        if len(kept):
            self.W = self.sampler.iterates.keep(self.W, kept)
            self.state = keep_lanes(self.state, kept)
            self.parameters = {name: take(v, kept) for name, v in self.parameters.items()}
            self.solver = with_parameters(self.task.solver, self.parameters)
            self.sampler.meter.keep(kept)
            self.tracker.keep(kept)
            self.best, self.lr = take(self.best, kept), take(self.lr, kept)
            self.best_objective = take(self.best_objective, kept)
        return kept

    def end_all(self, status: Status, iteration: int) -> None:
        """End every lane that is still running."""
        self.end(np.ones(self.n_running, dtype=np.bool_), status, iteration)
