"""The task of the lanes of a solver and a seed, and its budget."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lrbench.arrays import PerLane, Vector
from lrbench.config.solver_spec import SolverSpec
from lrbench.objective.constants import Constants, Sampling
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import Ball
from lrbench.objective.problem import Problem
from lrbench.solvers.base import Solver


@dataclass(frozen=True)
class Budget:
    """The length of a run, and the iterations at which it is measured.

    Parameters
    ----------
    iterations
        The number of steps T.
    checkpoints
        The iterations at which the trace has a row, among them 0 and T.
    target
        A lane ends at the first checkpoint whose suboptimality is at most this; None for never.
    averages
        The checkpoints at which F is also evaluated at the average; None for all of them.
    gradients
        Whether a checkpoint measures the norm of the gradient of F even if no step needs it.
    """

    iterations: int
    checkpoints: Sequence[int]
    target: float | None = None
    averages: Sequence[int] | None = None
    gradients: bool = True


def checkpoint_grid(iterations: int, per_decade: int) -> list[int]:
    """Return 0, the 1-2-5 series, `per_decade` points a decade, and `iterations` itself."""
    decades = math.log10(max(iterations, 1))
    fine = {round(10 ** (i / per_decade)) for i in range(math.floor(decades * per_decade) + 1)}
    coarse = {m * 10**e for e in range(math.floor(decades) + 1) for m in (1, 2, 5)}
    return sorted({0, iterations} | {t for t in fine | coarse if t < iterations})


@dataclass(frozen=True)
class Task:
    """The lanes of a solver and a seed, and how they are run.

    Parameters
    ----------
    problem, constants, w_star
        The objective, its constants, and its minimiser (None where there is none).
    solver, spec
        The step rule, and its name with all parameters.
    lr0
        The initial learning rates, (n_lanes,).
    minibatches
        None for full batches.
    ball
        The constraint, None without one.
    budget, seed
        The length of the run, and the seed that the run is labelled with.
    pad_to
        The number of columns is padded to a multiple of this. With 8 a lane has the same bits
        whatever other lanes run with it; with 1 nothing is padded.
    keep_iterates
        Whether the runs keep their last, average and best iterates.
    parameters
        The hyper-parameters that have a value for each lane, (n_lanes,) each.
    """

    problem: Problem
    constants: Constants
    w_star: Vector | None
    solver: Solver
    spec: SolverSpec
    lr0: PerLane
    minibatches: Minibatches | None
    ball: Ball | None
    budget: Budget
    seed: int
    pad_to: int = 1
    keep_iterates: bool = True
    parameters: Mapping[str, PerLane] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        problem: Problem,
        constants: Constants,
        w_star: Vector | None,
        solver: Solver,
        spec: SolverSpec,
        lr0: Sequence[float],
        *,
        seed: int,
        batch_size: int | None,
        sampling: Sampling,
        radius: float | None,
        budget: Budget,
        pad_to: int,
        keep_iterates: bool,
    ) -> Task:
        """Return the task of one seed: its minibatches, and the ball around w_0 if there is one."""
        minibatches = None
        if batch_size is not None:
            minibatches = Minibatches(problem.n_samples, batch_size, sampling, seed)
        return cls(
            problem=problem,
            constants=constants,
            w_star=w_star,
            solver=solver,
            spec=spec,
            lr0=np.array(lr0),
            minibatches=minibatches,
            ball=None if radius is None else Ball(problem.w0, radius),
            budget=budget,
            seed=seed,
            pad_to=pad_to,
            keep_iterates=keep_iterates,
        )
