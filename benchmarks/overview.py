"""One table of what lrbench takes and what others take, all measured in one run.

python benchmarks/overview.py a9a.bz2 splice australian_scale

CPU time, one thread, medians of pairs. The other benchmarks have more of each line.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import minibatches  # first: it sets the threads of JAX
import numpy as np
import optimum
import startup
from batch_overhead import by_hand
from common import engine_seconds, logistic, sklearn_pass, task
from threadpoolctl import threadpool_limits

from lrbench.kernels.library import library
from lrbench.losses.hinge import Hinge
from lrbench.losses.logistic import Logistic
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2

PAIRS = 7


def line(what: str, peer: str, unit: str, pairs: list[tuple[float, float]]) -> None:
    """Print a row of the table: the medians of both columns of seconds, and of their ratios."""
    scale = {"µs": 1e6, "ms": 1e3, "s": 1.0}[unit]
    own, other = (scale * statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"| {what} | {own:.3g} {unit} | {peer} {other:.3g} {unit} | {ratio:.2g} |", flush=True)


def work_of(known, n_lanes: int, steps: int, compiled: bool, **options):
    """Return a job of one leg on a problem with its constants and minimiser."""
    solver = options.get("solver", "wngrad")
    rates = minibatches.RATES.get(solver, (1e-2, 1e2))
    job, shared = task(
        *known, n_lanes=n_lanes, steps=steps, default_checkpoints=False, rates=rates, **options
    )
    return replace(job, compiled=compiled), shared


def in_pairs(own: Callable[[], float], other: Callable[[], float], n: int = PAIRS):
    """Return pairs of seconds, behind a pair that warms up."""
    return [(own(), other()) for _ in range(n + 1)][1:]


def print_passes(known, peer: Callable[[], float]) -> None:
    """Print passes over minibatches against scikit-learn's and JAX's."""
    n = known[0].n_samples
    jax = minibatches.jax_steps(known[0], "wngrad")
    for lanes, size in ((1, 1), (64, 1), (64, 16), (64, 64), (64, 256)):
        steps = -(-n // size)
        work = work_of(known, lanes, steps, library() is not None, batch_size=size)
        what = f"{lanes} lane{'s' * (lanes > 1)}, batches of {size}, a lane and pass"

        def own(work=work, lanes=lanes) -> float:
            return engine_seconds(work) / lanes

        line(what, "scikit-learn", "ms", in_pairs(own, peer))
        if jax is not None:
            first = work_of(known, lanes, min(steps, 5000), library() is not None, batch_size=size)
            index = next(first[0].minibatches(known[0])[0].chunks(min(steps, 5000)))
            passes = lanes * len(index) * size / n
            other = partial(jax, index, np.array(first[0].lanes[0].lr0))
            pairs = in_pairs(partial(engine_seconds, first), other, 3)
            line("", "JAX", "ms", [(a / passes, b / passes) for a, b in pairs])


def print_steps(known) -> None:
    """Print steps of one lane and batches of 16, compiled where they can be, against NumPy's."""
    steps = 1500
    for solver in ("wngrad", "sgd", "adam", "adagrad", "prox-wngrad", "ista"):
        way, of_numpy = (
            work_of(known, 1, steps, compiled, batch_size=16, solver=solver)
            for compiled in (library() is not None, False)
        )
        pairs = in_pairs(partial(engine_seconds, way), partial(engine_seconds, of_numpy))
        what = f"1 lane, batches of 16, `{solver}`, a step"
        line(what, "steps of NumPy", "µs", [(a / steps, b / steps) for a, b in pairs])


def print_full_batches(known, name: str, lanes: int, steps: int) -> None:
    """Print full batches against a loop by hand, on the clock of both."""
    problem = known[0]
    work = work_of(known, lanes, steps, library() is not None)
    lr0 = np.array(work[0].lanes[0].lr0)
    X, y, weight = problem.data.X, problem.y, problem.penalty.weight

    def other() -> float:
        return minibatches.seconds_of(lambda: by_hand(X, y, weight, lr0, steps))

    pairs = in_pairs(partial(engine_seconds, work), other)
    what = f"{name}, {lanes} lane{'s' * (lanes > 1)}, full batches, a step"
    line(what, "a loop by hand", "µs", [(a / steps, b / steps) for a, b in pairs])


def print_commands() -> None:
    """Print whole commands, with warm caches and with an empty one."""
    seeds = ["logreg", "--lr0", "1", "--batch-size", "16", "-r", "40"]
    run, sweep = (
        partial(startup.seconds, "-m", "lrbench", word, *seeds) for word in ("run", "sweep")
    )
    line("`lrbench run logreg --lr0 1 --batch-size 16 -r 40`", "`sweep`", "s", in_pairs(run, sweep))
    flagship = partial(startup.seconds, "-m", "lrbench", *startup.FLAGSHIP)
    line(
        "`lrbench run -p logreg --lr0 100`",
        "import of NumPy",
        "s",
        in_pairs(flagship, startup.numpy),
    )
    pairs = []
    for _ in range(PAIRS):
        with tempfile.TemporaryDirectory() as cache:
            pairs.append((flagship(LRBENCH_CACHE_DIR=cache), startup.numpy()))
    line("the same with an empty cache", "import of NumPy", "s", pairs)


def print_optima(path: Path) -> None:
    """Print certified minima against liblinear."""
    X, y = optimum.indicators()
    cases = [("logistic, l2", Logistic(), L2(1e-4)), ("logistic, l1", Logistic(), L1(1e-4))]
    for name, loss, penalty in cases:
        pairs, _, _ = optimum.pairs(X, y, loss, penalty)
        line(f"certified f\\*, 50,000 × 300 indicators, {name}", "liblinear", "s", pairs)
    a9a, _, _ = logistic(path)
    pairs, _, _ = optimum.pairs(a9a.data.X, a9a.y, Hinge(), L2(1 / a9a.n_samples))
    line("certified f\\*, a9a, hinge, l2", "liblinear", "s", pairs)
    X, y = optimum.wide()
    pairs, _, _ = optimum.pairs(X, y, Hinge(), L2(10 / len(y)))
    line("certified f\\*, 20,000 × 50,000 sparse, hinge, l2", "liblinear", "s", pairs)


def main() -> None:
    """Print the table."""
    if len(sys.argv) != 4:
        sys.exit(f"usage: python {sys.argv[0]} A9A SPLICE AUSTRALIAN")
    a9a, *small = map(Path, sys.argv[1:])
    loaded = library()
    print(f"compiled: {None if loaded is None else loaded.build}\n")
    print("| what | here | others | ratio |")
    print("|---|---|---|---|")
    known = logistic(a9a)
    print_passes(known, sklearn_pass(known[0]))
    print_steps(known)
    print_full_batches(known, "a9a", 8, 60)
    for path in small:
        print_full_batches(logistic(path), path.stem, 1, 3000)
    print_commands()
    print_optima(a9a)


if __name__ == "__main__":
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
