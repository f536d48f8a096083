"""What a loss is."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Protocol

from lrbench.arrays import PerLane, PerSample, Scores, column_sums

TargetKind = Literal["binary", "regression", "count"]


class Loss(Protocol):
    """An elementwise convex function phi(z, y) of a score and a target.

    `y` has shape (n_batch,) and is broadcast against the rows of `Z`. Nothing here knows X: only
    the matrix product sees whether the data are sparse. A loss with parameters is a frozen
    dataclass whose fields they are, all numbers with a default.
    """

    name: ClassVar[str]
    task: ClassVar[TargetKind]
    """``"binary"``: targets are -1 and +1; ``"regression"``: any real number; ``"count"``: 0, 1, 2,
    … and any number above 0."""

    @property
    def smoothness(self) -> float:
        """Return the sup of the second derivative in z; inf if not smooth."""
        ...

    @property
    def lipschitz(self) -> float:
        """Return the sup of the absolute derivative in z; inf if unbounded."""
        ...

    def value(self, Z: Scores, y: PerSample) -> Scores:
        """Return phi(Z, y), shape of `Z`."""
        ...

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return the derivative (a subgradient) in z, shape of `Z`; never computes the value."""
        ...

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return the second derivative in z, shape of `Z`; 0 where piecewise linear, kinks too."""
        ...

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        """Return sup_z (u z - phi(z, y)), shape (n_samples,); inf outside the domain."""
        ...


def margin(loss: Loss) -> bool:
    """Return whether phi(z, y) = phi(yz, 1): then the data may carry the signs of the targets."""
    return bool(getattr(loss, "margin", False))


def sums(loss: Loss, Z: Scores, y: PerSample) -> PerLane:
    """Return the sum of phi over the rows, (n_lanes,).

    A loss that sums more cheaply than one value after the other has a method ``sums(Z, y)``.
    """
    own: Any = getattr(loss, "sums", None)
    out: PerLane = own(Z, y) if own else column_sums(loss.value(Z, y))
    return out


def column(y: PerSample, Z: Scores) -> PerSample:
    """Return `y` shaped to broadcast against the rows of `Z` (one or two axes)."""
    return y if Z.ndim == 1 else y[:, None]
