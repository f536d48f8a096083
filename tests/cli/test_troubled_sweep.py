"""Whatever a seed lets happen to disk, clock and workers: no number is wrong, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults import KINDS, troubled
from troubled_sweep import outcome, sweep, with_data


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what the sweep prints on a sound machine."""
    ended = sweep(with_data(tmp_path_factory.mktemp("right")))
    assert (ended.code, ended.err) == (0, "")
    return ended.out


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_a_sweep_in_trouble_ends_as_it_promises(seed: int, right: str, tmp_path: Path) -> None:
    outcome(seed, tmp_path, right)


def test_the_seeds_let_everything_happen() -> None:
    chosen = set()
    for seed in range(50):
        with troubled(seed) as kinds:
            chosen.update(kinds)
    assert chosen == set(KINDS)
