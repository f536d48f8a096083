"""The order of the samples."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

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


def test_replacement_is_uniform_and_independent() -> None:
    n = 8
    stream = first(Minibatches(n, 4, "replacement", seed=2), 20_000).ravel()
    counts = np.bincount(stream, minlength=n)
    pairs = np.bincount(n * stream[:-1] + stream[1:], minlength=n * n)
    for seen in (counts, pairs):
        expected = seen.sum() / len(seen)
        chi_square = float(np.sum((seen - expected) ** 2) / expected)
        freedom = len(seen) - 1
        assert chi_square < freedom + 4 * np.sqrt(2 * freedom)


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
