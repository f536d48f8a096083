"""Steps of WNGrad on wide sparse data: compiled steps that touch few columns, and NumPy's.

python benchmarks/wide_steps.py news20.bz2 [LAST]

CPU time of a step with the running average and all that certificates need, in pairs, medians. The
labels 1 to LAST, 10 if it is not given, are the positive class; 0 stands for two labels.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import replace

import numpy as np
from common import any_constants, scattered, task
from threadpoolctl import threadpool_limits

from lrbench.engine.loop import LaneLoop
from lrbench.kernels.library import library

STEPS = {1: 2000, 16: 400, 64: 120}
"""The steps that are timed, by the batch size."""

LANES = (1, 8, 33, 64)

PAIRS = 5


def seconds_a_step(work, n_steps: int) -> float:
    """Return the CPU seconds of a step behind the first one."""
    with np.errstate(all="ignore"):
        runner = LaneLoop(*work).runner
        runner.start()
        runner._checks = False
        runner.go(1, lambda t: False)
        start = time.process_time()
        runner.go(1 + n_steps, lambda t: False)
        return (time.process_time() - start) / n_steps


def main() -> None:
    """Print microseconds a step, and medians of the ratios of pairs."""
    if len(sys.argv) not in (2, 3) or library() is None:
        sys.exit(f"usage: python {sys.argv[0]} FILE [LAST] (compiled steps must be built)")
    problem = scattered(sys.argv[1], int((*sys.argv, "10")[2]))
    known = any_constants(problem.penalty.weight)
    w_star = 0.01 * np.random.default_rng(0).standard_normal(problem.n_features)
    print("batch  lanes  NumPy, us  compiled, us  ratio")
    for size, n_steps in STEPS.items():
        for lanes in LANES:
            job, shared = task(
                problem,
                known,
                w_star,
                n_lanes=lanes,
                steps=n_steps + 1,
                batch_size=size,
                default_checkpoints=False,
            )
            ways = [replace(job, compiled=compiled) for compiled in (False, True)]
            pairs = [
                [1e6 * seconds_a_step((way, shared), n_steps) for way in ways] for _ in range(PAIRS)
            ]
            numpy, compiled = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(a / b for a, b in pairs)
            print(f"{size:5}  {lanes:5}  {numpy:9.0f}  {compiled:12.1f}  {ratio:5.1f}", flush=True)


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
