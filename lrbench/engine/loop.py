"""The one loop: a bundle of lanes goes through a problem, and its trace is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Index, Lanes, Mask, PerLane, keep_freed_memory, norm_sq
from lrbench.engine.columns import Columns, rounded_up
from lrbench.engine.recorder import Recorder
from lrbench.engine.task import Task
from lrbench.engine.tracker import Tracker
from lrbench.objective.oracle import Gradient, Iterate, Stopwatch, take
from lrbench.objective.problem import Sampler
from lrbench.results import Status
from lrbench.solvers.base import keep_lanes, proximal

EVALUATED_LANES, EVALUATED_ELEMENTS = 128, 1 << 19
"""Iterates and averages are evaluated for so many lanes, or (features x lanes), at a time."""


class LaneLoop:
    """The lanes of a task, or of the same task for several seeds, on their way.

    They stand as a `Columns` says: those beyond the running ones are padding.
    """

    def __init__(self, tasks: Sequence[Task], sampler: Sampler) -> None:
        task, c = tasks[0], tasks[0].constants
        self.task = task
        self.n_seeds = len(tasks)
        self.seed_of = np.repeat(np.arange(self.n_seeds), [len(each.lr0) for each in tasks])
        """Which of the seeds each running lane is of."""
        keep_freed_memory()
        self.sampler = sampler
        columns = self.arrange_columns()
        self.n_running, n_lanes = len(self.seed_of), columns.n_lanes
        lr0 = np.concatenate([each.lr0 for each in tasks])
        self.lr0 = lr0[columns.padded(np.arange(self.n_running))]
        self.tracker = Tracker(n_lanes, task.problem.w0, task.w_star, c.L, c.mu or c.mu_pl)
        self.recorder = Recorder(self.n_running, c)
        self.watch = Stopwatch()
        self.seconds = np.zeros(self.n_seeds)
        """The share of each seed of the time of all steps: the lanes that run share it evenly."""
        self.evaluation_seconds = np.zeros(self.n_seeds)
        """The same of evaluation."""
        self._shared = 0.0
        self.t = 0
        self.summed = 0
        self.W: Iterate = self.sampler.iterates.start(n_lanes)
        self.lr = np.full(n_lanes, np.nan)
        self.best_objective = np.full(n_lanes, np.inf)
        self.best: Lanes = np.zeros((task.problem.n_features * task.keep_iterates, n_lanes))
        self.state: Any = None
        self.reuses = task.minibatches is None and not proximal(task.solver)
        """Whether the next step asks for the very gradient that a checkpoint computes."""

    def arrange_columns(self) -> Columns:
        """Place the running lanes, and tell the sampler where they are."""
        counts = np.bincount(self.seed_of, minlength=self.n_seeds)
        columns = Columns.of(counts.tolist(), self.task.pad_to)
        self.sampler.set_columns(columns.slices)
        return columns

    def go(self, stop: Callable[[int], bool]) -> None:
        """Step until the budget is used up, `stop` says so, or no lane is left."""
        budget, sampler, tracker = self.task.budget, self.sampler, self.tracker
        self.state = self.task.solver.init(self.W, self.lr0)
        checkpoints = frozenset(budget.checkpoints)
        oracles = sampler.oracles(self.observe)
        for t in range(budget.iterations + 1):
            self.t = t
            if t in checkpoints:
                with self.evaluating():
                    self.checkpoint()
            if t == budget.iterations or not self.n_running:
                break
            if stop(t):
                return self.end_all(Status.INTERRUPTED, t)
            sampler.iterates.accumulate(self.W)
            self.summed = t + 1
            self.watch.start()
            oracle = next(oracles)
            self.W, self.lr, self.state = self.task.solver.step(self.W, self.state, oracle)
            self.watch.stop()
            lost = tracker.advance(t, self.lr)
            if oracle.off_path is not None:
                tracker.measure(sampler.iterates.part(self.W, slice(None)), oracle.off_path)
            if lost is not None:
                lost = lost[: self.n_running]
                self.end(lost, Status.DIVERGED, t)
                self.drop(lost)
                if lost.all():
                    break
        return self.end_all(Status.COMPLETED, budget.iterations)

    def observe(self, W: Iterate, gradient: Gradient) -> None:
        """Measure a gradient; its norm is on the clock, because adaptive solvers ask for it."""
        gradient.norm_sq()
        self.watch.stop()
        self.tracker.observe(W, gradient)
        self.watch.start()

    def split_time(self) -> None:
        """Share what the clock has counted since the last time among the lanes that run."""
        self.seconds += (self.watch.seconds - self._shared) * self.time_shares()
        self._shared = self.watch.seconds

    def time_shares(self) -> NDArray[np.float64]:
        """Return which share of the running lanes each seed has, (n_seeds,)."""
        counts = np.bincount(self.seed_of, minlength=self.n_seeds)
        time_shares: NDArray[np.float64] = counts / len(self.seed_of)
        return time_shares

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Count the block as evaluation, but for the gradients in it that a step needs anyway."""
        time_shares, before, clock = self.time_shares(), self.watch.seconds, Stopwatch()
        clock.start()
        yield
        clock.stop()
        spent = clock.seconds - (self.watch.seconds - before)
        self.evaluation_seconds += spent * time_shares

    def checkpoint(self) -> None:
        """Evaluate the objective and write a row; lanes may end here."""
        t, budget, iterates = self.t, self.task.budget, self.sampler.iterates
        W = iterates.dense(self.W)
        self.split_time()  # what follows belongs to the next step
        seconds = self.seconds[self.seed_of]
        G: Lanes | None = None
        if self.reuses and t < budget.iterations:
            self.watch.start()
            objective, G = self.task.problem.value_and_gradient(W, self.watch)
            self.watch.stop()
            grad_norm_sq = norm_sq(G)
        else:
            objective, grad_norm_sq = self.evaluate(W)
        averaged = t > 0 and (budget.averages is None or t in budget.averages)
        average = self.average_objective() if averaged else np.full_like(objective, np.nan)
        self.tracker.measure(W)
        n = self.n_running  # padding may go where no lane goes
        self.recorder.refute(t, objective[:n], average[:n])
        self.keep_best(W, objective)
        self.write(W, seconds, objective, average, grad_norm_sq)
        measured = np.isfinite(grad_norm_sq) | (not budget.gradients)
        lost: Mask = ~(np.isfinite(objective) & measured)[: self.n_running]
        reached = np.zeros_like(lost)
        if budget.target is not None:
            gap = objective[: self.n_running] - self.task.constants.f_star
            reached = (gap <= budget.target) & ~lost
        if (ended := lost | reached).any():
            self.recorder.retract(lost)
            self.end(lost, Status.DIVERGED, t)
            self.end(reached, Status.REACHED_TARGET, t)
            kept = self.drop(ended)
            G = None if G is None else take(G, kept)
        if G is not None:
            self.sampler.offer_gradient(G, self.W)

    def write(
        self,
        W: Lanes,
        seconds: PerLane,
        objective: PerLane,
        average: PerLane,
        grad_norm_sq: PerLane,
    ) -> None:
        """Write the row of the present iteration, whose iterates are `W`."""
        t, f_star = self.t, self.task.constants.f_star
        row: dict[str, PerLane | float] = {
            "iteration": t,
            "passes": self.sampler.meter.sample_gradients / self.task.problem.n_samples,
            "seconds": seconds,
            "objective": objective,
            "suboptimality": objective - f_star,
            "suboptimality_average": average - f_star,
            "suboptimality_best": self.best_objective - f_star,
            "grad_norm_sq": grad_norm_sq,
            "lr": self.lr,
            **self.tracker.row(t),
            **self.task.problem.measures(W),
        }
        if not self.reuses:
            row["min_grad_norm_sq"] = np.full_like(objective, np.nan)
        for name in self.task.solver.traced:
            row[name] = getattr(self.state, name)
        self.recorder.write(row)

    def evaluate(self, W: Lanes) -> tuple[PerLane, PerLane]:
        """Return F and the squared norm of its gradient at `W`; NaN where it is not wanted."""
        seen, problem = [], self.task.problem
        for lanes in self.lane_slices():
            part = np.ascontiguousarray(W[:, lanes])
            if self.task.budget.gradients:
                objective, G = problem.value_and_gradient(part)
                seen.append((objective, norm_sq(G)))
            else:
                objective = problem.value(part)
                seen.append((objective, np.full_like(objective, np.nan)))
        objectives, norms = zip(*seen, strict=True)
        return np.concatenate(objectives), np.concatenate(norms)

    def average_objective(self) -> PerLane:
        """Return F at the running average of every lane."""
        mean, value = self.sampler.iterates.mean, self.task.problem.value
        return np.concatenate([value(mean(self.W, self.t, lanes)) for lanes in self.lane_slices()])

    def lane_slices(self) -> Iterator[slice]:
        """Yield lanes that are evaluated together, about as many each time."""
        n_lanes, pad_to = len(self.lr), self.task.pad_to
        most = min(EVALUATED_LANES, EVALUATED_ELEMENTS // self.task.problem.n_features)
        count = -(-n_lanes // max(pad_to, most // pad_to * pad_to))
        width = rounded_up(-(-n_lanes // count), pad_to)
        return (slice(k, k + width) for k in range(0, n_lanes, width))

    def keep_best(self, W: Lanes, objective: PerLane) -> None:
        """Keep the iterates that are the best so far."""
        better = objective < self.best_objective
        if self.task.keep_iterates:
            np.copyto(self.best, W, where=better)
        self.best_objective = np.where(better, objective, self.best_objective)

    def end(self, mask: Mask, status: Status, iteration: int) -> None:
        """Note how the lanes in `mask` ended."""
        iterates, W, count = self.sampler.iterates, self.W, self.summed
        if not mask.any():
            return
        if not self.task.keep_iterates:
            for lane in np.flatnonzero(mask).tolist():
                self.recorder.end(lane, status, iteration, {})
            return
        if mask.all():
            last, average = iterates.finish(W, count)
            for lane in range(len(mask)):
                points = {"last": last, "average": average, "best": self.best}
                self.recorder.end(
                    lane, status, iteration, {k: v[:, lane] for k, v in points.items()}
                )
            return
        for lane in np.flatnonzero(mask).tolist():  # views would keep the whole bundle alive
            one = slice(lane, lane + 1)
            last = iterates.part(W, one)
            points = {
                "last": last,
                "average": iterates.mean(W, count, one) if count else last,
                "best": self.best[:, one],
            }
            copies = {k: v[:, 0].copy() for k, v in points.items()}
            self.recorder.end(lane, status, iteration, copies)

    def drop(self, mask: Mask) -> Index:
        """Go on without the lanes in `mask`; return where the others were, padding included."""
        self.split_time()
        self.seed_of = self.seed_of[~mask]
        kept = self.arrange_columns().padded(np.flatnonzero(~mask))
        self.recorder.running[np.flatnonzero(self.recorder.running)[mask]] = False
        self.n_running -= int(mask.sum())
        if len(kept):
            self.W = self.sampler.iterates.keep(self.W, kept)
            self.state = keep_lanes(self.state, kept)
            self.tracker.keep(kept)
            self.best, self.lr = take(self.best, kept), take(self.lr, kept)
            self.best_objective = take(self.best_objective, kept)
        return kept

    def end_all(self, status: Status, iteration: int) -> None:
        """End every lane that is still running."""
        self.end(np.ones(self.n_running, dtype=np.bool_), status, iteration)
