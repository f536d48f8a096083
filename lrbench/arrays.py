"""Names of array shapes, and the few reductions over lanes.

A *lane* is one initial learning rate. All lanes of a run stand side by side in the columns of
``W``, so that one matrix product serves them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Lanes: TypeAlias = NDArray[np.float64]
"""(n_features, n_lanes), C order: one iterate a lane."""

PerLane: TypeAlias = NDArray[np.float64]
"""(n_lanes,): one number a lane."""

Scores: TypeAlias = NDArray[np.float64]
"""(n_batch, n_lanes): ``Z = X @ W``."""

PerSample: TypeAlias = NDArray[np.float64]
"""(n_samples,) or (n_batch,): one number a sample."""

Vector: TypeAlias = NDArray[np.float64]
"""(n_features,): one iterate."""

Index: TypeAlias = NDArray[np.intp]
"""(n_batch,): row numbers of samples."""

Mask: TypeAlias = NDArray[np.bool_]
"""(n_lanes,): which lanes."""

CACHED_ROWS = 1 << 10
"""Rows of an array with 64 lanes that are 512 KiB together, which a core's cache holds."""


def norm_sq(W: Lanes) -> PerLane:
    """Return the squared Euclidean norm of every column of `W`."""
    out: PerLane = np.einsum("ij,ij->j", W, W)
    return out


def inner(U: Lanes, V: Lanes) -> PerLane:
    """Return the inner product of every column of `U` with the same column of `V`."""
    out: PerLane = np.einsum("ij,ij->j", U, V)
    return out


def column_sums(A: Scores) -> PerLane:
    """Return the sum of every column of `A`."""
    out: PerLane = _ones(len(A)) @ A
    return out


def column_products(A: Scores) -> PerLane:
    """Return the product of every column of `A`, which is used up."""
    while (n := len(A)) > FEW_ROWS:
        half = (n + 1) // 2  # halves are contiguous: one long loop for many short ones
        np.multiply(A[: n - half], A[half:], out=A[: n - half])
        A = A[:half]
    out: PerLane = np.multiply.reduce(A, axis=0)
    return out


FEW_ROWS = 32
"""So many rows are multiplied one after the other."""


@lru_cache(maxsize=16)
def _ones(n: int) -> PerSample:
    return np.ones(n)


def row_slices(n_rows: int) -> Iterator[slice]:
    """Yield consecutive rows of an array, few enough to stay in a core's cache with 64 lanes."""
    return (slice(k, min(k + CACHED_ROWS, n_rows)) for k in range(0, n_rows, CACHED_ROWS))


def keep_freed_memory() -> None:
    """Let glibc keep what is freed for the next temporary array.

    Once a large array has been freed, glibc raises the size below which it keeps memory. Otherwise
    every array of 128 KiB or more is mapped and cleared anew, which takes longer than to compute
    it.
    """
    np.empty(1 << 21)
