"""A job: lanes of one solver and one seed that go through a problem together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np
from threadpoolctl import threadpool_limits

from lrbench import engine
from lrbench.arrays import Vector
from lrbench.constants import Constants, Sampling
from lrbench.control import Control
from lrbench.errors import LrbenchError
from lrbench.minibatches import Minibatches
from lrbench.oracle import Ball
from lrbench.problem import Problem
from lrbench.results import Run, Status
from lrbench.solver_spec import SolverSpec
from lrbench.solvers.base import Solver
from lrbench.task import Budget, Task


@dataclass(frozen=True, eq=False)
class Ground:
    """What all jobs on one problem share: it goes to a worker once."""

    problem: Problem
    constants: Constants
    w_star: Vector | None


@dataclass(frozen=True)
class Job:
    """Lanes of one solver and one seed.

    Parameters
    ----------
    number
        The place among all jobs of a plan.
    ground
        The place of its problem among the grounds.
    solver, spec
        The step rule, and its name with all parameters.
    lr0
        The initial learning rates, (n_lanes,).
    seed, batch_size, sampling, radius
        Of the setting; a batch size of None is full batches, a radius of None no ball.
    budget
        How long, and where the lanes are looked at.
    multiple
        What the number of lanes is padded to a multiple of.
    threads
        BLAS threads.
    iterates
        Whether the runs keep their last, average and best iterates.
    """

    number: int
    ground: int
    solver: Solver
    spec: SolverSpec
    lr0: tuple[float, ...]
    seed: int
    batch_size: int | None
    sampling: Sampling
    radius: float | None
    budget: Budget
    multiple: int
    threads: int
    iterates: bool

    def task(self, ground: Ground) -> Task:
        """Return what the engine is to do."""
        problem, minibatches = ground.problem, None
        if self.batch_size is not None:
            size = self.batch_size
            minibatches = Minibatches(problem.n_samples, size, self.sampling, self.seed)
        return Task(
            problem=problem,
            constants=ground.constants,
            w_star=ground.w_star,
            solver=self.solver,
            spec=self.spec,
            lr0=np.array(self.lr0),
            minibatches=minibatches,
            ball=None if self.radius is None else Ball(problem.w0, self.radius),
            budget=self.budget,
            seed=self.seed,
            multiple=self.multiple,
            iterates=self.iterates,
        )


Outcome: TypeAlias = Sequence[Run] | LrbenchError
"""A run a lane; or why there is none: the optimum is refuted."""


class Executor(Protocol):
    """Runs jobs, in any order; their results do not depend on which executor it is."""

    workers: int
    """How many jobs it runs at a time, as far as is known before it starts."""

    def __call__(
        self, jobs: Sequence[Job], grounds: Sequence[Ground], control: Control
    ) -> Iterator[tuple[Job, Outcome]]:
        """Yield each job and its outcome as it ends; after a stop, what is left as it is.

        Parameters
        ----------
        jobs, grounds
            What to do, and on what.
        control
            Stops it, and hears how far it is.
        """
        ...


def work(job: Job, ground: Ground, stop: Callable[[int], bool]) -> Outcome:
    """Run a job to its end, or until `stop` says so.

    What a solver raises is a row of the engine already; here comes what is raised around it, such
    as a `MemoryError` before the first step.
    """
    task = job.task(ground)
    if stop(0):
        return unstarted(job, ground)
    try:
        with threadpool_limits(job.threads, "blas"):
            return engine.run(task, stop)
    except LrbenchError as error:
        return error
    except Exception as error:
        return failed(job, ground, f"{type(error).__name__}: {error}".removesuffix(": "))


def first_line(error: object) -> str:
    """Return the first line of what an error says, or its name where it says nothing."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def unstarted(job: Job, ground: Ground) -> list[Run]:
    """Return the runs of a job as they are before it starts."""
    return engine.unstarted(job.task(ground))


def failed(job: Job, ground: Ground, cause: str) -> list[Run]:
    """Return the runs of a job that has none of its own, and why."""
    return [replace(r, status=Status.FAILED, error=cause) for r in unstarted(job, ground)]
