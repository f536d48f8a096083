"""Content hashes of arrays, of matrices and of losses and penalties."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lrbench.arrays import Matrix


def arrays_of(X: Matrix) -> dict[str, NDArray[Any]]:
    """Return the arrays that make up `X`: ``X`` itself, or the three of the CSR form."""
    if isinstance(X, np.ndarray):
        return {"X": X}
    return {"data": X.data, "indices": X.indices, "indptr": X.indptr}


def matrix_of(arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int]) -> Matrix:
    """Return the matrix whose arrays are named as by `arrays_of`; nothing is copied.

    Raises
    ------
    ValueError, KeyError
        If the arrays do not form a matrix of this shape. The indices of the CSR form are assumed to
        ascend in each row; they are not checked.
    """
    if "X" in arrays:
        if arrays["X"].shape != shape:
            raise ValueError("the array has another shape")
        return arrays["X"]
    from scipy.sparse import csr_array

    X = csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    X.has_canonical_format = True  # else SciPy reads all indices to find out
    return X


def digest(array: NDArray[Any]) -> str:
    """Return the SHA-256 of an array: its dtype, shape and bytes (C order)."""
    sha256 = hashlib.sha256(f"{array.dtype.str} {array.shape}\n".encode())
    sha256.update(np.ascontiguousarray(array).data)
    return sha256.hexdigest()


def content_hash(X: Matrix, **others: NDArray[Any]) -> str:
    """Return the SHA-256 of the shape of `X`, of its arrays and of the other arrays."""
    arrays = {**arrays_of(X), **others}
    return combined_hash(X.shape, {name: digest(array) for name, array in arrays.items()})


def combined_hash(shape: tuple[int, ...], digests: Mapping[str, str]) -> str:
    """Return the content hash of a matrix from its shape and the digests of its arrays by name.

    The shape is included because the arrays of the CSR form do not determine how many empty columns
    come last.
    """
    lines = [f"{name} {sha256}\n" for name, sha256 in sorted(digests.items())]
    return hashlib.sha256(f"{shape[0]} {shape[1]}\n{''.join(lines)}".encode()).hexdigest()


def parameters_text(part: Any) -> str:
    """Return the class of a loss or penalty and its parameters in one line, with all digits.

    Parameters
    ----------
    part
        A dataclass whose fields are the parameters, or an object whose attributes are.
    """
    if dataclasses.is_dataclass(part):
        values = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    else:
        values = dict(vars(part))
    return f"{type(part).__qualname__} " + " ".join(
        f"{name}={_text(value)}" for name, value in sorted(values.items())
    )


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return digest(value)
    return repr(value.item() if isinstance(value, np.generic) else value)
