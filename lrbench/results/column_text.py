"""The numbers of traces as text, with every digit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

from lrbench.results.records import COLUMNS, Trace

T = TypeVar("T")

NO_NUMBERS = np.empty(0)


class ColumnTexts(Generic[T]):
    """The columns of one trace after the other as text.

    Parameters
    ----------
    write
        The function that makes the text of a column from those of its numbers.
    missing
        The text of NaN and infinities.

    Notes
    -----
    The digits take most of the time in which short runs are written. Columns that equal another of
    the run or of the one before, such as the passes, are written once.
    """

    def __init__(self, write: Callable[[Sequence[str]], T], missing: str) -> None:
        self._write, self._missing = write, missing
        self._before: dict[bytes, T] = {}

    def of(self, trace: Trace) -> dict[str, T]:
        """Return the text of each column; those that every trace has are empty where missing."""
        columns = {**dict.fromkeys(COLUMNS, NO_NUMBERS), **trace}
        contents = [column.tobytes() for column in columns.values()]
        texts = {content: self._before[content] for content in contents if content in self._before}
        new = [content for content in dict.fromkeys(contents) if content not in texts]
        numbers, start = self._numbers(b"".join(new)), 0
        for content in new:
            stop = start + len(content) // NO_NUMBERS.itemsize
            texts[content] = self._write(numbers[start:stop])
            start = stop
        self._before = texts
        written = {name: texts[content] for name, content in zip(columns, contents, strict=True)}
        return written | {"iteration": self._write([str(int(t)) for t in columns["iteration"]])}

    def _numbers(self, content: bytes) -> list[str]:
        """Return the shortest text that determines each number, which `repr` and JSON share."""
        numbers = np.frombuffer(content)
        texts = [*map(repr, numbers.tolist())]
        for k in np.flatnonzero(~np.isfinite(numbers)).tolist():
            texts[k] = self._missing
        return texts
