"""The engine against a NumPy loop written by hand, full batches: products, derivative and step.

The steps of the engine are NumPy's, and those of compiled code where it was built.

python benchmarks/batch_overhead.py a9a.bz2
"""

from __future__ import annotations

import itertools
import statistics
import time
from dataclasses import replace

import numpy as np
from common import data_file, logistic, task
from threadpoolctl import threadpool_limits

from lrbench.engine import run as engine
from lrbench.kernels.library import library


def by_hand(X, y, weight, lr0, steps):
    """Run WNGrad on l2-regularised logistic regression as one would write it in a notebook."""
    n = len(y)
    W, b = np.zeros((X.shape[1], len(lr0))), 1.0 / lr0
    XT, column = X.T, y[:, None]
    with np.errstate(over="ignore"):
        for _ in range(steps):
            R = -column / (1.0 + np.exp(column * (X @ W)))
            G = (XT @ R) / n + weight * W
            b = b + np.einsum("ij,ij->j", G, G) / b
            W -= G / b
    return W


def main() -> None:
    """Print the ratio for 1 and 64 lanes, and the share of evaluation in a default run."""
    problem, known, w_star = logistic(data_file())
    X, y, weight = problem.data.X, problem.y, problem.penalty.weight
    print("lanes  runner    engine ms/step  by hand ms/step  ratio  evaluation/run")
    runners = [False] + [True] * (library() is not None)
    for (n_lanes, steps), compiled in itertools.product(((1, 300), (64, 20)), runners):
        job, shared = task(
            problem, known, w_star, n_lanes=n_lanes, steps=steps, default_checkpoints=False
        )
        bare = replace(job, compiled=compiled), shared
        same = by_hand(X, y, weight, np.array(bare[0].lanes[0].lr0), steps)
        W = np.stack([r.iterates["last"] for r in engine.run_lanes(*bare)], axis=1)
        np.testing.assert_allclose(W, same, rtol=1e-8, atol=1e-12)
        pairs = []
        for _ in range(8):
            start = time.perf_counter()
            by_hand(X, y, weight, np.array(bare[0].lanes[0].lr0), steps)
            by_hand_seconds = time.perf_counter() - start
            pairs.append((engine.run_lanes(*bare)[0].trace["seconds"][-1], by_hand_seconds))
        pairs = pairs[1:]  # the first pair warms up
        a, b = (1e3 / steps * statistics.median(p[k] for p in pairs) for k in (0, 1))
        ratio = statistics.median(p[0] / p[1] for p in pairs)
        job, _ = task(problem, known, w_star, n_lanes=n_lanes, steps=1000)
        run = engine.run_lanes(replace(job, compiled=compiled), shared)[0]
        share = run.evaluation_seconds / (run.trace["seconds"][-1] + run.evaluation_seconds)
        name = "compiled" if compiled else "numpy"
        print(f"{n_lanes:5d}  {name:8}  {a:14.3f}  {b:15.3f}  {ratio:5.3f}  {share:14.1%}")


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
