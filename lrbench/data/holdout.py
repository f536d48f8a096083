"""Samples held out of a data set, and other data brought into the form of a data set."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lrbench.arrays import Index
from lrbench.data.dataset import Dataset
from lrbench.errors import DataError

if TYPE_CHECKING:
    from lrbench.objective.linear.matrix import Matrix

STREAM = (2,)
"""What sets this stream of random numbers apart from ``default_rng(seed)`` and the minibatches."""


def split_rows(n_samples: int, fraction: float, seed: int) -> tuple[Index, Index]:
    """Return the rows to train on and those that are held out, both ascending.

    Parameters
    ----------
    n_samples
        The number of rows.
    fraction
        The share that is held out, in (0, 1): the nearest whole number of rows.
    seed
        Of the choice; of two fractions with one seed the larger holds out the rows of the smaller.

    Raises
    ------
    DataError
        Where no row is left on one side.
    """
    n_test = round(fraction * n_samples)
    if not 0 < n_test < n_samples:
        raise DataError(
            f"of {n_samples} samples the share {fraction:g} is {n_test}: none is left"
            f" to {'test' if n_test == 0 else 'train'} on.",
            f"hold out a {'larger' if n_test == 0 else 'smaller'} share.",
        )
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=STREAM))
    held_out = np.zeros(n_samples, dtype=np.bool_)
    held_out[rng.permutation(n_samples)[:n_test]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def subset(data: Dataset, rows: Index) -> Dataset:
    """Return some of the samples, in the order of `rows`; a copy.

    Notes
    -----
    The content hash is that of the whole and of the rows. A planted minimiser stays one only where
    its scores are the targets.
    """
    chosen = hashlib.sha256(f"{data.content_hash}\nrows ".encode())
    chosen.update(np.ascontiguousarray(rows, dtype="<i8").data)
    return replace(
        data,
        X=data.X[rows],
        y=data.y[rows],
        content_hash=chosen.hexdigest(),
        planted=data.planted if fits(data) else None,
    )


def fits(data: Dataset) -> bool:
    """Return whether a minimiser is planted whose scores are the targets, but for rounding."""
    if data.planted is None:
        return False
    off = np.abs(np.asarray(data.X @ data.planted) - data.y)
    return bool((off <= 1e-9 * np.abs(data.y).max()).all())


def matched(X: Matrix, like: Matrix) -> tuple[Matrix, int]:
    """Return `X` with the columns and in the form, dense or sparse, of other samples.

    Parameters
    ----------
    X
        (n_samples, n_columns); features that it does not have are 0 in every sample.
    like
        The other samples, (any, n_features).

    Returns
    -------
    X
        (n_samples, n_features).
    left_out
        The number of features beyond `n_features` that are not 0 in every sample.
    """
    width = like.shape[1]
    if isinstance(X, np.ndarray):
        left_out = int(X[:, width:].any(axis=0).sum())
    else:
        left_out = len(np.unique(X.indices[X.indices >= width]))
    part = X[:, :width] if X.shape[1] > width else X
    return (_dense if isinstance(like, np.ndarray) else _sparse)(part, width), left_out


def _dense(X: Any, width: int) -> Matrix:
    if X.shape[1] == width and isinstance(X, np.ndarray):
        return np.ascontiguousarray(X)
    out = np.zeros((X.shape[0], width))
    out[:, : X.shape[1]] = X if isinstance(X, np.ndarray) else X.toarray()
    return out


def _sparse(X: Any, width: int) -> Matrix:
    from scipy.sparse import csr_array

    sparse = csr_array(X)
    result = csr_array((sparse.data, sparse.indices, sparse.indptr), shape=(X.shape[0], width))
    result.has_canonical_format = True
    return result
