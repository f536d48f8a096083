"""The l1 penalty."""

from __future__ import annotations

from dataclasses import dataclass

from lrbench.penalties.base import Penalty


@dataclass(frozen=True)
class L1(Penalty):
    r"""The sum of absolute values, which sets coefficients to zero.

    .. math:: R(w) = \lambda \sum_j |w_j|

    Parameters
    ----------
    weight
        lambda > 0.

    Notes
    -----
    It is not smooth. A solver that uses the prox reaches exact zeros, and one that uses a
    subgradient never does. At w_j = 0 the subgradient is 0.

    References
    ----------
    Tibshirani, *Regression shrinkage and selection via the lasso*, J. R. Stat. Soc. B 58 (1996).
    """

    name = "l1"
    weight: float

    @property
    def l1(self) -> float:
        """The weight lambda."""
        return self.weight
