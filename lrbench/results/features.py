"""How the columns of X were made of those of the user's file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """The scaling of the columns: x = (x_file - centre) / divisor, the intercept apart.

    Parameters
    ----------
    centre
        (n_features,) without the intercept; None where nothing was subtracted.
    divisor
        (n_features,) without the intercept; None where nothing was divided.
    """

    centre: NDArray[np.float64] | None = None
    divisor: NDArray[np.float64] | None = None

    def undone(self, W: NDArray[np.float64], intercept: bool) -> tuple[NDArray[np.float64], float]:
        """Return (coef, c) for which ``X_file @ coef + c`` is the score ``X @ W``.

        Parameters
        ----------
        W
            The weights of the scaled columns, (n_features,).
        intercept
            Whether the last of them is the intercept.
        """
        coef, c = (W[:-1], float(W[-1])) if intercept else (W, 0.0)
        if self.divisor is not None:
            coef = coef / self.divisor
        if self.centre is not None:
            c -= float(self.centre @ coef)
        return coef, c
