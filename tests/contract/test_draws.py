"""The random numbers of a solver are those of its seed, whatever runs beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from builders import Array, linear_problem

from lrbench.engine.columns import Columns
from lrbench.objective.minibatches import Minibatches


def drawn(seeds: Sequence[int], counts: Sequence[int], pad_to: int, dropped: int = -1) -> Array:
    """Return what three draws of two numbers give every running lane."""
    problem = linear_problem("squared", 12, 3, seed=4)
    batches = [Minibatches(12, 4, "replacement", seed) for seed in seeds]
    sampler: Any = problem.sampler(None, None, batches, seeds=seeds)
    numbers = list(counts)
    sampler.set_columns(Columns.of(numbers, pad_to).slices)
    out = []
    for t, oracle in zip(range(3), sampler.oracles(lambda W, g: None), strict=False):
        if t == dropped:
            numbers[0] = 0
        columns = Columns.of(numbers, pad_to)
        sampler.set_columns(columns.slices)
        sampler.iterates.start(columns.n_lanes)
        draw = oracle.draw(lambda rng: rng.standard_normal(2))
        assert draw.shape == (2, columns.n_lanes)
        out.append(draw[:, : sum(numbers)])
    return np.concatenate([A[:, -counts[-1] :] for A in out])


@pytest.mark.parametrize("pad_to", [1, 8])
def test_a_seed_draws_the_same_whatever_runs_beside_it(pad_to: int) -> None:
    alone = drawn([5], [3], pad_to)
    assert len(np.unique(alone)) == 6
    assert np.all(alone == alone[:, :1])
    np.testing.assert_array_equal(drawn([5], [1], pad_to)[:, 0], alone[:, 0])
    for seeds, counts in (([2, 5], [4, 3]), ([9, 2, 5], [1, 2, 3])):
        np.testing.assert_array_equal(drawn(seeds, counts, pad_to), alone)
        np.testing.assert_array_equal(drawn(seeds, counts, pad_to, dropped=1), alone)
    assert not np.any(drawn([6], [3], pad_to) == alone)
    minibatches = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(1,)))
    assert not np.any(alone[:2, 0] == minibatches.standard_normal(2))
