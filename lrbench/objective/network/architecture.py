"""The form of a network: its layers, and where the parameters of each are in an iterate."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from lrbench.config.named import value_text

Activation: TypeAlias = Literal["relu", "tanh"]
LayerNorm: TypeAlias = Literal["none", "weight", "batch"]
"""What the scores of the units of a layer are divided by: nothing, the length of the weights, or
the standard deviation over the batch."""


@dataclass(frozen=True)
class Mlp:
    """A multilayer perceptron: fully connected layers, with an activation between them.

    Parameters
    ----------
    hidden
        The number of units of each hidden layer.
    activation
        What follows a hidden layer.
    normalisation
        That of every layer with ``"weight"``, and of the hidden ones with ``"batch"``.
    other_lr
        The rate of the parameters whose length F sees; None where it is that of the solver.
    """

    hidden: tuple[int, ...]
    activation: Activation = "relu"
    normalisation: LayerNorm = "none"
    other_lr: float | None = None

    def __str__(self) -> str:
        return f"mlp[hidden={'x'.join(map(str, self.hidden))},{_common(self)}]"

    def sizes(self, n_in: int, n_out: int) -> Iterator[tuple[int, int]]:
        """Yield how many numbers each layer takes and gives, the first layer first."""
        yield from itertools.pairwise((n_in, *self.hidden, n_out))


@dataclass(frozen=True)
class Resnet:
    """A residual network on square images of one channel.

    A convolution is followed by stages of blocks, and their mean over the pixels by a fully
    connected layer. A block is two convolutions whose outputs are added to what entered it. All
    convolutions are of 3 x 3 pixels. The first block of every stage but the first one halves the
    sides, and what enters it is added at every other pixel, with channels of 0 behind it.

    Parameters
    ----------
    channels
        The number of channels of each stage, which does not fall.
    blocks
        The number of blocks of each stage.
    activation
        What follows a convolution; in a block the second time after the sum.
    normalisation
        That of every layer with ``"weight"``, and of the convolutions with ``"batch"``.
    other_lr
        The rate of the parameters whose length F sees; None where it is that of the solver.

    References
    ----------
    He, Zhang, Ren, Sun, Deep residual learning for image recognition, CVPR 2016, section 3.3,
    option A (arXiv:1512.03385).
    """

    channels: tuple[int, ...]
    blocks: int = 1
    activation: Activation = "relu"
    normalisation: LayerNorm = "none"
    other_lr: float | None = None

    def __str__(self) -> str:
        channels = "x".join(map(str, self.channels))
        return f"resnet[channels={channels},blocks={self.blocks},{_common(self)}]"

    @property
    def strides(self) -> list[int]:
        """The step of the first convolution of each block from pixel to pixel."""
        later = [2, *[1] * (self.blocks - 1)] * (len(self.channels) - 1)
        return [1] * self.blocks + later

    def sizes(self, n_in: int, n_out: int) -> Iterator[tuple[int, int]]:
        """Yield how many numbers each layer takes and gives, the first layer first.

        A convolution takes the `PATCH` pixels of all channels and gives a pixel of each.
        """
        del n_in
        n_channels = 1
        yield PATCH * n_channels, self.channels[0]
        n_channels = self.channels[0]
        for units in self.channels:
            for _ in range(2 * self.blocks):
                yield PATCH * n_channels, units
                n_channels = units
        yield n_channels, n_out


SIDE = 3
"""The side of the square of pixels of a convolution."""

PATCH = SIDE**2

NetworkForm: TypeAlias = Mlp | Resnet


def _common(form: NetworkForm) -> str:
    """Return the parameters that all networks have, without those that are left at "none"."""
    inside = f"activation={form.activation}"
    if form.normalisation != "none":
        inside += f",normalisation={form.normalisation}"
    if form.other_lr is not None:
        inside += f",other_lr={value_text(form.other_lr)}"
    return inside


class Layer(NamedTuple):
    """One layer: how many numbers it takes and gives, and the rows of its parameters."""

    n_in: int
    n_out: int
    norm: LayerNorm
    kernel: slice
    """The weights, (n_in, n_out) in C order: a column for each unit."""
    scale: slice | None
    """The factor of each unit, (n_out,); None without a normalisation."""
    shift: slice
    """What is added to the score of each unit, (n_out,)."""


def image_side(n_in: int) -> int:
    """Return the side of the smallest square image with so many pixels."""
    return math.isqrt(n_in - 1) + 1


def layers_of(form: NetworkForm, n_in: int, n_out: int) -> list[Layer]:
    """Return the layers of a network with so many inputs and outputs, the first one first."""
    layers: list[Layer] = []
    sizes = [*form.sizes(n_in, n_out)]
    first = 0
    for k, (width, units) in enumerate(sizes):
        last = k == len(sizes) - 1
        norm = "none" if last and form.normalisation == "batch" else form.normalisation
        kernel = slice(first, first + width * units)
        scale = None if norm == "none" else slice(kernel.stop, kernel.stop + units)
        start = (scale or kernel).stop
        shift = slice(start, start + units)
        layers.append(Layer(width, units, norm, kernel, scale, shift))
        first = shift.stop
    return layers
