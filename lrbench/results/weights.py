"""The weights that a result found, as a NumPy file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from lrbench.errors import LrbenchError, UsageError
from lrbench.results.records import ProblemResult, Run, Status

USABLE = (Status.COMPLETED, Status.REACHED_TARGET, Status.STALLED)


def best_run(runs: Sequence[Run]) -> Run:
    """Return the run that ended at the lowest objective, of those that ended by themselves."""
    usable = [r for r in runs if r.status in USABLE and len(r.trace["objective"])]
    if not usable:
        raise LrbenchError(
            "no run ended with weights to save.", "give more time, or another lr0 or solver."
        )
    return min(usable, key=lambda r: float(r.trace["objective"][-1]))


def write_weights(problems: Sequence[ProblemResult], file: BinaryIO) -> None:
    """Write the best iterate of the best run of the one problem there is."""
    if len(problems) != 1:
        raise UsageError(
            f"the weights of {len(problems)} problems do not go into one file.",
            "run one problem at a time.",
        )
    run = best_run(problems[0].runs)
    if "best" not in run.iterates:
        raise UsageError("a saved result has no weights.", "run it again with --save-weights.")
    np.savez(
        file,
        W=run.iterates["best"],
        problem=problems[0].name,
        solver=str(run.solver),
        lr0=run.lr0,
        seed=run.seed,
        objective=np.nanmin(run.trace["objective"]),
        intercept=bool(problems[0].header["intercept"]),
    )
