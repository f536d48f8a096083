"""An evaluation at a checkpoint against the formulas written down: value, gradient, and average.

python benchmarks/evaluation.py a9a.bz2
"""

from __future__ import annotations

import statistics
import time

import numpy as np
from common import data_file, logistic
from threadpoolctl import threadpool_limits

from lrbench.arrays import keep_freed_memory


def by_hand(problem, W, A):
    """Return F and its gradient at W, and F at A, with whole-matrix NumPy and SciPy."""
    X, y, weight = problem.data.X, problem.y[:, None], problem.penalty.weight
    Z = X @ W
    value = np.logaddexp(0.0, -y * Z).mean(axis=0) + 0.5 * weight * (W * W).sum(axis=0)
    G = X.T @ (-y / (1.0 + np.exp(y * Z))) / len(y) + weight * W
    other = np.logaddexp(0.0, -y * (X @ A)).mean(axis=0) + 0.5 * weight * (A * A).sum(axis=0)
    return value, G, other


def main() -> None:
    """Print milliseconds and the ratio at several numbers of lanes: medians of seven pairs."""
    problem, *_ = logistic(data_file())
    keep_freed_memory()
    rng = np.random.default_rng(0)
    print("lanes  here, ms  by hand, ms  ratio")
    for n_lanes in (8, 33, 40, 64):
        W, A = 0.3 * rng.standard_normal((2, problem.n_features, n_lanes))
        pairs = []
        for _ in range(8):
            start = time.perf_counter()
            measured = (*problem.value_and_gradient(W), problem.value(A))
            middle = time.perf_counter()
            written = by_hand(problem, W, A)
            pairs.append((middle - start, time.perf_counter() - middle))
        for a, b in zip(measured, written, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-14)
        a, b = (1e3 * statistics.median(p[k] for p in pairs[1:]) for k in (0, 1))
        ratio = statistics.median(p[0] / p[1] for p in pairs[1:])
        print(f"{n_lanes:5d}  {a:8.1f}  {b:11.1f}  {ratio:5.2f}")


if __name__ == "__main__":
    with np.errstate(over="ignore"), threadpool_limits(1, "blas"):
        main()
