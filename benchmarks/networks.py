"""What a step of a network costs a lane beside 31 others, against a lane alone and against torch.

CPU time, in turns. Where torch is installed, the second table has the steps of networks by it.

python benchmarks/networks.py
"""

from __future__ import annotations

import statistics
import time
from importlib.util import find_spec

import numpy as np
from threadpoolctl import threadpool_limits

from lrbench.arrays import keep_freed_memory
from lrbench.objective.minibatches import Minibatches
from lrbench.problem_files import build_problem, load_spec, with_overrides, with_settings
from lrbench.solvers.build import build_solver

LANES = 32


def step_seconds(problem, n_lanes, batch_size, steps):
    """Return the CPU seconds of a step of one lane, with its sums, without evaluations."""
    solver = build_solver("wngrad")[0]
    lr0 = np.geomspace(1e-4, 1e-2, n_lanes)
    batches = Minibatches(problem.n_samples, batch_size, "replacement", 0)
    sampler = problem.sampler(None, None, [batches])
    W = sampler.iterates.start(n_lanes)
    state = solver.init(W, lr0, {})
    oracles = sampler.oracles(lambda W, gradient: gradient.norm_sq())
    start = time.process_time()
    for _, oracle in zip(range(steps), oracles, strict=False):
        sampler.iterates.accumulate(W)
        oracle.begin(W)
        W, _, state = solver.step(W, state, oracle)
    return (time.process_time() - start) / steps / n_lanes


def by_torch() -> None:
    """Print the steps of networks by torch in both kinds of numbers: median of five turns."""
    print("network                                    batch    numpy us  float64 us  float32 us")
    networks = [
        ("mlp-digits", f"mlp[hidden=64x64,normalisation={norm}]", 64, 40)
        for norm in ("none", "weight", "batch")
    ]
    networks += [("mlp-digits", "mlp[hidden=16x16]", 8, 200)]
    networks += [
        ("resnet-digits", f"resnet[channels=8x16,normalisation={norm}]", 64, 4)
        for norm in ("none", "batch")
    ]
    for name, model, batch_size, steps in networks:
        backends = ["numpy"] * model.startswith("mlp") + ["torch", "torch[dtype=float32]"]
        spec = with_settings(with_overrides(load_spec(name), backend="torch"), [f"model={model}"])
        problems = [build_problem(with_overrides(spec, backend=backend)) for backend in backends]
        turns = [[step_seconds(p, 8, batch_size, steps) for p in problems] for _ in range(6)][1:]
        times = [f"{1e6 * statistics.median(own):10.0f}" for own in zip(*turns, strict=True)]
        columns = "  ".join([" " * 10] * (3 - len(times)) + times)
        print(f"{model:42s} {batch_size:5d}  {columns}", flush=True)


def main() -> None:
    """Print the ratio for two networks with each normalisation: median of five pairs."""
    print("hidden   batch  normalisation  alone us  of 32 us  times cheaper")
    for hidden, batch_size, steps in (([64, 64], 64, 40), ([16, 16], 8, 200)):
        for norm in ("none", "weight", "batch"):
            settings = [f"model.hidden={hidden}", f"model.normalisation={norm}"]
            problem = build_problem(with_settings(load_spec("mlp-digits"), settings))
            pairs = [
                (
                    step_seconds(problem, 1, batch_size, 8 * steps),
                    step_seconds(problem, LANES, batch_size, steps),
                )
                for _ in range(6)
            ][1:]
            alone, together = (1e6 * statistics.median(p[k] for p in pairs) for k in (0, 1))
            ratio = statistics.median(p[0] / p[1] for p in pairs)
            sizes = "x".join(map(str, hidden))
            times = f"{alone:8.0f}  {together:8.1f}  {ratio:13.1f}"
            print(f"{sizes:7s}  {batch_size:5d}  {norm:13s}  {times}", flush=True)


if __name__ == "__main__":
    keep_freed_memory()
    with threadpool_limits(1, "blas"):
        main()
        if find_spec("torch") is not None:
            by_torch()
