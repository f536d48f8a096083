"""What a data set is, before labels are chosen and columns are scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lrbench.arrays import PerSample, Vector

if TYPE_CHECKING:
    from lrbench.objective.linear.matrix import Matrix

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
        Of the shape of X and of the arrays: see `lrbench.cache.content_hash`.
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
