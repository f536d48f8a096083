"""A step of all lanes of a network against torch.func.vmap: CPU time, in interleaved pairs.

python benchmarks/networks_vmap.py [FILE]    (FILE: mnist.t of the LIBSVM collection)

Both compute the gradients of 32 lanes on one minibatch, in float64 on one thread.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from lrbench.arrays import keep_freed_memory
from lrbench.objective.network.network import NetworkSamples
from lrbench.problem_files import build_problem, load_spec, spec_from_data, with_settings

LANES, BATCH, PAIRS = 32, 64, 7


def vmapped(problem):
    """Return a function of (n_lanes, n_parameters) and of inputs and classes: the gradients."""
    layers = problem.network.layers

    def loss(theta, X, y):
        for k, layer in enumerate(layers):
            kernel = theta[layer.kernel].reshape(layer.n_in, layer.n_out)
            X = X @ kernel + theta[layer.shift]
            X = torch.relu(X) if k < len(layers) - 1 else X
        return torch.nn.functional.cross_entropy(X, y)

    return torch.func.vmap(torch.func.grad(loss), in_dims=(0, None, None))


def seconds(step, steps):
    """Return the CPU seconds of a step."""
    start = time.process_time()
    for _ in range(steps):
        step()
    return (time.process_time() - start) / steps


def main() -> None:
    """Print the times of both, and their ratio: medians of the pairs."""
    specs = {"digits": load_spec("mlp-digits")}
    if len(sys.argv) > 1:
        settings = ["model.hidden=[64,64]"]
        specs["mnist"] = spec_from_data(sys.argv[1], scale="maxabs", settings=settings)
    print("data    numpy ms  vmap ms  times faster")
    for name, spec in specs.items():
        problem = build_problem(with_settings(spec, []))
        rng = np.random.default_rng(0)
        theta = problem.w0 + 0.01 * rng.standard_normal((LANES, problem.n_features))
        rows = rng.integers(problem.n_samples, size=BATCH)
        batch = NetworkSamples(problem.train.X[rows], problem.train.y[rows])
        gradient = vmapped(problem)
        tensors = torch.tensor(theta), torch.tensor(batch.X), torch.tensor(batch.y).long()
        own = problem.network.value_and_gradient(theta, batch)[1]
        assert np.abs(own - gradient(*tensors).numpy()).max() < 1e-12
        pairs = [
            (
                seconds(lambda: problem.network.value_and_gradient(theta, batch), 20),  # noqa: B023
                seconds(lambda: gradient(*tensors), 20),  # noqa: B023
            )
            for _ in range(PAIRS)
        ]
        numpy_ms, vmap_ms = (1e3 * statistics.median(p[k] for p in pairs) for k in (0, 1))
        ratio = statistics.median(p[1] / p[0] for p in pairs)
        print(f"{name:6s}  {numpy_ms:8.2f}  {vmap_ms:7.2f}  {ratio:12.2f}", flush=True)


if __name__ == "__main__":
    keep_freed_memory()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    with threadpool_limits(1, "blas"):
        main()
