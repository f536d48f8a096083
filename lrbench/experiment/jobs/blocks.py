"""The jobs of a plan: which lanes run together."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from lrbench.engine.columns import rounded_up
from lrbench.engine.compiled import has_rule
from lrbench.engine.job import Job, SeedLanes
from lrbench.engine.runners import numpy_cause, planned_sampler
from lrbench.objective.problem import Problem
from lrbench.plan.lanes import Lane, seed_lanes
from lrbench.plan.options import LANE_MULTIPLE
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import Prepared
from lrbench.solvers.base import Solver
from lrbench.solvers.state import leaves

MEMORY_SHARE = 0.5
"""The share of the free memory that the lanes of all workers together may take."""

ARRAYS = 3
"""(n_features, n_lanes) arrays of a run beside the solver's state: iterate, sum, gradient."""

CACHED_NUMBERS = 1 << 15
"""The limit for arrays of seeds that run together (n_features x lanes, and batch x lanes): so many
numbers stay in a core's cache (docs/decisions/0012)."""

PERMUTATION_BYTES = 1 << 23
"""The limit for the permutations of all samples that seeds which run together keep."""

ROUNDS = 4
"""The number of jobs that make up the work of one worker, if there are as many seeds. One job would
lose everything when the command is killed."""

FEWEST = 16
"""The fewest lanes of a block that is narrowed to keep all workers busy."""

UNKNOWN_BYTES = 1 << 30
"""The free memory where the system does not report it."""

MEMINFO = Path("/proc/meminfo")
LIMIT = Path("/sys/fs/cgroup/memory.max")


