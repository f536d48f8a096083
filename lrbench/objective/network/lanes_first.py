"""Iterates, oracles and samplers of networks: plain arrays in which each lane is contiguous."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from lrbench.arrays import Index, Lanes
from lrbench.objective.finite_sum import FullTermSampler, TermOracle, TermSampler
from lrbench.objective.linear.dense import FullBesideMinibatch, FullOracle
from lrbench.objective.linear.plain import DenseIterates
from lrbench.objective.network.oracles import OwnRate
from lrbench.objective.network.parts import LayerParts, PartScope


class LanesFirst(DenseIterates):
    """Plain (n_features, n_lanes) arrays in Fortran order, so that no step transposes them."""

    def start(self, n_lanes: int) -> Lanes:
        """Return w_0, repeated for every lane."""
        super().start(n_lanes)
        self._sum = np.asfortranarray(self._sum)
        return np.repeat(self.w0[None], n_lanes, axis=0).T


class NetworkOracle(OwnRate):
    """What the oracles of a network have beside: parts, and parameters with their own rate."""

    @property
    def _problem(self) -> Any:
        """The network, which stands behind the words of an objective."""
        return self._objective.problem  # type: ignore[attr-defined]

    @property
    def _rate(self) -> float | None:
        rate: float | None = self._problem.form.other_lr
        return rate

    @property
    def _rows(self) -> slice | Index:
        """The rows of whose length F depends."""
        rows: Index = self._problem.other_rows
        return rows

    def parts(self, scope: PartScope) -> LayerParts:
        """Return the parts of the parameters."""
        parts: LayerParts = self._problem.parts(scope)
        return parts


class NetworkFullOracle(NetworkOracle, FullOracle):
    """The objective on all samples."""


class NetworkFullSampler(FullTermSampler):
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
