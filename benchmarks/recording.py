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


def recorded(pb, iterates, **options):
    """Return the CPU seconds of a recorder and of its result beside, and the result.

    Those of the recorder are its calls, and the evaluation of what they have left to the result.
    """
    recorder = lrbench.record(pb, solver="by-hand", **options)
    start = time.process_time()
    for w in iterates:
        recorder(w)
    recorder._run._evaluate()
    middle = time.process_time()
    result = recorder.result()
    return middle - start, time.process_time() - middle, result


def evaluated(pb, iterates, rows):
    """Return the CPU seconds of F and its gradient at all iterates, and of F at some averages."""
    problem, total = pb.prepared.problem, np.zeros(pb.n_features)
    start = time.process_time()
    for t, w in enumerate(iterates):
        problem.value_and_gradient(w[:, None])
        if t in rows:
            problem.value((total / max(t, 1))[:, None])
        total += w
    return time.process_time() - start


def main() -> None:
    """Print medians of seven pairs: microseconds an iterate, and milliseconds of a result."""
    keep_freed_memory()
    print("problem     steps  recorded  evaluated  ratio  minibatches  result, ms")
    a9a = spec_from_data(str(data_file()), loss="logistic")
    runs = [("logreg", 20), ("logreg", 200), ("logreg", 2000), (a9a, 20), (a9a, 200)]
    for source, steps in runs:
        pb = lrbench.load_problem(source)
        iterates = descent(pb, steps)
        times = []
        for _ in range(8):
            calls, ending, result = recorded(pb, iterates, lr="1/L")
            rows = {int(t) for t in result.problems[0].runs[0].trace["iteration"]}
            by_hand = evaluated(pb, iterates, rows)
            stochastic, *_ = recorded(pb, iterates, batch_size=64)
            times.append((calls, by_hand, stochastic, ending))
        medians = [statistics.median(column) for column in zip(*times[1:], strict=True)]
        a, b, c = (1e6 * median / len(iterates) for median in medians[:3])
        ratio = statistics.median(pair[0] / pair[1] for pair in times[1:])
        print(
            f"{pb.name:10s} {steps:6d} {a:9.1f} {b:10.1f} {ratio:6.2f} {c:12.1f}"
            f" {1e3 * medians[3]:11.1f}"
        )


if __name__ == "__main__":
    with np.errstate(over="ignore"), threadpool_limits(1, "blas"):
        main()
