"""Of very many lanes the best, the edges and those that failed are judged and shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_header import HEADER

import lrbench
from lrbench.engine.control import Control
from lrbench.experiment import run_plan as experiment
from lrbench.results import ProblemResult, Run, Status
from lrbench.results.selection import MOST_LANES, PER_SOLVER, notable_lanes

N = MOST_LANES + 7


@pytest.fixture(scope="module")
def runs() -> dict[float, Run]:
    """Return runs of one solver by lr0; every one has a gap of its own."""
    (problem,) = lrbench.run("log-spectrum", solvers=["sgd"], lr0=[1.0], iterations=3).problems
    (run,) = problem.runs
    lr0s = np.geomspace(1e-3, 1e3, N).tolist()
    return {lr0: _with(run, lr0, 1.0 + 1e-4 * (k - 300) ** 2) for k, lr0 in enumerate(lr0s)}


def _with(run: Run, lr0: float, gap: float, status: Status = Status.COMPLETED) -> Run:
    gaps = np.append(run.trace["suboptimality"][:-1], gap)
    return replace(run, lr0=lr0, status=status, trace=run.trace | {"suboptimality": gaps})


def notable(runs: dict[float, Run]) -> list[int]:
    lanes = notable_lanes(ProblemResult("", HEADER, [*runs.values()], ()))
    return [list(runs).index(lr0 or 0.0) for _, lr0 in lanes]


def test_a_thousand_lanes_are_all_notable(runs: dict[float, Run]) -> None:
    few = dict(list(runs.items())[:MOST_LANES])
    assert notable(few) == list(range(MOST_LANES))


def test_beyond_that_the_best_the_edges_and_the_failed(runs: dict[float, Run]) -> None:
    assert notable(runs) == [0, 300, N - 1]
    changed = {
        lr0: replace(
            run,
            status=Status.DIVERGED if k >= 700 else Status.FAILED if k == 41 else run.status,
        )
        for k, (lr0, run) in enumerate(runs.items())
    }
    assert notable(changed) == [0, 40, 41, 42, 300, 699, 700, N - 1]


def test_the_order_of_the_grid_does_not_matter(runs: dict[float, Run]) -> None:
    reversed_runs = dict(reversed(runs.items()))
    assert notable(reversed_runs) == [0, N - 1 - 300, N - 1]


def test_of_very_many_that_failed_some_are_shown(runs: dict[float, Run]) -> None:
    failed = {lr0: replace(run, status=Status.FAILED) for lr0, run in runs.items()}
    assert len(notable(failed)) == PER_SOLVER


def test_a_page_of_many_lanes_counts_the_others(invoke: Any) -> None:
    words = ["-p", "log-spectrum", "-s", "sgd", "-n", "4", "--lr0", f"1e-2:1e2:{N}"]
    page = invoke("run", *words)
    assert page.code == 0
    assert len(page.out.splitlines()) < 40
    assert "judged and shown are the best, the edges and what failed" in page.out
    shown = page.out.count("completed") + page.out.count("stalled")
    assert shown > 3
    csv = invoke("run", *words, "--format", "csv").out.splitlines()
    assert len({line.split(",")[3] for line in csv}) == N + 1  # every lr0, and the heading


def test_no_lane_is_judged_long_after_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def overtime(self: Control) -> float:
        asked.append(0.0)
        return 0.0 if len(asked) < 3 else 1e9

    monkeypatch.setattr(Control, "overtime", property(overtime))
    (problem,) = lrbench.run("log-spectrum", solvers=["sgd"], lr0="0.1:1:5", iterations=3).problems
    assert isinstance(problem, ProblemResult)
    assert len(problem.groups) == 5
    assert len(problem.judged) == 2
    assert experiment.OVERTIME_SECONDS < 10
