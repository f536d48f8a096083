"""Wide sparse data, 64 lanes, batches of 64: a step on touched columns against dense updates.

python benchmarks/wide.py news20.bz2

The labels 1 to 10 of news20 are the positive class. Then the peak memory of a run with evaluations,
as in a sweep, which keeps no iterates, in a process of its own, beyond what it held with the data
read: V and the running sum are (n_features x lanes) each, and WNGrad's state is none.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from common import any_constants, scattered
from threadpoolctl import threadpool_limits

from lrbench.engine import run as engine
from lrbench.engine.budget import Budget
from lrbench.engine.job import Job, SeedLanes, SharedProblem
from lrbench.objective.linear.touched import ScaledSampler
from lrbench.objective.minibatches import Minibatches
from lrbench.solvers.build import build_solver

LANES, SIZE = np.geomspace(1e-2, 1e2, 64), 64


def seconds_a_step(sampler, steps):
    """Return the seconds of a step, everything that certificates need included."""
    solver, _ = build_solver("wngrad")
    W = sampler.iterates.start(len(LANES))
    state = solver.init(W, LANES, {})
    oracles = sampler.oracles(lambda W, g: (g.norm_sq(), g.inner(W), g.inner_star()))
    next(oracles)  # gathers the first minibatches
    start = time.perf_counter()
    for _ in range(steps):
        sampler.iterates.accumulate(W)
        oracle = next(oracles)
        oracle.begin(W)
        W, _, state = solver.step(W, state, oracle)
    return (time.perf_counter() - start) / steps


def peak_bytes():
    """Return the peak resident memory of this process (Linux; `ru_maxrss` knows its parent's)."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s*(\d+) kB", status)[1])


def peak_of_a_run(path):
    """Print the peak memory of a run beyond the data, in units of (n_features x lanes)."""
    problem = scattered(path)
    problem.value(np.zeros((problem.n_features, 8)))  # all of the data are read
    before = peak_bytes()
    solver, spec = build_solver("wngrad")
    engine.run_lanes(
        Job(
            solver=solver,
            spec=spec,
            lanes=(SeedLanes(0, tuple(LANES.tolist())),),
            batch_size=SIZE,
            sampling="replacement",
            radius=None,
            budget=Budget(200, [0, 100, 200]),
            pad_to=8,
            keep_iterates=False,
        ),
        SharedProblem(problem, any_constants(), np.zeros(problem.n_features)),
    )
    more = peak_bytes() - before
    unit = problem.n_features * len(LANES) * 8
    print(f"beyond the data {more / 2**20:.0f} MiB: {more / unit:.2f} (n_features x lanes)")


def main() -> None:
    """Print the ratio of the two ways, the median of pairs, and the peak of a run."""
    if len(sys.argv) == 3:
        peak_of_a_run(sys.argv[1])
        return
    problem = scattered(sys.argv[1])
    w_star = 0.01 * np.random.default_rng(0).standard_normal(problem.n_features)
    batches = Minibatches(problem.n_samples, SIZE, "replacement", 0)
    pairs = []
    for _ in range(6):
        ways = [problem.sampler(w_star, None, [batches], dense_iterates=d) for d in (False, True)]
        assert isinstance(ways[0], ScaledSampler)
        pairs.append((seconds_a_step(ways[0], 100), seconds_a_step(ways[1], 20)))
    touched, dense = (1e3 * statistics.median(p[k] for p in pairs[1:]) for k in (0, 1))
    ratio = statistics.median(d / t for t, d in pairs[1:])
    print(f"touched columns {touched:.2f} ms, dense updates {dense:.1f} ms: {ratio:.1f} times")
    subprocess.run([sys.executable, __file__, sys.argv[1], "peak"], check=True)


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
