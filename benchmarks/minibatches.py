"""Minibatches of every size on few and many lanes: the engine, scikit-learn, JAX, and the limit.

python benchmarks/minibatches.py FILE [--quick] [--figure FILE.svg]

For each lane and pass, as shares of one averaged pass of scikit-learn's compiled SGDClassifier, in
CPU time: the engine with the running average and all that certificates need, JAX with the bare
recursion and the average, and the least time that the floating-point operations and the bytes of
such a pass take on this machine. A pass that takes long is judged by its first steps; each figure
is the median of three ratios. FILE is any LIBSVM file with two labels. JAX is left out where it is
not installed or X would not fit into memory as a dense array.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

# Before JAX is imported: one thread, as everybody else here has.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import numpy as np
from common import engine_seconds, logistic, sklearn_pass, task
from threadpoolctl import threadpool_limits

from lrbench.kernels.library import library

SIZES = (1, 4, 16, 64, 256)
LANES = (1, 8, 33, 64, 256)
SOLVERS = ("wngrad", "sgd", "adam")

PAIRS = 3
FIRST_STEPS = 500
ENOUGH = 0.3
"""The CPU seconds of the engine after which a pass is long enough to be judged."""
DENSE = 1 << 31
"""The largest X in bytes that JAX is given as a dense array."""

RATES = {"wngrad": (1e-2, 1e2), "sgd": (1e-3, 1e-1), "adam": (1e-4, 1e-2)}
"""The learning rates, with which no lane diverges."""


class Share(NamedTuple):
    """Times for a lane and pass as shares of scikit-learn's pass; NaN for none."""

    solver: str
    size: int
    lanes: int
    engine: float
    jax: float
    limit: float


def jax_steps(problem, solver: str) -> Callable[[np.ndarray, np.ndarray], float] | None:
    """Return what makes steps on these minibatches by JAX, and returns the CPU seconds; or None.

    The lanes are innermost, as in the engine: every product is one of matrices.
    """
    n, d = problem.data.shape
    try:
        import jax
    except ImportError:
        return None
    if 8 * n * d > DENSE:
        return None
    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    X = jnp.asarray(getattr(problem.data.X, "toarray", lambda: problem.data.X)())
    y, weight = jnp.asarray(problem.y), problem.penalty.weight

    def gradient(W, rows):
        A, targets = X[rows], y[rows][:, None]
        slopes = -targets * jax.nn.sigmoid(-targets * (A @ W)) / len(rows)
        return A.T @ slopes + weight * W

    def wngrad(state, rows):
        W, b, total = state
        G = gradient(W, rows)
        after = b + jnp.sum(G * G, axis=0) / b
        return (W - G / after, after, total + W), None

    def sgd(state, rows):
        W, b, total = state
        return (W - gradient(W, rows) / b, b, total + W), None

    def adam(state, rows):
        W, b, total, M, V, t = state
        G = gradient(W, rows)
        M, V, t = 0.9 * M + 0.1 * G, 0.999 * V + 0.001 * G * G, t + 1
        step = (M / (1 - 0.9**t)) / (jnp.sqrt(V / (1 - 0.999**t)) + 1e-8)
        return (W - step / b, b, total + W, M, V, t), None

    rule = {"wngrad": wngrad, "sgd": sgd, "adam": adam}[solver]

    @jax.jit
    def run(index, lr0):
        zeros = jnp.zeros((d, len(lr0)))
        state = (zeros, 1.0 / lr0, zeros)
        state += (zeros, zeros, 0.0) if solver == "adam" else ()
        return jax.lax.scan(rule, state, index)[0]

    def seconds(index: np.ndarray, lr0: np.ndarray) -> float:
        start = time.process_time()
        jax.block_until_ready(run(index, lr0))
        return time.process_time() - start

    return seconds


