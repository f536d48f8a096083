"""The elastic net penalty."""

from __future__ import annotations

from dataclasses import dataclass

from lrbench.errors import UsageError
from lrbench.penalties.base import Penalty


@dataclass(frozen=True)
class ElasticNet(Penalty):
    r"""The l1 and the l2 penalty together, in scikit-learn's parameters.

    .. math:: R(w) = \lambda \bigl(\rho \|w\|_1 + \tfrac{1 - \rho}{2} \|w\|^2\bigr)

    Parameters
    ----------
    weight
        lambda > 0.
    l1_ratio
        rho in (0, 1): the fraction of l1.

    References
    ----------
    Zou and Hastie, *Regularization and variable selection via the elastic net*, J. R. Stat. Soc. B
    67 (2005).
    """

    name = "elastic-net"
    weight: float
    l1_ratio: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 < self.l1_ratio < 1.0:
            raise UsageError(
                f"the l1_ratio of the elastic-net is {self.l1_ratio:g}, not between 0 and 1.",
                "give one such as l1_ratio=0.5, or choose l1 or l2.",
            )

    @property
    def l1(self) -> float:
        """The factor of |w|_1: weight l1_ratio."""
        return self.weight * self.l1_ratio

    @property
    def curvature(self) -> float:
        """The factor of |w|^2 / 2: weight (1 - l1_ratio)."""
        return self.weight * (1.0 - self.l1_ratio)
