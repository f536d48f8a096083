"""A network as a function of its parameters: the mean loss of samples, and its gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerLane, PerSample
from lrbench.objective.network.architecture import Activation, Layer, NetworkForm, layers_of
from lrbench.objective.network.layers import (
    BatchStatistics,
    Passed,
    Stack,
    activation_slopes,
    backward,
    batch_statistics,
    forward,
    part,
)
from lrbench.objective.network.output_losses import OutputLoss


class NetworkSamples(NamedTuple):
    """Inputs, (n_samples, n_in), and targets, (n_samples,)."""

    X: NDArray[np.float64]
    y: PerSample


class Outputs(NamedTuple):
    """The outputs of a network for some lanes and some samples."""

    lanes: slice
    y: PerSample
    """The targets of these samples, (batch,)."""
    values: Stack
    """(n_lanes, batch, n_outputs), for these lanes."""


class Network:
    """A network with a loss at its outputs, of which NumPy computes a multilayer perceptron.

    Parameters
    ----------
    form, n_in, n_out
        The hidden layers, and the numbers of inputs and outputs.
    loss
        The loss at the outputs.
    """

    group_elements = 1 << 16
    """About so many numbers leave a layer at once: lanes beyond them come in a further group, so
    that what passes through the layers stays in the cache of a core."""

    most_lanes = 1 << 30
    """The most lanes of a group."""

    even = 1e-13
    """A deviation of scores below this share of their mean is rounding."""

    def __init__(self, form: NetworkForm, n_in: int, n_out: int, loss: OutputLoss) -> None:
        self.form, self.loss = form, loss
        self.layers: Sequence[Layer] = layers_of(form, n_in, n_out)
        self.n_parameters = self.layers[-1].shift.stop
        self.width = max(layer.n_out for layer in self.layers)
        self.batch_normalised = form.normalisation == "batch"

    def value_and_gradient(self, theta: Stack, samples: NetworkSamples) -> tuple[PerLane, Stack]:
        """Return the mean loss, (n_lanes,), and its gradient, (n_lanes, n_parameters).

        With batch normalisation the statistics are those of these samples. Many samples go through
        the network block by block, except with batch normalisation.
        """
        value, gradient = np.zeros(len(theta)), np.empty_like(theta)
        n = len(samples.y)
        for lanes, block in self._pieces(len(theta), n):
            batch = NetworkSamples(samples.X[block], samples.y[block])
            whole = len(batch.y) == n
            out = gradient[lanes] if whole else np.empty_like(theta[lanes])
            value[lanes] += self._add(theta[lanes], batch, out)
            if whole:
                continue
            out *= len(batch.y) / n
            if block.start == 0:
                gradient[lanes] = out
            else:
                gradient[lanes] += out
        return value / n, gradient

    def value(self, theta: Stack, samples: NetworkSamples) -> PerLane:
        """Return the mean loss, (n_lanes,)."""
        value = np.zeros(len(theta))
        for lanes, block in self._pieces(len(theta), len(samples.y)):
            outputs = self._outputs(theta[lanes], samples.X[block])
            value[lanes] += self.loss.value(outputs, samples.y[block])
        return value / len(samples.y)

    def outputs(
        self, theta: Stack, samples: NetworkSamples, fitted: NetworkSamples
    ) -> Iterator[Outputs]:
        """Yield the outputs for some samples, some lanes and some samples at a time.

        With batch normalisation the statistics are those of the samples `fitted`.
        """
        statistics = None
        for lanes, block in self._pieces(len(theta), len(fitted.y), len(samples.y)):
            if self.batch_normalised and block.start == 0:  # those of all blocks of these lanes
                statistics = self._statistics(theta[lanes], fitted)
            outputs = self._outputs(theta[lanes], samples.X[block], statistics)
            yield Outputs(lanes, samples.y[block], outputs)

    def silent_layer(self, theta: Stack, samples: NetworkSamples) -> int | None:
        """Return the number, from 1, of the first layer where batch normalisation divides by 0.

        It is a layer with a unit of the same score for all samples; None for none.
        """
        with np.errstate(all="ignore"):
            statistics = self._statistics(theta, samples)
        for k, (mean, deviation) in enumerate(statistics):
            if not (deviation > self.even * np.abs(mean)).all():  # nor where it is NaN
                return k + 1
        return None

    def _add(self, theta: Stack, batch: NetworkSamples, gradient: Stack) -> PerLane:
        """Write the gradient of the mean loss of a batch; return the sum of the losses."""
        passed: list[Passed] = []
        inputs: Stack = batch.X
        for k, layer in enumerate(self.layers):
            passed.append(forward(layer, theta, inputs, self._activation(k)))
            inputs = passed[-1].outputs
        value, slopes = self.loss.value_and_slopes(inputs, batch.y)
        for k in reversed(range(len(self.layers))):
            if k < len(self.layers) - 1:
                activation_slopes(slopes, passed[k].outputs, self.form.activation)
            own = passed.pop()  # its memory is free for what comes before it
            slopes = backward(self.layers[k], theta, own, slopes, gradient, first=k == 0)
        return value

    def _outputs(
        self, theta: Stack, X: Stack, statistics: Sequence[BatchStatistics] | None = None
    ) -> Stack:
        inputs = X
        for k, layer in enumerate(self.layers):
            fixed = None if statistics is None or layer.norm != "batch" else statistics[k]
            inputs = forward(layer, theta, inputs, self._activation(k), fixed).outputs
        return inputs

    def _statistics(self, theta: Stack, samples: NetworkSamples) -> list[BatchStatistics]:
        """Return the statistics of the scores of the hidden layers over all of these samples."""
        of_layers, inputs = [], samples.X
        for k, layer in enumerate(self.layers[:-1]):
            kernel = part(theta, layer.kernel, layer.n_in, layer.n_out)
            of_layers.append(batch_statistics(np.matmul(inputs, kernel)))
            inputs = forward(layer, theta, inputs, self._activation(k), of_layers[-1]).outputs
        return of_layers

    def _activation(self, k: int) -> Activation | None:
        return self.form.activation if k < len(self.layers) - 1 else None

    def _pieces(
        self, n_lanes: int, n: int, n_other: int | None = None
    ) -> Iterator[tuple[slice, slice]]:
        """Yield lanes and samples that go through the network together.

        A lane takes all blocks of its samples before the next begins. With batch normalisation a
        block is all `n` samples.
        """
        size = n
        if not self.batch_normalised:
            size = min(n, max(1, self.group_elements // self.width))
        together = max(1, min(self.most_lanes, self.group_elements // (self.width * size)))
        total = n if n_other is None else n_other
        for first in range(0, n_lanes, together):
            lanes = slice(first, min(first + together, n_lanes))
            for start in range(0, total, size):
                yield lanes, slice(start, min(start + size, total))
