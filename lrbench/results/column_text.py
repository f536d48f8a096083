"""The numbers of traces as text, with every digit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from lrbench.arrays import Vector
from lrbench.results.records import COLUMNS, Run, Trace

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
    for block in _blocks(runs):
        columns = [column for trace in block for column in trace.values()]
        texts, stop = _number_texts(np.concatenate(columns), missing), 0
        for trace in block:
            shape = TraceShape(tuple(trace), tuple(map(len, trace.values())))
            start, stop = stop, stop + sum(shape.lengths)
            iterations = [str(int(t)) for t in trace["iteration"].tolist()]
            yield shape, iterations + texts[start + len(iterations) : stop]


def _blocks(runs: Iterable[Run]) -> Iterator[list[Trace]]:
    """Yield the traces of some runs at a time, with all columns that every trace has."""
    block: list[Trace] = []
    size = 0
    for run in runs:
        block.append({**dict.fromkeys(COLUMNS, NO_NUMBERS), **run.trace})
        size += sum(map(len, block[-1].values()))
        if size >= BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def _number_texts(numbers: Vector, missing: str) -> list[str]:
    """Return the shortest text that determines each number, which `repr` and JSON share."""
    # Compared as bits, 0 and -0 differ, and NaN equals itself.
    bits, places = np.unique(numbers.view(np.int64), return_inverse=True)
    distinct = bits.view(np.float64)
    texts = np.array([*map(repr, distinct.tolist())], dtype=object)
    texts[~np.isfinite(distinct)] = missing
    written: list[str] = texts[places].tolist()
    return written
