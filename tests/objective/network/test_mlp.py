"""Networks: values and gradients against finite differences and torch, lanes, starts, rates."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lrbench.errors import DataError
from lrbench.objective.about import About
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.network.architecture import (
    Activation,
    LayerNorm,
    Mlp,
)
from lrbench.objective.network.network import Network, NetworkSamples
from lrbench.objective.network.problem import NetworkProblem
from lrbench.objective.network.start import NetworkStart
from lrbench.objective.oracle import Ball
from lrbench.objective.problem import Problem

Array = NDArray[np.float64]

N, N_IN, N_LANES = 37, 5, 4
NORMS: list[LayerNorm] = ["none", "weight", "batch"]
KINDS = [*itertools.product(NORMS, ("relu", "tanh"), (0, 3))]


def made(
    norm: LayerNorm = "none",
    activation: Activation = "relu",
    n_classes: int = 3,
    other_lr: float | None = None,
    test: bool = False,
) -> NetworkProblem:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((N, N_IN))
    y = rng.integers(0, 3, N).astype(float) if n_classes else rng.standard_normal(N)
    form = Mlp((7, 4), activation, norm, other_lr)
    held = NetworkSamples(X[:11] + 0.1, y[:11]) if test else None
    about = About("seeded", "seeded")
    return NetworkProblem(
        "net", about, form, NetworkSamples(X, y), n_classes, NetworkStart("he"), held
    )


def points(problem: NetworkProblem, n_lanes: int = N_LANES) -> Array:
    rng = np.random.default_rng(8)
    return problem.w0[:, None] + 0.3 * rng.standard_normal((problem.n_features, n_lanes))


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]}-{kind[1]}-{kind[2]}")
def problem(request: pytest.FixtureRequest) -> NetworkProblem:
    return made(*request.param)


SAMPLES: list[Any] = [slice(None), np.array([3, 30, 3, 8, 21, 14, 5])]


@pytest.mark.parametrize("samples", SAMPLES, ids=["all", "some"])
def test_values_and_gradients_are_those_of_autograd(problem: NetworkProblem, samples: Any) -> None:
    torch = pytest.importorskip("torch")
    W = points(problem)
    value, G = problem.mean(W, samples)
    X = torch.tensor(problem.train.X[samples])
    y = torch.tensor(problem.train.y[samples])
    for lane in range(N_LANES):
        w = torch.tensor(W[:, lane], requires_grad=True)
        passing = X
        n_layers = len(problem.network.layers)
        for k, layer in enumerate(problem.network.layers):
            K = w[layer.kernel].reshape(layer.n_in, layer.n_out)
            if layer.norm == "weight":
                K = K / torch.linalg.vector_norm(K, dim=0) * w[layer.scale]
            z = passing @ K
            if layer.norm == "batch":
                z = (z - z.mean(0)) / z.std(0, unbiased=False) * w[layer.scale]
            passing = z + w[layer.shift]
            if k < n_layers - 1:
                passing = getattr(torch, problem.form.activation)(passing)
        if problem.loss_name == "softmax":
            loss = torch.nn.functional.cross_entropy(passing, y.long())
        else:
            loss = torch.nn.functional.mse_loss(passing[:, 0], y) / 2
        loss.backward()
        assert w.grad is not None
        own = w.grad.numpy()
        assert value[lane] == pytest.approx(loss.item(), rel=1e-14)
        assert np.linalg.norm(G[:, lane] - own) <= 2e-15 * np.linalg.norm(own)


def test_gradients_are_those_of_differences(problem: NetworkProblem) -> None:
    W = points(problem, 1)
    G = problem.value_and_gradient(W)[1]
    rng, h = np.random.default_rng(1), 1e-4
    for _ in range(5):
        D = rng.standard_normal(W.shape)
        D /= np.linalg.norm(D)
        plus, minus, far, back = (problem.value(W + c * h * D)[0] for c in (1, -1, 2, -2))
        slope = (8 * (plus - minus) - (far - back)) / (12 * h)
        assert abs(slope - float((G * D).sum())) <= 4e-10 * np.linalg.norm(G)


def test_a_lane_alone_has_the_bits_of_one_beside_others(problem: NetworkProblem) -> None:
    W = points(problem)
    for samples in SAMPLES:
        value, G = problem.mean(W, samples)
        for lane in range(N_LANES):
            alone, G_alone = problem.mean(W[:, lane : lane + 1], samples)
            assert alone[0] == value[lane]
            np.testing.assert_array_equal(G_alone[:, 0], G[:, lane])


@pytest.mark.parametrize("elements", [1, 40, 1 << 30])
def test_pieces_do_not_change_the_result(
    problem: NetworkProblem, elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    W = points(problem)
    value, G = problem.value_and_gradient(W)
    held = problem.value(W)
    monkeypatch.setattr(Network, "group_elements", elements)
    other, H = problem.value_and_gradient(W)
    np.testing.assert_allclose(other, value, rtol=1e-14)
    np.testing.assert_allclose(problem.value(W), held, rtol=1e-14)
    np.testing.assert_allclose(H, G, rtol=0, atol=1e-14 * np.abs(G).max())


@pytest.mark.parametrize("norm", NORMS)
def test_measures_have_the_statistics_of_the_training_set(norm: LayerNorm) -> None:
    """Of each sample on its own, by a loop."""
    problem = made(norm, "tanh", test=True)
    assert problem.test is not None
    W = points(problem)
    found = problem.measures(W)
    for lane in range(N_LANES):
        w, passing, held = W[:, lane], problem.train.X, problem.test.X
        for k, layer in enumerate(problem.network.layers):
            K = w[layer.kernel].reshape(layer.n_in, layer.n_out)
            z, z_held = passing @ K, held @ K
            if layer.norm == "weight":
                length = w[layer.scale] / np.sqrt((K**2).sum(axis=0))
                z, z_held = z * length, z_held * length
            if layer.norm == "batch":
                mean, size = z.mean(axis=0), z.std(axis=0) / w[layer.scale]
                z, z_held = (z - mean) / size, (z_held - mean) / size
            last = k == len(problem.network.layers) - 1
            passing = z + w[layer.shift] if last else np.tanh(z + w[layer.shift])
            held = z_held + w[layer.shift] if last else np.tanh(z_held + w[layer.shift])
        shares = np.exp(held) / np.exp(held).sum(axis=1, keepdims=True)
        right = problem.test.y.astype(int)
        own = -np.mean([np.log(shares[i, right[i]]) for i in range(len(right))])
        assert found["test_loss"][lane] == pytest.approx(own, rel=1e-12)
        assert found["test_accuracy"][lane] == np.mean(held.argmax(axis=1) == right)


def test_an_output_that_is_no_number_is_wrong() -> None:
    problem = made(test=True)
    W = points(problem)
    W[0, 2] = np.nan
    with np.errstate(all="ignore"):
        assert problem.measures(W)["test_accuracy"][2] == 0.0


def test_a_network_is_a_problem_with_a_start_of_each_seed() -> None:
    problem = made("weight")
    assert isinstance(problem, Problem)
    starts = []
    for seed in (0, 1, 2):
        batches = [Minibatches(N, 5, "replacement", seed)]
        iterates = problem.sampler(None, None, batches, seeds=[seed]).iterates
        W = iterates.dense(iterates.start(N_LANES))
        assert (W[:, :1] == W).all()
        starts.append(W[:, 0].copy())
    full = problem.sampler(None, None, [], seeds=[2]).iterates
    np.testing.assert_array_equal(full.dense(full.start(1))[:, 0], problem.w0)
    np.testing.assert_array_equal(starts[0], problem.w0)
    assert (np.abs(starts[1] - starts[2])[: 5 * 7] > 0).all()


@pytest.mark.parametrize("name", ["he", "glorot"])
def test_starts_have_their_variances(name: Any) -> None:
    rng = np.random.default_rng(0)
    samples = NetworkSamples(rng.standard_normal((9, 300)), rng.standard_normal(9))
    about = About("seeded", "seeded")
    form = Mlp((200, 150), "tanh", "weight")
    problem = NetworkProblem("net", about, form, samples, 0, NetworkStart(name))
    for layer, fans in zip(problem.network.layers, [(300, 200), (200, 150)], strict=False):
        weights = problem.w0[layer.kernel].reshape(layer.n_in, layer.n_out)
        variance = 2 / fans[0] if name == "he" else 2 / sum(fans)
        assert weights.var() == pytest.approx(variance, rel=0.05)
        assert layer.scale is not None
        np.testing.assert_allclose(problem.w0[layer.scale] ** 2, (weights**2).sum(axis=0))
        assert not problem.w0[layer.shift].any()


def test_a_ball_is_around_the_start_of_the_seed() -> None:
    problem = made()
    batches = [Minibatches(N, 5, "replacement", 4)]
    sampler = problem.sampler(None, Ball(problem.w0, 0.01), batches, seeds=[4])
    W = sampler.iterates.start(2)
    start = W.copy()
    oracle = next(iter(sampler.oracles(lambda W, gradient: None)))
    oracle.begin(W)
    W = oracle.descend(W, np.array([5.0, 90.0]), oracle.gradient(W))
    np.testing.assert_allclose(np.sqrt(((W - start) ** 2).sum(axis=0)), 0.01)


@pytest.mark.parametrize("norm", ["weight", "batch"])
@pytest.mark.parametrize("size", [None, 6])
def test_other_parameters_go_by_their_own_rate(norm: LayerNorm, size: int | None) -> None:
    problem = made(norm, other_lr=0.25)
    batches = [] if size is None else [Minibatches(N, size, "replacement", 0)]
    sampler = problem.sampler(None, None, batches)
    W = sampler.iterates.start(2)
    start = W.copy()
    oracle = next(iter(sampler.oracles(lambda W, gradient: None)))
    oracle.begin(W)
    index = getattr(oracle, "index", None)
    samples = slice(None) if index is None else index
    G = made(norm).mean(start, samples)[1]
    lr = np.array([0.5, 3.0])
    W = oracle.descend(W, lr, oracle.gradient(W))
    driven = np.zeros(len(W), dtype=bool)
    for layer in problem.network.layers:
        driven[layer.kernel] = layer.norm != "none"
    assert 0 < driven.sum() < len(W)
    np.testing.assert_allclose(W[driven], (start - lr * G)[driven], rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(W[~driven], (start - 0.25 * G)[~driven], rtol=1e-14, atol=1e-16)


def test_gradients_of_some_lanes_are_those_of_all() -> None:
    problem = made("batch")
    sampler = problem.sampler(None, None, [Minibatches(N, 6, "replacement", 0)])
    W = sampler.iterates.start(3)
    W += 0.1 * points(problem, 3)
    oracle = next(iter(sampler.oracles(lambda W, gradient: None)))
    oracle.begin(W)
    G = oracle.gradient(W).dense().copy()
    some = oracle.gradient(W, np.array([False, True, True])).dense()
    np.testing.assert_array_equal(some[:, 1:], G[:, 1:])
    assert not some[:, 0].any()


def test_a_minibatch_without_a_deviation_loses_its_lane_whatever_rounding_leaves() -> None:
    problem = made("batch")
    W = points(problem, 3)
    first = problem.network.layers[0]
    kernel = W[first.kernel, 1].reshape(first.n_in, first.n_out)
    kernel[:, 2] = 0.0  # a view: the scores of one unit of one lane are 0
    value, gradient = problem.mean(W, np.arange(7))
    assert np.isnan(value).tolist() == [False, True, False]
    assert np.isnan(gradient).any(axis=0).tolist() == [False, True, False]
    # The mean of three equal numbers need not be that number.
    value, _ = problem.mean(points(problem, 3), np.array([4, 4, 4]))
    assert np.isnan(value).all()


def test_a_silent_unit_is_named_with_its_layer() -> None:
    X, y = np.ones((6, 3)), np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    form, about = Mlp((4, 4), "relu", "batch"), About("seeded", "seeded")
    with pytest.raises(DataError, match="net: at w_0 a unit of layer 1 has the same score"):
        NetworkProblem("net", about, form, NetworkSamples(X, y), 2, NetworkStart("he"))
