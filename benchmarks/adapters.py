"""CPU time of a step of an optimiser of torch or optax, and of a loop in its own library, in pairs.

Usage: python benchmarks/adapters.py [FILE] (LIBSVM format, two labels; a9a in the docs)

The loops are those that users of the libraries write: full batches of logistic regression with l2,
one lane, float64, one thread; in torch the data are a dense matrix and the gradient is autograd's,
and in optax gradient and step are compiled together.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import optax
import torch
from common import logistic, task

from lrbench.cache.folder import cache_dir
from lrbench.engine.run import run_lanes
from lrbench.optimum import constants, find_optimum
from lrbench.problem_files import build_problem, load_spec
from lrbench.solvers.build import build_solver

REPETITIONS = 7


def torch_loop(X, y, weight, make, steps):
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    w = torch.zeros(X.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = make([w], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.softplus(-y * (X @ w)).mean() + weight / 2 * w.dot(w)
        loss.backward()
        optimizer.step()
    return w.detach().numpy()


def optax_loop(X, y, weight, make, steps):
    with jax.enable_x64(True):
        X, y, w = jax.numpy.asarray(X), jax.numpy.asarray(y), jax.numpy.zeros(X.shape[1])
        transformation = make(0.1)

        @jax.jit
        def step(w, state):
            grad = jax.grad(lambda w: jax.nn.softplus(-y * (X @ w)).mean() + weight / 2 * w.dot(w))(
                w
            )
            change, state = transformation.update(grad, state, w)
            return optax.apply_updates(w, change), state

        state = transformation.init(w)
        step(w, state)  # compiled before the clock starts
        begin = time.process_time()
        for _ in range(steps):
            w, state = step(w, state)
        w.block_until_ready()
        return time.process_time() - begin


def timed(function, *arguments):
    begin = time.process_time()
    out = function(*arguments)
    return out if isinstance(out, float) else time.process_time() - begin


def main() -> None:
    torch.set_num_threads(1)
    spec = load_spec("logreg")
    small = build_problem(spec)
    optimum = find_optimum(small, cache=cache_dir())
    problems = {"logreg": (small, constants(small, optimum, radius=None), optimum.w_star, 2000)}
    if len(sys.argv) > 1:
        problems[Path(sys.argv[1]).name] = (*logistic(Path(sys.argv[1])), 60)
    print("problem    optimiser               own loop   lrbench   ratio")
    for name, (problem, known, w_star, steps) in problems.items():
        X = problem.data.X
        X = X if isinstance(X, np.ndarray) else X.toarray()
        peers = {
            "torch:torch.optim.SGD": (torch_loop, torch.optim.SGD),
            "torch:torch.optim.Adam": (torch_loop, torch.optim.Adam),
            "optax:adam": (optax_loop, optax.adam),
        }
        for text, (loop, make) in peers.items():
            job, shared = task(
                problem, known, w_star, n_lanes=1, steps=steps, default_checkpoints=False
            )
            solver, spec = build_solver(text)
            job = replace(job, solver=solver, spec=spec)
            pairs = []
            for _ in range(REPETITIONS + 1):
                own = timed(loop, X, problem.y, problem.penalty.weight, make, steps)
                pairs.append((own, timed(run_lanes, job, shared)))
            del pairs[0]  # in which lrbench compiles the step of optax
            own = statistics.median(own for own, _ in pairs) / steps * 1e6
            lane = statistics.median(lane for _, lane in pairs) / steps * 1e6
            ratio = statistics.median(lane / own for own, lane in pairs)
            print(f"{name:9}  {text:22}  {own:6.0f} us  {lane:6.0f} us  {ratio:6.2f}")


if __name__ == "__main__":
    main()
