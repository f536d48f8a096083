"""A recorded loop against the evaluation of F at its iterates, and what recording one costs.

python benchmarks/recording.py a9a.bz2
"""

from __future__ import annotations

import statistics
import time

import numpy as np
from common import data_file
from threadpoolctl import threadpool_limits

import lrbench
from lrbench.arrays import keep_freed_memory
from lrbench.problem_files import spec_from_data


def descent(pb, steps):
    """Return the iterates of gradient descent with the rate 1/L, w_0 first."""
    iterates, lr = [pb.w0], 1.0 / pb.constants.L
    for _ in range(steps):
        iterates.append(iterates[-1] - lr * pb.gradient(iterates[-1]))
    return iterates


def seconds(work, *args):
    """Return how long a call takes."""
    start = time.perf_counter()
    work(*args)
    return time.perf_counter() - start


def recorded(pb, iterates, **options):
    """Record the iterates, to the result."""
    recorder = lrbench.record(pb, solver="by-hand", **options)

    def go():
        for w in iterates:
            recorder(w)
        recorder.result()

    return go


def evaluated(pb, iterates):
    """Evaluate F and its gradient at every iterate, one after another."""
    problem = pb.prepared.problem

    def go():
        for w in iterates:
            problem.value_and_gradient(w[:, None])

    return go


def main() -> None:
    """Print medians of seven pairs, in microseconds an iterate."""
    keep_freed_memory()
    print("problem     steps  recorded, us  F and gradient, us  ratio  minibatches, us")
    a9a = spec_from_data(str(data_file()), loss="logistic")
    for source, steps in (("logreg", 20), ("logreg", 2000), (a9a, 20), (a9a, 300)):
        pb = lrbench.load_problem(source)
        iterates = descent(pb, steps)
        rows = []
        for _ in range(8):
            rows.append(
                (
                    seconds(recorded(pb, iterates, lr="1/L")),
                    seconds(evaluated(pb, iterates)),
                    seconds(recorded(pb, iterates, batch_size=64)),
                )
            )
        pairs = rows[1:]
        a, b, c = (1e6 * statistics.median(r[k] for r in pairs) / len(iterates) for k in range(3))
        ratio = statistics.median(r[0] / r[1] for r in pairs)
        print(f"{pb.name:10s} {steps:6d}  {a:12.1f}  {b:18.1f}  {ratio:5.2f}  {c:15.1f}")


if __name__ == "__main__":
    with np.errstate(over="ignore"), threadpool_limits(1, "blas"):
        main()
