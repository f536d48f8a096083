"""Compiled steps in parts, between which Python has the rule, or asks whether to stop."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.kernels.codes import StepPart
from lrbench.kernels.library import Library

ENTRIES = 1 << 25
"""A call adds so many rows that these have about so many entries, each once for every lane: in some
10 ms. A signal waits for the end of the call."""

ROWS = 32
"""That of gradient.h: parts that begin at its multiples have the bits of a whole."""

BEFORE = int(StepPart.LOAD | StepPart.DESCEND | StepPart.ACCUMULATE)
OF_ROWS = int(StepPart.ADD_ROWS | StepPart.ADD_VALUES)


def rows_of_call(fields: Mapping[str, Any]) -> int:
    """Return how many rows of a minibatch a call adds, with these fields of `Steps`."""
    of_row = int(fields["row_entries"]) * int(fields["n_lanes"])
    return max(1, ENTRIES // of_row // ROWS) * ROWS


class PartedSteps:
    """The steps of some lanes, which stay in a workspace from one call to the next.

    Parameters
    ----------
    library
        The compiled steps.
    fields, seeds
        As for `Library.steps`.
    """

    def __init__(
        self,
        library: Library,
        fields: Mapping[str, NDArray[Any] | float | None],
        seeds: Sequence[tuple[int, int]],
    ) -> None:
        calls = list(library.calls(fields, seeds))
        self._kept = fields, [arrays for *_, arrays in calls]  # the calls have their addresses
        self._calls = [
            (getattr(library.functions, f"lrbench_parts_{lanes}"), call, ctypes.byref(call))
            for lanes, call, _ in calls
        ]
        self._size, self._rows = int(fields["batch_size"] or 0), rows_of_call(fields)

    def set_field(self, name: str, value: NDArray[Any] | int | None) -> None:
        """Give a field another value; of an array, which the caller keeps, the address."""
        for _, call, _ in self._calls:
            setattr(call, name, value.ctypes.data if isinstance(value, np.ndarray) else value)

    def make(
        self,
        parts: int,
        t: int,
        address: int | None = None,
        stop: Callable[[int], bool] = lambda t: False,
    ) -> bool:
        """Make some parts of a step; return whether all were made.

        Parameters
        ----------
        parts
            Those of `StepPart`.
        t
            The number of steps before the one that a descent or a rule makes.
        address
            That of the samples of the step; None where the fields have them, or for full batches.
        stop
            Asked between two calls of a large minibatch; where it returns True, no more are made.
        """
        for _, call, _ in self._calls:
            call.t = t
            if address is not None:
                call.samples = address
        start, size = 0, self._size
        while parts & OF_ROWS and size - start > self._rows:
            end = start + self._rows
            for function, _, reference in self._calls:
                function(reference, parts & (OF_ROWS if start else OF_ROWS | BEFORE), start, end)
            start = end
            if stop(t):
                return False
        for function, _, reference in self._calls:
            function(reference, parts & ~BEFORE if start else parts, start, size)
        return True