def jobs_of(
    p: Prepared,
    problem_index: int,
    plan: Plan,
    missing: Sequence[tuple[int, int, Sequence[Lane]]],
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
    missing
        (index of the solver in the plan, seed, lanes) of each solver and seed.
    workers
        The number of jobs that run at a time.
    keep_iterates
        Whether the runs keep their iterates.

    Notes
    -----
    The lanes of a solver and a seed are divided into blocks, as wide as memory allows and
    narrow enough to keep all workers busy. The blocks of a solver, seed by seed, are then
    distributed evenly over its jobs.
    """
    if not missing:
        return
    problem = p.problem
    solvers = [plan.built[index][0] for index in {index for index, *_ in missing}]
    max_width = min(max_lanes(problem, plan, solver, workers) for solver in solvers)
    blocks_of: dict[int, list[SeedLanes]] = {}
    for index, seed, lanes in missing:
        width = len(lanes)
        if plan.sweep:  # `lrbench run` is not divided: its bits depend on the lanes beside a lane
            width = min(max_width, _busy(width, len(missing), workers))
        blocks_of.setdefault(index, []).extend(
            seed_lanes(seed, block) for block in blocks(lanes, width)
        )
    n_lanes = max(len(lanes) for *_, lanes in missing)
    per_job = seeds_per_job(
        problem, plan, n_lanes, len(missing), max_width=max_width, workers=workers
    )
    n_jobs = _jobs_per_solver(blocks_of, per_job, workers)
    lanes_of_jobs = [
        (k, part)
        for k, own in blocks_of.items()
        for part in _evenly(own, n_jobs if shares_calls(problem, plan, k) else len(own))
    ]
    # The first seeds come first, so that a sweep that is stopped has all solvers on some seeds.
    for index, part in sorted(lanes_of_jobs, key=lambda job: job[1][0].seed):
        solver, spec = plan.built[index]
        yield Job(
            problem_index=problem_index,
            solver=solver,
            spec=spec,
            lanes=part,
            batch_size=plan.batch_size,
            sampling=plan.sampling,
            radius=plan.radius,
            budget=plan.budget(problem.n_samples, p.constants.delta0),
            pad_to=plan.pad_to,
            threads=plan.threads,
            compiled=plan.compiled,
            keep_iterates=keep_iterates,
        )


def _jobs_per_solver(
    blocks_of: Mapping[int, Sequence[SeedLanes]], per_job: int, workers: int
) -> int:
    """Return the number of jobs for the blocks of each solver, with at most `per_job` in a job.

    It is raised until the jobs of all solvers are a multiple of the workers, where that is
    possible, so that no worker waits for the last job of another one.
    """
    longest = max(map(len, blocks_of.values()))
    n_jobs = -(-longest // per_job)
    while n_jobs * len(blocks_of) % workers and n_jobs < longest:
        n_jobs += 1
    return n_jobs


def blocks(lanes: Sequence[Lane], width: int) -> Iterator[Sequence[Lane]]:
    """Yield the lanes in blocks of at most `width`, about equally wide."""
    count = -(-len(lanes) // width)
    width = rounded_up(-(-len(lanes) // max(1, count)), LANE_MULTIPLE)
    for start in range(0, len(lanes), width):
        yield lanes[start : start + width]


def _evenly(seed_blocks: Sequence[SeedLanes], n_jobs: int) -> Iterator[tuple[SeedLanes, ...]]:
    """Yield the blocks of at most `n_jobs` jobs, about as many in each."""
    n_jobs = min(n_jobs, len(seed_blocks))
    ends = [len(seed_blocks) * k // n_jobs for k in range(n_jobs + 1)]
    return (tuple(seed_blocks[a:b]) for a, b in itertools.pairwise(ends))


def shares_calls(problem: Problem, plan: Plan, index: int) -> bool:
    """Return whether seeds of the solver with this index may run together, with the same bits.

    In a sweep lanes are padded. In `lrbench run` they are not: there only compiled steps give a
    lane the same bits whatever stands beside it. Beyond its budget, where a schedule is at rest,
    NumPy makes them.
    """
    solver = plan.built[index][0]
    if plan.sweep:
        return True
    if not (plan.compiled and plan.arrival == "first" and has_rule(solver)):
        return False
    setting = (plan.batch_size, plan.sampling, plan.radius)
    sampler = planned_sampler(problem, *setting, dense_iterates=solver.dense_iterates)
    return not numpy_cause(solver, sampler, np.ones(plan.n_lanes))


def seeds_per_job(
    problem: Problem, plan: Plan, n_lanes: int, n_solver_seeds: int, *, max_width: int, workers: int
) -> int:
    """Return how many seeds of a solver may make a job, where they share the calls of a step.

    Parameters
    ----------
    problem, plan
        The problem, and what runs on it.
    n_lanes
        The number of lanes of a seed.
    n_solver_seeds
        The number of solvers x seeds.
    max_width
        The largest number of lanes that may run together.
    workers
        The number of jobs that run at a time; each gets an equal part of the work.
    """
    if plan.batch_size is None or not problem.facts().seeds_together:
        return 1
    cached = CACHED_NUMBERS // max(problem.n_features, plan.batch_size)
    lanes = plan.lane_block or min(max_width, cached)
    fitting = max(1, lanes // rounded_up(n_lanes, LANE_MULTIPLE))
    if plan.sampling == "reshuffle":  # each seed keeps a permutation of all samples
        fitting = min(fitting, max(1, PERMUTATION_BYTES // (8 * problem.n_samples)))
    rounds = max(ROUNDS, -(-n_solver_seeds // (fitting * workers)))
    return min(plan.replicates, -(-n_solver_seeds // (rounds * workers)))


def max_lanes(problem: Problem, plan: Plan, solver: Solver, workers: int) -> int:
    """Return the largest number of lanes that run together in a sweep: the plan's, or what fits."""
    if plan.lane_block is not None:
        return plan.lane_block
    numbers = (ARRAYS + state_arrays(solver)) * problem.n_features
    lane_bytes = 8 * (numbers + solver.sample_numbers * problem.n_samples)
    fitting = int(MEMORY_SHARE * free_memory() / workers / lane_bytes)
    return max(1, fitting // LANE_MULTIPLE) * LANE_MULTIPLE


def _busy(n_lanes: int, n_solver_seeds: int, workers: int) -> int:
    """Return the width at which the blocks are enough for all workers."""
    n_blocks = -(-workers // n_solver_seeds)
    return max(FEWEST, rounded_up(-(-n_lanes // n_blocks), LANE_MULTIPLE))


def state_arrays(solver: Solver) -> int:
    """Return the number of (n_features, n_lanes) arrays in a solver's state."""
    facts = {str(need): 1.0 for need in solver.needs}
    try:
        state = solver.init(np.zeros((2, 1)), np.ones(1), facts)
    except (Exception, SystemExit):  # its lanes will be runs that failed
        return 0
    return sum(1 for _, leaf in leaves(state) if np.ndim(leaf) > 1)


def free_memory(meminfo: Path = MEMINFO, limit: Path = LIMIT) -> int:
    """Return the bytes of memory that are available, which include those that cache files.

    In a container `meminfo` is that of the machine, and `limit` has what the container may use; the
    files beside it have what it uses. Where there is no such file it is the memory of the machine.
    """
    available, allowed = UNKNOWN_BYTES, math.inf
    with contextlib.suppress(OSError, ValueError, AttributeError):
        available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = meminfo.read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        available = 1024 * int(line.split()[1])
    with contextlib.suppress(OSError, ValueError):
        allowed = int(limit.read_text())
        used = int(limit.with_name("memory.current").read_text())
        for line in limit.with_name("memory.stat").read_text().splitlines():
            name, number = line.split()
            if name == "inactive_file":  # pages of files, which the kernel drops when asked
                used -= int(number)
        allowed -= used
    return max(0, int(min(available, allowed)))
