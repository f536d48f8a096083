"""The interface of a loss."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from lrbench.arrays import PerLane, PerSample, Scores, column_sums

TargetKind = Literal["binary", "regression", "count"]


class Loss(Protocol):
    """An elementwise convex function phi(z, y) of a score and a target.

    `y` has shape (n_batch,) and is broadcast against the rows of `Z`. A loss does not depend on X,
    so that the same code serves dense and sparse data. A loss with parameters is a frozen dataclass
    whose fields are the parameters: numbers, each with a default.
    """

    name: ClassVar[str]
    task: ClassVar[TargetKind]
    """The targets: ``"binary"``, -1 and +1; ``"regression"``, real numbers; ``"count"``, numbers
    >= 0, integers or not."""

    @property
    def smoothness(self) -> float:
        """The sup of the second derivative in z; inf if there is a kink or no bound."""
        ...

    @property
    def lipschitz(self) -> float:
        """The sup of the absolute value of the derivative in z; inf if unbounded."""
        ...

    def value(self, Z: Scores, y: PerSample) -> Scores:
        """Return phi(Z, y), shape of `Z`."""
        ...

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return the derivative in z, or a subgradient at a kink, shape of `Z`."""
        ...

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return the second derivative in z, shape of `Z`; 0 at a kink."""
        ...

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        """Return sup_z (u z - phi(z, y)), shape (n_samples,); inf outside the domain."""
        ...


def margin(loss: Loss) -> bool:
    """Return whether phi(z, y) = phi(yz, 1).

    Then the rows of X may be multiplied by their targets once, which saves a product a step.
    """
    return bool(getattr(loss, "margin", False))


def sums(loss: Loss, Z: Scores, y: PerSample) -> PerLane:
    """Return the sum of phi over the rows, (n_lanes,).

    A loss that can compute it more cheaply than from its values has a method ``sums(Z, y)``.
    """
    method: Any = getattr(loss, "sums", None)
    totals: PerLane = method(Z, y) if method else column_sums(loss.value(Z, y))
    return totals


def value_and_magnitude(loss: Loss, Z: Scores, y: PerSample) -> tuple[Scores, Scores]:
    """Return phi(Z, y), and the size to which its rounding is relative, shape of `Z`.

    The size is |phi|, unless the loss has a method ``magnitude(Z, y)`` because terms of phi cancel.
    """
    value, method = loss.value(Z, y), getattr(loss, "magnitude", None)
    size: Scores = method(Z, y) if method else np.abs(value)
    return value, size


def column(y: PerSample, Z: Scores) -> PerSample:
    """Return `y` shaped to broadcast against the rows of `Z` (one or two axes)."""
    return y if Z.ndim == 1 else y[:, None]
