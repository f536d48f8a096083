"""CPU time of a step whose rule is in Python: gradients and descents of NumPy and of compiled code.

Usage: python benchmarks/scalar_steps.py FILE (LIBSVM format, two labels; a9a in the docs)
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import numpy as np
from common import data_file, logistic, task
from threadpoolctl import threadpool_limits

import lrbench
from lrbench.engine.job import Job, SeedLanes, SharedProblem
from lrbench.engine.loop import LaneLoop
from lrbench.solvers.polyak import Polyak

PAIRS = 11


@lrbench.rate_rule(init=lambda lr0: 1.0 / lr0)
def growth(b, grad_norm_sq, c=1.0):  # type: ignore[no-untyped-def]
    """Return the rate of WNGrad, as a function of the user."""
    b = b + c * grad_norm_sq / b
    return b, 1.0 / b


def step_seconds(job: Job, shared: SharedProblem) -> float:
    """Return the CPU seconds of a step."""
    with np.errstate(all="ignore"):
        runner = LaneLoop(job, shared).runner
        runner.start()
        start = time.process_time()
        runner.go(job.budget.iterations, lambda t: False)
        return (time.process_time() - start) / job.budget.iterations


def main() -> None:
    """Print µs a step, and medians of the ratios of pairs."""
    problem, known, w_star = logistic(data_file())
    print("rule    batch  lanes  numpy, us  compiled, us  ratio")
    for solver in (growth(), Polyak()):
        for size in (1, 16, 64, 256, None):
            for n_lanes in (1, 8, 64):
                job, shared = task(
                    problem,
                    known,
                    w_star,
                    n_lanes=n_lanes,
                    steps=400 if size else 12,
                    batch_size=size,
                    default_checkpoints=False,
                )
                rates = job.lanes[0].lr0
                lanes = SeedLanes(0, rates)
                if not solver.has_lr0:
                    lanes = SeedLanes(0, (None,) * n_lanes, {solver.scale: rates})
                job = replace(job, solver=solver, lanes=(lanes,))
                rows = [
                    [step_seconds(replace(job, compiled=each), shared) for each in (False, True)]
                    for _ in range(PAIRS)
                ]
                plain, ours = (
                    1e6 * statistics.median(column) for column in zip(*rows, strict=True)
                )
                ratio = statistics.median(a / b for a, b in rows)
                setting = f"{solver.name:6}  {size or 'all':>5}  {n_lanes:5}"
                print(f"{setting}  {plain:9.1f}  {ours:12.1f}  {ratio:5.2f}")


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
