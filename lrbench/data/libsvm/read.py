"""Reading LIBSVM text."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lrbench.cache.content_hash import arrays_of, combined_hash, content_hash, matrix_of
from lrbench.cache.source_hash import imports_hash
from lrbench.data.libsvm.assemble import DENSE_FROM, assemble
from lrbench.data.libsvm.block import parse_block
from lrbench.data.libsvm.fault import ZeroBased
from lrbench.data.libsvm.text_blocks import text_blocks, unreadable
from lrbench.data.parsed.parsed import Parsed, stored
from lrbench.data.parsed.shelf import MemoryShelf, Shelf
from lrbench.errors import DataError, quoted, quoted_path

if TYPE_CHECKING:
    from lrbench.objective.linear.matrix import Matrix


def cached_libsvm(
    path: Path,
    *,
    zero_based: ZeroBased = "auto",
    n_features: int | None = None,
    check: Callable[[str], None] | None = None,
) -> tuple[Parsed, str]:
    """Return the data in a LIBSVM text file, from the cache where it has them.

    Parameters
    ----------
    path, zero_based
        As for `read_libsvm`.
    n_features
        The width of X, if it is known from elsewhere; where the file has a higher index, X is as
        wide as that.
    check
        Called with the SHA-256 of the uncompressed text when the file is parsed; if it raises,
        nothing is kept.

    Returns
    -------
    parsed
        The arrays are read-only maps of the cached files.
    content
        The content hash.

    Raises
    ------
    DataError
        As for `read_libsvm`, and what `check` raises.

    Notes
    -----
    An entry of the cache holds for the size and the time of the file and for the code that
    parsed it. It does not depend on
    `n_features`: a sparse X shares its arrays however wide it is. What was parsed without a check
    has another entry than what was parsed with one.
    """
    status = file_status(path)

    def parse(shelf: Shelf) -> Parsed:
        if check is None:
            return read_libsvm(path, zero_based=zero_based, shelf=shelf)
        text = hashlib.sha256()
        parsed = read_libsvm(path, zero_based=zero_based, shelf=shelf, seen=text.update)
        check(text.hexdigest())
        return parsed

    kept = stored(
        f"{'set' if check else 'file'}:{zero_based}:{path.resolve()}",
        [status.st_size, status.st_mtime_ns, imports_hash(Path(__file__))],
        parse,
    )
    X, y = kept.X, kept.y
    if n_features is None or n_features <= X.shape[1]:
        return Parsed(X, y, zero_based=kept.zero_based), kept.content
    wide = Parsed(_widened(X, n_features), y, zero_based=kept.zero_based)
    if isinstance(X, np.ndarray):
        return wide, content_hash(wide.X, y=y)
    return wide, combined_hash(wide.X.shape, kept.digests)


def file_status(path: Path) -> os.stat_result:
    """Return the status of `path`; raise `DataError` where it is not a file to be read twice."""
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
    if not stat.S_ISREG(status.st_mode):
        name = quoted_path(path)
        raise DataError(f"{name} is not a regular file.", "save the data to a file first.")
    return status


def read_libsvm(
    path: Path,
    *,
    zero_based: ZeroBased = "auto",
    shelf: Shelf | None = None,
    seen: Callable[[bytes], object] = len,
) -> Parsed:
    """Return the data in a LIBSVM text file, plain or compressed (bz2, gzip, xz).

    Parameters
    ----------
    path
        The file.
    zero_based
        Whether its indices count from 0; ``auto``: if a 0 occurs anywhere.
    shelf
        Where the arrays are put; default memory.
    seen
        As for `text_blocks`.

    Returns
    -------
    Parsed
        X is a `csr_array` (int32 indices where they fit) where less than 40 % of its entries are
        non-zero, else a dense C-ordered array; y are the labels as numbers.

    Raises
    ------
    DataError
        For a file that is missing, a folder, empty, truncated, binary, not LIBSVM text, or holds
        NaN, infinity, a label above 1e150 or an index above 10^7. Says the line where one is to
        blame.

    Notes
    -----
    The text is read once, in blocks; beside the shelf, memory does not grow with the file.
    """
    file_status(path)
    blocks = (
        parse_block(path, number, text, zero_based) for number, text in text_blocks(path, seen)
    )
    return assemble(path, blocks, zero_based, shelf or MemoryShelf())


def _widened(X: Matrix, n_features: int) -> Matrix:
    """Return X with empty columns at its end, in the form that a file as wide would have."""
    shape = (X.shape[0], n_features)
    if isinstance(X, np.ndarray):
        if np.count_nonzero(X) >= DENSE_FROM * shape[0] * shape[1]:
            return np.pad(X, [(0, 0), (0, n_features - X.shape[1])])
        from scipy.sparse import csr_array

        X = csr_array(X)
    return matrix_of(arrays_of(X), shape)
