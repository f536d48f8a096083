"""The l2 penalty."""

from __future__ import annotations

from dataclasses import dataclass

from lrbench.penalties.base import Penalty


@dataclass(frozen=True)
class L2(Penalty):
    r"""The squared Euclidean norm.

    .. math:: R(w) = \tfrac{\lambda}{2} \|w\|^2

    Parameters
    ----------
    weight
        lambda > 0. It makes the objective strongly convex only if every coordinate is penalised,
        that is, without an intercept.
    """

    name = "l2"
    weight: float

    @property
    def curvature(self) -> float:
        """The weight lambda."""
        return self.weight
