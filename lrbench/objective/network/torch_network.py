"""Networks whose layers torch computes: multilayer perceptrons, and residual networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lrbench.arrays import PerLane
from lrbench.config.process import one_torch_thread
from lrbench.objective.network.architecture import NetworkForm, Resnet, image_side
from lrbench.objective.network.backend import TorchBackend
from lrbench.objective.network.layers import BatchStatistics, Stack
from lrbench.objective.network.network import Network, NetworkSamples
from lrbench.objective.network.output_losses import OutputLoss
from lrbench.objective.network.torch_layers import LayersForward, TensorStatistics

GPU_ELEMENTS = 1 << 24
"""About so many numbers leave a layer at once on a GPU, where lanes have one call in common."""


class TorchNetwork(Network):
    """A network whose layers torch computes, forward and backward; NumPy has the loss.

    Parameters
    ----------
    form, n_in, n_out, loss
        As for `Network`.
    backend
        The numbers inside the network, and where they are.
    """

    def __init__(
        self, form: NetworkForm, n_in: int, n_out: int, loss: OutputLoss, backend: TorchBackend
    ) -> None:
        super().__init__(form, n_in, n_out, loss)
        self.backend = backend
        self.even = max(self.even, 16 * torch.finfo(getattr(torch, backend.dtype)).eps)
        if backend.device == "cpu":
            # Torch rounds a lane by where it lies in memory, beside others otherwise than alone.
            self.most_lanes = 1
        else:
            self.group_elements = GPU_ELEMENTS
        if isinstance(form, Resnet):
            self.side = side = image_side(n_in)
            self.width = 0
            for n_channels in form.channels:
                self.width = max(self.width, n_channels * side**2)
                side = (side + 1) // 2

    def _add(self, theta: Stack, batch: NetworkSamples, gradient: Stack) -> PerLane:
        with one_torch_thread(torch):
            parameters = self._tensor(theta).requires_grad_()
            outputs = self._forward(self._layers(parameters), batch.X)
            value, slopes = self.loss.value_and_slopes(_array(outputs.detach()), batch.y)
            (own,) = torch.autograd.grad(outputs, parameters, self._tensor(slopes))
            gradient[:] = _array(own)
        return value

    def _outputs(
        self, theta: Stack, X: Stack, statistics: Sequence[BatchStatistics] | None = None
    ) -> Stack:
        with one_torch_thread(torch), torch.no_grad():
            fixed = None
            if statistics is not None:
                fixed = [TensorStatistics(*map(self._tensor, each)) for each in statistics]
            return _array(self._forward(self._layers(self._tensor(theta), fixed), X))

    def _statistics(self, theta: Stack, samples: NetworkSamples) -> list[BatchStatistics]:
        with one_torch_thread(torch), torch.no_grad():
            layers = self._layers(self._tensor(theta))
            self._forward(layers, samples.X)
            return [BatchStatistics(*map(_array, each)) for each in layers.statistics]

    def _layers(
        self, theta: Tensor, statistics: Sequence[TensorStatistics] | None = None
    ) -> LayersForward:
        return LayersForward(self.layers, self.form.activation, theta, statistics)

    def _forward(self, layers: LayersForward, X: Stack) -> Tensor:
        """Return the outputs, (n_lanes, batch, n_outputs), of samples (batch, n_in)."""
        samples = self._tensor(X)
        last = len(self.layers) - 1
        if isinstance(self.form, Resnet):
            passing = self._pooled(layers, self.form, samples)
        else:
            passing = samples.expand(layers.n_lanes, -1, -1)
            for k in range(last):
                passing = layers.activated(layers.fully_connected(k, passing))
        return layers.fully_connected(last, passing)

    def _pooled(self, layers: LayersForward, form: Resnet, samples: Tensor) -> Tensor:
        """Return the means over the pixels behind the last block, (n_lanes, batch, n_channels)."""
        n_missing = self.side**2 - samples.shape[1]
        images = functional.pad(samples, (0, n_missing)).view(-1, 1, self.side, self.side)
        passing = layers.activated(layers.convolution(0, images))
        for block, stride in enumerate(form.strides):
            k = 1 + 2 * block
            inner = layers.activated(layers.convolution(k, passing, stride))
            scores = layers.convolution(k + 1, inner)
            passing = layers.activated(scores + layers.shortcut(k, passing, stride))
        return layers.by_lane(passing.mean((2, 3))).transpose(0, 1)

    def _tensor(self, array: Stack) -> Tensor:
        # A copy: an array that is mapped from a file cannot be written to, and torch warns of that.
        dtype = getattr(torch, self.backend.dtype)
        return torch.tensor(array, dtype=dtype, device=self.backend.device)


def _array(tensor: Tensor) -> Stack:
    array: NDArray[Any] = tensor.cpu().numpy()
    return array.astype(np.float64, copy=False)
