"""Steps of NumPy on minibatches, in microseconds of CPU time, against those of another checkout.

python benchmarks/numpy_steps.py a9a.bz2 [CHECKOUT]

All that a step does is timed: the running average and what certificates need, without the two
looks. A process for each checkout makes the steps in turn; the ratios are medians of pairs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from common import logistic, task
from threadpoolctl import threadpool_limits

from lrbench.engine.loop import LaneLoop
from lrbench.solvers.build import build_solver

HERE = Path(__file__).parents[1]

SETTINGS = [
    *(
        (name, n, size)
        for name in ("wngrad", "sgd", "adam")
        for n in (1, 8, 64)
        for size in (1, 4, 16)
    ),
    *((name, 1, 16) for name in ("adagrad", "prox-wngrad", "ista")),
    *(("wngrad", n, size) for size in (64, 256) for n in (1, 8, 64)),
]
"""Solver, lanes, batch size."""

STEPS, PAIRS = 1500, 5


def answer(path: Path) -> None:
    """Answer each line of stdin, a setting, with the microseconds of a step."""
    problem, known, w_star = logistic(path)
    print("ready", flush=True)
    for line in sys.stdin:
        name, n_lanes, size = line.split()
        work = task(
            problem,
            known,
            w_star,
            n_lanes=int(n_lanes),
            steps=STEPS,
            batch_size=int(size),
            default_checkpoints=False,
        )
        solver, spec = build_solver(name)
        with np.errstate(all="ignore"):
            runner = LaneLoop(replace(work[0], solver=solver, spec=spec), work[1]).runner
            runner.start()
            start = time.process_time()
            runner.go(STEPS, lambda t: False)
        print(1e6 * (time.process_time() - start) / STEPS, flush=True)


class Checkout:
    """A process with the code of a checkout."""

    def __init__(self, path: str, folder: Path) -> None:
        self.child = subprocess.Popen(
            [sys.executable, __file__, path, "--answer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(folder)},
        )
        assert self.child.stdout.readline() == "ready\n"

    def microseconds(self, *setting: object) -> float:
        """Return the microseconds of a step."""
        self.child.stdin.write(" ".join(map(str, setting)) + "\n")
        self.child.stdin.flush()
        return float(self.child.stdout.readline())


def main() -> None:
    """Print the medians of a step, and of the ratios."""
    if len(sys.argv) not in (2, 3):
        sys.exit(f"usage: python {sys.argv[0]} FILE [CHECKOUT] (a9a in the docs)")
    path = sys.argv[1]
    checkouts = [Checkout(path, Path(folder)) for folder in (*sys.argv[2:], HERE)]
    for setting in SETTINGS:
        rows = [[c.microseconds(*setting) for c in checkouts] for _ in range(PAIRS + 1)][1:]
        times = " ".join(f"{statistics.median(column):8.1f}" for column in zip(*rows, strict=True))
        ratio = statistics.median(row[0] / row[-1] for row in rows)
        print(f"{setting[0]:12s} {setting[1]:5d} {setting[2]:5d} {times} {ratio:6.2f}", flush=True)


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        if sys.argv[-1] == "--answer":
            answer(Path(sys.argv[1]))
        else:
            main()
