"""A whole sweep on one core against one run at a time, in NumPy as one writes it in a notebook.

python benchmarks/sweep.py a9a.bz2

33 lr0 from 1e-4 to 1e4, 10 seeds, WNGrad on minibatches of 64, 10 passes. Runs end at the first
checkpoint whose gap is at most a hundredth of the first one. The loops take the same steps, look at
the same checkpoints (F at the iterate, on the 1-2-5 series also at the average) and end by the same
rule; they are timed with one seed on every 4th lr0, and scaled up by the number of steps. A second
time they also measure at every step what the trace of the engine holds: its sums, the distance.
"""

from __future__ import annotations

import math
import time

import numpy as np
from common import data_file
from threadpoolctl import threadpool_limits

from lrbench.cache.folder import cache_dir
from lrbench.engine import run as engine
from lrbench.engine.control import Control
from lrbench.experiment.jobs import SharedProblem
from lrbench.experiment.jobs.blocks import jobs_of
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import prepare
from lrbench.problem_files import spec_from_data

RATES, SEEDS, SIZE, PASSES = np.geomspace(1e-4, 1e4, 33), 10, 64, 10


def value(X, y, weight, w):
    """Return F."""
    return np.mean(np.logaddexp(0.0, -y * (X @ w))) + 0.5 * weight * w @ w


def loop(X, y, weight, lr0, index, budget, threshold, w_star=None, L=None):
    """Run one lr0 with one seed; return the iteration at which it ended, and F there.

    With w_star and L it measures at every step what the trace of the engine holds.
    """
    w, b, total = np.zeros(X.shape[1]), 1.0 / lr0, np.zeros(X.shape[1])
    marks, averages = set(budget.checkpoints), set(budget.averages)
    sums, least, contraction, distance, farthest = [0.0] * 5, np.inf, 0.0, 0.0, 0.0
    for t in range(len(index) + 1):
        if t in marks:
            f = value(X, y, weight, w)
            if t in averages and t:
                value(X, y, weight, total / t)
            if w_star is not None:
                distance = np.sum((w - w_star) ** 2)
            if f <= threshold or t == len(index):
                break
        total += w
        rows, targets = X[index[t]], y[index[t]]
        r = -targets / (1.0 + np.exp(targets * (rows @ w)))
        g = rows.T @ r / SIZE + weight * w
        square = g @ g
        b += square / b
        if w_star is not None:
            lr, slope = 1.0 / b, g @ w - g @ w_star
            stable = lr if lr * L <= 1.0 else 0.0
            for k, term in enumerate((square, lr * square, lr, stable, slope)):
                sums[k] += term
            least, farthest = min(least, square), max(farthest, distance)
            distance += lr * (lr * square - 2.0 * slope)
            contraction += math.log1p(-weight * lr)
        w = w - g / b
    return t, f


def main() -> None:
    """Print the seconds of each, and how many times faster the engine is."""
    plan = Plan("wngrad", lr0=RATES, batch_size=SIZE, passes=PASSES, replicates=SEEDS, sweep=True)
    spec = spec_from_data(str(data_file()), loss="logistic")
    p = prepare(spec, plan, cache_dir(), Control())
    problem, known, w_star = p.problem, p.constants, p.optimum.w_star
    shared = SharedProblem(problem, known, w_star)
    lanes = [(0, seed, p.lr0) for seed in plan.seeds]
    jobs = list(jobs_of(p, 0, plan, lanes, workers=1, keep_iterates=False))

    def sweep():
        start = time.perf_counter()
        runs = [run for job in jobs for run in engine.run_lanes(job, shared)]
        return time.perf_counter() - start, runs

    _, runs = sweep()
    budget = jobs[0].budget
    index = next(jobs[0].minibatches(problem)[0].chunks(budget.iterations))
    threshold = known.f_star + budget.target
    X, y, weight = problem.data.X, problem.y, problem.penalty.weight
    dense = X.toarray()
    kinds = {"dense rows": dense, "CSR rows": X}
    ratios, sweeps = {k: [] for k in kinds}, []
    for _ in range(3):
        seconds, runs = sweep()
        sweeps.append((seconds, sum({r.seed: r.evaluation_seconds for r in runs}.values())))
        picked = runs[: len(RATES) : 4]  # of the first seed
        n_steps, timed = (sum(r.status_at for r in some) for some in (runs, picked))
        for name, rows in kinds.items():
            times = np.zeros(2)
            for lane in picked:
                for which, more in enumerate(((), (w_star, known.L))):
                    start = time.perf_counter()
                    t, f = loop(rows, y, weight, lane.lr0, index, budget, threshold, *more)
                    times[which] += time.perf_counter() - start
                    assert t == lane.status_at, (t, lane.status_at)
                    np.testing.assert_allclose(f, lane.trace["objective"][-1], rtol=1e-7)
            ratios[name].append(times * n_steps / timed / seconds)
    seconds, looking = np.median(sweeps, axis=0)
    print(f"sweep: {seconds:.2f} s, of which evaluation {looking:.2f} s")
    for name in kinds:
        bare, measuring = np.median(ratios[name], axis=0)
        print(f"{name}: {bare:.1f} times as long, {measuring:.1f} if it measures as much")


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
