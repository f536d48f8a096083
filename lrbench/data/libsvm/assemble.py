"""Putting blocks of samples together to a data set, with memory for one block at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lrbench.cache.content_hash import matrix_of
from lrbench.data.libsvm.block import Block
from lrbench.data.libsvm.fault import FORM, ZeroBased
from lrbench.data.parsed.parsed import Parsed
from lrbench.data.parsed.shelf import Shelf
from lrbench.errors import DataError, quoted_path

DENSE_FROM = 0.4
"""The share of non-zeros from which X is kept dense."""

PIECE = 1 << 20
"""Numbers that are rearranged in one go."""


def assemble(path: Path, blocks: Iterable[Block], zero_based: ZeroBased, shelf: Shelf) -> Parsed:
    """Return the samples of all blocks as one data set, its arrays on the shelf.

    Parameters
    ----------
    path
        The file, to be named in errors.
    blocks
        In the order of the samples.
    zero_based
        Whether the indices count from 0; ``auto``: if one is 0.
    shelf
        Empty; in the end it holds the arrays of X and y, and nothing else.

    Returns
    -------
    Parsed
        X is a `csr_array` (int32 indices where they fit) where less than 40 % of its entries are
        non-zero, else a dense C-ordered array.

    Raises
    ------
    DataError
        Where there are no samples, or all entries are 0.
    """
    lowest, highest = 1, -1
    with (
        shelf.write("y", np.float64) as y,
        shelf.write("data", np.float64) as data,
        shelf.write("written", np.int32) as written,
        shelf.write("lengths", np.int32) as lengths,
    ):
        for block in blocks:
            y.append(block.y)
            data.append(block.data)
            written.append(block.indices)
            lengths.append(block.lengths)
            lowest, highest = min(lowest, block.lowest), max(highest, block.highest)
    if y.rows == 0:
        raise DataError(f"{quoted_path(path)} is empty.", FORM)
    if data.rows == 0:
        raise DataError(f"{quoted_path(path)} holds labels but no features other than 0.", FORM)
    first = 0 if zero_based == "yes" or (zero_based == "auto" and lowest == 0) else 1
    shape = (y.rows, highest + 1 - first)
    arrange = _dense if data.rows >= DENSE_FROM * shape[0] * shape[1] else _sparse
    names = arrange(shelf, shape, first)
    X = matrix_of({name: shelf.array(name) for name in names}, shape)
    return Parsed(X, shelf.array("y"), zero_based=first == 0)


def _sparse(shelf: Shelf, shape: tuple[int, int], first: int) -> tuple[str, ...]:
    """Make the arrays of the CSR form; return their names."""
    written = shelf.array("written")
    fits = max(len(written), shape[1]) <= np.iinfo(np.int32).max
    kind = np.int32 if fits else np.int64
    with shelf.write("indices", kind) as indices:
        for start in range(0, len(written), PIECE):
            indices.append(written[start : start + PIECE] - first)
    with shelf.write("indptr", kind) as indptr:
        indptr.append(np.zeros(1))
        for start, lengths in _rows(shelf.array("lengths"), PIECE):
            indptr.append(start + np.cumsum(lengths, dtype=np.int64))
    shelf.drop("written")
    shelf.drop("lengths")
    return "data", "indices", "indptr"


def _dense(shelf: Shelf, shape: tuple[int, int], first: int) -> tuple[str, ...]:
    """Make the dense array; return its name."""
    written, data = shelf.array("written"), shelf.array("data")
    with shelf.write("X", np.float64, shape[1:]) as X:
        for start, lengths in _rows(shelf.array("lengths"), max(1, PIECE // shape[1])):
            entries = slice(start, start + int(lengths.sum()))
            rows = np.zeros((len(lengths), shape[1]))
            row = np.repeat(np.arange(len(lengths)), lengths)
            rows[row, written[entries] - first] = data[entries]
            X.append(rows)
    shelf.drop("data")
    shelf.drop("written")
    shelf.drop("lengths")
    return ("X",)


def _rows(lengths: NDArray[np.int32], size: int) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """Yield the lengths of some rows at a time, with the place of their first entry."""
    place = 0
    for start in range(0, len(lengths), size):
        piece = lengths[start : start + size]
        yield place, piece
        place += int(piece.sum(dtype=np.int64))
