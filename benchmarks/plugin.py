"""CPU time of a step of a rule in a file, and of the built-in rule of the same form, in pairs.

Usage: python benchmarks/plugin.py FILE (LIBSVM format, two labels; a9a in the docs)
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from common import data_file, logistic, median_ratio, task

from lrbench.solvers.build import build_solver

REPETITIONS = 9
STEPS = 400

RATE_RULE = """
import lrbench

@lrbench.rate_rule(init=lambda lr0: 1 / lr0)
def growth(b, grad_norm_sq, c=1.0):
    b = b + c * grad_norm_sq / b
    return b, 1 / b
"""

CLASS = """
from dataclasses import dataclass
import numpy as np
import lrbench

@dataclass(frozen=True)
class Norm(lrbench.Solver):
    eta: float = 1.0
    def init(self, W, lr0, facts):
        return self.eta / lr0
    def step(self, W, b, oracle):
        g = oracle.gradient(W)
        b = np.sqrt(b * b + g.norm_sq())
        return lrbench.Step(oracle.descend(W, self.eta / b, g), self.eta / b, b)
"""

PAIRS = {"rate_rule": (RATE_RULE, "wngrad"), "class": (CLASS, "adagrad-norm")}


def main() -> None:
    problem, known, w_star = logistic(data_file())
    print("rule       beside        batch  lanes  rule / built-in")
    with tempfile.TemporaryDirectory() as folder:
        for form, (text, built_in) in PAIRS.items():
            file = Path(folder, f"{form}.py")
            file.write_text(text, encoding="utf-8")
            for batch_size, n_lanes in ((1, 1), (16, 1), (16, 64), (256, 64)):
                job, shared = task(
                    problem,
                    known,
                    w_star,
                    n_lanes=n_lanes,
                    steps=STEPS,
                    batch_size=batch_size,
                    default_checkpoints=False,
                )
                jobs = []
                for name in (built_in, str(file)):
                    solver, spec = build_solver(name)
                    jobs.append(replace(job, solver=solver, spec=spec))
                ratio = median_ratio(*jobs, shared, REPETITIONS)
                print(f"{form:9}  {built_in:12}  {batch_size:5}  {n_lanes:5}  {ratio:15.2f}")


if __name__ == "__main__":
    main()
