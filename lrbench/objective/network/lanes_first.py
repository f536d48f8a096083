"""Iterates and oracles of networks: plain arrays in which each lane is contiguous."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lrbench.arrays import Index, Lanes
from lrbench.objective.finite_sum import MeanTerms, TermOracle
from lrbench.objective.linear.dense import FullBesideMinibatch, FullOracle
from lrbench.objective.linear.plain import DenseIterates
from lrbench.objective.network.oracles import OwnRate
from lrbench.objective.network.parts import LayerParts, PartScope

if TYPE_CHECKING:
    from lrbench.objective.network.problem import NetworkProblem


class LanesFirst(DenseIterates):
    """Plain (n_features, n_lanes) arrays in Fortran order, so that no step transposes them."""

    def start(self, n_lanes: int) -> Lanes:
        """Return w_0, repeated for every lane."""
        super().start(n_lanes)
        self._sum = np.asfortranarray(self._sum)
        return np.repeat(self.w0[None], n_lanes, axis=0).T


class NetworkOracle(OwnRate[MeanTerms["NetworkProblem"]]):
    """What the oracles of a network have beside: parts, and parameters with their own rate."""

    @property
    def _rate(self) -> float | None:
        return self._objective.problem.form.other_lr

    @property
    def _rows(self) -> Index:
        """The rows of whose length F depends."""
        return self._objective.problem.other_rows

    def parts(self, scope: PartScope) -> LayerParts:
        """Return the parts of the parameters."""
        return self._objective.problem.parts(scope)


class NetworkFullOracle(NetworkOracle, FullOracle[MeanTerms["NetworkProblem"]]):
    """The objective on all samples."""


class NetworkBesideMinibatch(FullBesideMinibatch[MeanTerms["NetworkProblem"]], NetworkFullOracle):
    """All samples, for a step that also asks for a minibatch; the step is the minibatch's."""

    _minibatch: NetworkTermOracle

    def _hold(self, own: Lanes) -> None:
        self._minibatch._hold(own)


class NetworkTermOracle(NetworkOracle, TermOracle["NetworkProblem"]):
    """The mean loss of a minibatch."""

    @cached_property
    def full(self) -> FullOracle[MeanTerms[NetworkProblem]]:
        """The oracle of all samples."""
        return NetworkBesideMinibatch(self)
