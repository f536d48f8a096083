"""Weight norm: the weights of a linear model as gamma times a direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lrbench.arrays import Lanes, PerLane, Vector
from lrbench.objective.linear.plain import small_inner
from lrbench.objective.network.normalised import NormalisedProblem
from lrbench.objective.network.oracles import NormalisedOracle

if TYPE_CHECKING:
    from lrbench.objective.linear.seed_batch import SeedBatch
    from lrbench.objective.meter import Stopwatch


class WeightNormOracle(NormalisedOracle["WeightNormProblem"]):
    """The objective on minibatches: the gradient of the linear model, at the weights."""

    def _mean_gradient(self, W: Lanes, batches: Sequence[SeedBatch], *, penalised: bool) -> Lanes:
        problem = self._objective
        length = problem.lengths(W)
        weights = problem.weights(W, length)
        G = self.linear._mean_gradient(weights, batches, penalised=penalised)
        return problem.pulled_back(W, length, G)

    def _value(self, W: Lanes, batches: Sequence[SeedBatch]) -> PerLane:
        return self.linear._value(self._objective.weights(W), batches)


class WeightNormProblem(NormalisedProblem):
    r"""A linear problem with weight norm.

    .. math:: h(v, \gamma, \beta) = F(\gamma v/\|v\|, \beta)
    """

    oracle = WeightNormOracle

    def lengths(self, W: Lanes) -> PerLane:
        r"""Return \|v\| of every column of `W`, (n_lanes,)."""
        v = W[: self.n_weights]
        length: PerLane = np.sqrt(small_inner(v, v))
        return length

    def weights(self, W: Lanes, length: PerLane | None = None) -> Lanes:
        r"""Return gamma v / \|v\|, and beta below it; `length` is that of v, if it is known."""
        length = self.lengths(W) if length is None else length
        E = np.empty((self.plain.n_features, W.shape[1]))
        np.multiply(W[: self.n_weights], self.gamma(W) / length, out=E[: self.n_weights])
        if self.has_shift:
            E[-1] = W[-1]
        return E

    def pulled_back(self, W: Lanes, length: PerLane, G: Lanes) -> Lanes:
        r"""Return the gradient in the variables `W`, from the gradient `G` in the weights.

        Notes
        -----
        With u = v/\|v\| it is (gamma/\|v\|) (G - u <u, G>) in v and <u, G> in gamma.
        """
        p, v = self.n_weights, W[: self.n_weights]
        along, out = small_inner(G[:p], v) / length, np.empty_like(W)
        np.multiply(v, along / length, out=out[:p])
        np.subtract(G[:p], out[:p], out=out[:p])
        out[:p] *= self.gamma(W) / length
        if self.form.learned:
            out[p] = along
        if self.has_shift:
            out[-1] = G[-1]
        return out

    def value(self, W: Lanes) -> PerLane:
        """Return F of every column of `W`, (n_lanes,)."""
        return self.plain.value(self.weights(W))

    def loss_gradient(self, W: Lanes) -> Lanes:
        """Return the gradient of F for every column of `W`."""
        length = self.lengths(W)
        return self.pulled_back(W, length, self.plain.gradient(self.weights(W, length)))

    def value_and_gradient(self, W: Lanes, watch: Stopwatch | None = None) -> tuple[PerLane, Lanes]:
        """Return F and its gradient for every column; a running `watch` pauses for the values."""
        length = self.lengths(W)
        values, G = self.plain.value_and_gradient(self.weights(W, length), watch)
        return values, self.pulled_back(W, length, G)

    def size_and_shift(self, w: Vector) -> tuple[float, float]:
        """Return the length of the weights, and the intercept."""
        return float(np.linalg.norm(w[: self.n_weights])), float(w[-1])
