"""The layers of a network in torch, for several lanes at once; autograd makes the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lrbench.objective.network.architecture import SIDE, Activation, Layer

CONVOLVED = 128
"""The most samples of one call of a convolution on a CPU: beyond them it leaves the cache, and a
call on all samples takes twice the time."""


class TensorStatistics(NamedTuple):
    """The mean and the standard deviation of the scores of each unit, (n_lanes, n_out) each."""

    mean: Tensor
    deviation: Tensor


class LayersForward:
    """The way forward of several lanes through the layers of a network.

    Parameters
    ----------
    layers
        Those of the network.
    activation
        What follows a layer.
    theta
        The parameters, (n_lanes, n_parameters).
    statistics
        The mean and the deviation that the layers with batch normalisation use; None for those of
        what passes through.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        activation: Activation,
        theta: Tensor,
        statistics: Sequence[TensorStatistics] | None = None,
    ) -> None:
        self.layers, self._theta, self._fixed = layers, theta, statistics
        self.activated: Callable[[Tensor], Tensor] = (
            torch.relu if activation == "relu" else torch.tanh
        )
        self.n_lanes = len(theta)
        self.statistics: list[TensorStatistics] = []
        """What the layers with batch normalisation used, in their order."""

    def fully_connected(self, k: int, inputs: Tensor) -> Tensor:
        """Return the scores of a layer, (n_lanes, batch, n_out), of (n_lanes, batch, n_in)."""
        kernel = self._kernel(self.layers[k])
        return self._normalised(k, torch.bmm(inputs, kernel), kernel, (1,))

    def convolution(self, k: int, images: Tensor, stride: int = 1) -> Tensor:
        """Return the scores of a convolution, (batch, n_lanes * n_out, side, side).

        Parameters
        ----------
        k
            The number of the layer.
        images
            (batch, n_lanes * n_channels, side, side), or (batch, 1, side, side) for the data, which
            all lanes have in common.
        stride
            The step from pixel to pixel.
        """
        layer = self.layers[k]
        kernel = self._kernel(layer)
        # The units of all lanes are those of one convolution, in a group for each lane.
        units = kernel.transpose(1, 2).reshape(self.n_lanes * layer.n_out, -1, SIDE, SIDE)
        groups = images.shape[1] // units.shape[1]
        n = len(images)
        together = n if images.is_cuda else CONVOLVED
        pieces = [
            functional.conv2d(
                images[first : first + together], units, None, stride, SIDE // 2, groups=groups
            )
            for first in range(0, n, together)
        ]
        scores = torch.cat(pieces) if len(pieces) > 1 else pieces[0]
        return self._normalised(k, scores, kernel, (0, 2, 3))

    def shortcut(self, k: int, images: Tensor, stride: int) -> Tensor:
        """Return what entered a block at every other pixel if it halves, with channels of 0 behind.

        `k` is the number of the first layer of the block.
        """
        n_more = self.layers[k].n_out - images.shape[1] // self.n_lanes
        every = images[:, :, ::stride, ::stride]
        if not n_more:
            return every
        padded = functional.pad(self.by_lane(every), (0, 0, 0, 0, 0, n_more))
        return padded.flatten(1, 2)

    def by_lane(self, units: Tensor) -> Tensor:
        """Return (batch, n_lanes * n_out, ...) as (batch, n_lanes, n_out, ...)."""
        return units.reshape(units.shape[0], self.n_lanes, -1, *units.shape[2:])

    def _kernel(self, layer: Layer) -> Tensor:
        """Return the weights of a layer, (n_lanes, n_in, n_out)."""
        return self._theta[:, layer.kernel].reshape(self.n_lanes, layer.n_in, layer.n_out)

    def _normalised(self, k: int, scores: Tensor, kernel: Tensor, over: tuple[int, ...]) -> Tensor:
        """Return scores with the normalisation, the scale and the shift of their layer.

        `over` are the axes of the samples and of the pixels.
        """
        layer = self.layers[k]
        # Of a number for each unit, (n_lanes, n_out): a view that has an axis for every one.
        shape = (self.n_lanes, 1, -1) if over == (1,) else (1, -1, 1, 1)
        shift = self._theta[:, layer.shift].reshape(shape)
        if layer.scale is None:
            return scores + shift
        scale = self._theta[:, layer.scale]
        if layer.norm == "weight":
            length: Tensor = torch.linalg.vector_norm(kernel, dim=1)
            return scores * (scale / length).reshape(shape) + shift
        if self._fixed is None:
            variance, mean = torch.var_mean(scores, over, correction=0)
            # What rounding leaves of the differences of equal scores.
            rounding = 16 * torch.finfo(scores.dtype).eps * mean.detach().abs()
            equal = variance.detach().sqrt() <= rounding
            deviation = torch.where(equal, torch.nan, variance.sqrt())
        else:
            mean, deviation = self._fixed[len(self.statistics)]
        own = (self.n_lanes, layer.n_out)
        self.statistics.append(TensorStatistics(mean.reshape(own), deviation.reshape(own)))
        centred = scores - mean.reshape(shape)
        return centred * (scale / deviation.reshape(own)).reshape(shape) + shift
