"""From a task to its runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lrbench.bundle import Bundle
from lrbench.errors import RefutedError
from lrbench.results import Run, Status
from lrbench.solvers.base import asks_whole
from lrbench.task import Task

__all__ = ["Bundle", "run", "unstarted"]


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
        whole = asks_whole(task.solver)
        walk = task.problem.walk(task.w_star, task.ball, task.minibatches, whole=whole)
        bundle = Bundle(task, walk)
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
