"""The columns of a trace, and how they are saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from lrbench.config.plain import plain
from lrbench.config.records import RecordError, reader
from lrbench.results.saved_traces import MISSING
from lrbench.results.traces import Trace

COLUMNS = (
    "iteration",
    "passes",
    "seconds",
    "objective",
    "suboptimality",
    "suboptimality_average",
    "suboptimality_best",
    "grad_norm_sq",
    "min_grad_norm_sq",
    "lr",
    "distance_max",
)
"""The columns that every trace has."""

METERED = ("sample_gradients", "sample_values", "prox_calls")
"""The calls of the oracle so far: gradients and values of single samples, and proxes.

Passes are the sum of the first two, relative to the number of samples."""

OUTPUT = ("objective_output", "suboptimality_output")
"""The columns of a trace whose solver has an answer of its own, which is not the last iterate."""

TESTED = ("test_loss", "test_accuracy")
"""The columns of a trace where samples are held out; the accuracy for two classes only."""

NORMALISED = ("v_norm_sq",)
"""The column of a trace on a normalised problem: the squared length of v."""

SUMMED = (
    "sum_grad_norm_sq",
    "sum_lr_grad_norm_sq",
    "sum_lr",
    "stable_sum_lr",
    "short_sum_lr",
    "regret",
    "distance",
    "stable_from",
    "stable_distance",
    "short_from",
    "short_distance",
    "log_contraction",
    "log_factor",
    "regret_error",
    "subgradient_error",
    "average_error",
    "first_other_step",
)
"""The columns that certificates need beside `COLUMNS`. Further columns are the solver's state."""

LATER = ("suboptimality_best",)
"""Columns that version 1 of the format did not have from its first day."""


class _Checkpoints(TypedDict):
    """The column of a trace that holds integers."""

    iteration: Sequence[int]


def state_columns(names: Iterable[str]) -> list[str]:
    """Return those of the names of columns that are fields of a solver's state."""
    return [name for name in names if name not in COLUMNS + METERED + OUTPUT + TESTED + SUMMED]


def read_trace(value: Any) -> Trace:
    """Return the columns in JSON: those that every trace has, and whatever others there are.

    null stands for a trace that was not saved.
    """
    if value is None:
        return MISSING
    length = len(reader(_Checkpoints)(value)["iteration"])
    columns: dict[str, NDArray[np.float64]] = reader(dict[str, NDArray[np.float64]])(value)
    columns |= {name: np.full(length, np.nan) for name in LATER if name not in columns}
    for name in COLUMNS:
        if name not in columns:
            raise RecordError(f".{name} is missing")
    for name, column in columns.items():
        if len(column) != length:
            raise RecordError(f".{name} has {len(column)} numbers, not {length}")
    return {name: columns[name] for name in {**dict.fromkeys(COLUMNS), **columns}}


def plain_trace(trace: Trace) -> dict[str, Any]:
    """Return the columns for JSON; a run without a checkpoint has empty ones."""
    values = {name: plain(trace.get(name, [])) for name in {**dict.fromkeys(COLUMNS), **trace}}
    return values | {"iteration": [int(t) for t in values["iteration"]]}


def saved_trace(trace: Trace) -> dict[str, Any] | None:
    """Return what `plain_trace` does; None for a trace that is not saved."""
    return None if trace is MISSING else plain_trace(trace)
