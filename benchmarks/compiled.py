"""WNGrad on minibatches, for each lane and pass: compiled steps, NumPy's, and scikit-learn's SGD.

python benchmarks/compiled.py a9a.bz2 [--numpy]

CPU time of the steps with all that certificates need and the running average, without the two
looks, against one averaged pass of scikit-learn's compiled SGDClassifier; pairs, medians of the
ratios. With --numpy the same for the steps of NumPy, which take minutes with batches of 1.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import replace
from pathlib import Path

from common import engine_seconds, logistic, sklearn_pass, task
from threadpoolctl import threadpool_limits

from lrbench.kernels.library import library

SETTINGS = ((1, 1), (1, 16), (64, 1), (64, 16), (64, 64), (64, 256))
"""Lanes and batch sizes."""

PAIRS = 7


def main() -> None:
    """Print milliseconds for each lane and pass, and medians of the ratios of pairs."""
    arguments = [each for each in sys.argv[1:] if each != "--numpy"]
    loaded = library()
    if len(arguments) != 1 or (loaded is None and "--numpy" not in sys.argv):
        sys.exit(f"usage: python {sys.argv[0]} FILE [--numpy] (compiled steps must be built)")
    problem, known, w_star = logistic(Path(arguments[0]))
    peer = sklearn_pass(problem)
    print(f"compiled: {None if loaded is None else loaded.build}")
    print("lanes  batch  runner    ms a lane and pass  scikit-learn, ms  ratio")
    for lanes, size in SETTINGS:
        steps = -(-problem.n_samples // size)
        job, shared = task(
            problem,
            known,
            w_star,
            n_lanes=lanes,
            steps=steps,
            batch_size=size,
            default_checkpoints=False,
        )
        runners = [True] * (loaded is not None) + [False] * ("--numpy" in sys.argv)
        for compiled in runners:
            work = replace(job, compiled=compiled), shared
            rows = []
            for _ in range(PAIRS if compiled else 3):
                rows.append((min(engine_seconds(work) for _ in range(2)) / lanes, peer()))
            ours, theirs = (1e3 * statistics.median(column) for column in zip(*rows, strict=True))
            ratio = statistics.median(a / b for a, b in rows)
            name = "compiled" if compiled else "numpy"
            print(f"{lanes:5}  {size:5}  {name:8}  {ours:18.3f}  {theirs:16.1f}  {ratio:5.3f}")


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
