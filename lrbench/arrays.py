"""The names of array shapes, and a few reductions over lanes.

A *lane* is one value of the varied parameter, by default the initial learning rate. All lanes of a
run stand side by side in the columns of ``W``, so that one matrix product serves them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Matrix: TypeAlias = NDArray[np.float64] | csr_array
    """(n_samples, n_features): X, dense or sparse."""

Lanes: TypeAlias = NDArray[np.float64]
"""(n_features, n_lanes), C order: an iterate for each lane."""

PerLane: TypeAlias = NDArray[np.float64]
"""(n_lanes,): a number for each lane."""

Scores: TypeAlias = NDArray[np.float64]
"""(n_batch, n_lanes): ``Z = X @ W``."""

PerSample: TypeAlias = NDArray[np.float64]
"""(n_samples,) or (n_batch,): a number for each sample."""

Vector: TypeAlias = NDArray[np.float64]
"""(n_features,): one iterate."""

Index: TypeAlias = NDArray[np.intp]
"""(n_batch,): row numbers of samples."""

Mask: TypeAlias = NDArray[np.bool_]
"""(n_lanes,): True for the selected lanes."""

NUMBER_BYTES = 8
"""The bytes of a number in float64."""

MAX_ELEMENTS = 10**9
"""Generated data have 8 GB at most; more are assumed to be a typing error."""

CACHED_ROWS = 1 << 10
"""An array of so many rows and 64 lanes takes 512 KiB, which fits into a core's cache."""

FEW_ROWS = 32
"""Products of columns of at most so many rows are computed by one reduction."""


def norm_sq(W: Lanes) -> PerLane:
    """Return the squared Euclidean norm of every column of `W`."""
    out: PerLane = np.einsum("ij,ij->j", W, W)
    return out


def inner(U: Lanes, V: Lanes) -> PerLane:
    """Return the inner product of every column of `U` with the same column of `V`."""
    out: PerLane = np.einsum("ij,ij->j", U, V)
    return out


def inner_in_order(U: Lanes, V: Lanes) -> PerLane:
    """Return `inner(U, V)`; a column alone has the bits that it has beside others."""
    products = U * V
    if products.shape[1] == 1:  # `reduce` would add a single column in pairs
        last: PerLane = np.add.accumulate(products, axis=0)[-1]
        return last
    total: PerLane = np.add.reduce(products, axis=0)
    return total


def column_sums(A: Scores) -> PerLane:
    """Return the sum of every column of `A`."""
    # A product with ones takes a quarter of the time of a sum along axis 0.
    out: PerLane = _ones(len(A)).dot(A)  # half the time of @ on small arrays
    return out


def column_products(A: Scores) -> PerLane:
    """Return the product of every column of `A`; `A` is overwritten."""
    while (n := len(A)) > FEW_ROWS:
        half = (n + 1) // 2  # halves are contiguous: one long loop for many short ones
        np.multiply(A[: n - half], A[half:], out=A[: n - half])
        A = A[:half]
    out: PerLane = np.multiply.reduce(A, axis=0)
    return out


@lru_cache(maxsize=16)
def _ones(n: int) -> PerSample:
    return np.ones(n)


def distinct(values: PerSample) -> PerSample:
    """Return the values that occur, in order; of those that are NaN, every one."""
    # np.unique imports np.ma when it is first called, a tenth of a short run.
    ordered = np.sort(values)
    first = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    out: PerSample = ordered[first]
    return out


def row_slices(n_rows: int) -> Iterator[slice]:
    """Yield consecutive ranges of the rows of an array, of `CACHED_ROWS` rows each."""
    return (slice(k, min(k + CACHED_ROWS, n_rows)) for k in range(0, n_rows, CACHED_ROWS))


def keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next temporary array.

    Once a large array has been freed, glibc raises the size up to which it keeps freed memory.
    Otherwise the kernel maps and clears every array of 128 KiB or more anew, which takes longer
    than computing its entries.
    """
    np.empty(1 << 21)  # 16 MiB, freed at once


def lanes_of(A: Lanes, lanes: slice) -> Lanes:
    """Return some lanes: a view where each lane is contiguous, else a copy in C order."""
    view = A[:, lanes]
    return view if view.flags.f_contiguous else np.ascontiguousarray(view)


def take(A: Any, lanes: Index | Mask) -> Any:
    """Return these lanes of an array whose last axis is that of the lanes, in C order.

    Where each lane is contiguous, in Fortran order, it stays so.
    """
    if A.ndim == 2 and A.flags.f_contiguous and not A.flags.c_contiguous:
        return A.T[lanes].T
    # A[..., lanes] would not be in C order.
    return np.take(A, np.arange(A.shape[-1])[lanes], axis=-1)


def equal(a: PerLane, b: PerLane) -> bool:
    """Return whether two arrays have the same bits, or are equal; NaN is equal to itself."""
    return a.tobytes() == b.tobytes() or np.array_equal(a, b)
