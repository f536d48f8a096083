"""The starting point of a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lrbench.arrays import Vector
from lrbench.objective.network.architecture import Layer

STREAM = (4,)
"""The spawn key of w_0, which makes it independent of minibatches and solvers of the same seed."""


@dataclass(frozen=True)
class NetworkStart:
    """How w_0 is drawn.

    Weights are normal with mean 0. Of a layer with n_in inputs and n_out units their variance is
    2 / n_in by ``"he"``, which is for units that cut off at 0, and 2 / (n_in + n_out) by
    ``"glorot"``. The score of a unit is then neither shifted nor, at w_0, changed by weight
    normalisation: its scale is the length of the weights, and that of batch normalisation is 1.

    References
    ----------
    He, Zhang, Ren, Sun, Delving deep into rectifiers, ICCV 2015, eq. 10 (arXiv:1502.01852).
    Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks,
    AISTATS 2010, eq. 12. Salimans, Kingma, Weight normalization, NeurIPS 2016 (arXiv:1602.07868).
    """

    name: Literal["he", "glorot"]
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.name}[seed={self.seed}]"


def initial(layers: Sequence[Layer], start: NetworkStart, seed: int) -> Vector:
    """Return w_0 for one seed of a run, (n_parameters,); it is the same in every lane."""
    rng = np.random.default_rng(np.random.SeedSequence([start.seed, seed], spawn_key=STREAM))
    w0 = np.zeros(layers[-1].shift.stop)
    for layer in layers:
        fan = layer.n_in if start.name == "he" else layer.n_in + layer.n_out
        weights = math.sqrt(2.0 / fan) * rng.standard_normal((layer.n_in, layer.n_out))
        w0[layer.kernel] = weights.ravel()
        if layer.scale is not None:
            length = np.sqrt(np.square(weights).sum(axis=0))
            w0[layer.scale] = length if layer.norm == "weight" else 1.0
    return w0
