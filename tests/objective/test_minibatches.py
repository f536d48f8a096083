"""The order of the samples."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from builders import dense, linear_problem
from scipy.stats import chisquare

from lrbench.arrays import Index
from lrbench.objective.constants import Sampling
from lrbench.objective.minibatches import Minibatches

both = pytest.mark.parametrize("sampling", ["replacement", "reshuffle"])


def first(batches: Minibatches, n_steps: int, chunk: int = 50) -> Index:
    """Return the first `n_steps` minibatches, asked for in chunks."""
    parts = list(islice(batches.chunks(chunk), -(-n_steps // chunk)))
    assert all(p.shape == (chunk, batches.batch_size) for p in parts)
    return np.concatenate(parts)[:n_steps]


@both
@pytest.mark.parametrize(("n_samples", "batch_size"), [(10, 3), (97, 8), (64, 64), (5, 1)])
def test_order_does_not_depend_on_the_chunk(
    sampling: Sampling, n_samples: int, batch_size: int
) -> None:
    batches = Minibatches(n_samples, batch_size, sampling, seed=3)
    expected = first(batches, 700, chunk=700)
    for chunk in (1, 7, 100):
        np.testing.assert_array_equal(first(batches, 700, chunk), expected)


@both
def test_order_does_not_depend_on_the_chunk_beyond_32_bits(sampling: Sampling) -> None:
    if sampling == "replacement":
        batches = Minibatches(2**40 + 1, 3, sampling, seed=3)
        np.testing.assert_array_equal(first(batches, 90, 7), first(batches, 90, 90))
        assert first(batches, 90).max() > 2**33


@pytest.mark.parametrize(("n_samples", "batch_size"), [(12, 3), (10, 3), (7, 5), (9, 9), (6, 1)])
def test_reshuffle_takes_each_sample_once_per_pass(n_samples: int, batch_size: int) -> None:
    batches = Minibatches(n_samples, batch_size, "reshuffle", seed=1)
    stream = first(batches, 10 * n_samples, chunk=11).ravel()
    passes = stream.reshape(-1, n_samples)
    assert len(passes) == 10 * batch_size
    np.testing.assert_array_equal(
        np.sort(passes, axis=1), np.tile(np.arange(n_samples), (len(passes), 1))
    )
    assert len({tuple(p) for p in passes.tolist()}) > 1


LEVEL = 1e-6
"""Theorems on minibatches rest on the sampler; with fixed seeds a test never fails by chance."""


def uniform(cells: Index, n_cells: int) -> float:
    """Return the p-value of the hypothesis that all cells are equally likely."""
    return float(chisquare(np.bincount(cells, minlength=n_cells)).pvalue)


@pytest.mark.parametrize(("n", "batch_size", "seed"), [(8, 4, 2), (97, 1, 0), (569, 8, 5)])
def test_replacement_is_uniform_and_independent(n: int, batch_size: int, seed: int) -> None:
    draws = max(200 * n, 4 * n * n)
    batches = Minibatches(n, batch_size, "replacement", seed)
    stream = first(batches, draws // batch_size, 1000).ravel()
    assert uniform(stream, n) > LEVEL
    # Pairs: neighbours in the stream, and the same place of consecutive minibatches.
    for lag in {1, batch_size, 50}:
        pairs = n * stream[:-lag] + stream[lag:]
        assert uniform(pairs, n * n) > LEVEL
    # Each place of a minibatch has its own uniform samples.
    place = np.arange(len(stream)) % batch_size
    assert uniform(n * place + stream, n * batch_size) > LEVEL


@pytest.mark.parametrize(("n", "batch_size", "seed"), [(6, 4, 2), (11, 3, 0), (40, 1, 5)])
def test_reshuffle_has_uniform_permutations(n: int, batch_size: int, seed: int) -> None:
    n_passes = 12 * n * n
    batches = Minibatches(n, batch_size, "reshuffle", seed)
    stream = first(batches, n_passes * n // batch_size, 1000).ravel()
    passes = stream[: len(stream) // n * n].reshape(-1, n)
    # Every sample is equally likely at every place of a pass.
    assert uniform((n * np.arange(n) + passes).ravel(), n * n) > LEVEL
    # Two neighbours of a pass are any two different samples; the disjoint pairs are independent.
    pairs = passes[:, : n // 2 * 2].reshape(-1, 2)
    other = pairs[:, 1] - (pairs[:, 1] > pairs[:, 0])
    assert uniform((n - 1) * pairs[:, 0] + other, n * (n - 1)) > LEVEL
    # The passes are independent: the first samples of consecutive ones are any two.
    ends = passes[: len(passes) // 2 * 2, 0].reshape(-1, 2)
    assert uniform(n * ends[:, 0] + ends[:, 1], n * n) > LEVEL


@pytest.mark.parametrize("density", [None, 0.3])
@pytest.mark.parametrize("seeds", [(7,), (7, 8, 11)])
def test_the_gradients_of_steps_are_on_uniform_samples(
    density: float | None, seeds: tuple[int, ...]
) -> None:
    """The samples that an oracle names are those drawn, and its gradients are on these."""
    problem = linear_problem("squared", 12, 3, density=density, seed=4)
    X, n = dense(problem), problem.n_samples
    batches = [Minibatches(n, 2, "replacement", seed) for seed in seeds]
    sampler = problem.sampler(None, None, batches)
    sampler.set_columns([slice(k, k + 1) for k in range(len(seeds))])
    W = sampler.iterates.start(len(seeds))
    W += np.random.default_rng(1).standard_normal((3, len(seeds)))
    drawn = np.empty((3000, len(seeds), 2), dtype=np.intp)
    for t, oracle in zip(range(len(drawn)), sampler.oracles(lambda W, g: None), strict=False):
        assert oracle.index is not None
        drawn[t] = oracle.index.reshape(2, -1).T
        if t % 100 == 0:
            R = np.stack([X[i] @ w - problem.y[i] for i, w in zip(drawn[t], W.T, strict=True)])
            by_hand = [r @ X[i] / 2 for i, r in zip(drawn[t], R, strict=True)]
            np.testing.assert_allclose(oracle.gradient(W).dense().T, by_hand, rtol=1e-12)
    for k in range(len(seeds)):
        assert uniform(drawn[:, k].ravel(), n) > LEVEL
        np.testing.assert_array_equal(drawn[:, k], first(batches[k], len(drawn)))


@pytest.mark.parametrize("left_out", [1, 28])
def test_a_biased_sampler_is_seen(left_out: int) -> None:
    n = 569
    stream = first(Minibatches(n - left_out, 8, "replacement", seed=1), 20_000).ravel()
    assert uniform(stream, n) < LEVEL
    # Or one sample that is drawn twice as often as any other.
    stream = first(Minibatches(n + 1, 8, "replacement", seed=1), 20_000).ravel()
    assert uniform(np.where(stream == n, left_out, stream), n) < LEVEL


@both
def test_the_seed_decides_the_order(sampling: Sampling) -> None:
    one = first(Minibatches(50, 5, sampling, seed=1), 40)
    again = first(Minibatches(50, 5, sampling, seed=1), 40)
    other = first(Minibatches(50, 5, sampling, seed=2), 40)
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("seed", [0, 1, 2**32 + 1, 10**30])
def test_the_order_is_not_of_the_stream_of_data_and_starts(seed: int) -> None:
    n = 1000
    stream = first(Minibatches(n, n, "replacement", seed), 1, chunk=1).ravel()
    reshuffled = first(Minibatches(n, n, "reshuffle", seed), 1, chunk=1).ravel()
    for other in (np.random.default_rng(seed), np.random.default_rng(seed + 2**32)):
        state = other.bit_generator.state
        assert (stream == other.integers(0, n, n)).mean() < 0.05
        other.bit_generator.state = state
        assert (reshuffled == other.permutation(n)).mean() < 0.05


@both
def test_indices_are_in_range(sampling: Sampling) -> None:
    index = first(Minibatches(13, 4, sampling, seed=0), 500)
    assert index.dtype == np.intp
    assert index.min() == 0
    assert index.max() == 12
