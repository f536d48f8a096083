"""Where the time of a minibatch step goes: each part alone, microseconds, 64 lanes, WNGrad.

python benchmarks/step_profile.py a9a.bz2
"""

from __future__ import annotations

import time
import timeit

import numpy as np
from common import data_file, logistic, task
from threadpoolctl import threadpool_limits

from lrbench.arrays import keep_freed_memory
from lrbench.engine.loop import LaneLoop
from lrbench.engine.tracker import Tracker
from lrbench.objective.linear.matrix import product


def microseconds(part, number=320):
    """Return the least microseconds of CPU time of a call, of five repetitions."""
    seconds = timeit.repeat(part, number=number, repeat=5, timer=time.process_time)
    return 1e6 * min(seconds) / number


class Idle:
    """An oracle whose gradient is there and whose step does nothing: the rule's own arithmetic."""

    def __init__(self, gradient):
        self.gradient = lambda W: gradient
        self.descend = lambda W, lr, g: W


def parts(problem, known, w_star, work):
    """Yield the name and the microseconds of each part of a step."""
    job, lr0 = work[0], np.array(work[0].lanes[0].lr0)
    sampler = problem.sampler(w_star, None, job.minibatches(problem))
    oracles = sampler.oracles(lambda W, g: None)
    oracle = next(oracles)
    start = time.process_time()
    for _ in range(2000):
        next(oracles)
    yield "minibatches", (time.process_time() - start) / 2000 * 1e6
    W = sampler.iterates.start(len(lr0)) + 0.1
    (batch,) = oracle.seed_batches
    X, y = batch.X, batch.y
    Z = product(X, W)
    R = problem.loss.scaled_derivative(Z.copy(), y, 1.0)
    G = product(X.T, R)
    XT = batch.XT
    yield "products", microseconds(lambda: product(X, W)) + microseconds(lambda: product(XT, R))
    yield "derivative", microseconds(lambda: problem.loss.scaled_derivative(Z, y, 1.0))
    yield "penalty", microseconds(lambda: problem.add_penalty_gradient(G, W))
    gradient = oracle.gradient(W)
    known_norm = gradient.norm_sq()

    def norm():
        gradient._norm_sq = None
        gradient.norm_sq()

    yield "norm", microseconds(norm)
    state, idle = job.solver.init(W, lr0, {}), Idle(gradient)
    yield "rule", microseconds(lambda: job.solver.step(W, state, idle))
    zero = np.zeros_like(known_norm)
    yield "step", microseconds(lambda: oracle.descend(W, zero, gradient))
    yield "average", microseconds(lambda: sampler.iterates.accumulate(W))
    tracker = Tracker(len(lr0), problem.w0, w_star, known.L, known.mu)

    def track():
        tracker.observe(W, gradient)
        tracker.advance(tracker._t + 1, lr0)

    yield "tracking", microseconds(track, 640)


def main() -> None:
    """Print the parts and the whole step."""
    problem, known, w_star = logistic(data_file())
    for size in (16, 64, 256):
        steps = 40_000 // size
        work = task(
            problem,
            known,
            w_star,
            n_lanes=64,
            steps=steps,
            batch_size=size,
            default_checkpoints=False,
        )
        keep_freed_memory()
        seconds = []
        for _ in range(5):
            runner = LaneLoop(*work).runner
            runner.start()
            start = time.process_time()
            runner.go(steps, lambda t: False)
            seconds.append(time.process_time() - start)
        step = 1e6 * min(seconds) / steps
        times = dict(parts(problem, known, w_star, work))
        times["the rest"] = step - sum(times.values())
        print(f"batch {size}: {step:.0f} us a step:", end="")
        print(", ".join(f" {name} {us:.1f}" for name, us in times.items()))


if __name__ == "__main__":
    with np.errstate(all="ignore"), threadpool_limits(1, "blas"):
        main()
