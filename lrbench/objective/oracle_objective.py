"""What the oracles on plain arrays ask of an objective, whatever its model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lrbench.arrays import Lanes, Mask, PerLane, PerSample, Scores

if TYPE_CHECKING:
    from lrbench.losses.base import Loss
    from lrbench.objective.linear.matrix import DataMatrix
    from lrbench.penalties.base import Penalty


class OracleObjective(Protocol):
    """The mean loss of all samples plus a penalty, for the columns of `W`, (n_features, n_lanes).

    A problem in other variables may have its penalty in the mean loss; that of the iterate is then
    0.
    """

    @property
    def n_samples(self) -> int:
        """The number of samples."""
        ...

    @property
    def penalty(self) -> Penalty:
        """The penalty of an iterate."""
        ...

    def mean_loss(self, W: Lanes) -> PerLane:
        """Return the mean loss of every column of `W`, (n_lanes,)."""
        ...

    def loss_gradient(self, W: Lanes) -> Lanes:
        """Return the (sub)gradient of the mean loss, shape of `W`; a new array."""
        ...

    def finite_penalty(self, W: Lanes) -> PerLane:
        """Return the penalty of every column of `W`, (n_lanes,); 0 for an indicator."""
        ...

    def add_penalty_gradient(self, G: Lanes, W: Lanes) -> None:
        """Add the (sub)gradient of the penalty at `W` to `G` in place; an indicator's is 0."""
        ...

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return the penalty's prox at `W`, which is used up."""
        ...

    def confine(self, W: Lanes) -> Mask | None:
        """Project `W` in place on the set of an indicator; return which lanes moved, or None."""
        ...

    def derivatives(self, W: Lanes) -> Scores:
        """Return the derivative of the loss of every sample in its score, (n_samples, n_lanes).

        Raises
        ------
        ContractError
            If the losses are no functions of a score.
        """
        ...

    def combine(self, R: Scores) -> Lanes:
        """Return the mean of x_i r_i over the samples, (n_features, n_lanes).

        Raises
        ------
        ContractError
            If the losses are no functions of a score.
        """
        ...


class DataObjective(OracleObjective, Protocol):
    """An objective whose minibatches are rows of a matrix X and their targets."""

    @property
    def data(self) -> DataMatrix:
        """X, (n_samples, number of columns)."""
        ...

    @property
    def y(self) -> PerSample:
        """The targets, (n_samples,)."""
        ...

    @property
    def loss(self) -> Loss:
        """The loss of a score and its target."""
        ...

    @property
    def n_features(self) -> int:
        """The number of rows of an iterate."""
        ...
