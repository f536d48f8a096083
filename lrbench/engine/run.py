"""From a task to its runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lrbench.engine.loop import LaneLoop
from lrbench.engine.task import Task
from lrbench.errors import RefutedError
from lrbench.results import Run, Status
from lrbench.solvers.base import needs_dense_gradient

__all__ = ["LaneLoop", "run_lanes", "unstarted_runs"]


def run_lanes(*tasks: Task, stop: Callable[[int], bool] = lambda t: False) -> list[Run]:
    """Run all lanes of one solver and one or several seeds together; return one `Run` a lane.

    Parameters
    ----------
    tasks
        What to do: one task a seed. They differ in their initial learning rates, their seed and
        their minibatches only.
    stop
        Called before step t with t; True interrupts all lanes that are still running.

    Raises
    ------
    RefutedError
        If the objective falls below f_star - f_star_error.
    """
    with np.errstate(all="ignore"):
        task = tasks[0]
        minibatches = [each.minibatches for each in tasks if each.minibatches is not None]
        dense_gradient = needs_dense_gradient(task.solver)
        sampler = task.problem.sampler(
            task.w_star, task.ball, minibatches, dense_gradient=dense_gradient
        )
        loop = LaneLoop(tasks, sampler)
        error = None
        try:
            loop.go(stop)
        except RefutedError:
            raise
        except Exception as e:  # a solver may raise anything: its lanes are rows all the same
            error = f"{type(e).__name__}: {e}"
            loop.end_all(Status.FAILED, loop.t)
    seeds = [k for k, each in enumerate(tasks) for _ in each.lr0]
    blanks = [blank for each in tasks for blank in unstarted_runs(each)]
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
