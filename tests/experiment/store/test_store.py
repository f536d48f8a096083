"""A store: what was run once is not run again, and is the same bits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stored import swept, without_clocks

from lrbench.api import sweep
from lrbench.errors import LrbenchError
from lrbench.experiment.store import cells as cells_module
from lrbench.experiment.store import (
    contents,
    keys,
    merge_stores,
    opened,
    prune_cells,
    result_of,
    store_at,
    stored_cells,
)
from lrbench.plan.plan import Plan
from lrbench.results import Result, Status


def test_what_is_there_is_not_run_again(tmp_path: Path) -> None:
    first, ran = swept(tmp_path / "s.sqlite")
    assert ran == 10
    again, ran = swept(tmp_path / "s.sqlite")
    assert ran == 0
    plain, _ = swept(None)
    assert without_clocks(again) == without_clocks(first) == without_clocks(plain)


def test_a_denser_grid_and_more_seeds_run_only_what_is_new(tmp_path: Path) -> None:
    swept(tmp_path / "s.sqlite")
    denser, ran = swept(tmp_path / "s.sqlite", lr0="1e-2:1e2:9", replicates=2)
    # The ends and the decades are on both grids.
    assert ran == 2 * (2 * 9 - 5)
    assert without_clocks(denser) == without_clocks(swept(None, lr0="1e-2:1e2:9", replicates=2)[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 32},
        {"passes": 2},
        {"target": 0.1},
        {"sampling": "reshuffle"},
        {"radius": 20.0},
        {"seed": 5},
        {"checkpoints_per_decade": 6},
        {"solvers": ["wngrad[order=lagged]", "adagrad-norm"]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_setting_is_another_cell(changes: dict[str, Any], tmp_path: Path) -> None:
    swept(tmp_path / "s.sqlite")
    assert swept(tmp_path / "s.sqlite", **changes)[1] == 10


def test_other_code_is_another_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "s.sqlite"
    swept(store)
    other = f"{'0' * 64} {'1' * 64}"
    for module in (cells_module, contents, keys):
        monkeypatch.setattr(module, "source_of", lambda solver: other)
    assert swept(store)[1] == 10
    with opened(store) as connection:
        current = [bool(entry.current) for entry in stored_cells(connection)]
        assert sorted(current) == [False, False, True, True]
        assert len(result_of(connection, store).problems) == 2
        assert prune_cells(connection, stale=True) == 10
        assert len(result_of(connection, store).problems) == 1


def test_unfinished_cells_are_not_kept(tmp_path: Path) -> None:
    with store_at(tmp_path / "s.sqlite") as kept:
        assert kept is not None
        result, _ = swept(None)
        runs = result.problems[0].runs
        mixed = [
            replace(runs[0], status=Status.INTERRUPTED),
            replace(runs[1], status=Status.FAILED, error="broken"),
            runs[2],
        ]
        kept.declare("id", "logreg", result.problems[0].header, 10, sweep=True)
        kept.put("id", Plan(solvers="sgd").built[0][0], mixed)
    with opened(tmp_path / "s.sqlite") as connection:
        assert sum(e.cells for e in stored_cells(connection)) == 1


def test_a_diverged_lane_is_kept_with_its_trace(tmp_path: Path) -> None:
    options: dict[str, Any] = {"solvers": ["sgd"], "lr0": [1e4], "batch_size": None}
    first, _ = swept(tmp_path / "s.sqlite", **options, passes=300)
    again, ran = swept(tmp_path / "s.sqlite", **options, passes=300)
    (run,), (same,) = first.problems[0].runs, again.problems[0].runs
    assert ran == 0
    assert run.status is same.status is Status.DIVERGED
    for name, values in run.trace.items():
        np.testing.assert_array_equal(values, same.trace[name])


def test_stores_merge(tmp_path: Path) -> None:
    a, b, into = (tmp_path / f"{name}.sqlite" for name in ("a", "b", "into"))
    swept(a, lr0=[0.1, 1.0])
    swept(b, lr0=[1.0, 10.0])
    with opened(into, create=True) as connection:
        assert merge_stores(connection, [a, b]) == 6
        assert merge_stores(connection, [a, b]) == 0
    whole, ran = swept(into, lr0=[0.1, 1.0, 10.0])
    assert ran == 0
    assert without_clocks(whole) == without_clocks(swept(None, lr0=[0.1, 1.0, 10.0])[0])


def test_a_result_from_a_store_is_that_of_the_sweep(tmp_path: Path) -> None:
    swept_, _ = swept(tmp_path / "s.sqlite", replicates=2)
    with opened(tmp_path / "s.sqlite") as connection:
        shown = result_of(connection, "s.sqlite")
    (ours,), (theirs,) = swept_.problems, shown.problems
    assert ours.sweep is not None
    assert theirs.sweep is not None
    assert {str(s.solver): s.usable for s in ours.sweep.solvers} == {
        str(s.solver): s.usable for s in theirs.sweep.solvers
    }
    assert json.loads(shown.to_json())["problems"][0]["fingerprint"] == ours.header.fingerprint


SETTINGS: list[dict[str, Any]] = [
    {"problems": "lad-worst", "radius": 15.0, "batch_size": 10, "replicates": 2},
    {"problems": "lasso", "solvers": ["prox-adagrad-norm", "ista"]},
    {"problems": "least-squares"},
]


@pytest.mark.parametrize("options", SETTINGS, ids=lambda options: options["problems"])
def test_the_bounds_over_a_scale_are_those_of_the_sweep(
    options: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "s.sqlite"
    options = {"solvers": ["wngrad", "adagrad-norm", "sgd[schedule=linear]"], **options}
    result = sweep(**options, over="scale=0.01,0.5,40", at="60", jobs=1, store=path)
    with opened(path) as connection:
        (theirs,) = result_of(connection, path).problems
    (ours,) = result.problems
    assert ours.sweep is not None
    assert theirs.sweep is not None
    assert [s.robustness for s in theirs.sweep.solvers] == [
        s.robustness for s in ours.sweep.solvers
    ]
    assert any(s.robustness for s in ours.sweep.solvers)
    assert [s.measures.exponent for s in theirs.sweep.solvers] == [
        s.measures.exponent for s in ours.sweep.solvers
    ]


def test_without_the_setting_of_its_cells_a_store_knows_no_bounds(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    (problem,) = sweep("lad-worst", solvers="wngrad", lr0=[0.1, 1.0], at="9", jobs=1).problems
    assert problem.sweep is not None
    assert problem.sweep.solvers[0].robustness
    with store_at(path) as kept:
        assert kept is not None
        kept.declare("id", "lad-worst", problem.header, 9, sweep=True, arrival="confirmed", at=[9])
        kept.put("id", Plan(solvers="wngrad").built[0][0], problem.runs)
    with opened(path) as connection:
        (shown,) = result_of(connection, path).problems
    assert shown.sweep is not None
    assert shown.sweep.solvers[0].at == problem.sweep.solvers[0].at
    assert shown.sweep.solvers[0].robustness is None


def test_several_budgets_of_a_problem_are_told_apart_and_solvers_keep_their_order(
    tmp_path: Path,
) -> None:
    store = tmp_path / "s.sqlite"
    swept(store, solvers=["wngrad", "sgd", "adagrad-norm"], passes=1)
    swept(store, solvers=["wngrad", "sgd", "adagrad-norm"], passes=2)
    swept(store, solvers=["wngrad", "sgd", "adagrad-norm"], passes=1, lr0="1e-2:1e2:9")
    with opened(store) as connection:
        shown = result_of(connection, store)
        listed = [(e.solver, e.cells) for e in stored_cells(connection)]
    names = [problem.name for problem in shown.problems]
    assert len(set(names)) == 2
    assert all(name.startswith("logreg (batches of 16, ") for name in names)
    for problem in shown.problems:
        assert problem.sweep is not None
        solvers = [s.solver.name for s in problem.sweep.solvers]
        assert solvers == ["wngrad", "sgd", "adagrad-norm"]
        assert list(problem.sweep.solvers[0].lr0) == sorted(problem.sweep.solvers[0].lr0)
    assert sorted(cells for _, cells in listed) == [5, 5, 5, 9, 9, 9]


def test_the_store_of_the_python_interface(tmp_path: Path) -> None:
    options: dict[str, Any] = {"solvers": ["gd"], "lr0": [0.1, 1.0], "jobs": 1, "iterations": 20}
    first = sweep("log-spectrum", **options, store=tmp_path / "s.sqlite")
    again = sweep("log-spectrum", **options, store=tmp_path / "s.sqlite")
    assert without_clocks(first) == without_clocks(again)


COMMAND = [
    *("-p", "logreg", "-s", "wngrad", "-s", "sgd", "--batch-size", "4", "--passes", "20"),
    *("--lr0", "1e-2:1e2:9", "-r", "6", "--target", "1e-12", "-j", "1", "-q"),
]


def command(store: Path | None, *more: str) -> list[str]:
    where = [] if store is None else ["--store", str(store)]
    return [sys.executable, "-m", "lrbench", "sweep", *COMMAND, *where, *more]


def count(store: Path) -> int:
    """Return the number of committed cells; 0 before there is a store."""
    try:
        with opened(store) as connection:
            return int(connection.execute("SELECT count(*) FROM cells").fetchone()[0])
    except LrbenchError:
        return 0


def problems(json_text: str) -> Any:
    return without_clocks(Result.from_json(json_text))


@pytest.mark.slow
@pytest.mark.parametrize("cells", [1, 30, 60])
def test_a_killed_sweep_goes_on(cells: int, tmp_path: Path) -> None:
    store = tmp_path / "s.sqlite"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    child = subprocess.Popen(command(store), stdout=subprocess.DEVNULL, env=environment)
    while count(store) < cells and child.poll() is None:
        pass
    child.kill()
    child.wait()
    kept = count(store)
    assert cells <= kept <= 108
    with opened(store) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    ends = [
        subprocess.run(
            command(path, "--format", "json"),
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        ).stdout
        for path in (store, None)
    ]
    assert problems(ends[0]) == problems(ends[1])
    assert count(store) == 108


@pytest.mark.slow
def test_two_commands_share_a_store(tmp_path: Path) -> None:
    store = tmp_path / "s.sqlite"
    both = [
        subprocess.Popen(command(store, "--format", "json"), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [child.communicate()[0] for child in both]
    assert [child.returncode for child in both] == [0, 0]
    assert problems(said[0]) == problems(said[1])
    assert count(store) == 108