class Machine:
    """What a core of this machine does at most."""

    def __init__(self) -> None:
        A = np.ones((400, 400))
        self.flops = 2 * 400**3 / min(seconds_of(lambda: A @ A) for _ in range(9))
        self._bandwidth: dict[int, float] = {}

    def bytes_per_second(self, size: int) -> float:
        """Return how many bytes of arrays of this size are read or written in a second."""
        size = max(1 << 18, 1 << size.bit_length())  # smaller ones time the call of NumPy
        if size not in self._bandwidth:
            source, target = np.ones(size // 16), np.empty(size // 16)
            repeats = max(1, (1 << 24) // size)

            def copy() -> None:
                for _ in range(repeats):
                    np.copyto(target, source)

            self._bandwidth[size] = size * repeats / min(seconds_of(copy) for _ in range(9))
        return self._bandwidth[size]


def seconds_of(call: Callable[[], object]) -> float:
    """Return the CPU seconds of a call."""
    start = time.process_time()
    call()
    return max(time.process_time() - start, 1e-9)


def least_seconds(problem, machine: Machine, solver: str, size: int, lanes: int) -> float:
    """Return the least CPU seconds of one step, by its operations and by its bytes.

    A step must read its rows, and read and write the iterate, the gradient and the running sum of
    the coordinates that its rows touch; adam has two states more, and touches all coordinates.
    """
    n, d = problem.data.shape
    row = problem.data.nnz / n
    touched = d if solver == "adam" else d * (1.0 - (1.0 - row / d) ** size)
    arrays, operations = (10, 16) if solver == "adam" else (6, 8)
    flops = lanes * (size * (4 * row + 30) + operations * touched)  # 30 of them for the derivative
    in_lanes = 8 * lanes * touched
    traffic = arrays * in_lanes + 12 * size * row
    working = int(in_lanes * arrays / 2)
    return max(flops / machine.flops, traffic / machine.bytes_per_second(working))


def shares(path: Path, sizes: tuple[int, ...], lanes: tuple[int, ...]) -> Iterator[Share]:
    """Yield a row for each solver, batch size and number of lanes."""
    problem, known, w_star = logistic(path)
    n = problem.n_samples
    peer, machine = sklearn_pass(problem), Machine()
    pass_seconds = statistics.median(peer() for _ in range(9))
    print(f"scikit-learn: {1e3 * pass_seconds:.1f} ms a pass; {machine.flops / 1e9:.0f} GFlop/s")
    for solver in SOLVERS:
        other = jax_steps(problem, solver)
        for size in sizes:
            if size > n:
                continue
            in_pass = n / size
            for count in lanes:

                def work_of(steps: int, count: int = count, size: int = size, solver=solver):
                    job, shared = task(
                        problem,
                        known,
                        w_star,
                        n_lanes=count,
                        steps=steps,
                        batch_size=size,
                        default_checkpoints=False,
                        solver=solver,
                        rates=RATES[solver],
                    )
                    return replace(job, compiled=library() is not None), shared

                steps = -(-n // size)
                if steps > FIRST_STEPS:
                    of_first = engine_seconds(work_of(FIRST_STEPS)) / FIRST_STEPS
                    steps = min(steps, max(FIRST_STEPS, int(ENOUGH / of_first)))
                work = work_of(steps)
                index = next(work[0].minibatches(problem)[0].chunks(steps))
                lr0 = np.array(work[0].lanes[0].lr0)
                if other:
                    other(index, lr0)  # compiles
                ours, theirs = [], []
                for _ in range(PAIRS):
                    unit = peer() * count * steps / in_pass
                    ours.append(engine_seconds(work) / unit)
                    theirs.append(other(index, lr0) / unit if other else np.nan)
                least = least_seconds(problem, machine, solver, size, count)
                limit = least * in_pass / count / pass_seconds
                of_jax = statistics.median(theirs)
                yield Share(solver, size, count, statistics.median(ours), of_jax, limit)


def draw(rows: list[Share], path: Path) -> None:
    """Draw the shares over the batch size, a panel for each solver."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from lrbench.reports.figures.style import COLOURS, GREY, STYLE, marker

    with rc_context(STYLE):
        figure = Figure(figsize=(6.8, 2.6), layout="constrained")
        panels = figure.subplots(1, len(SOLVERS), sharey=True)
        for panel, solver in zip(panels, SOLVERS, strict=True):
            own = [row for row in rows if row.solver == solver]
            lanes = sorted({row.lanes for row in own} & {1, 8, 64})
            for k, count in enumerate(lanes):
                part = [row for row in own if row.lanes == count]
                sizes, style = [row.size for row in part], {"color": COLOURS[k]}
                label = f"{count} lane{'s' * (count > 1)}"
                engine = [row.engine for row in part]
                panel.plot(sizes, engine, marker=marker(k), label=label, **style)
                panel.plot(sizes, [row.jax for row in part], linestyle="--", **style)
                panel.plot(sizes, [row.limit for row in part], linestyle=":", **style)
            panel.axhline(1.0, color=GREY, linewidth=0.8)
            panel.set(title=solver, xscale="log", yscale="log", xlabel="batch size")
            panel.set_xticks(SIZES, map(str, SIZES))
            panel.minorticks_off()
        panels[0].set_ylabel("share of scikit-learn's pass")
        panels[0].plot([], [], color=GREY, linestyle="--", label="JAX")
        panels[0].plot([], [], color=GREY, linestyle=":", label="limit")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
        figure.savefig(path, dpi=150)


def main() -> None:
    """Print the table, and draw it if a figure is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--quick", action="store_true", help="batches of 1, 16, 256; 1, 64 lanes")
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    sizes, lanes = ((1, 16, 256), (1, 64)) if given.quick else (SIZES, LANES)
    rows = []
    for row in shares(given.file, sizes, lanes):
        if not rows:
            print("solver  batch  lanes  engine     jax   limit  (1 = scikit-learn's pass)")
        print(
            f"{row.solver:6}  {row.size:5}  {row.lanes:5}  {row.engine:6.3f}  {row.jax:6.3f}"
            f"  {row.limit:6.3f}",
            flush=True,
        )
        rows.append(row)
    if given.figure:
        draw(rows, given.figure)


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
