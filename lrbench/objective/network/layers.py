"""The layers of a network forward and backward, for several lanes at once.

Inside, the lanes stand first: (n_lanes, n_in, n_out) for the weights of a layer and (n_lanes,
batch, n_units) for what passes through it, so that `numpy.matmul` calls BLAS once a lane. A lane
has the same bits whatever stands beside it. Temporary arrays are not kept, because freed memory is
(`lrbench.arrays.keep_freed_memory`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrbench.objective.network.architecture import Activation, Layer
from lrbench.objective.network.centred import deviations

Stack = NDArray[np.float64]
"""An array whose first axis is that of the lanes."""


class Passed(NamedTuple):
    """What the way back needs of the way forward through one layer."""

    inputs: Stack
    """(n_lanes, batch, n_in), or (batch, n_in) for the data, which all lanes have in common."""
    outputs: Stack
    """After the activation, (n_lanes, batch, n_out)."""
    normed: Stack | None
    """The scores before the scale, (n_lanes, batch, n_out); None without a normalisation."""
    size: Stack | None
    """What the scores of each unit were divided by, (n_lanes, n_out); None likewise."""


class BatchStatistics(NamedTuple):
    """The mean and the standard deviation of the scores of each unit, (n_lanes, n_out) each."""

    mean: Stack
    deviation: Stack


def part(theta: Stack, rows: slice, *shape: int) -> Stack:
    """Return the view of some rows of the parameters, (n_lanes, n_parameters), in a shape."""
    return theta[:, rows].reshape(len(theta), *shape)


def forward(
    layer: Layer,
    theta: Stack,
    inputs: Stack,
    activation: Activation | None,
    statistics: BatchStatistics | None = None,
) -> Passed:
    """Return what leaves a layer, and what the way back needs.

    Parameters
    ----------
    layer, theta, inputs, activation
        The layer; the parameters of all layers, (n_lanes, n_parameters); what enters the layer; and
        what follows it, None for nothing.
    statistics
        The mean and the deviation that batch normalisation uses; None for those of these inputs.
    """
    kernel = part(theta, layer.kernel, layer.n_in, layer.n_out)
    scores: Stack = np.matmul(inputs, kernel)
    shift = theta[:, None, layer.shift]
    if layer.scale is None:
        scores += shift
        return Passed(inputs, _activated(scores, activation), None, None)
    scale = theta[:, layer.scale]
    if layer.norm == "weight":
        size = np.sqrt(np.einsum("lio,lio->lo", kernel, kernel))
        outputs = scores * (scale / size)[:, None]
    else:
        mean, size = batch_statistics(scores) if statistics is None else statistics
        scores -= mean[:, None]
        scores /= size[:, None]
        outputs = scores * scale[:, None]
    outputs += shift
    return Passed(inputs, _activated(outputs, activation), scores, size)


def batch_statistics(scores: Stack) -> BatchStatistics:
    """Return the mean and the deviation of scores, (n_lanes, batch, n_out), over the batch.

    The deviation is NaN for a unit of the same score for all samples.
    """
    n = scores.shape[1]
    mean = batch_sum(scores) / n
    centred = scores - mean[:, None]
    centred *= centred
    return BatchStatistics(mean, deviations(batch_sum(centred), mean, n))


def backward(
    layer: Layer, theta: Stack, passed: Passed, slopes: Stack, gradient: Stack, *, first: bool
) -> Stack:
    """Write the gradient of a layer's parameters, and return that of its inputs.

    Parameters
    ----------
    layer, theta, passed
        As in `forward`, and what it returned.
    slopes
        The derivatives in what the layer gives before its activation, (n_lanes, batch, n_out); used
        up.
    gradient
        (n_lanes, n_parameters); the rows of this layer are written.
    first
        Whether nothing stands before the layer: the inputs then need no gradient, and the result is
        empty.
    """
    kernel = part(theta, layer.kernel, layer.n_in, layer.n_out)
    out = part(gradient, layer.kernel, layer.n_in, layer.n_out)
    gradient[:, layer.shift] = batch_sum(slopes)
    correction: Stack | None = None
    if layer.scale is not None:
        assert passed.normed is not None
        assert passed.size is not None
        along = batch_sum(slopes * passed.normed)
        ratio = theta[:, layer.scale] / passed.size
        if layer.norm == "weight":
            gradient[:, layer.scale] = along / passed.size
            # Without the part along the weights, of whose length F does not depend.
            correction = along * ratio / (passed.size * passed.size)
        else:
            gradient[:, layer.scale] = along
            n = slopes.shape[1]
            slopes -= (gradient[:, layer.shift] / n)[:, None]
            slopes -= passed.normed * (along / n)[:, None]
        slopes *= ratio[:, None]
    np.matmul(np.swapaxes(passed.inputs, -1, -2), slopes, out=out)
    if correction is not None:
        out -= kernel * correction[:, None]
    if first:
        return np.empty((0, 0, 0))
    before: Stack = np.matmul(slopes, np.swapaxes(kernel, -1, -2))
    return before


def batch_sum(A: Stack) -> Stack:
    """Return the sums over the batch of an array (n_lanes, batch, n_out), (n_lanes, n_out)."""
    out: Stack = np.matmul(np.ones(A.shape[1]), A)  # a third of the time of a sum along axis 1
    return out


def activation_slopes(slopes: Stack, outputs: Stack, activation: Activation) -> None:
    """Multiply `slopes` by the derivative of the activation, which its outputs tell."""
    if activation == "relu":
        slopes *= outputs > 0.0
    else:
        slopes *= 1.0 - outputs * outputs


def _activated(scores: Stack, activation: Activation | None) -> Stack:
    """Return the activation of scores, in their place."""
    if activation == "relu":
        np.maximum(scores, 0.0, out=scores)
    elif activation == "tanh":
        np.tanh(scores, out=scores)
    return scores
