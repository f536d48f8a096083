"""The numbers of traces as text, with every digit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrbench.results.columns import COLUMNS
from lrbench.results.records import Run
from lrbench.results.saved_traces import MISSING
from lrbench.results.traces import TableTrace, Trace

BLOCK = 10_000
"""The number of numbers, of one run or of several, that are written together."""

SHAPES = 8
"""The number of shapes of traces whose layout is remembered."""

NO_NUMBERS = np.empty(0)


class TraceShape(NamedTuple):
    """The columns of a trace and their lengths, which the traces of most runs share."""

    columns: tuple[str, ...]
    """The iteration first, and then the others that every trace has."""
    lengths: tuple[int, ...]
    """0 for a column that is missing."""


def trace_texts(runs: Iterable[Run], missing: str) -> Iterator[tuple[TraceShape, list[str]]]:
    """Yield the shape of each trace, and the texts of its numbers, column after column.

    Parameters
    ----------
    runs
        The runs that have the traces.
    missing
        The text of NaN and infinities.

    Notes
    -----
    The digits take most of the time in which short runs are written. Lanes that run together share
    many numbers, such as those at w_0 and the passes, which are written once for a block of runs.
    """
    iterations: list[int] = []
    iteration_texts: list[str] = []
    for shape, numbers in _blocks(runs):
        integers = numbers[:, : shape.lengths[0]].astype(np.int64).tolist()
        for of_run, texts in zip(integers, _number_texts(numbers, missing).tolist(), strict=True):
            if of_run != iterations:
                iterations, iteration_texts = of_run, [*map(str, of_run)]
            texts[: len(of_run)] = iteration_texts
            yield shape, texts


def _blocks(runs: Iterable[Run]) -> Iterator[tuple[TraceShape, NDArray[np.float64]]]:
    """Yield the shape of some traces that share it, and their numbers, (n_runs, n_numbers)."""
    shape = before = TraceShape((), ())
    block: list[NDArray[np.float64]] = []
    size = 0
    last: Trace = {}
    for run in runs:
        trace: Trace = {} if run.trace is MISSING else run.trace
        if not _alike(trace, last):
            last = trace
            columns = {**dict.fromkeys(COLUMNS, NO_NUMBERS), **trace}
            shape = TraceShape(tuple(columns), tuple(map(len, columns.values())))
            whole = isinstance(trace, TableTrace) and tuple(trace) == shape.columns
        if block and (shape != before or size >= BLOCK):
            yield before, np.stack(block)
            block, size = [], 0
        before = shape
        if whole and isinstance(trace, TableTrace):
            numbers = trace.table.ravel()
        else:
            numbers = np.concatenate([trace.get(name, NO_NUMBERS) for name in shape.columns])
        block.append(numbers)
        size += len(numbers)
    if block:
        yield before, np.stack(block)


def _alike(trace: Trace, other: Trace) -> bool:
    """Return whether two traces are seen at once to have one shape, as those of lanes have."""
    return (
        isinstance(trace, TableTrace)
        and isinstance(other, TableTrace)
        and trace.places is other.places
        and trace.table.shape == other.table.shape
    )


def _number_texts(numbers: NDArray[np.float64], missing: str) -> NDArray[Any]:
    """Return the shortest text that determines each number, which `repr` and JSON share."""
    # Compared as bits, 0 and -0 differ, and NaN equals itself.
    bits = numbers.view(np.int64)
    texts = np.empty(numbers.shape, dtype=object)
    shared = (bits == bits[0]).all(axis=0)
    texts[:, shared] = _texts_of(bits[0, shared], missing)
    texts[:, ~shared] = _texts_of(bits[:, ~shared], missing)
    return texts


def _texts_of(bits: NDArray[np.int64], missing: str) -> NDArray[Any]:
    """Return the texts of numbers that are given by their bits."""
    distinct, places = np.unique(bits, return_inverse=True)
    numbers = distinct.view(np.float64)
    texts = np.array([*map(repr, numbers.tolist())], dtype=object)
    texts[~np.isfinite(numbers)] = missing
    return np.asarray(texts[places.reshape(bits.shape)])
