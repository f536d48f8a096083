"""Reading LIBSVM text."""

from __future__ import annotations

import lzma
import os
import stat
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lrbench.arrays import PerSample
from lrbench.data.compressed import compressed_beside, open_bytes
from lrbench.data.dataset import LARGEST
from lrbench.data.libsvm_fault import MAX_FEATURES, find_fault
from lrbench.data.parsed import Parsed
from lrbench.errors import DataError, shown, shown_path

if TYPE_CHECKING:
    from lrbench.matrix import Matrix

DENSE_FROM = 0.4
"""The share of non-zeros from which X is kept dense."""

FORM = "each line must be LABEL INDEX:VALUE INDEX:VALUE … with ascending indices."


def file_status(path: Path) -> os.stat_result:
    """Return the status of `path`; raise `DataError` where it is not a file to be read twice."""
    try:
        status = path.stat()
    except ValueError as error:  # a NUL in the name
        raise DataError(
            f"{shown(str(path))} is not a path.", "check the path of the data."
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if stat.S_ISDIR(status.st_mode):
        name = shown_path(path)
        raise DataError(f"{name} is a folder, not a file.", "give the path of one LIBSVM file.")
    if not stat.S_ISREG(status.st_mode):
        name = shown_path(path)
        raise DataError(f"{name} is not a regular file.", "save the data to a file first.")
    return status


def read_libsvm(path: Path) -> Parsed:
    """Return the data in a LIBSVM text file, plain or compressed (bz2, gzip, xz).

    Parameters
    ----------
    path
        The file. Indices count from 1, or from 0 if a 0 occurs.

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
    """
    file_status(path)
    try:
        return _checked(path, *_parse(path))
    except (EOFError, lzma.LZMAError, zlib.error) as error:
        raise _damaged(path) from error
    except OSError as error:
        if error.errno is None:
            raise _damaged(path) from error
        raise _unreadable(path, error) from error


def _parse(path: Path) -> tuple[Any, PerSample]:
    from sklearn.datasets import load_svmlight_file

    try:
        with open_bytes(path) as file:
            X, y = load_svmlight_file(file)
    except (ValueError, OverflowError) as error:
        # UnicodeDecodeError is a ValueError; the reader says no line, so look for it.
        fault = find_fault(path) or "it cannot be parsed"
        raise DataError(f"{shown_path(path)} is not LIBSVM text: {fault}.", FORM) from error
    return X, y


def _checked(path: Path, X: Any, y: PerSample) -> Parsed:
    n_samples, n_features = X.shape
    if n_samples == 0:
        raise DataError(f"{shown_path(path)} is empty.", FORM)
    usable = np.isfinite(X.data).all() and (np.abs(y) <= LARGEST).all()  # no NaN is
    if n_features > MAX_FEATURES or not usable:
        fault = find_fault(path) or "it holds a number that cannot be used"
        raise DataError(
            f"{shown_path(path)} cannot be used: {fault}.", "correct or remove that line."
        )
    X.eliminate_zeros()
    if X.nnz == 0:
        raise DataError(f"{shown_path(path)} holds labels but no features other than 0.", FORM)
    return Parsed(_compact(X), np.ascontiguousarray(y, dtype=np.float64))


def _compact(X: Any) -> Matrix:
    """Return sklearn's matrix in the form that is cheaper to multiply with."""
    n_samples, n_features = X.shape
    if X.nnz >= DENSE_FROM * n_samples * n_features:
        dense: Matrix = X.toarray(order="C")
        return dense
    from scipy.sparse import csr_array

    fits = max(X.nnz, n_features) <= np.iinfo(np.int32).max
    kind = np.int32 if fits else np.int64
    compact = csr_array(
        (X.data, X.indices.astype(kind), X.indptr.astype(kind)), shape=(n_samples, n_features)
    )
    compact.has_canonical_format = True
    return compact


def _damaged(path: Path) -> DataError:
    return DataError(
        f"{shown_path(path)} is truncated or damaged: it cannot be decompressed.",
        "fetch the file again.",
    )


def _unreadable(path: Path, error: OSError) -> DataError:
    if isinstance(error, FileNotFoundError):
        packed = compressed_beside(path)
        hint = f"did you mean {shown_path(packed)}?" if packed else "check the path of the data."
        return DataError(f"there is no file {shown_path(path)}.", hint)
    return DataError(
        f"{shown_path(path)} cannot be read: {(error.strerror or 'unknown error').lower()}.",
        "check the file and its permissions.",
    )
