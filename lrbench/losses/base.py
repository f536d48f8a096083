"""The base class of the losses."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar, Final, Literal

import numpy as np

from lrbench.arrays import PerLane, PerSample, Scores, column_sums
from lrbench.kernels.codes import LossCode
from lrbench.losses.pieces import Pieces

ROUNDING = 2.0**-50
"""An allowance for the rounding of a conjugate, relative to it."""

UNIT_TARGET: Final = np.ones(1)
"""The targets of rows of X that are multiplied by their targets: a single 1 for all of them."""

TargetKind = Literal["binary", "regression", "count"]


class Loss(ABC):
    """An elementwise convex function phi(z, y) of a score and a target.

    `y` has shape (n_batch,) and is broadcast against the rows of `Z`. A loss does not depend on X,
    so that the same code serves dense and sparse data. A loss with parameters is a frozen dataclass
    whose fields are the parameters: numbers, each with a default.

    Notes
    -----
    What is not abstract has a default that holds for every loss, or claims least.
    """

    name: ClassVar[str]
    task: ClassVar[TargetKind]
    """The targets: ``"binary"``, -1 and +1; ``"regression"``, real numbers; ``"count"``, numbers
    >= 0, integers or not."""
    margin: ClassVar[bool] = False
    """Whether phi(z, y) = phi(yz, 1). Then the rows of X may be multiplied by their targets once,
    which saves a product a step."""

    code: ClassVar[LossCode | None] = None
    """The number of its derivative among the compiled steps; None where NumPy alone has it. It is
    not used for a class of the user, which may inherit it."""

    @property
    def parameter(self) -> float:
        """The parameter on which the compiled derivative depends; 0 without one."""
        return 0.0

    @property
    def smoothness(self) -> float:
        """The sup of the second derivative in z; inf if there is a kink or no bound."""
        return math.inf

    @property
    def curvature(self) -> float:
        """The inf of the second derivative in z: the strong convexity in the score."""
        return 0.0

    @property
    def lipschitz(self) -> float:
        """The sup of the absolute value of the derivative in z; inf if unbounded."""
        return math.inf

    @property
    def differentiable(self) -> bool:
        """Whether the derivative is continuous; the second derivative may be unbounded."""
        return math.isfinite(self.smoothness)

    @property
    def quadratic(self) -> bool:
        """Whether the second derivative is constant."""
        return self.curvature == self.smoothness

    @abstractmethod
    def value(self, Z: Scores, y: PerSample) -> Scores:
        """Return phi(Z, y), shape of `Z`."""

    @abstractmethod
    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return the derivative in z, or a subgradient at a kink, shape of `Z`."""

    def scaled_derivative(self, Z: Scores, y: PerSample, factor: float) -> Scores:
        """Return `factor` times the derivative; `Z` is used up.

        Steps call it. Overflow is no error there: numbers that are not finite end a lane.
        """
        R = self.derivative(Z, y)
        if factor != 1.0:
            R *= factor
        return R

    @abstractmethod
    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return the second derivative in z, shape of `Z`; 0 at a kink."""

    @abstractmethod
    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        """Return phi*(u, y) = sup_z (u z - phi(z, y)), (n_samples,); inf outside the domain."""

    def sums(self, Z: Scores, y: PerSample) -> PerLane:
        """Return the sum of phi over the rows, (n_lanes,)."""
        return column_sums(self.value(Z, y))

    def value_and_magnitude(self, Z: Scores, y: PerSample) -> tuple[Scores, Scores]:
        """Return phi(Z, y), and the size to which its rounding is relative, shape of `Z`.

        The size is |phi|; it is larger where terms of phi cancel.
        """
        value = self.value(Z, y)
        return value, np.abs(value)

    def pieces(self, y: PerSample) -> Pieces | None:
        """Return phi as a sum of functions of one kink each, but for a constant.

        None if it is not made of lines and parabolas, and if its second derivative is continuous:
        Newton's method minimises such losses without it.
        """
        return None

    def slopes(self, y: PerSample) -> tuple[PerSample, PerSample]:
        """Return the inf and the sup of the derivative, (n_samples,) each; infinite if unbounded.

        Between them lies the domain of the conjugate.
        """
        if (pieces := self.pieces(y)) is not None:
            return pieces.slopes[0], pieces.slopes[-1]
        largest = np.full_like(y, self.lipschitz)
        return -largest, largest

    def score_norm(self, y: PerSample, excess: float) -> float:
        r"""Return a bound on |z|_2 over all scores z that exceed the infima by little.

        .. math:: \sum_i \bigl(\varphi(z_i, y_i) - \inf \varphi(\cdot, y_i)\bigr) \le \text{excess}

        It is inf without a bound, as where phi stays bounded on one side.
        """
        return math.inf

    def product_bound(self, u: PerSample, y: PerSample, excess: float) -> float:
        r"""Return a bound on the sum of (u_i z_i)_+ over the scores z of `score_norm`.

        By the inequality of Fenchel and Young u_i z_i is at most the part of sample i in the excess
        plus phi*(u_i) - phi*(0), which is used here.

        Parameters
        ----------
        u
            Slopes in the domain of the conjugate, (n_samples,).
        """
        at_u, at_zero = self.conjugate(u, y), self.conjugate(np.zeros_like(y), y)
        rounding = ROUNDING * (np.abs(at_u) + np.abs(at_zero))
        return excess + float((np.maximum(at_u - at_zero, 0.0) + rounding).sum())


def column(y: PerSample, Z: Scores) -> PerSample:
    """Return `y` shaped to broadcast against the rows of `Z` (one or two axes)."""
    return y if Z.ndim == 1 else y[:, None]
