"""Run the lanes of tasks, and return their runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lrbench.engine.loop import LaneLoop
from lrbench.engine.task import Task
from lrbench.errors import RefutedError
from lrbench.results import Run, Status

__all__ = ["LaneLoop", "run_lanes", "unstarted_runs"]


def run_lanes(*tasks: Task, stop: Callable[[int], bool] = lambda t: False) -> list[Run]:
    """Run all lanes of a solver and of one or several seeds together; return a `Run` for each.

    Parameters
    ----------
    tasks
        One task for each seed. They differ only in their initial learning rates, their seed and
        their minibatches.
    stop
        Called with t before step t; True interrupts all lanes that are still running.

    Raises
    ------
    RefutedError
        If the objective falls below f_star - f_star_error.
    """
    with np.errstate(all="ignore"):  # a lane that overflows has diverged: a status, no warning
        task = tasks[0]
        minibatches = [task.minibatches for task in tasks if task.minibatches is not None]
        sampler = task.problem.sampler(
            task.w_star,
            task.ball,
            minibatches,
            dense_iterates=task.solver.dense_iterates,
            seeds=[task.seed for task in tasks],
        )
        loop = LaneLoop(tasks, sampler)
        error = None
        try:
            loop.go(stop)
        except RefutedError:  # concerns the problem, not this solver
            raise
        except Exception as e:  # a solver may raise anything: its lanes are runs that failed
            error = f"{type(e).__name__}: {e}"
            loop.end_all(Status.FAILED, loop.t)
    seeds = [seed for seed, task in enumerate(tasks) for _ in task.lr0]
    blanks = [blank for task in tasks for blank in unstarted_runs(task)]
    ends = [loop.recorder.ended[lane] for lane in range(len(blanks))]
    return [
        replace(
            blank,
            status=end.status,
            status_at=end.iteration,
            error=error if end.status is Status.FAILED else None,
            trace=loop.recorder.trace(lane),
            iterates=end.iterates,
            evaluation_seconds=float(loop.evaluation_seconds[seed]),
        )
        for lane, (seed, blank, end) in enumerate(zip(seeds, blanks, ends, strict=True))
    ]


def unstarted_runs(task: Task) -> list[Run]:
    """Return the runs of a task that was not started: interrupted, with no checkpoint."""
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
