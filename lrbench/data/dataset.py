"""A data set as its source has it, before labels are chosen and columns are scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lrbench.arrays import PerSample, Vector

if TYPE_CHECKING:
    from lrbench.arrays import Matrix

LARGEST = 1e150
"""Larger numbers cannot be used, because float64 does not hold their squares."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """X and y as the source has them, with their origin.

    Parameters
    ----------
    name
        The name that the user gave: ``"sklearn:breast-cancer"``, a path …
    X
        (n_samples, n_features), a dense C-ordered array or a `csr_array`; it must not be modified.
    y
        (n_samples,), the targets, or the numbers of the classes.
    content_hash
        The hash of X (its shape included) and y: see `lrbench.cache.content_hash`.
    description
        The origin of the data, in one line.
    labels
        The names of the classes 0, 1, …; None where they have no names.
    planted
        (n_features,), a minimiser of the squared loss on X and y that is known by construction, or
        None.
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
