"""Run the lanes of a job, and return their runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lrbench.arrays import Vector
from lrbench.engine.cause import cause_of
from lrbench.engine.job import Job, SharedProblem, hyper_parameters
from lrbench.engine.loop import LaneLoop
from lrbench.errors import RefutedError
from lrbench.objective.problem import Problem, Reparametrised
from lrbench.results import Run, Status
from lrbench.solvers.base import with_parameters

__all__ = ["LaneLoop", "run_lanes", "unstarted_runs"]


def run_lanes(
    job: Job, shared: SharedProblem, stop: Callable[[int], bool] = lambda t: False
) -> list[Run]:
    """Run all lanes of a job together; return a `Run` for each.

    Parameters
    ----------
    job, shared
        What is run, and on which problem.
    stop
        Called with t before step t; True interrupts all lanes that are still running.

    Raises
    ------
    RefutedError
        If the objective falls below f_star - f_star_error.
    """
    if job.solver.outside:
        return _run_outside(job, shared, stop)
    with np.errstate(all="ignore"):  # a lane that overflows has diverged: a status, no warning
        loop = LaneLoop(job, shared)
        error = None
        try:
            loop.go(stop)
        except RefutedError:  # concerns the problem, not this solver
            raise
        # A solver may raise anything, and call exit(): its lanes are runs that failed.
        except (Exception, SystemExit) as e:
            error = cause_of(e, job.solver, loop.runner.t)
            loop.end_all(Status.FAILED)
        finally:
            loop.runner.close()
    seeds = [seed for seed, lanes in enumerate(job.lanes) for _ in lanes.lr0]
    seconds = loop.clock.evaluation_seconds.tolist()
    ends = [loop.recorder.ended[lane] for lane in range(len(seeds))]
    return [
        Run(
            **known,
            status=end.status,
            status_at=end.iteration,
            error=error if end.status is Status.FAILED else None,
            trace=loop.recorder.trace(lane),
            iterates=_weights(shared.problem, end.iterates),
            evaluation_seconds=seconds[seed],
        )
        for lane, (seed, known, end) in enumerate(
            zip(seeds, _known(job, shared), ends, strict=True)
        )
    ]


def _run_outside(job: Job, shared: SharedProblem, stop: Callable[[int], bool]) -> list[Run]:
    """Run the lanes of an outside solver one after the other."""
    from lrbench.engine.outside import OutsideRun  # few runs need it

    runs = []
    with np.errstate(all="ignore"):
        for blank in unstarted_runs(job, shared):
            solver = with_parameters(job.solver, hyper_parameters(blank.over))
            lane = OutsideRun(replace(job, solver=solver), shared, blank.seed, stop)
            end, trace, error = lane.go(blank.lr0)
            runs.append(
                replace(
                    blank,
                    status=end.status,
                    status_at=end.iteration,
                    error=error,
                    trace=trace,
                    iterates=_weights(shared.problem, end.iterates),
                    evaluation_seconds=lane.evaluation_seconds,
                )
            )
    return runs


def _weights(problem: Problem, iterates: Mapping[str, Vector]) -> Mapping[str, Vector]:
    """Return the weights at some iterates: of most problems these themselves."""
    if not isinstance(problem, Reparametrised):
        return iterates
    with np.errstate(all="ignore"):  # of a lane that overflows
        return {name: problem.weights(w[:, None])[:, 0] for name, w in iterates.items()}


def unstarted_runs(job: Job, shared: SharedProblem) -> list[Run]:
    """Return the runs of a job that was not started: interrupted, with no checkpoint."""
    return [
        Run(**known, status=Status.INTERRUPTED, status_at=0, trace={})
        for known in _known(job, shared)
    ]


def _known(job: Job, shared: SharedProblem) -> Iterator[dict[str, Any]]:
    """Yield what is known of the run of each lane before it starts."""
    batch = job.batch_size is None
    setting = {
        "setting": "batch" if batch else "stochastic",
        "batch_size": shared.problem.n_samples if batch else job.batch_size,
        "sampling": None if batch else job.sampling,
    }
    for lanes in job.lanes:
        for k, lr0 in enumerate(lanes.lr0):
            over = lanes.values(k)
            solver = job.spec.at(hyper_parameters(over))
            rate = None if lr0 is None else float(lr0)
            yield {**setting, "solver": solver, "lr0": rate, "over": over, "seed": lanes.seed}
