"""Where the lanes of each seed stand in a bundle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrbench.engine.columns import Columns

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=6).filter(any)


@given(counts=COUNTS, pad_to=st.sampled_from([1, 8]))
def test_slices_used_in_order_leave_every_lane_to_its_own_seed(
    counts: list[int], pad_to: int
) -> None:
    columns = Columns.of(counts, pad_to)
    seen = np.full(columns.n_lanes, -1)
    for seed, lanes in enumerate(columns.slices):
        assert (lanes is None) == (counts[seed] == 0)
        if lanes is not None:
            assert 0 <= lanes.start < lanes.stop <= columns.n_lanes
            assert (lanes.stop - lanes.start) % pad_to == 0
            seen[lanes] = seed
    assert seen[: sum(counts)].tolist() == np.repeat(np.arange(len(counts)), counts).tolist()
    assert columns.n_lanes % pad_to == 0
    assert columns.n_lanes - sum(counts) < 2 * pad_to


@pytest.mark.parametrize(
    ("counts", "pad_to", "slices", "n_lanes"),
    [
        ([33], 1, [(0, 33)], 33),
        ([33], 8, [(0, 40)], 40),
        ([3, 0, 8, 1], 8, [(0, 8), None, (3, 11), (11, 19)], 24),
        ([20, 1, 1], 8, [(0, 24), (20, 28), (21, 29)], 32),
        ([0, 0], 8, [None, None], 0),
    ],
)
def test_layouts(
    counts: list[int], pad_to: int, slices: list[tuple[int, int] | None], n_lanes: int
) -> None:
    columns = Columns.of(counts, pad_to)
    assert [s and (s.start, s.stop) for s in columns.slices] == slices
    assert columns.n_lanes == n_lanes


def test_padding_copies_the_last_lane() -> None:
    assert Columns.of([2], 8).padded(np.array([3, 5])).tolist() == [3, 5, 5, 5, 5, 5, 5, 5]
    assert Columns.of([8], 8).padded(np.arange(8)).tolist() == list(range(8))
    assert Columns.of([3], 1).padded(np.arange(3)).tolist() == [0, 1, 2]
    assert Columns.of([0], 8).padded(np.arange(0)).tolist() == []
