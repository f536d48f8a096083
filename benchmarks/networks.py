"""What a lane of a network costs beside 31 others, against a lane alone: CPU time, in pairs.

python benchmarks/networks.py
"""

from __future__ import annotations

import statistics
import time

import numpy as np
from threadpoolctl import threadpool_limits

import lrbench
from lrbench.problem_files import load_spec, with_settings

LANES = 32


def seconds(spec, rates, batch_size, steps):
    """Return the CPU seconds of a run of gradient descent, without evaluations in between."""
    start = time.process_time()
    lrbench.run(
        spec,
        solvers="sgd",
        lr0=rates,
        batch_size=batch_size,
        iterations=steps,
        checkpoints_per_decade=1,
    )
    return time.process_time() - start


def step_seconds(spec, rates, batch_size, steps):
    """Return the CPU seconds of a step of one lane: what twice as many steps add."""
    long, short = (seconds(spec, rates, batch_size, n) for n in (3 * steps, steps))
    return (long - short) / (2 * steps) / len(rates)


def main() -> None:
    """Print the ratio for two networks with each normalisation: median of three pairs."""
    print("hidden   batch  normalisation  alone us  of 32 us  times cheaper")
    rates = np.geomspace(1e-4, 1e-2, LANES).tolist()
    for hidden, batch_size, steps in (([64, 64], 64, 60), ([16, 16], 8, 100)):
        for norm in ("none", "weight", "batch"):
            settings = [f"model.hidden={hidden}", f"model.normalisation={norm}"]
            spec = with_settings(load_spec("mlp-digits"), settings)
            pairs = [
                (
                    step_seconds(spec, rates[:1], batch_size, 4 * steps),
                    step_seconds(spec, rates, batch_size, steps),
                )
                for _ in range(3)
            ]
            alone, together = (1e6 * statistics.median(p[k] for p in pairs) for k in (0, 1))
            ratio = statistics.median(p[0] / p[1] for p in pairs)
            sizes = "x".join(map(str, hidden))
            times = f"{alone:8.0f}  {together:8.1f}  {ratio:13.1f}"
            print(f"{sizes:7s}  {batch_size:5d}  {norm:13s}  {times}", flush=True)


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
