"""What of the traces a file holds: every row, the rows of tables, or nothing."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from lrbench.errors import UsageError
from lrbench.results.traces import Trace

TRACES = ("all", "checkpoints", "none")
"""Every row; of a sweep the rows of tables; no row."""

SERIES = np.array([0.0, *(m * 10.0**k for k in range(16) for m in (1, 2, 5))])
"""The iterations of tables, beside the end of a run: 0, 1, 2, 5, 10, ..."""


class MissingTrace(dict[str, NDArray[np.float64]]):
    """The trace of a run that was saved without it: null in JSON.

    It has no column, and whatever asks for the numbers of one raises `UsageError`.
    """

    def _refuse(self, *_: Any) -> NoReturn:
        raise traces_needed()

    __getitem__ = __len__ = __bool__ = get = keys = values = items = _refuse

    def __reduce__(self) -> str:
        return "MISSING"  # of which there is one


def traces_needed() -> UsageError:
    """Return the error where the numbers of a trace are needed that was not saved."""
    return UsageError(
        "the result was saved without traces, and what is asked for needs them.",
        "save it with --traces all; without them there are the pages of sweeps, and JSON.",
    )


MISSING = MissingTrace()
"""The one trace that is missing."""


def chosen_trace(trace: Trace, end: int, which: str) -> Trace:
    """Return what a file holds of a trace.

    Parameters
    ----------
    trace
        The trace.
    end
        The iteration at which the run ended. The last row up to it is one of those of tables, and
        so is the last of all, where a run went on to confirm an arrival.
    which
        One of `TRACES`.
    """
    if which == "all" or trace is MISSING:
        return trace
    if which == "none":
        return MISSING
    iteration = trace.get("iteration", SERIES[:0])
    if not len(iteration):
        return trace
    keep = SERIES[np.searchsorted(SERIES, iteration).clip(max=len(SERIES) - 1)] == iteration
    keep[[max(int(np.searchsorted(iteration, end, side="right")) - 1, 0), -1]] = True
    return {name: column[keep] for name, column in trace.items()}
