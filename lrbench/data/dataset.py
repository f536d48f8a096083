"""What a data set is, before labels are chosen and columns are scaled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector

if TYPE_CHECKING:
    from lrbench.matrix import Matrix

LARGEST = 1e150
"""No number above this can be used: float64 does not hold the squares."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """X and y as the source has them.

    Parameters
    ----------
    name
        How the user calls it: ``"sklearn:breast-cancer"``, a path …
    X
        (n_samples, n_features), a dense C-ordered array or a `csr_array`; not to be written to.
    y
        (n_samples,): numbers, or class numbers.
    content_hash
        SHA-256 of the shape of X and of the arrays, in hexadecimal digits.
    description
        One line on where it comes from.
    labels
        The names of the classes 0, 1, … where the set has names.
    planted
        A minimiser by construction of the squared loss on X and y, (n_features,), if there is one.
    """

    name: str
    X: Matrix
    y: PerSample
    content_hash: str
    description: str
    labels: tuple[str, ...] | None = None
    planted: Vector | None = None


def arrays_of(X: Matrix) -> dict[str, NDArray[Any]]:
    """Return the arrays that make up `X`: ``X`` itself, or the three of the CSR form."""
    if isinstance(X, np.ndarray):
        return {"X": X}
    return {"data": X.data, "indices": X.indices, "indptr": X.indptr}


def content_hash(X: Matrix, **others: NDArray[Any]) -> str:
    """Return the SHA-256 of the shape of `X`, its arrays and the others.

    Of every array the name, dtype, shape and bytes (C order) count. The CSR form needs its shape
    beside them: the arrays do not tell how many empty columns come last.
    """
    digest = hashlib.sha256(f"{X.shape[0]} {X.shape[1]}\n".encode())
    for name, array in sorted({**arrays_of(X), **others}.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
