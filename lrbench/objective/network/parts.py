"""The parts of a network's parameters: its layers, or the units of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from lrbench.arrays import Lanes
from lrbench.objective.network.architecture import Layer
from lrbench.objective.network.layers import part

PartScope: TypeAlias = Literal["layer", "row"]


class LayerParts:
    """Norms and rates by layer, or by row: by unit of a layer, with all weights that lead to it.

    Parameters
    ----------
    layers
        Those of the network.
    scope
        ``"layer"``: all parameters of a layer are a part. ``"row"``: the weights, the scale and the
        shift of a unit are one.
    """

    def __init__(self, layers: Sequence[Layer], scope: PartScope) -> None:
        self._layers, self._by_row = layers, scope == "row"
        sizes = [layer.n_out if self._by_row else 1 for layer in layers]
        stops = np.cumsum(sizes).tolist()
        self._rows = [slice(stop - size, stop) for stop, size in zip(stops, sizes, strict=True)]
        self.n_parts: int = stops[-1]

    def norm_sq(self, G: Lanes) -> Lanes:
        """Return the squared norm of each part, (n_parts, n_lanes)."""
        theta = np.ascontiguousarray(G.T)  # a view where the lanes are contiguous, as they are
        out = np.empty((len(theta), self.n_parts))
        for layer, rows in zip(self._layers, self._rows, strict=True):
            if not self._by_row:
                own = theta[:, layer.kernel.start : layer.shift.stop]
                out[:, rows.start] = np.einsum("lp,lp->l", own, own)
                continue
            kernel = part(theta, layer.kernel, layer.n_in, layer.n_out)
            out[:, rows] = np.einsum("lio,lio->lo", kernel, kernel)
            for vector in (layer.scale, layer.shift):
                if vector is not None:
                    out[:, rows] += theta[:, vector] ** 2
        return np.ascontiguousarray(out.T)

    def scale(self, G: Lanes, factors: Lanes) -> Lanes:
        """Return G with each part multiplied by its factor, in its memory.

        The factors are (n_parts, n_lanes), or (n_lanes,) where those of all parts are equal.
        """
        theta = np.ascontiguousarray(G.T)
        every = np.broadcast_to(factors, (self.n_parts, G.shape[1]))
        of_part = np.ascontiguousarray(every.T)
        for layer, rows in zip(self._layers, self._rows, strict=True):
            own = of_part[:, rows]
            if not self._by_row:
                theta[:, layer.kernel.start : layer.shift.stop] *= own
                continue
            kernel = part(theta, layer.kernel, layer.n_in, layer.n_out)
            for of_lane, factors_of_lane in zip(kernel, own, strict=True):
                of_lane *= factors_of_lane  # of all lanes together NumPy would make a copy
            for vector in (layer.scale, layer.shift):
                if vector is not None:
                    theta[:, vector] *= own
        return theta.T
