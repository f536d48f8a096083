"""Problems that are a mean of terms: their oracles against plain NumPy, term by term."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from network import Network
from numpy.typing import NDArray

from lrbench.errors import ContractError
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import Ball, Oracle
from lrbench.objective.problem import Problem

Array = NDArray[np.float64]

N_LANES = 3


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(n_samples=13, n_inputs=2, n_hidden=3)


@pytest.fixture
def W(network: Network) -> Array:
    rng = np.random.default_rng(8)
    return network.w0[:, None] + rng.standard_normal((network.n_features, N_LANES))


def term(network: Network, w: Array, i: int) -> float:
    """Return the term of one sample, with scalars alone."""
    n_hidden, n_inputs = network.n_hidden, network.X.shape[1]
    score = 0.0
    for k in range(n_hidden):
        z = sum(w[k * n_inputs + j] * network.X[i, j] for j in range(n_inputs))
        score += w[n_hidden * n_inputs + k] * math.tanh(z)
    return float(0.5 * (score - network.y[i]) ** 2)


def mean_of(network: Network, w: Array, samples: Any) -> float:
    return float(np.mean([term(network, w, int(i)) for i in samples]))


def differences(f: Callable[[Array], float], w: Array) -> Array:
    """Return the gradient by central differences of the fourth order."""
    h, out = 1e-3, np.zeros_like(w)
    for j in range(len(w)):
        e = np.zeros_like(w)
        e[j] = h
        out[j] = (8 * (f(w + e) - f(w - e)) - (f(w + 2 * e) - f(w - 2 * e))) / (12 * h)
    return out


def oracle_of(network: Network, batch: Minibatches | None, W: Array, **options: Any) -> Oracle:
    sampler = network.sampler(None, None, [] if batch is None else [batch], **options)
    sampler.iterates.start(W.shape[1])
    oracle = next(iter(sampler.oracles(lambda W, gradient: None)))
    oracle.begin(W)
    return oracle


def test_a_network_is_a_problem(network: Network) -> None:
    assert isinstance(network, Problem)
    assert network.n_features == 3 * 2 + 3


def test_values_and_gradients_are_those_of_every_term(network: Network, W: Array) -> None:
    values, G = network.value_and_gradient(W)
    assert network.value(W) == pytest.approx(values, rel=0, abs=0)
    for lane in range(N_LANES):

        def f(w: Array) -> float:
            return mean_of(network, w, range(13))

        assert values[lane] == pytest.approx(f(W[:, lane]), rel=1e-13)
        assert G[:, lane] == pytest.approx(differences(f, W[:, lane]), abs=1e-9)


@pytest.mark.parametrize("size", [1, 5, None])
def test_oracles_are_those_of_their_samples(network: Network, W: Array, size: int | None) -> None:
    batch = None if size is None else Minibatches(13, size, "replacement", 4)
    oracle = oracle_of(network, batch, W)
    samples = range(13) if oracle.index is None else oracle.index
    assert oracle.size == len(samples) == (size or 13)
    first = oracle.gradient(W.copy()).dense()
    some = np.array([True, False, True])
    again, values = oracle.gradient(W, some).dense(), oracle.value(W, some)
    assert np.isnan(values[1])
    assert not again[:, 1].any()
    for lane in range(N_LANES):

        def f(w: Array) -> float:
            return mean_of(network, w, samples)

        assert first[:, lane] == pytest.approx(differences(f, W[:, lane]), abs=1e-9)
        assert oracle.value(W)[lane] == pytest.approx(f(W[:, lane]), rel=1e-13)
        if some[lane]:
            assert again[:, lane] == pytest.approx(first[:, lane], rel=1e-13)
            assert values[lane] == pytest.approx(f(W[:, lane]), rel=1e-13)
    assert oracle.full.value(W) == pytest.approx(network.value(W), rel=1e-13)


def test_minibatches_are_drawn_from_the_seed(network: Network, W: Array) -> None:
    batch = Minibatches(13, 3, "reshuffle", 9)
    sampler = network.sampler(None, None, [batch])
    sampler.iterates.start(N_LANES)
    oracles = sampler.oracles(lambda W, gradient: None)
    drawn = [next(oracles).index for _ in range(9)]
    expected = [index for index, _ in zip(next(batch.chunks(9)), range(9), strict=True)]
    assert [list(index) for index in drawn if index is not None] == [list(i) for i in expected]


def test_a_ball_holds_the_iterates(network: Network, W: Array) -> None:
    sampler = network.sampler(None, Ball(network.w0, 0.25), [])
    sampler.iterates.start(N_LANES)
    oracle = next(iter(sampler.oracles(lambda W, gradient: None)))
    oracle.begin(W)
    moved = oracle.descend(W, np.full(N_LANES, 50.0), oracle.gradient(W))
    assert np.linalg.norm(moved - network.w0[:, None], axis=0) == pytest.approx([0.25] * N_LANES)


def test_there_are_no_derivatives_of_single_samples(network: Network, W: Array) -> None:
    for batch in (None, Minibatches(13, 2, "replacement", 0)):
        oracle = oracle_of(network, batch, W)
        with pytest.raises(ContractError, match="no derivatives of single samples"):
            oracle.derivatives(W)
        with pytest.raises(ContractError, match="no derivatives of single samples"):
            oracle.combine(W)
