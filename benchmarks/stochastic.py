"""Minibatch WNGrad on 64 lanes, for each lane and pass: the engine, scikit-learn's SGD, and JAX.

python benchmarks/stochastic.py a9a.bz2 [PYTHON-WITH-JAX]

The engine measures all that certificates need at every step and keeps the running average;
scikit-learn's compiled SGDClassifier does one averaged pass over CSR rows; JAX does the bare
recursion and the average, compiled, vmap over lanes and lax.scan over steps, in float64. JAX is no
dependency of this project: give the interpreter of another environment that has it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from common import logistic, task
from threadpoolctl import threadpool_limits

from lrbench.engine import run as engine

LANES, PAIRS = 64, 7

JAX = """
import sys, time, jax, numpy as np
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
data = np.load(sys.argv[1])
X, y, index, lr0 = (jnp.asarray(data[k]) for k in ("X", "y", "index", "lr0"))
weight = float(data["weight"])

def loss(w, rows, targets):
    return jnp.mean(jax.nn.softplus(-targets * (rows @ w))) + 0.5 * weight * w @ w

def step(carry, batch):
    w, b, total = carry
    rows, targets = X[batch], y[batch]
    g = jax.vmap(jax.grad(loss), (0, None, None))(w, rows, targets)
    after = b + jnp.sum(g * g, axis=1) / b
    return (w - g / after[:, None], after, total + w), None

@jax.jit
def run(index, lr0):
    zeros = jnp.zeros((len(lr0), X.shape[1]))
    return jax.lax.scan(step, (zeros, 1.0 / lr0, zeros), index)[0]

jax.block_until_ready(run(index, lr0))
np.save(sys.argv[2], np.asarray(run(index, lr0)[0]))
print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    jax.block_until_ready(run(index, lr0))
    print(time.perf_counter() - start, flush=True)
"""


class Jax:
    """A child process that runs the same steps whenever it is asked."""

    def __init__(self, python: str, work, X: np.ndarray) -> None:
        job, problem = work[0], work[1].problem
        steps, lr0 = job.budget.iterations, job.lanes[0].lr0
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        index = next(job.minibatches(problem)[0].chunks(steps))
        weight = problem.penalty.weight
        np.savez(folder / "in.npz", X=X, y=problem.y, index=index, lr0=lr0, weight=weight)
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        self.child = subprocess.Popen(
            [python, "-c", JAX, str(folder / "in.npz"), str(folder / "out.npy")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        )
        assert self.child.stdout.readline() == "ready\n"
        self.W = np.load(folder / "out.npy").T

    def seconds(self) -> float:
        """Return the seconds of one run."""
        self.child.stdin.write("go\n")
        self.child.stdin.flush()
        return float(self.child.stdout.readline())


def engine_seconds(work) -> float:
    """Return the seconds of the loop: all that is done at every step, without the two looks."""
    start = time.perf_counter()
    runs = engine.run_lanes(*work)
    return time.perf_counter() - start - runs[0].evaluation_seconds


def sklearn_pass(problem):
    """Return a function that does one averaged pass of SGDClassifier."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import SGDClassifier

    X, y = csr_matrix(problem.data.X), np.array(problem.y)
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    alpha = problem.penalty.weight
    sgd = SGDClassifier(
        loss="log_loss", alpha=alpha, average=True, learning_rate="constant", eta0=0.01
    )
    sgd.partial_fit(X, y, classes=[-1.0, 1.0])

    def seconds() -> float:
        start = time.perf_counter()
        sgd.partial_fit(X, y)
        return time.perf_counter() - start

    return seconds


def main() -> None:
    """Print milliseconds for each lane and pass, and medians of the ratios of pairs."""
    if len(sys.argv) not in (2, 3):
        sys.exit(f"usage: python {sys.argv[0]} FILE [PYTHON-WITH-JAX] (a9a in the docs)")
    problem, known, w_star = logistic(Path(sys.argv[1]))
    X = problem.data.X.toarray()
    compiled = sklearn_pass(problem)
    print("batch  engine  sklearn  ratio     jax  ratio   (ms for a lane and pass)")
    for size in (16, 64, 256):
        steps = -(-problem.n_samples // size)
        work = task(
            problem,
            known,
            w_star,
            n_lanes=LANES,
            steps=steps,
            batch_size=size,
            default_checkpoints=False,
        )
        jax = Jax(sys.argv[2], work, X) if len(sys.argv) == 3 else None
        if jax is not None:
            W = np.stack([r.iterates["last"] for r in engine.run_lanes(*work)], axis=1)
            np.testing.assert_allclose(W, jax.W, rtol=1e-6, atol=1e-9)
        rows = []
        for _ in range(PAIRS + 1):
            jax_seconds = min(jax.seconds() for _ in range(2)) / LANES if jax else np.nan
            rows.append(
                (
                    min(engine_seconds(work) for _ in range(2)) / LANES,
                    min(compiled() for _ in range(2)),
                    jax_seconds,
                )
            )
        rows = rows[1:]  # the first warms up
        ms = [1e3 * statistics.median(column) for column in zip(*rows, strict=True)]
        to_sklearn = statistics.median(a / b for a, b, _ in rows)
        to_jax = statistics.median(a / c for a, _, c in rows)
        print(
            f"{size:5d}  {ms[0]:6.3f}  {ms[1]:7.2f}  {to_sklearn:5.3f}  {ms[2]:6.3f}  {to_jax:5.2f}"
        )
        if jax is not None:
            jax.child.kill()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with threadpool_limits(1, "blas"):
        main()
