"""Hashes of arrays and of the parts of a problem, by content."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lrbench.objective.linear.matrix import Matrix


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


def parameters_text(part: Any) -> str:
    """Return the class of a loss or penalty and its parameters, every digit of them, in one line.

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
