"""Holding out samples of a data set, and fitting other samples to its columns."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lrbench.arrays import Index
from lrbench.data.dataset import Dataset
from lrbench.errors import DataError

if TYPE_CHECKING:
    from lrbench.arrays import Matrix

STREAM = (2,)
"""The spawn key that separates these random numbers from ``default_rng(seed)`` and minibatches."""


def split_rows(n_samples: int, fraction: float, seed: int) -> tuple[Index, Index]:
    """Return the rows to train on and the rows that are held out, both ascending.

    Parameters
    ----------
    n_samples
        The number of rows.
    fraction
        The fraction of the rows to hold out, in (0, 1), rounded to a whole number of rows.
    seed
        Of the random choice. With the same seed, a larger fraction holds out the rows of a smaller
        one and further rows.

    Raises
    ------
    DataError
        If one of the two sets would have no rows.
    """
    n_test = round(fraction * n_samples)
    if not 0 < n_test < n_samples:
        raise DataError(
            f"the share {fraction:g} of {n_samples} samples is {n_test} samples, so none is left to"
            f" {'test' if n_test == 0 else 'train'} on.",
            f"hold out a {'larger' if n_test == 0 else 'smaller'} share.",
        )
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=STREAM))
    held_out = np.zeros(n_samples, dtype=np.bool_)
    # The beginning of one permutation, so that a larger fraction holds out these rows, too.
    held_out[rng.permutation(n_samples)[:n_test]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def subset(data: Dataset, rows: Index) -> Dataset:
    """Return a copy of the samples `rows`, in this order.

    Notes
    -----
    The content hash is made of that of all data and the rows. A planted minimiser of all samples is
    one of a subset only where its scores are the targets.
    """
    content = hashlib.sha256(f"{data.content_hash}\nrows ".encode())
    content.update(np.ascontiguousarray(rows, dtype="<i8").data)
    return replace(
        data,
        X=data.X[rows],
        y=data.y[rows],
        content_hash=content.hexdigest(),
        planted=data.planted if fits(data) else None,
    )


def fits(data: Dataset) -> bool:
    """Return whether the data have a planted minimiser whose scores are the targets to rounding."""
    if data.planted is None:
        return False
    residuals = np.abs(np.asarray(data.X @ data.planted) - data.y)
    return bool((residuals <= 1e-9 * np.abs(data.y).max()).all())


def matched(X: Matrix, X_train: Matrix) -> tuple[Matrix, int]:
    """Return `X` with as many columns as `X_train`, and dense or sparse as it is.

    Parameters
    ----------
    X
        (n_samples, n_columns); missing columns are filled with 0.
    X_train
        The samples to match, (n_train, n_features).

    Returns
    -------
    X
        (n_samples, n_features).
    left_out
        The number of columns beyond n_features that are not 0 in every sample.
    """
    width = X_train.shape[1]
    if isinstance(X, np.ndarray):
        left_out = int(X[:, width:].any(axis=0).sum())
    else:
        left_out = len(np.unique(X.indices[X.indices >= width]))
    columns = X[:, :width] if X.shape[1] > width else X
    return (_dense if isinstance(X_train, np.ndarray) else _sparse)(columns, width), left_out


def _dense(X: Any, width: int) -> Matrix:
    if X.shape[1] == width and isinstance(X, np.ndarray):
        return np.ascontiguousarray(X)
    padded = np.zeros((X.shape[0], width))
    padded[:, : X.shape[1]] = X if isinstance(X, np.ndarray) else X.toarray()
    return padded


def _sparse(X: Any, width: int) -> Matrix:
    from scipy.sparse import csr_array

    sparse = csr_array(X)
    # More columns need no copy: only the shape changes.
    padded = csr_array((sparse.data, sparse.indices, sparse.indptr), shape=(X.shape[0], width))
    padded.has_canonical_format = True
    return padded
