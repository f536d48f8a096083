"""From a plan to jobs: which lanes go through a problem together."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from lrbench.engine.columns import rounded_up
from lrbench.experiment.jobs.base import Job, SeedLanes
from lrbench.objective.linear.matrix import CHUNK_BYTES, FEW_FEATURES
from lrbench.objective.problem import Problem
from lrbench.plan.plan import LANE_MULTIPLE, Plan
from lrbench.plan.prepare import Prepared
from lrbench.solvers.base import Solver

MEMORY_SHARE = 0.5
"""Of the free memory, for the lanes of all workers together."""

ARRAYS = 3
"""(n_features, n_lanes) arrays of a run beside the solver's state: iterate, sum, gradient."""

CACHED_NUMBERS = 1 << 15
"""The most numbers (n_features x lanes, and samples x lanes) of seeds that go together: arrays of
this size stay in a core's cache."""

ROUNDS = 4
"""A worker does its share in about so many jobs, if there are as many seeds: what is under way is
lost when the command is stopped."""

FEWEST = 16
"""Lanes of a block that is made smaller only to keep all workers busy."""

UNKNOWN_BYTES = 1 << 30
"""Taken as the free memory where the system does not tell."""

MEMINFO = Path("/proc/meminfo")
LIMIT = Path("/sys/fs/cgroup/memory.max")


def jobs_of(
    p: Prepared,
    problem_index: int,
    plan: Plan,
    wanted: Sequence[tuple[int, int, Sequence[float]]],
    *,
    workers: int,
    keep_iterates: bool,
) -> Iterator[Job]:
    """Yield the jobs on one problem, those with the first seeds first; their numbers are all 0.

    Parameters
    ----------
    p, problem_index
        The problem, and its index among the shared problems.
    plan
        What to run on it.
    wanted
        (index of the solver in the plan, seed, initial learning rates) of each solver and seed.
    workers
        How many jobs run at a time.
    keep_iterates
        Whether the runs keep their iterates.

    Notes
    -----
    The learning rates of a solver and a seed are cut into blocks, as wide as memory allows and
    narrow enough to keep all workers busy. The blocks of a solver, seed by seed, are then dealt out
    evenly to its jobs.
    """
    if not wanted:
        return
    problem = p.problem
    solvers = [plan.built[index][0] for index in {index for index, *_ in wanted}]
    most = min(most_lanes(problem.n_features, plan, solver, workers) for solver in solvers)
    blocks_of: dict[int, list[SeedLanes]] = {}
    for index, seed, lr0 in wanted:
        width = len(lr0)
        if plan.sweep:  # a run is never cut: its bits depend on the lanes beside it
            width = min(most, _busy(width, len(wanted), workers))
        blocks_of.setdefault(index, []).extend((seed, tuple(b)) for b in blocks(lr0, width))
    widest = max(len(lr0) for *_, lr0 in wanted)
    per_job = seeds_per_job(problem, plan, widest, len(wanted), most=most, workers=workers)
    n_jobs = _jobs_per_solver(blocks_of, per_job, workers)
    shares = [(k, lanes) for k, own in blocks_of.items() for lanes in _evenly(own, n_jobs)]
    # The first seeds come first, so that a sweep that is stopped has all solvers on some seeds.
    for index, lanes in sorted(shares, key=lambda share: share[1][0][0]):
        solver, spec = plan.built[index]
        yield Job(
            number=0,
            problem_index=problem_index,
            solver=solver,
            spec=spec,
            lanes=lanes,
            batch_size=plan.batch_size,
            sampling=plan.sampling,
            radius=plan.radius,
            budget=plan.budget(problem.n_samples, p.constants.delta0),
            pad_to=plan.pad_to,
            threads=plan.threads,
            keep_iterates=keep_iterates,
        )


def _jobs_per_solver(
    blocks_of: Mapping[int, Sequence[SeedLanes]], per_job: int, workers: int
) -> int:
    """Return into how many jobs the blocks of each solver are dealt, `per_job` in each at most.

    With a few more jobs than that, their number is a multiple of the workers where it can be: then
    no worker waits for another one's last job.
    """
    longest = max(map(len, blocks_of.values()))
    n_jobs = -(-longest // per_job)
    while n_jobs * len(blocks_of) % workers and n_jobs < longest:
        n_jobs += 1
    return n_jobs


def blocks(lr0: Sequence[float], width: int) -> Iterator[Sequence[float]]:
    """Yield the learning rates in blocks of at most `width`, about equally wide."""
    count = -(-len(lr0) // width)
    width = rounded_up(-(-len(lr0) // max(1, count)), LANE_MULTIPLE)
    for start in range(0, len(lr0), width):
        yield lr0[start : start + width]


def _evenly(seed_blocks: Sequence[SeedLanes], n_jobs: int) -> Iterator[tuple[SeedLanes, ...]]:
    """Yield the blocks of at most `n_jobs` jobs, about as many in each."""
    n_jobs = min(n_jobs, len(seed_blocks))
    ends = [len(seed_blocks) * k // n_jobs for k in range(n_jobs + 1)]
    return (tuple(seed_blocks[a:b]) for a, b in itertools.pairwise(ends))


def seeds_per_job(
    problem: Problem, plan: Plan, n_lanes: int, n_solver_seeds: int, *, most: int, workers: int
) -> int:
    """Return how many seeds of a solver may make a job: they share the calls of a step.

    Parameters
    ----------
    problem, plan
        What to run on what.
    n_lanes, bundles
        The lanes of a seed, and for how many solvers and seeds.
    most
        The lanes that may go together.
    workers
        How many jobs run at a time: each gets as much to do.
    """
    if not plan.sweep or plan.batch_size is None or problem.n_features > FEW_FEATURES:
        return 1
    cached = CACHED_NUMBERS // max(problem.n_features, plan.batch_size)
    lanes = plan.lane_block or min(most, cached)
    fitting = max(1, lanes // rounded_up(n_lanes, LANE_MULTIPLE))
    if plan.sampling == "reshuffle":  # each seed keeps a permutation of all samples
        fitting = min(fitting, max(1, CHUNK_BYTES // (8 * problem.n_samples)))
    rounds = max(ROUNDS, -(-n_solver_seeds // (fitting * workers)))
    return min(plan.replicates, -(-n_solver_seeds // (rounds * workers)))


def most_lanes(n_features: int, plan: Plan, solver: Solver, workers: int) -> int:
    """Return the most lanes that go together in a sweep: as many as the plan allows, or fit."""
    if plan.lane_block is not None:
        return plan.lane_block
    lane = (ARRAYS + state_arrays(solver)) * n_features * 8
    fits = int(MEMORY_SHARE * free_memory() / workers / lane)
    return max(1, fits // LANE_MULTIPLE) * LANE_MULTIPLE


def _busy(n_lanes: int, n_solver_seeds: int, workers: int) -> int:
    """Return the width of a block that leaves some for every worker."""
    parts = -(-workers // n_solver_seeds)
    return max(FEWEST, rounded_up(-(-n_lanes // parts), LANE_MULTIPLE))


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
