"""Where the lanes of each seed stand in a bundle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrbench.engine.columns import Layout

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=6).filter(any)


@given(counts=COUNTS, multiple=st.sampled_from([1, 8]))
def test_slices_used_in_order_leave_every_lane_to_its_own_seed(
    counts: list[int], multiple: int
) -> None:
    layout = Layout.of(counts, multiple)
    seen = np.full(layout.n_lanes, -1)
    for seed, lanes in enumerate(layout.slices):
        assert (lanes is None) == (counts[seed] == 0)
        if lanes is not None:
            assert 0 <= lanes.start < lanes.stop <= layout.n_lanes
            assert (lanes.stop - lanes.start) % multiple == 0
            seen[lanes] = seed
    assert seen[: sum(counts)].tolist() == np.repeat(np.arange(len(counts)), counts).tolist()
    assert layout.n_lanes % multiple == 0
    assert layout.n_lanes - sum(counts) < 2 * multiple


@pytest.mark.parametrize(
    ("counts", "multiple", "slices", "n_lanes"),
    [
        ([33], 1, [(0, 33)], 33),
        ([33], 8, [(0, 40)], 40),
        ([3, 0, 8, 1], 8, [(0, 8), None, (3, 11), (11, 19)], 24),
        ([20, 1, 1], 8, [(0, 24), (20, 28), (21, 29)], 32),
        ([0, 0], 8, [None, None], 0),
    ],
)
def test_layouts(
    counts: list[int], multiple: int, slices: list[tuple[int, int] | None], n_lanes: int
) -> None:
    layout = Layout.of(counts, multiple)
    assert [s and (s.start, s.stop) for s in layout.slices] == slices
    assert layout.n_lanes == n_lanes


def test_padding_copies_the_last_lane() -> None:
    assert Layout.of([2], 8).padded(np.array([3, 5])).tolist() == [3, 5, 5, 5, 5, 5, 5, 5]
    assert Layout.of([8], 8).padded(np.arange(8)).tolist() == list(range(8))
    assert Layout.of([3], 1).padded(np.arange(3)).tolist() == [0, 1, 2]
    assert Layout.of([0], 8).padded(np.arange(0)).tolist() == []
