"""Which lanes go through a problem together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from builders import plain_lanes
from hypothesis import given
from hypothesis import strategies as st
from job_problems import plan

from lrbench.engine.control import Control
from lrbench.experiment.jobs import blocks as module
from lrbench.experiment.jobs.blocks import blocks, jobs_of
from lrbench.plan.prepare import Prepared, prepare
from lrbench.problem_files import load_spec


@given(n_lanes=st.integers(1, 200), eights=st.integers(1, 12))
def test_blocks_hold_every_lane_once_and_are_multiples_of_eight(n_lanes: int, eights: int) -> None:
    lanes = list(plain_lanes(1.0 + k for k in range(n_lanes)))
    found = list(blocks(lanes, 8 * eights))
    assert [value for block in found for value in block] == lanes
    assert all(len(block) <= 8 * eights for block in found)
    assert all(len(block) % 8 == 0 for block in found[:-1])
    assert len(found) == -(-n_lanes // (8 * eights)) or all(len(b) == 8 for b in found[:-1])


@pytest.fixture(scope="module")
def ready() -> Prepared:
    return prepare(load_spec("logreg"), plan(), None, Control())


def widths(
    ready: Prepared, workers: int, n_lanes: int, n_solver_seeds: int = 1, **changes: int
) -> list[int]:
    lanes = plain_lanes(1.0 + k for k in range(n_lanes))
    wanted = [(0, seed, lanes) for seed in range(n_solver_seeds)]
    jobs = jobs_of(ready, 0, plan(**changes), wanted, workers=workers, keep_iterates=False)
    return [job.n_lanes for job in jobs]


def test_one_worker_takes_all_lanes_together(ready: Prepared) -> None:
    assert widths(ready, 1, 64) == [64]


def test_many_workers_share_the_lanes_of_one_bundle(ready: Prepared) -> None:
    assert widths(ready, 2, 64) == [32, 32]
    assert widths(ready, 100, 64) == [16, 16, 16, 16]
    assert widths(ready, 2, 64, n_solver_seeds=2) == [64, 64]


def test_blocks_fit_into_memory(ready: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    lane = 3 * 30 * 8  # wngrad keeps no array of its own
    monkeypatch.setattr(module, "free_memory", lambda: 2 * 24 * lane)
    assert widths(ready, 1, 64) == [24, 24, 16]
    monkeypatch.setattr(module, "free_memory", lambda: 0)
    assert widths(ready, 1, 20) == [8, 8, 4]


def test_a_given_width_is_taken(ready: Prepared) -> None:
    assert widths(ready, 1, 64, lane_block=16) == [16, 16, 16, 16]


def seeds_of(ready: Prepared, n_seeds: int, n_lanes: int, **changes: Any) -> list[list[int]]:
    """Return the seeds of each job, in order."""
    workers = changes.pop("workers", 1)
    lr0 = [1.0 + k for k in range(n_lanes)]
    made = plan(**{"replicates": n_seeds, **changes})
    wanted = [
        (k, seed, plain_lanes(lr0)) for seed in range(n_seeds) for k in range(len(made.built))
    ]
    jobs = list(jobs_of(ready, 0, made, wanted, workers=workers, keep_iterates=False))
    for job in jobs:
        assert all(of_seed.lr0 == tuple(lr0) for of_seed in job.lanes)
    found = sorted((str(job.spec), part.seed) for job in jobs for part in job.lanes)
    assert found == sorted((str(made.built[k][1]), seed) for k, seed, _ in wanted)
    return [[part.seed for part in job.lanes] for job in jobs]


ALONE: dict[str, Any] = {"solvers": ["wngrad"]}


def test_seeds_go_together_a_quarter_at_a_time(ready: Prepared) -> None:
    assert seeds_of(ready, 8, 33, **ALONE) == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert seeds_of(ready, 5, 33, **ALONE) == [[0], [1, 2], [3, 4]]
    assert seeds_of(ready, 4, 33, **ALONE) == [[0], [1], [2], [3]]
    assert seeds_of(ready, 4, 33, solvers=["wngrad", "sgd"]) == [[0, 1], [0, 1], [2, 3], [2, 3]]


def test_seeds_go_together_as_far_as_they_stay_in_cache(
    ready: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(map(len, seeds_of(ready, 20, 33, **ALONE))) == [5, 5, 5, 5]
    monkeypatch.setattr(module, "CACHED_NUMBERS", 30 * 85)
    assert list(map(len, seeds_of(ready, 20, 33, **ALONE))) == [2] * 10
    assert list(map(len, seeds_of(ready, 20, 48, **ALONE))) == [1] * 20
    monkeypatch.setattr(module, "CACHED_NUMBERS", 1)
    assert list(map(len, seeds_of(ready, 20, 3, **ALONE))) == [1] * 20


def test_what_does_not_go_together(ready: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    run = {**ALONE, "sweep": False, "runner": "numpy"}  # bits would depend on the lanes beside
    assert list(map(len, seeds_of(ready, 20, 9, **run))) == [1] * 20
    assert list(map(len, seeds_of(ready, 20, 9, **ALONE, lane_block=16))) == [1] * 20
    assert list(map(len, seeds_of(ready, 20, 9, **ALONE, lane_block=32))) == [2] * 10
    monkeypatch.setattr("lrbench.objective.linear.problem.FEW_FEATURES", 29)
    assert list(map(len, seeds_of(ready, 20, 9, **ALONE))) == [1] * 20


def test_reshuffled_seeds_keep_their_permutations_in_bounds(
    ready: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    shuffled: dict[str, Any] = {**ALONE, "sampling": "reshuffle"}
    assert list(map(len, seeds_of(ready, 20, 9, **shuffled))) == [5] * 4
    monkeypatch.setattr(module, "PERMUTATION_BYTES", 3 * 8 * 569)
    assert max(map(len, seeds_of(ready, 20, 9, **shuffled))) == 3
    assert list(map(len, seeds_of(ready, 20, 9, **ALONE))) == [5] * 4


def test_seeds_with_other_lr0_go_together(ready: Prepared) -> None:
    rates = {seed: [1.0 + k for k in range(1 + 40 * (seed == 3))] for seed in range(8)}
    wanted = [(0, seed, plain_lanes(lr0)) for seed, lr0 in rates.items()]
    made = plan(solvers=["wngrad"], replicates=8)
    jobs = list(jobs_of(ready, 0, made, wanted, workers=1, keep_iterates=False))
    assert [(lanes.seed, list(lanes.lr0)) for job in jobs for lanes in job.lanes] == [
        *rates.items()
    ]
    assert [len(job.lanes) for job in jobs] == [2] * 4


def test_every_worker_gets_as_many_seeds(ready: Prepared) -> None:
    assert list(map(len, seeds_of(ready, 10, 33, **ALONE, workers=2))) == [1, 2, 2, 1, 2, 2]
    assert list(map(len, seeds_of(ready, 16, 33, **ALONE, workers=2))) == [2] * 8
    assert list(map(len, seeds_of(ready, 3, 15, **ALONE, workers=4))) == [1, 1, 1]


def test_lanes_that_are_cut_for_many_workers_are_not_put_together_again(ready: Prepared) -> None:
    assert widths(ready, 4, 33, n_solver_seeds=3) == [24, 9, 24, 9, 24, 9]


def test_the_first_seeds_of_every_solver_come_first(
    ready: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CACHED_NUMBERS", 30 * 85)
    two = seeds_of(ready, 4, 33, solvers=["wngrad", "sgd"])
    assert two == [[0, 1], [0, 1], [2, 3], [2, 3]]


PHYSICAL = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1700}


@pytest.mark.parametrize(
    ("meminfo", "limit", "used", "free"),
    [
        ("MemFree: 5 kB\nMemAvailable:   2048 kB\n", "max\n", (), 2048 * 1024),
        ("MemAvailable: 2048 kB\n", "1000\n", (), 1000),
        ("MemAvailable: 2048 kB\n", "max\n", (900, 70), 2048 * 1024),
        ("MemAvailable: 2048 kB\n", "1000\n", (900, 70), 1000 - 900 + 70),
        ("MemAvailable: 2048 kB\n", "1000\n", (1300, 70), 0),
        ("MemAvailable: 1 kB\n", "1000000\n", (900, 70), 1024),
        ("MemFree: 5 kB\n", None, (), 4096 * 1700),
        (None, None, (), 4096 * 1700),
    ],
)
def test_free_memory_is_what_can_be_had(
    meminfo: str | None,
    limit: str | None,
    used: tuple[int, ...],
    free: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sysconf", PHYSICAL.__getitem__)
    texts = {"meminfo": meminfo, "memory.max": limit}
    if used:
        current, inactive = used
        texts["memory.current"] = f"{current}\n"
        texts["memory.stat"] = f"anon 17\ninactive_file {inactive}\nactive_file 5\n"
    for name, text in texts.items():
        if text is not None:
            (tmp_path / name).write_text(text)
    assert module.free_memory(tmp_path / "meminfo", tmp_path / "memory.max") == free


def test_free_memory_is_a_guess_where_the_system_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sysconf")
    assert module.free_memory(tmp_path / "a", tmp_path / "b") == module.UNKNOWN_BYTES
