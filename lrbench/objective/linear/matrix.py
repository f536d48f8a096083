"""The data matrix and its products; only this module knows whether X is sparse."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Index, PerSample
from lrbench.cache.content_hash import arrays_of

if TYPE_CHECKING:
    from lrbench.arrays import Matrix

BLOCK_ELEMENTS = 1 << 16
"""Scores (rows x lanes) of a row block: 512 KiB, so that they stay in a core's cache."""

TERMS = 256
"""A dense product with a multiple of 8 lanes is summed in parts of so many terms. For longer sums
BLAS has several kernels, whose sums differ in their bits, and the number of lanes decides which of
them is used."""

CHUNK_BYTES = 1 << 23
"""The most bytes of a chunk of minibatches that is gathered as a dense array."""

CHUNK_SAMPLES = 4096
"""Samples gathered together, to spread the cost of gathering over many minibatches."""

FEW_FEATURES = 1 << 11
"""With at most so many features a step on minibatches visits all columns of X, and lanes of several
seeds may run together."""


class DataMatrix:
    """X, (n_samples, n_features), as a dense C-ordered array or in CSR form.

    Parameters
    ----------
    X
        The data; never copied, never written to.
    """

    def __init__(self, X: Matrix) -> None:
        self.X = X
        rows, columns = X.shape
        self.shape: tuple[int, int] = (int(rows), int(columns))
        """(n_samples, n_features)."""
        self._blocks: dict[int, list[tuple[slice, Any, Any]]] = {}

    def __reduce__(self) -> tuple[type[DataMatrix], tuple[Matrix]]:
        """Pickle X alone, without the views of its blocks."""
        return type(self), (self.X,)

    @property
    def sparse(self) -> bool:
        """Whether X is in CSR form."""
        return not isinstance(self.X, np.ndarray)

    @cached_property
    def nnz(self) -> int:
        """The number of non-zeros."""
        return int(np.count_nonzero(self.X)) if isinstance(self.X, np.ndarray) else int(self.X.nnz)

    @property
    def nbytes(self) -> int:
        """The size of the arrays of X."""
        return sum(array.nbytes for array in arrays_of(self.X).values())

    def blocks(self, n_lanes: int) -> list[tuple[slice, Any, Any]]:
        """Return (rows, X[rows], X[rows].T) for row blocks that keep rows x lanes small.

        All numbers of lanes that are multiples of 8 have the blocks of 64 lanes, so that sums over
        blocks have the same bits. Where X is wide a block has more rows, because each block costs
        an addition to the gradient.
        """
        width = n_lanes if n_lanes % 8 else 64
        size = max(1, BLOCK_ELEMENTS // width, self.shape[1] // 8)
        if size not in self._blocks:
            self._blocks = {size: [self._block(s, size) for s in range(0, self.shape[0], size)]}
        return self._blocks[size]

    def _block(self, start: int, size: int) -> tuple[slice, Any, Any]:
        rows = slice(start, min(start + size, self.shape[0]))
        X_rows = block(self.X, rows)
        return rows, X_rows, X_rows.T

    def gather(self, index: Index, dense: bool, signs: PerSample | None = None) -> Any:
        """Return the rows `index`, times their `signs`, as a new matrix; as an array if `dense`."""
        rows: Any = self.X[index]
        if signs is not None and self.sparse:
            rows.data *= np.repeat(signs, np.diff(rows.indptr))
        elif signs is not None:
            rows *= signs[:, None]
        return rows.toarray() if dense and self.sparse else rows

    def row_norms_sq(self) -> PerSample:
        """Return |x_i|^2 of every row, (n_samples,)."""
        if isinstance(self.X, np.ndarray):
            out: PerSample = np.einsum("ij,ij->i", self.X, self.X)
            return out
        return np.asarray(self.X.power(2).sum(axis=1), dtype=np.float64).ravel()


def product(
    A: Any, B: NDArray[np.float64], out: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return A @ B; with a multiple of 8 columns in B, a column's bits depend on that column only.

    Parameters
    ----------
    A
        Rows or the transpose of rows of X, dense or sparse.
    B
        Iterates or scores, one column a lane.
    out
        The array for the product; None for a new one.
    """
    if not isinstance(A, np.ndarray):
        AB: NDArray[np.float64] = A @ B
        if out is None:
            return AB
        out[...] = AB
        return out
    # Longer sums go to other kernels of BLAS, chosen by the number of lanes: a lane would then have
    # other bits beside other lanes.
    if A.shape[1] <= TERMS or B.shape[1] % 8:
        # `dot` takes half the time of `matmul` on small arrays, but fills arrays in C order only.
        return A.dot(B) if out is None else np.matmul(A, B, out=out)
    out = np.matmul(A[:, :TERMS], B[:TERMS], out=out)
    for k in range(TERMS, A.shape[1], TERMS):
        out += A[:, k : k + TERMS] @ B[k : k + TERMS]
    return out


def block(X: Any, rows: slice) -> Any:
    """Return X[rows] for products, without copying its entries: an array, or `SparseRows`."""
    if isinstance(X, np.ndarray):
        return X[rows]
    from lrbench.objective.linear.sparse_rows import SparseRows

    part = row_range(X, rows)
    return SparseRows(part.shape, part.indptr, part.indices, part.data)


def row_range(X: Any, rows: slice) -> Any:
    """Return X[rows] of a dense or CSR matrix without copying its entries."""
    if isinstance(X, np.ndarray):
        return X[rows]
    lo, hi = X.indptr[rows.start], X.indptr[rows.stop]
    indptr = X.indptr[rows.start : rows.stop + 1] - lo
    shape = (rows.stop - rows.start, X.shape[1])
    return _from_arrays(type(X), shape, X.data[lo:hi], X.indices[lo:hi], indptr)


def transpose(X: Any) -> Any:
    """Return the transpose of a dense or CSR matrix without copying its entries."""
    if isinstance(X, np.ndarray):
        return X.T
    from scipy.sparse import csc_array

    # CSC has the arrays of the CSR form of its transpose.
    return _from_arrays(csc_array, X.shape[::-1], X.data, X.indices, X.indptr)


def _from_arrays(kind: Any, shape: tuple[int, int], data: Any, indices: Any, indptr: Any) -> Any:
    """Return a sparse matrix of these arrays, which SciPy's constructor would copy if small."""
    out = kind(shape, dtype=data.dtype)
    out.data, out.indices, out.indptr = data, indices, indptr
    return out
