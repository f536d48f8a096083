"""From a plan to jobs: which lanes go through a problem together."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lrbench.jobs.base import Job
from lrbench.plan import LANE_MULTIPLE, Plan
from lrbench.prepare import Prepared
from lrbench.solvers.base import Solver

MEMORY_SHARE = 0.5
"""Of the free memory, for the lanes of all workers together."""

ARRAYS = 3
"""(n_features, n_lanes) arrays of a run beside the solver's state: iterate, sum, gradient."""

FEWEST = 16
"""Lanes of a block that is made smaller only to keep all workers busy."""

UNKNOWN_BYTES = 1 << 30
"""Taken as the free memory where the system does not tell."""

MEMINFO = Path("/proc/meminfo")
LIMIT = Path("/sys/fs/cgroup/memory.max")


def jobs_of(
    p: Prepared,
    ground: int,
    plan: Plan,
    wanted: Sequence[tuple[int, int, Sequence[float]]],
    *,
    workers: int,
    iterates: bool,
) -> Iterator[Job]:
    """Yield the jobs on one problem; their numbers are all 0.

    Parameters
    ----------
    p, ground
        The problem, and its place among the grounds.
    plan
        What to run on it.
    wanted
        (place of the solver in the plan, seed, initial learning rates) of each bundle.
    workers
        How many jobs run at a time.
    iterates
        Whether the runs keep their iterates.
    """
    budget = plan.budget(p.problem.n_samples, p.constants.delta0)
    for place, seed, lr0 in wanted:
        solver, spec = plan.built[place]
        for lanes in blocks(lr0, _width(p, plan, solver, len(lr0), len(wanted), workers)):
            yield Job(
                number=0,
                ground=ground,
                solver=solver,
                spec=spec,
                lr0=tuple(lanes),
                seed=seed,
                batch_size=plan.batch_size,
                sampling=plan.sampling,
                radius=plan.radius,
                budget=budget,
                multiple=plan.multiple,
                threads=plan.threads,
                iterates=iterates,
            )


def blocks(lr0: Sequence[float], width: int) -> Iterator[Sequence[float]]:
    """Yield the learning rates in blocks of at most `width`, about equally wide."""
    count = -(-len(lr0) // width)
    width = _rounded_up(-(-len(lr0) // max(1, count)))
    for start in range(0, len(lr0), width):
        yield lr0[start : start + width]


def _width(
    p: Prepared, plan: Plan, solver: Solver, n_lanes: int, bundles: int, workers: int
) -> int:
    """Return the most lanes of a block."""
    if not plan.sweep:
        return n_lanes  # the bits of a run depend on the lanes beside it
    if plan.lane_block is not None:
        return plan.lane_block
    lane = (ARRAYS + state_arrays(solver)) * p.problem.n_features * 8
    fits = int(MEMORY_SHARE * free_memory() / workers / lane) // LANE_MULTIPLE * LANE_MULTIPLE
    parts = -(-workers // bundles)
    busy = max(FEWEST, _rounded_up(-(-n_lanes // parts)))
    return max(LANE_MULTIPLE, min(fits, busy))


def _rounded_up(n_lanes: int) -> int:
    return -(-n_lanes // LANE_MULTIPLE) * LANE_MULTIPLE


def state_arrays(solver: Solver) -> int:
    """Return how many (n_features, n_lanes) arrays a solver's state holds."""
    state = solver.init(np.zeros((2, 1)), np.ones(1))
    return sum(1 for field in state if np.ndim(field) > 1)


def free_memory(meminfo: Path = MEMINFO, limit: Path = LIMIT) -> int:
    """Return the bytes of memory that can be had, those that only cache files among them.

    A container sees the memory of the whole machine, and what it may use of it in a file.
    """
    available, allowed = UNKNOWN_BYTES, math.inf
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = meminfo.read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        available = 1024 * int(line.split()[1])
    with contextlib.suppress(OSError, ValueError):
        allowed = int(limit.read_text())
    return int(min(available, allowed))
