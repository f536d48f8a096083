"""The weights of the best run, written to a file of NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np

from lrbench.errors import LrbenchError, UsageError
from lrbench.results.problem import ProblemResult
from lrbench.results.ranking import lowest
from lrbench.results.records import FeatureMap, Run

ROW_WISE = ("none", "unit-rows")
"""Scalings that do not change the columns, so that the weights are those of the file."""


def chosen(problems: Sequence[ProblemResult]) -> Run:
    """Return the run whose weights are saved.

    The solver and lr0 have the lowest mean over seeds of F - f* at the end; of their seeds it is
    the one with the lowest objective at any checkpoint.

    Raises
    ------
    UsageError
        If there is not exactly one problem, or the result was loaded from a file.
    LrbenchError
        If everything diverged or failed.
    """
    if len(problems) != 1:
        raise UsageError(
            f"the weights of {len(problems)} problems do not go into one file.",
            "run one problem at a time.",
        )
    lane, _ = lowest(problems[0].final_gaps)
    if lane is None:
        raise LrbenchError(
            "no run ended with weights to save.", "give more time, or another lr0 or solver."
        )
    runs = [r for r in problems[0].groups[lane] if len(r.trace.get("objective", ()))]
    run = min(runs, key=_objective)
    if "best" not in run.iterates:
        raise UsageError("a saved result has no weights.", "run it again with --save-weights.")
    return run


def _objective(run: Run) -> float:
    """Return F at the best iterate."""
    columns = (run.trace.get(name, np.inf) for name in ("objective", "objective_output"))
    return min(float(np.nanmin(column)) for column in columns)


def write_weights(problem: ProblemResult, run: Run, file: BinaryIO) -> None:
    """Write the best iterate of a run, and what a prediction with it needs."""
    header = problem.header
    labels = header.labels or {}
    np.savez(
        file,
        W=run.iterates["best"],
        **_unscaled(problem, run),
        **_by_layer(problem, run),
        scale=header.scale,
        loss=header.loss,
        positive=labels.get("+1", ""),
        negative=labels.get("-1", ""),
        problem=problem.name,
        solver=str(run.solver),
        lr0=np.nan if run.lr0 is None else run.lr0,
        seed=run.seed,
        objective=_objective(run),
    )


def _by_layer(problem: ProblemResult, run: Run) -> dict[str, Any]:
    """Return the arrays of a network: kernel_1 (n_in, n_out), scale_1 and shift_1 (n_out,).

    Before them come the labels of its outputs, and the scaling of its inputs by columns.
    """
    w = run.iterates["best"]
    arrays: dict[str, Any] = {}
    if problem.classes:
        arrays["classes"] = np.array(problem.classes)
    if problem.layers and problem.features is not None:
        scaling = {"centre": problem.features.centre, "divisor": problem.features.divisor}
        arrays |= {name: column for name, column in scaling.items() if column is not None}
    for k, layer in enumerate(problem.layers, start=1):
        arrays[f"kernel_{k}"] = w[layer.kernel].reshape(layer.n_in, layer.n_out)
        if layer.scale is not None:
            arrays[f"scale_{k}"] = w[layer.scale]
        arrays[f"shift_{k}"] = w[layer.shift]
    return arrays


def _unscaled(problem: ProblemResult, run: Run) -> dict[str, Any]:
    """Return coef and intercept for features as the file has them, where the scaling is known."""
    features = problem.features
    if problem.header.model not in ("", "linear"):
        return {}
    if features is None and problem.header.scale in ROW_WISE:
        features = FeatureMap()
    if features is None:
        return {}
    coef, intercept = features.undone(run.iterates["best"], problem.header.intercept)
    return {"coef": coef, "intercept": intercept}
