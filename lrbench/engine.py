"""The one loop: a bundle of lanes goes through a problem, and its trace is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from lrbench.arrays import Lanes, Mask, PerLane, norm_sq
from lrbench.errors import RefutedError
from lrbench.ledger import Ledger
from lrbench.oracle import Gradient, Iterate, Stopwatch
from lrbench.results import Run, Status
from lrbench.solvers.base import asks_whole, keep_lanes, proximal
from lrbench.task import Task
from lrbench.tracking import Tracker

MEAN_ELEMENTS = 1 << 20
"""Averages are evaluated for so many (features x lanes) at a time."""


def run(task: Task, stop: Callable[[int], bool] = lambda t: False) -> list[Run]:
    """Run all lanes of one solver and one seed; return one `Run` a lane, in the order of lr0.

    Parameters
    ----------
    task
        What to do.
    stop
        Called before step t with t; True interrupts all lanes that are still running.

    Raises
    ------
    RefutedError
        If the objective falls below f_star - f_star_error.
    """
    with np.errstate(all="ignore"):
        bundle = Bundle(task)
        error = None
        try:
            bundle.go(stop)
        except RefutedError:
            raise
        except Exception as e:  # a solver may raise anything: its lanes are rows all the same
            error = f"{type(e).__name__}: {e}"
            bundle.end_all(Status.FAILED, bundle.t)
    ends = [bundle.ledger.ended[lane] for lane in range(len(task.lr0))]
    return [
        replace(
            blank,
            status=end.status,
            status_at=end.iteration,
            error=error if end.status is Status.FAILED else None,
            trace=bundle.ledger.trace(lane),
            iterates=end.iterates,
            evaluation_seconds=bundle.evaluation.seconds,
        )
        for lane, (blank, end) in enumerate(zip(unstarted(task), ends, strict=True))
    ]


def unstarted(task: Task) -> list[Run]:
    """Return the runs of a task as they are before it starts: interrupted, with no checkpoint."""
    minibatches = task.minibatches
    return [
        Run(
            solver=task.spec,
            lr0=float(lr0),
            setting="batch" if minibatches is None else "stochastic",
            batch_size=task.problem.n_samples if minibatches is None else minibatches.batch_size,
            sampling=None if minibatches is None else minibatches.sampling,
            seed=task.seed,
            status=Status.INTERRUPTED,
            status_at=0,
            trace={},
        )
        for lr0 in task.lr0
    ]


class Bundle:
    """The lanes of a task on their way."""

    def __init__(self, task: Task) -> None:
        n_lanes, c = len(task.lr0), task.constants
        self.task = task
        whole = asks_whole(task.solver)
        self.walk = task.problem.walk(task.w_star, task.ball, task.minibatches, whole=whole)
        self.tracker = Tracker(n_lanes, task.problem.w0, task.w_star, c.L, c.mu or c.mu_pl)
        self.ledger = Ledger(n_lanes, c)
        self.watch = Stopwatch()
        self.evaluation = Stopwatch()
        self.t = 0
        self.summed = 0
        self.W: Iterate = self.walk.iterates.start(n_lanes)
        self.lr = np.full(n_lanes, np.nan)
        self.best_objective = np.full(n_lanes, np.inf)
        self.best: Lanes = np.zeros((task.problem.n_features, n_lanes))
        self.state: Any = None
        self.reuses = task.minibatches is None and not proximal(task.solver)
        """Whether the next step asks for the very gradient that a checkpoint computes."""

    def go(self, stop: Callable[[int], bool]) -> None:
        """Step until the budget is used up, `stop` says so, or no lane is left."""
        budget, walk, tracker = self.task.budget, self.walk, self.tracker
        self.state = self.task.solver.init(self.W, self.task.lr0)
        checkpoints = frozenset(budget.checkpoints)
        oracles = walk.oracles(self.observe)
        for t in range(budget.iterations + 1):
            self.t = t
            if t in checkpoints:
                with self.evaluating():
                    self.checkpoint()
            if t == budget.iterations or not self.ledger.running.any():
                break
            if stop(t):
                return self.end_all(Status.INTERRUPTED, t)
            walk.iterates.accumulate(self.W)
            self.summed = t + 1
            self.watch.start()
            oracle = next(oracles)
            self.W, self.lr, self.state = self.task.solver.step(self.W, self.state, oracle)
            self.watch.stop()
            lost = tracker.advance(t, self.lr)
            if not oracle.plain:
                tracker.measure(walk.iterates.dense(self.W))
            if lost is not None:
                self.end(lost, Status.DIVERGED, t)
                if lost.all():
                    break
        return self.end_all(Status.COMPLETED, budget.iterations)

    def observe(self, W: Iterate, gradient: Gradient) -> None:
        """Measure a gradient; its norm is on the clock, because adaptive solvers ask for it."""
        gradient.norm_sq()
        with self.watch.paused():
            self.tracker.observe(W, gradient)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Count the block as evaluation, but for the gradients in it that a step needs anyway."""
        before = self.watch.seconds
        self.evaluation.start()
        yield
        self.evaluation.stop()
        self.evaluation.seconds -= self.watch.seconds - before

    def checkpoint(self) -> None:
        """Evaluate the objective and write a row; lanes may end here."""
        t, budget, iterates = self.t, self.task.budget, self.walk.iterates
        W = iterates.dense(self.W)
        seconds = self.watch.seconds  # what follows belongs to the next step
        if self.reuses and t < budget.iterations:
            self.watch.start()
            objective, G = self.task.problem.value_and_gradient(W, self.watch)
            self.watch.stop()
        else:
            objective, G = self.task.problem.value_and_gradient(W)
        average = self.average_objective() if t else np.full_like(objective, np.nan)
        grad_norm_sq = norm_sq(G)
        self.tracker.measure(W)
        self.ledger.refute(t, objective, average)
        self.remember_best(W, objective)
        self.write(W, seconds, objective, average, grad_norm_sq)
        ended = ~(np.isfinite(objective) & np.isfinite(grad_norm_sq))
        if ended.any():
            self.ledger.retract(ended)
            self.end(ended, Status.DIVERGED, t)
            G, objective = np.compress(~ended, G, axis=1), objective[~ended]
        if budget.target is not None:
            ended = objective - self.task.constants.f_star <= budget.target
            if ended.any():
                self.end(ended, Status.REACHED_TARGET, t)
                G = np.compress(~ended, G, axis=1)
        if self.reuses and t < budget.iterations:
            self.walk.offer(G, self.W)

    def write(
        self, W: Lanes, seconds: float, objective: PerLane, average: PerLane, grad_norm_sq: PerLane
    ) -> None:
        """Write the row of the present iteration, whose iterates are `W`."""
        t, f_star = self.t, self.task.constants.f_star
        row: dict[str, PerLane | float] = {
            "iteration": t,
            "passes": self.walk.meter.sample_gradients / self.task.problem.n_samples,
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
        self.ledger.write(row)

    def average_objective(self) -> PerLane:
        """Return F at the running average of every lane."""
        n_lanes = len(self.lr)
        width = max(1, MEAN_ELEMENTS // self.task.problem.n_features)
        return np.concatenate(
            [
                self.task.problem.value(
                    self.walk.iterates.mean(self.W, self.t, slice(k, k + width))
                )
                for k in range(0, n_lanes, width)
            ]
        )

    def remember_best(self, W: Lanes, objective: PerLane) -> None:
        """Keep the iterates that are the best so far."""
        better = objective < self.best_objective
        np.copyto(self.best, W, where=better)
        self.best_objective = np.where(better, objective, self.best_objective)

    def end(self, mask: Mask, status: Status, iteration: int) -> None:
        """End the lanes in `mask` and go on with the others."""
        iterates, keep = self.walk.iterates, ~mask
        last = iterates.dense(self.W)
        for lane in np.flatnonzero(mask).tolist():
            average = last[:, lane]
            if self.summed:
                average = iterates.mean(self.W, self.summed, slice(lane, lane + 1))[:, 0]
            points = {"last": last[:, lane], "average": average, "best": self.best[:, lane]}
            # Where other lanes go on, a view would keep the whole bundle alive.
            kept = {k: v.copy() for k, v in points.items()} if keep.any() else points
            self.ledger.end(lane, status, iteration, kept)
        self.ledger.running[np.flatnonzero(self.ledger.running)[mask]] = False
        if keep.any():
            self.W = iterates.keep(self.W, keep)
            self.state = keep_lanes(self.state, keep)
            self.tracker.keep(keep)
            self.best = np.compress(keep, self.best, axis=1)
            self.lr, self.best_objective = self.lr[keep], self.best_objective[keep]

    def end_all(self, status: Status, iteration: int) -> None:
        """End every lane that is still running."""
        if self.ledger.running.any():
            self.end(np.ones(self.ledger.running.sum(), dtype=np.bool_), status, iteration)
