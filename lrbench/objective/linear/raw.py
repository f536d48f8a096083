"""The columns of X as they were read, before they were scaled, and what scaling rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lrbench.arrays import Vector

if TYPE_CHECKING:
    from lrbench.arrays import Matrix


LARGEST_RAW = 1 << 25
"""n_samples n_features^2 up to which the dependence of the columns is found in integers."""


@dataclass(frozen=True, eq=False)
class Raw:
    """What X was made of. Scaling rounds it, so that columns that depend on others no longer do.

    Parameters
    ----------
    X
        The data as they were read, (n_samples, n_features); None where they are not kept.
    content_hash
        That of the data.
    scaling
        Its name: see `lrbench.data.scaling.scaled`.
    offset
        The means of the columns over their divisors, in absolute value, (n_features,); None where
        the columns are not centred.
    """

    X: Matrix | None
    content_hash: str
    scaling: str
    offset: Vector | None
