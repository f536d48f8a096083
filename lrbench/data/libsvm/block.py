"""Parsing a block of LIBSVM text with scikit-learn, and checking the result."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.data.dataset import LARGEST
from lrbench.data.libsvm import ZeroBased
from lrbench.data.libsvm.fault import FORM, MAX_FEATURES, UNKNOWN, Fault, find_fault
from lrbench.errors import DataError, quoted_path

SUSPECT = re.compile(rb"_|qid(?!:[0-9]+(?:\s|#|\Z))")
"""Text that scikit-learn accepts and LIBSVM does not: digits as in 1_000, any text after qid."""

LONG_LABEL = re.compile(rb"\s*[+-]?[0-9]{16}")
"""The beginning of a line whose label may be an integer that float64 does not hold."""

EXACT = 2.0**53
"""The integer from which on float64 does not hold every integer."""


@dataclass(frozen=True, eq=False)
class SampleBlock:
    """The samples of a block of lines.

    Parameters
    ----------
    y
        The labels, (n_samples,).
    lengths
        The number of entries of each sample, (n_samples,), int32.
    indices
        The indices of the entries as they stand in the text, (nnz,), int32.
    data
        The entries, none of them 0, (nnz,).
    lowest, highest
        The smallest and the largest index, also of entries that are 0; 1 and -1 if there are none.
    """

    y: PerSample
    lengths: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: Vector
    lowest: int
    highest: int


def parse_block(path: Path, number: int, text: bytes, zero_based: ZeroBased) -> SampleBlock:
    """Return the samples in a block of lines of a file.

    Parameters
    ----------
    path
        The file, which is named in errors.
    number
        The number of the first line.
    text
        Complete lines.
    zero_based
        With ``no``, index 0 is an error.

    Raises
    ------
    DataError
        For text that is not LIBSVM text or contains NaN, infinity, a label above 1e150, an integer
        label that float64 does not hold or an index above 10^7. The message names the line and the
        token.
    """
    from sklearn.datasets import load_svmlight_file

    try:
        # True keeps the indices as written; "auto" would decide for each block anew.
        X, y = load_svmlight_file(BytesIO(text), zero_based=True)
    except (ValueError, OverflowError) as error:
        raise _refused(path, find_fault(_lines(number, text), zero_based) or UNKNOWN) from error
    lowest, highest = (int(X.indices.min()), int(X.indices.max())) if X.nnz else (1, -1)
    size = np.abs(y)
    usable = np.isfinite(X.data).all() and (size <= LARGEST).all()  # False for NaN, too
    if highest > MAX_FEATURES or not usable or (lowest == 0 and zero_based == "no"):
        raise _refused(path, find_fault(_lines(number, text), zero_based) or UNKNOWN)
    if b"_" in text or b"qid" in text:
        _check(path, SUSPECT.search, _lines(number, text), zero_based)
    if (size >= EXACT).any():
        _check(path, LONG_LABEL.match, _lines(number, text), zero_based)
    X.eliminate_zeros()  # after lowest and highest, for which explicit zeros count
    lengths, indices = np.diff(X.indptr).astype(np.int32), X.indices.astype(np.int32, copy=False)
    return SampleBlock(y, lengths, indices, X.data, lowest, highest)


def _check(
    path: Path,
    suspect: Callable[[bytes], object],
    lines: Iterable[tuple[int, bytes]],
    zero_based: ZeroBased,
) -> None:
    """Raise `DataError` for a fault in one of the lines that are suspect."""
    if fault := find_fault(((k, line) for k, line in lines if suspect(line)), zero_based):
        raise _refused(path, fault)


def _lines(number: int, text: bytes) -> enumerate[bytes]:
    return enumerate(BytesIO(text), start=number)


def _refused(path: Path, fault: Fault) -> DataError:
    verdict = "is not LIBSVM text" if fault.hint is FORM else "cannot be used"
    return DataError(f"{quoted_path(path)} {verdict}: {fault.message}.", fault.hint)
