"""The losses at the outputs of a network: one function of all outputs of a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from lrbench.arrays import Index, PerLane, PerSample

if TYPE_CHECKING:
    from lrbench.objective.network.layers import Stack


class OutputLoss(Protocol):
    """The mean of a loss over a batch, and its derivatives in the outputs."""

    def value(self, outputs: Stack, y: PerSample) -> PerLane:
        """Return the sum over the batch, (n_lanes,), of outputs (n_lanes, batch, n_outputs)."""
        ...

    def value_and_slopes(self, outputs: Stack, y: PerSample) -> tuple[PerLane, Stack]:
        """Return the sum, and the derivatives of the mean in the outputs, which are used up."""
        ...


class Softmax:
    r"""The cross-entropy of the softmax of the outputs, for classes.

    .. math:: \varphi(z, y) = \log \sum_k e^{z_k} - z_y
    """

    def value(self, outputs: Stack, y: PerSample) -> PerLane:
        """Return the sum over the batch; y are the numbers of the classes, (batch,)."""
        return self._shifted(outputs, y)[0]

    def value_and_slopes(self, outputs: Stack, y: PerSample) -> tuple[PerLane, Stack]:
        """Return the sum, and the derivatives of the mean in the outputs."""
        value, outputs, total = self._shifted(outputs, y)
        outputs /= total[:, :, None]
        outputs[:, np.arange(len(y)), _classes(y)] -= 1.0
        outputs /= len(y)
        return value, outputs

    def n_correct(self, outputs: Stack, y: PerSample) -> PerLane:
        """Return for how many samples the largest output is that of the class, (n_lanes,).

        An output of NaN counts as wrong.
        """
        right = (outputs.argmax(axis=2) == _classes(y)) & ~np.isnan(outputs).any(axis=2)
        count: PerLane = right.sum(axis=1).astype(np.float64)
        return count

    def _shifted(self, outputs: Stack, y: PerSample) -> tuple[PerLane, Stack, Stack]:
        """Return the sum, exp(z - max z), and its sums over the outputs."""
        # Reductions along a short last axis take two to seven times as long as these.
        largest = np.maximum.reduce(np.ascontiguousarray(np.moveaxis(outputs, 2, 0)), axis=0)
        outputs = outputs - largest[:, :, None]
        own = outputs[:, np.arange(len(y)), _classes(y)]
        np.exp(outputs, out=outputs)
        total = np.matmul(outputs, np.ones((outputs.shape[2], 1)))[:, :, 0]
        return (np.log(total) - own).sum(axis=1), outputs, total


class HalfSquare:
    r"""Half the squared error of a single output.

    .. math:: \varphi(z, y) = (z - y)^2 / 2
    """

    def value(self, outputs: Stack, y: PerSample) -> PerLane:
        """Return the sum over the batch; y are numbers, (batch,)."""
        residuals = outputs[:, :, 0] - y
        value: PerLane = np.einsum("lb,lb->l", residuals, residuals) / 2.0
        return value

    def value_and_slopes(self, outputs: Stack, y: PerSample) -> tuple[PerLane, Stack]:
        """Return the sum, and the derivatives of the mean in the output."""
        outputs = outputs - y[:, None]
        value: PerLane = np.einsum("lbo,lbo->l", outputs, outputs) / 2.0
        outputs /= len(y)
        return value, outputs


def _classes(y: PerSample) -> Index:
    return y.astype(np.intp)


OUTPUT_LOSSES: dict[str, Softmax | HalfSquare] = {"softmax": Softmax(), "squared": HalfSquare()}
"""By the name that a problem file gives."""
