"""Iterates, oracles and samplers of networks: plain arrays in which each lane is contiguous."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from lrbench.arrays import Lanes, Mask, PerLane
from lrbench.objective.finite_sum import TermOracle, TermSampler
from lrbench.objective.linear.dense import DenseOracle, FullBesideMinibatch, FullOracle
from lrbench.objective.linear.plain import DenseGradient, DenseIterates
from lrbench.objective.linear.sampler import FullSampler
from lrbench.objective.network.parts import LayerParts, PartScope
from lrbench.objective.oracle import Gradient


class LanesFirst(DenseIterates):
    """Plain (n_features, n_lanes) arrays in Fortran order, so that no step transposes them."""

    def start(self, n_lanes: int) -> Lanes:
        """Return w_0, repeated for every lane."""
        super().start(n_lanes)
        self._sum = np.asfortranarray(self._sum)
        return np.repeat(self.w0[None], n_lanes, axis=0).T


class NetworkOracle(DenseOracle):
    """What the oracles of a network have beside: parts, and parameters with their own rate.

    The solver sees 0 in the rows of such parameters, and whatever step it takes, these go down
    along the first gradient of all lanes. So every rule drives the others alone.
    """

    _own: Lanes | None = None
    """The rows of this step's gradient with a rate of their own, until they are used up."""

    @property
    def _problem(self) -> Any:
        """The network, which stands behind the words of an objective."""
        return self._objective.problem  # type: ignore[attr-defined]

    def parts(self, scope: PartScope) -> LayerParts:
        """Return the parts of the parameters."""
        parts: LayerParts = self._problem.parts(scope)
        return parts

    def begin(self, W: Lanes) -> None:
        """Begin a step at the iterate `W`."""
        super().begin(W)
        self._own = None

    def gradient(self, W: Lanes, lanes: Mask | None = None) -> DenseGradient:
        """Return the gradient at `W`, with 0 in the rows that have a rate of their own."""
        gradient = super().gradient(W, lanes)
        rows = self._problem.other_rows
        if rows is None:
            return gradient
        G = gradient.dense()
        if lanes is None:
            self._hold(G[rows])
        G[rows] = 0.0
        # Another object: the step is none along the gradient that was observed, and counts so.
        return DenseGradient(G, self._w_star)

    def descend(self, W: Lanes, lr: PerLane, gradient: Gradient) -> Lanes:
        """Return W - lr g, with the own step of the other parameters; uses up both."""
        return self._with_own(super().descend(W, lr, gradient))

    def move(self, W: Lanes, D: Lanes) -> Lanes:
        """Return W - D, with the own step of the other parameters; uses up W."""
        return self._with_own(super().move(W, D))

    def _hold(self, own: Lanes) -> None:
        if self._own is None:
            self._own = own

    def _with_own(self, W: Lanes) -> Lanes:
        if self._own is not None:
            W[self._problem.other_rows] -= self._problem.form.other_lr * self._own
            self._own = None
        return W


class NetworkFullOracle(NetworkOracle, FullOracle):
    """The objective on all samples."""


class NetworkFullSampler(FullSampler):
    """Every step uses the whole gradient."""

    oracle = NetworkFullOracle


class NetworkBesideMinibatch(FullBesideMinibatch, NetworkFullOracle):
    """All samples, for a step that also asks for a minibatch; the step is the minibatch's."""

    def _hold(self, own: Lanes) -> None:
        self._minibatch._hold(own)


class NetworkTermOracle(NetworkOracle, TermOracle):
    """The mean loss of a minibatch."""

    @cached_property
    def full(self) -> FullOracle:
        """The oracle of all samples."""
        return NetworkBesideMinibatch(self)


class NetworkSampler(TermSampler):
    """The minibatches of a single seed."""

    oracle = NetworkTermOracle
