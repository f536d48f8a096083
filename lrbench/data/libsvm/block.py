"""Parsing a block of LIBSVM text: by scikit-learn, its result checked in bulk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.data.dataset import LARGEST
from lrbench.data.libsvm.fault import FORM, MAX_FEATURES, UNKNOWN, Fault, ZeroBased, find_fault
from lrbench.errors import DataError, quoted_path

ODD = re.compile(rb"_|qid(?!:[0-9]+(?:\s|#|\Z))")
"""What scikit-learn lets pass and LIBSVM does not: digits as in 1_000, and any text after qid."""


@dataclass(frozen=True, eq=False)
class Block:
    """The samples of a block.

    Parameters
    ----------
    y
        The labels, (n_samples,).
    lengths
        How many entries each sample has, (n_samples,), int32.
    indices
        Of the entries, as written, (nnz,), int32.
    data
        The entries, none of them 0, (nnz,).
    lowest, highest
        Of the indices, those of entries that are 0 included; 1 and -1 where there is none.
    """

    y: PerSample
    lengths: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: Vector
    lowest: int
    highest: int


def parse_block(path: Path, number: int, text: bytes, zero_based: ZeroBased) -> Block:
    """Return the samples in some lines of a file.

    Parameters
    ----------
    path
        The file, to be named in errors.
    number
        Of the first line.
    text
        Whole lines.
    zero_based
        ``no``: index 0 is an error.

    Raises
    ------
    DataError
        For text that is not LIBSVM's or holds NaN, infinity, a label above 1e150 or an index above
        10^7. Says the line and the token.
    """
    from sklearn.datasets import load_svmlight_file

    try:
        X, y = load_svmlight_file(BytesIO(text), zero_based=True)
    except (ValueError, OverflowError) as error:
        raise _refused(path, find_fault(_lines(number, text), zero_based) or UNKNOWN) from error
    lowest, highest = (int(X.indices.min()), int(X.indices.max())) if X.nnz else (1, -1)
    usable = np.isfinite(X.data).all() and (np.abs(y) <= LARGEST).all()  # no NaN is
    if highest > MAX_FEATURES or not usable or (lowest == 0 and zero_based == "no"):
        raise _refused(path, find_fault(_lines(number, text), zero_based) or UNKNOWN)
    if b"_" in text or b"qid" in text:
        odd = [(k, line) for k, line in _lines(number, text) if ODD.search(line)]
        if fault := find_fault(odd, zero_based):
            raise _refused(path, fault)
    return _block(X, y, lowest, highest)


def _block(X: Any, y: PerSample, lowest: int, highest: int) -> Block:
    X.eliminate_zeros()
    lengths, indices = np.diff(X.indptr).astype(np.int32), X.indices.astype(np.int32, copy=False)
    return Block(y, lengths, indices, X.data, lowest, highest)


def _lines(number: int, text: bytes) -> enumerate[bytes]:
    return enumerate(BytesIO(text), start=number)


def _refused(path: Path, fault: Fault) -> DataError:
    verdict = "is not LIBSVM text" if fault.hint is FORM else "cannot be used"
    return DataError(f"{quoted_path(path)} {verdict}: {fault.what}.", fault.hint)
