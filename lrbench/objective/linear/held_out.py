"""The samples that are held out of a linear problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane, PerSample
from lrbench.objective.linear.matrix import DataMatrix, product
from lrbench.objective.linear.objective import strips

if TYPE_CHECKING:
    from lrbench.losses.base import Loss


class LinearHeldOut(NamedTuple):
    r"""Samples on which a linear model is measured and not fitted.

    .. math:: \frac1m \sum_{i=1}^m \varphi(x_i^\top w, y_i)

    without the penalty, and for two classes the fraction of the samples with y_i = 1 where
    :math:`x_i^\top w > 0` and y_i = -1 elsewhere.

    Parameters
    ----------
    data, y, loss
        As for the objective; the columns of the data are those of the objective.
    """

    data: DataMatrix
    y: PerSample
    loss: Loss

    @property
    def nbytes(self) -> int:
        """The size of X and y."""
        return self.data.nbytes + self.y.nbytes

    def measures(self, W: Lanes) -> dict[str, PerLane]:
        """Return ``test_loss`` and for two classes ``test_accuracy`` of every column of `W`."""
        if len(several := [*strips(W)]) > 1:
            parts = [self.measures(W[:, lanes]) for lanes in several]
            return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        loss, n_correct = np.zeros(W.shape[1]), np.zeros(W.shape[1])
        binary = self.loss.task == "binary"
        for rows, X, _ in self.data.blocks(W.shape[1]):
            Z, y = product(X, W), self.y[rows]
            loss += self.loss.sums(Z, y)
            if binary:  # a score of NaN counts as wrong in both classes
                n_correct += np.where(y[:, None] > 0, Z > 0, Z <= 0).sum(axis=0)
        n_samples = self.data.shape[0]
        return {"test_loss": loss / n_samples} | (
            {"test_accuracy": n_correct / n_samples} if binary else {}
        )
