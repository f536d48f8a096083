"""The lanes of several seeds together against one seed after the other: sweeps on one core.

python benchmarks/seeds.py a9a.bz2

33 lr0 from 1e-4 to 1e4, 12 seeds, as `lrbench sweep -j 1` cuts them into jobs.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

from common import data_file
from threadpoolctl import threadpool_limits

from lrbench.cache.folder import cache_dir
from lrbench.engine import run as engine
from lrbench.engine.control import Control
from lrbench.experiment.jobs import SharedProblem
from lrbench.experiment.jobs.blocks import jobs_of
from lrbench.plan.options import DEFAULT_SWEEP
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import prepare
from lrbench.problem_files import load_spec, spec_from_data

SEEDS = 12


def measure(spec, solver: str, batch_size: int, passes: float) -> None:
    """Print the seconds of both ways and their ratio: medians of five pairs."""
    plan = Plan(
        solver,
        lr0=DEFAULT_SWEEP,
        batch_size=batch_size,
        passes=passes,
        replicates=SEEDS,
        sweep=True,
    )
    p = prepare(spec, plan, cache_dir(), Control())
    shared = SharedProblem(p.problem, p.constants, p.optimum.w_star)
    runs = [(0, seed, p.lr0) for seed in plan.seeds]
    together = list(jobs_of(p, 0, plan, runs, workers=1, keep_iterates=False))
    alone = [replace(job, lanes=(lanes,)) for job in together for lanes in job.lanes]

    def seconds(jobs) -> float:
        start = time.perf_counter()
        for job in jobs:
            engine.run_lanes(job, shared)
        return time.perf_counter() - start

    pairs = [(seconds(alone), seconds(together)) for _ in range(6)][1:]
    one_by_one, several = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(
        f"{p.problem.name}, {p.problem.n_features} features, {solver}, batch {batch_size}:"
        f" {one_by_one:.2f} s one by one, {several:.2f} s in {len(together)} jobs,"
        f" {ratio:.2f} times"
    )


def main() -> None:
    """Measure problems of different sizes."""
    measure(load_spec("least-squares"), "wngrad", 16, 50)
    measure(load_spec("logreg"), "wngrad", 16, 50)
    measure(load_spec("logreg"), "adam", 16, 50)
    own_data = spec_from_data(str(data_file()), loss="logistic")
    for batch_size in (16, 64, 256):
        measure(own_data, "wngrad", batch_size, 3)
    measure(own_data, "adam", 64, 3)


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
