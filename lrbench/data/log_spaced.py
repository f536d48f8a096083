"""Log-spaced numbers that are the same on every processor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DIGITS = 13
"""Powers differ in their last bits from processor to processor; three digits less do not."""


def log_spaced(smallest: float, count: int) -> NDArray[np.float64]:
    """Return `count` numbers from `smallest` to 1 with a constant ratio, rounded to 13 digits.

    Notes
    -----
    NumPy has several kernels for powers and takes the one for the processor. The bits of data are
    hashed: without the rounding the same problem would have another fingerprint, and so another
    baseline and other cells in a store, on another machine.
    """
    numbers = np.geomspace(smallest, 1.0, count)
    return np.array([float(f"{number:.{DIGITS}g}") for number in numbers])
