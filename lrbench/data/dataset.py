"""What a data set is, before labels are chosen and columns are scaled."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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
        Of the shape of X and of the arrays: see the function.
    description
        One line on where it comes from.
    labels
        The names of the classes 0, 1, … where the set has names.
    planted
        A minimiser by construction of the squared loss on X and y, (n_features,), if there is one.
    zero_based
        Whether the indices of LIBSVM text were counted from 0; None for other data.
    """

    name: str
    X: Matrix
    y: PerSample
    content_hash: str
    description: str
    labels: tuple[str, ...] | None = None
    planted: Vector | None = None
    zero_based: bool | None = None


def arrays_of(X: Matrix) -> dict[str, NDArray[Any]]:
    """Return the arrays that make up `X`: ``X`` itself, or the three of the CSR form."""
    if isinstance(X, np.ndarray):
        return {"X": X}
    return {"data": X.data, "indices": X.indices, "indptr": X.indptr}


def matrix_of(arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int]) -> Matrix:
    """Return the matrix that these arrays make up, as `arrays_of` names them; nothing is copied.

    Raises
    ------
    ValueError, KeyError
        Where they make up no matrix of this shape. The indices of the CSR form, taken to ascend in
        each row, are not looked at.
    """
    if "X" in arrays:
        if arrays["X"].shape != shape:
            raise ValueError("the array has another shape")
        return arrays["X"]
    from scipy.sparse import csr_array

    X = csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    X.has_canonical_format = True
    return X


def digest(array: NDArray[Any]) -> str:
    """Return the SHA-256 of an array: its dtype, shape and bytes (C order)."""
    out = hashlib.sha256(f"{array.dtype.str} {array.shape}\n".encode())
    out.update(np.ascontiguousarray(array).data)
    return out.hexdigest()


def content_hash(X: Matrix, **others: NDArray[Any]) -> str:
    """Return the SHA-256 of the shape of `X`, its arrays and the others."""
    arrays = {**arrays_of(X), **others}
    return combined_hash(X.shape, {name: digest(array) for name, array in arrays.items()})


def combined_hash(shape: tuple[int, ...], digests: Mapping[str, str]) -> str:
    """Return the content hash of a matrix of this shape from the digests of arrays by name.

    The CSR form needs its shape beside them: the arrays do not tell how many empty columns come
    last.
    """
    lines = [f"{name} {value}\n" for name, value in sorted(digests.items())]
    return hashlib.sha256(f"{shape[0]} {shape[1]}\n{''.join(lines)}".encode()).hexdigest()
