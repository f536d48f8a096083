"""A whole sweep on one core against one run at a time, in NumPy as one writes it in a notebook.

python benchmarks/sweep.py a9a.bz2

33 lr0 from 1e-4 to 1e4, 10 seeds, WNGrad on minibatches of 64, 10 passes. Runs end at the first
checkpoint whose gap is at most a hundredth of the first one. At each checkpoint, from a tenth of a
pass on, F at the iterate and at the average; the engine also computes the norm of the gradient, the
loops with and without. They take the same steps, look at the same checkpoints and end by the same
rule; they are timed on every 8th lr0 with one seed, and scaled up by the number of steps.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
from common import data_file, logistic
from threadpoolctl import threadpool_limits

from lrbench import engine
from lrbench.minibatches import Minibatches
from lrbench.solvers.build import build as build_solver
from lrbench.task import Budget, Task, log_spaced

RATES, SEEDS, SIZE, PASSES = np.geomspace(1e-4, 1e4, 33), range(10), 64, 10


def value(X, y, weight, w):
    """Return F."""
    return np.mean(np.logaddexp(0.0, -y * (X @ w))) + 0.5 * weight * w @ w


def slope(X, y, weight, w):
    """Return the gradient of F."""
    return X.T @ (-y / (1.0 + np.exp(y * (X @ w)))) / len(y) + weight * w


def loop(X, y, weight, lr0, index, checkpoints, threshold, norms):
    """Run one lr0 with one seed; return the iteration at which it ended, and F there."""
    w, b, total = np.zeros(X.shape[1]), 1.0 / lr0, np.zeros(X.shape[1])
    marks = set(checkpoints)
    for t in range(len(index) + 1):
        if t in marks:
            f = value(X, y, weight, w)
            if t:
                value(X, y, weight, total / t)
            if norms:
                np.sum(slope(X, y, weight, w) ** 2)
            if f <= threshold or t == len(index):
                break
        total += w
        rows, targets = X[index[t]], y[index[t]]
        r = -targets / (1.0 + np.exp(targets * (rows @ w)))
        g = rows.T @ r / SIZE + weight * w
        b += g @ g / b
        w = w - g / b
    return t, f


def main() -> None:
    """Print the seconds of each, and how many times faster the engine is."""
    problem, known, w_star = logistic(data_file())
    steps = -(-PASSES * problem.n_samples // SIZE)
    first = problem.n_samples / SIZE / 10
    checkpoints = [t for t in log_spaced(steps, 12) if t == 0 or t >= first]
    target = 1e-2 * known.delta0
    solver, spec = build_solver("wngrad")

    def task(seed):
        return Task(
            problem=problem,
            constants=known,
            w_star=w_star,
            solver=solver,
            spec=spec,
            lr0=RATES,
            minibatches=Minibatches(problem.n_samples, SIZE, "replacement", seed),
            ball=None,
            budget=Budget(steps, checkpoints, target),
            seed=seed,
            multiple=8,
        )

    def sweep():
        start = time.perf_counter()
        runs = [engine.run(task(seed)) for seed in SEEDS]
        return time.perf_counter() - start, runs

    index = next(task(0).minibatches.chunks(steps))
    threshold = known.f_star + target
    sweep()
    X, y, weight = problem.data.X, problem.y, problem.penalty.weight
    dense = X.toarray()
    loops = {
        "dense rows": (dense, False),
        "CSR rows": (X, False),
        "dense rows, gradient norms": (dense, True),
        "CSR rows, gradient norms": (X, True),
    }
    ratios = {name: [] for name in loops}
    ours = []
    for _ in range(3):
        seconds, runs = sweep()
        ours.append(seconds)
        for name, (rows, norms) in loops.items():
            times = []
            for k in range(0, len(RATES), 8):
                start = time.perf_counter()
                t, f = loop(rows, y, weight, RATES[k], index, checkpoints, threshold, norms)
                times.append(time.perf_counter() - start)
                assert t == runs[0][k].status_at, (t, runs[0][k].status_at)
                np.testing.assert_allclose(f, runs[0][k].trace["objective"][-1], rtol=1e-7)
            n_steps = sum(r.status_at for bundle in runs for r in bundle)
            timed = sum(runs[0][k].status_at for k in range(0, len(RATES), 8))
            ratios[name].append(sum(times) * n_steps / timed / seconds)
    evaluation = sum(bundle[0].evaluation_seconds for bundle in runs)
    print(f"sweep: {statistics.median(ours):.2f} s, of which evaluation {evaluation:.2f} s")
    for name, found in ratios.items():
        print(f"{name}: {statistics.median(found):.1f} times as long")


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
