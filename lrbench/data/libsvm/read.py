"""Reading LIBSVM text, with memory for one block of lines at a time, and caching the result."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrbench.cache.content_hash import arrays_of, combined_hash, content_hash, matrix_of
from lrbench.cache.source_hash import imports_hash
from lrbench.data.libsvm import ZeroBased
from lrbench.data.libsvm.block import parse_block
from lrbench.data.libsvm.fault import FORM
from lrbench.data.libsvm.text_blocks import text_blocks, unreadable
from lrbench.data.parsed.parsed import Parsed, stored
from lrbench.data.parsed.shelf import MemoryShelf, Shelf
from lrbench.errors import DataError, quoted, quoted_path

if TYPE_CHECKING:
    from lrbench.arrays import Matrix

DENSE_FROM = 0.4
"""The fraction of non-zeros from which X is stored as a dense array."""

PIECE = 1 << 20
"""The number of entries that are rearranged at a time."""


def cached_libsvm(
    path: Path,
    *,
    zero_based: ZeroBased = "auto",
    n_features: int | None = None,
    check: Callable[[str], None] | None = None,
) -> tuple[Parsed, str]:
    """Return the data in a LIBSVM text file, from the cache if it has them.

    Parameters
    ----------
    path, zero_based
        As for `read_libsvm`.
    n_features
        The number of columns of X, if it is known; if the file has a higher index, X has as many
        columns as that requires.
    check
        Called with the SHA-256 of the uncompressed text when the file is parsed; if it raises an
        exception, nothing is cached.

    Returns
    -------
    parsed
        Its arrays are read-only maps of the cached files.
    content
        The content hash.

    Raises
    ------
    DataError
        As for `read_libsvm`, and what `check` raises.

    Notes
    -----
    An entry of the cache is valid for one content of the file and for one version of the code that
    parses it. It does not depend on `n_features`, because the arrays of a sparse X are the
    same for any number of columns. Data that were parsed without a check have another entry than
    data that were parsed with one.
    """
    check_file(path)

    def parse(shelf: Shelf) -> Parsed:
        if check is None:
            return read_libsvm(path, zero_based=zero_based, shelf=shelf)
        text_hash = hashlib.sha256()
        parsed = read_libsvm(path, zero_based=zero_based, shelf=shelf, observe=text_hash.update)
        check(text_hash.hexdigest())
        return parsed

    entry = stored(
        f"{'set' if check else 'file'}:{zero_based}:{path.resolve()}",
        [imports_hash(Path(__file__))],
        parse,
        path,
    )
    X, y = entry.X, entry.y
    if n_features is None or n_features <= X.shape[1]:
        return Parsed(X, y, zero_based=entry.zero_based), entry.content
    wide = Parsed(_widened(X, n_features), y, zero_based=entry.zero_based)
    if isinstance(X, np.ndarray):
        return wide, content_hash(wide.X, y=y)
    return wide, combined_hash(wide.X.shape, entry.digests)  # without reading the arrays


def check_file(path: Path) -> None:
    """Raise `DataError` if `path` is not a regular file."""
    try:
        status = path.stat()
    except ValueError as error:  # a NUL in the name
        raise DataError(
            f"{quoted(str(path))} is not a path.", "check the path of the data."
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error
    if stat.S_ISDIR(status.st_mode):
        name = quoted_path(path)
        raise DataError(f"{name} is a folder, not a file.", "give the path of one LIBSVM file.")
    if not stat.S_ISREG(status.st_mode):  # a pipe cannot be read twice
        name = quoted_path(path)
        raise DataError(f"{name} is not a regular file.", "save the data to a file first.")


def read_libsvm(
    path: Path,
    *,
    zero_based: ZeroBased = "auto",
    shelf: Shelf | None = None,
    observe: Callable[[bytes], object] = len,
) -> Parsed:
    """Return the data in a LIBSVM text file, plain or compressed (bz2, gzip, xz).

    Parameters
    ----------
    path
        The file.
    zero_based
        Whether its indices count from 0; with ``auto`` they do if a 0 occurs anywhere.
    shelf
        An empty shelf that holds the arrays of X and y in the end; by default one in memory.
    observe
        As for `text_blocks`.

    Returns
    -------
    Parsed
        X is a `csr_array` (with int32 indices if they fit) if fewer than 40 % of its entries are
        non-zero, and else a dense C-ordered array; y holds the labels as numbers.

    Raises
    ------
    DataError
        For a file that is missing, a folder, empty, truncated, binary, not LIBSVM text, or contains
        NaN, infinity, a label above 1e150, an integer label that float64 does not hold or an index
        above 10^7. The message names the line at fault, if there is one.

    Notes
    -----
    The text is read once, in blocks. Except for the shelf, memory does not grow with the file.
    """
    check_file(path)
    shelf = shelf or MemoryShelf()
    source_hash = hashlib.sha256()
    lowest, highest = 1, -1
    with (
        shelf.write("y", np.float64) as y,
        shelf.write("data", np.float64) as data,
        shelf.write("written", np.int32) as written,
        shelf.write("lengths", np.int32) as lengths,
    ):
        for number, text in text_blocks(path, observe, source_hash.update):
            block = parse_block(path, number, text, zero_based)
            y.append(block.y)
            data.append(block.data)
            written.append(block.indices)
            lengths.append(block.lengths)
            lowest, highest = min(lowest, block.lowest), max(highest, block.highest)
    if y.rows == 0:
        raise DataError(f"{quoted_path(path)} is empty.", FORM)
    if data.rows == 0:
        raise DataError(f"{quoted_path(path)} holds labels but no features other than 0.", FORM)
    # Only now is it known whether a 0 occurs, how wide X is, and whether it is dense.
    first = 0 if zero_based == "yes" or (zero_based == "auto" and lowest == 0) else 1
    shape = (y.rows, highest + 1 - first)
    arrange = _dense if data.rows >= DENSE_FROM * shape[0] * shape[1] else _sparse
    names = arrange(shelf, shape, first)
    X = matrix_of({name: shelf.array(name) for name in names}, shape)
    y_read = shelf.array("y")
    return Parsed(X, y_read, zero_based=first == 0, source_hash=source_hash.hexdigest())


def _sparse(shelf: Shelf, shape: tuple[int, int], first: int) -> tuple[str, ...]:
    """Make the arrays of the CSR form from the indices as written; return their names."""
    written = shelf.array("written")
    fits = max(len(written), shape[1]) <= np.iinfo(np.int32).max
    index_type = np.int32 if fits else np.int64
    with shelf.write("indices", index_type) as indices:
        for start in range(0, len(written), PIECE):
            indices.append(written[start : start + PIECE] - first)
    with shelf.write("indptr", index_type) as indptr:
        indptr.append(np.zeros(1))
        for start, lengths in _rows(shelf.array("lengths"), PIECE):
            indptr.append(start + np.cumsum(lengths, dtype=np.int64))
    shelf.drop("written")
    shelf.drop("lengths")
    return "data", "indices", "indptr"


def _dense(shelf: Shelf, shape: tuple[int, int], first: int) -> tuple[str, ...]:
    """Make the dense array from the indices as written; return its name."""
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
    """Yield the lengths of `size` rows at a time, with the position of their first entry."""
    position = 0
    for start in range(0, len(lengths), size):
        piece = lengths[start : start + size]
        yield position, piece
        position += int(piece.sum(dtype=np.int64))


def _widened(X: Matrix, n_features: int) -> Matrix:
    """Return X with empty columns at its end, dense or sparse as a file of this width would be."""
    shape = (X.shape[0], n_features)
    if isinstance(X, np.ndarray):
        if np.count_nonzero(X) >= DENSE_FROM * shape[0] * shape[1]:
            return np.pad(X, [(0, 0), (0, n_features - X.shape[1])])
        from scipy.sparse import csr_array

        X = csr_array(X)
    return matrix_of(arrays_of(X), shape)
