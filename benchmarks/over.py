"""CPU time of a step with lanes over a hyper-parameter, and with lanes over lr0, in pairs.

Usage: python benchmarks/over.py FILE (LIBSVM format, two labels; a9a in the docs)
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from common import data_file, logistic, median_ratio, task

from lrbench.engine.job import SeedLanes
from lrbench.solvers.build import build_solver

REPETITIONS = 8
STEPS = 200

PARAMETERS = {"adagrad-norm": "eta", "adam": "beta1", "dog": "r_eps"}


def main() -> None:
    problem, known, w_star = logistic(data_file())
    print("solver        over    batch  lanes  over / lr0")
    for name, parameter in PARAMETERS.items():
        for batch_size, n_lanes in ((16, 8), (16, 64), (64, 64)):
            job, shared = task(
                problem,
                known,
                w_star,
                n_lanes=n_lanes,
                steps=STEPS,
                batch_size=batch_size,
                default_checkpoints=False,
            )
            solver, spec = build_solver(name)
            lr0 = tuple(np.geomspace(1e-3, 1e-2, n_lanes).tolist())
            values = tuple(np.geomspace(0.5, 0.9, n_lanes).tolist())
            job = replace(job, solver=solver, spec=spec, pad_to=8)
            over = SeedLanes(0, lr0, {parameter: values})
            jobs = (replace(job, lanes=(SeedLanes(0, lr0),)), replace(job, lanes=(over,)))
            ratio = median_ratio(*jobs, shared, REPETITIONS)
            print(f"{name:12}  {parameter:6}  {batch_size:5}  {n_lanes:5}  {ratio:10.2f}")


if __name__ == "__main__":
    main()
