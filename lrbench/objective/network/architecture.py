"""The form of a network: its layers, and where the parameters of each are in an iterate."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
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
        inside = f"hidden={'x'.join(map(str, self.hidden))},activation={self.activation}"
        if self.normalisation != "none":
            inside += f",normalisation={self.normalisation}"
        if self.other_lr is not None:
            inside += f",other_lr={value_text(self.other_lr)}"
        return f"mlp[{inside}]"


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


def layers_of(form: Mlp, n_in: int, n_out: int) -> list[Layer]:
    """Return the layers of a network with so many inputs and outputs, the first one first."""
    sizes: Sequence[int] = (n_in, *form.hidden, n_out)
    layers, first = [], 0
    for k, (width, units) in enumerate(itertools.pairwise(sizes)):
        last = k == len(form.hidden)
        norm = "none" if last and form.normalisation == "batch" else form.normalisation
        kernel = slice(first, first + width * units)
        scale = None if norm == "none" else slice(kernel.stop, kernel.stop + units)
        start = (scale or kernel).stop
        shift = slice(start, start + units)
        layers.append(Layer(width, units, norm, kernel, scale, shift))
        first = shift.stop
    return layers
