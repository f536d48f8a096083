"""A job: lanes of one solver that run together, and the problem that they run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from lrbench.arrays import Vector
from lrbench.config.solver_spec import SolverSpec
from lrbench.engine.budget import Budget
from lrbench.objective.constants import Constants, Sampling
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import Ball
from lrbench.objective.problem import Problem
from lrbench.solvers.base import Solver

T = TypeVar("T")


def hyper_parameters(over: Mapping[str, T]) -> dict[str, T]:
    """Return what varies without lr0, which is no hyper-parameter of a solver."""
    return {name: value for name, value in over.items() if name != "lr0"}


class SeedLanes(NamedTuple):
    """The lanes that are run with a seed."""

    seed: int
    lr0: tuple[float | None, ...]
    """The initial learning rate of each lane; None where the method has none."""
    over: Mapping[str, tuple[float, ...]] = {}
    """The values that the command gives to each lane, by parameter; none for lr0 alone, and where
    nothing varies.

    One of them may be lr0, from which that of the lane may follow: `Solver.lr0_at`."""

    @property
    def parameters(self) -> dict[str, tuple[float, ...]]:
        """The hyper-parameters that have a value for each lane."""
        return hyper_parameters(self.over)

    def values(self, lane: int) -> dict[str, float]:
        """Return the values of `over` for one lane."""
        return {name: values[lane] for name, values in self.over.items()}


@dataclass(frozen=True, eq=False)
class SharedProblem:
    """What all jobs on one problem share; it is sent to a worker once.

    Parameters
    ----------
    problem, constants
        The objective, and its constants.
    w_star
        Its minimiser, (n_features,); None where there is none.
    """

    problem: Problem
    constants: Constants
    w_star: Vector | None


@dataclass(frozen=True)
class Job:
    """Lanes of one solver, of one or several seeds.

    Parameters
    ----------
    solver, spec
        The step rule, and its name with all parameters.
    lanes
        The lanes of each seed.
    batch_size, sampling, radius
        The setting. A batch size of None stands for full batches, a radius of None for no ball.
    budget
        The length of the runs, their target, and their checkpoints.
    pad_to
        The number of columns is padded to a multiple of this. With 8 a lane has the same bits
        whatever other lanes run with it; with 1 nothing is padded.
    threads
        BLAS threads.
    keep_iterates
        Whether the runs keep their last, average and best iterates.
    compiled
        Whether compiled steps are used where they are possible.
    number
        The index among all jobs of a plan.
    problem_index
        The index of its problem among the shared problems.
    """

    solver: Solver
    spec: SolverSpec
    lanes: tuple[SeedLanes, ...]
    batch_size: int | None
    sampling: Sampling
    radius: float | None
    budget: Budget
    pad_to: int = 1
    threads: int = 1
    keep_iterates: bool = True
    compiled: bool = False
    number: int = 0
    problem_index: int = 0

    def by_seed(self) -> list[Job]:
        """Return a job for each seed, with the same number."""
        return [replace(self, lanes=(lanes,)) for lanes in self.lanes]

    @property
    def n_lanes(self) -> int:
        """The number of lanes of all seeds."""
        return sum(len(lanes.lr0) for lanes in self.lanes)

    def minibatches(self, problem: Problem) -> list[Minibatches]:
        """Return the minibatches of each seed; none for full batches."""
        if self.batch_size is None:
            return []
        return [
            Minibatches(problem.n_samples, self.batch_size, self.sampling, lanes.seed)
            for lanes in self.lanes
        ]

    def ball(self, problem: Problem) -> Ball | None:
        """Return the ball around w_0; None without one."""
        return None if self.radius is None else Ball(problem.w0, self.radius)
