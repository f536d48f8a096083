"""Texts and numbers about the runs of one solver and lr0, each from irregular runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_header import with_header
from swept import made_problem, made_run

from lrbench.config.solver_spec import SolverSpec
from lrbench.reports.groups import (
    ball_text,
    batch_text,
    last_checkpoints,
    learning_rate_texts,
    mean_at,
    runs_not_started,
    status_cell,
    table_iterations,
    timing,
)
from lrbench.results import Run, Status

SGD = SolverSpec("sgd")


def run(seed: int = 0, **changes: Any) -> Run:
    return replace(made_run(SGD, 0.3, seed, 7.0), **changes)


def traced(seed: int = 0, **columns: Sequence[float]) -> Run:
    """A run with nothing but these columns."""
    return run(seed, trace={name: np.array(values) for name, values in columns.items()})


@pytest.mark.parametrize(
    ("statuses", "text", "style"),
    [
        ("completed", "completed", ""),
        ("reached_target", "reached target at 20", ""),
        ("stalled", "stalled", "warn"),
        ("interrupted", "interrupted at 20", "warn"),
        ("diverged", "DIVERGED at 20", "bad"),
        ("failed", "FAILED at 20", "bad"),
        ("diverged diverged", "DIVERGED", "bad"),
        ("completed diverged stalled", "1/3 DIVERGED", "bad"),
        ("stalled reached_target stalled", "2/3 stalled", "warn"),
        ("reached_target completed", "1/2 reached target", ""),
        ("diverged failed interrupted", "1/3 FAILED", "bad"),
    ],
)
def test_the_status_is_the_worst(statuses: str, text: str, style: str) -> None:
    runs = [
        run(k, status=Status(status), status_at=20 + k) for k, status in enumerate(statuses.split())
    ]
    cell = status_cell(runs)
    assert (cell.text, cell.style) == (text, style)


@pytest.mark.parametrize(
    ("status", "ends", "text", "style"),
    [
        ("stalled", [2.5], "stalled above its start", "bad"),
        ("completed", [2.5], "ended above its start", "bad"),
        ("completed", [2.0], "completed", ""),
        ("stalled", [2.0], "stalled", "warn"),
        ("stalled", [1.5, 2.25], "stalled", "warn"),  # the mean over seeds is below 2
        ("stalled", [1.5, 2.75], "stalled above its start", "bad"),
        ("diverged", [2.5], "DIVERGED at 20", "bad"),
        ("reached_target", [2.5], "reached target at 20", ""),
    ],
)
def test_what_made_all_its_steps_is_told_where_it_is_above_its_start(
    status: str, ends: list[float], text: str, style: str
) -> None:
    runs = [
        replace(
            traced(k, iteration=[0, 1, 20], suboptimality=[2.0, 7.0, end]),
            status=Status(status),
            status_at=20,
        )
        for k, end in enumerate(ends)
    ]
    cell = status_cell(runs)
    assert (cell.text, cell.style) == (text, style)


def test_an_lr0_has_as_many_digits_as_it_takes_to_tell_it_apart() -> None:
    assert learning_rate_texts([20.0, 1.0, 0.03126]) == {20.0: "20", 1.0: "1", 0.03126: "0.0313"}
    near = [1.0004, 1.0, 20.0, 1.0]
    assert learning_rate_texts(near) == {1.0004: "1.0004", 1.0: "1", 20.0: "20"}
    neighbours = [0.1, math.nextafter(0.1, 1.0)]
    assert [float(text) for text in learning_rate_texts(neighbours).values()] == neighbours


def test_what_was_not_started_is_joined_by_its_seeds() -> None:
    def blank(solver: str, *seeds: int) -> list[Run]:
        spec = SolverSpec(solver)
        return [made_run(spec, 0.3, seed, math.inf, Status.INTERRUPTED) for seed in seeds]

    runs = [*blank("a", 1, 2, 3), *blank("b", 4), *blank("c", 3, 2, 1), *blank("d", 0, 2)]
    assert list(runs_not_started([run(0), *runs])) == [
        "a, c (seeds 1 to 3)",
        "b (seed 4)",
        "d (seeds 0, 2)",
    ]
    assert list(runs_not_started([run(0), *blank("a", 1)])) == ["a (seed 1)"]
    assert list(runs_not_started([run(5), *blank("a", 5)])) == ["a"]


def test_the_mean_of_a_checkpoint_is_over_all_seeds_or_is_none() -> None:
    runs = [
        traced(0, iteration=[0, 3, 8], lr=[9, 0.5, 0.25]),
        traced(1, iteration=[0, 1, 3, 8], lr=[7, 5, 0.75, 0.125]),
    ]
    assert mean_at(runs, "lr", 3) == 0.625
    assert mean_at(runs, "lr", 8) == 0.1875
    assert mean_at(runs, "lr", 0) == 8.0
    assert mean_at(runs, "lr", 1) is None
    assert mean_at([*runs, traced(2, iteration=[3])], "lr", 3) is None
    assert mean_at([*runs, traced(2)], "lr", 3) is None


def test_the_checkpoints_of_a_table() -> None:
    runs = [
        traced(0, iteration=[0, 1, 3, 5, 15, 20]),
        traced(1, iteration=[0, 2, 10, 100, 500, 501, 1000, 1200, 1234]),
        traced(2),
    ]
    assert table_iterations(runs) == [0, 1, 2, 5, 10, 20, 100, 500, 1000, 1234]
    assert table_iterations(runs[2:]) == []
    assert last_checkpoints(runs) == {20, 1234}


def test_lanes_share_a_clock_and_seeds_do_not() -> None:
    runs = [
        replace(traced(0, seconds=[0.0, 0.25, 1.5]), evaluation_seconds=0.125),
        replace(traced(0, seconds=[0.0, 2.25]), evaluation_seconds=0.125),
        replace(traced(1, seconds=[0.0, 4.5, 4.5]), evaluation_seconds=0.5),
        replace(traced(2), evaluation_seconds=0.25),
    ]
    assert timing(runs) == "6.75 s of steps, 0.875 s of evaluation"


def test_the_setting_of_a_run() -> None:
    assert batch_text(run(setting="batch")) == "full batches"
    assert batch_text(run(batch_size=64)) == "batches of 64 with replacement"
    assert batch_text(run(batch_size=64, sampling="reshuffle")) == "batches of 64 reshuffled"
    problem = made_problem([0.3], {"sgd": [[7.0]]})
    assert list(ball_text(problem)) == []
    inside = with_header(problem, radius=2.5)
    assert list(ball_text(inside)) == ["ball of radius 2.5 around w_0"]
