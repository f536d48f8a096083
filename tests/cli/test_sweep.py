"""`lrbench sweep` and `lrbench store` on the command line."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from lrbench.engine import run as engine

SMALL = ("sweep", "-p", "log-spectrum", "-s", "wngrad", "-s", "gd", "--lr0", "1e-2:1e2:5")
RUN = (*SMALL, "-n", "100", "-j", "1")


def test_it_says_which_lr0_are_usable_and_what_to_take(invoke: Any) -> None:
    outcome = invoke(*RUN)
    assert outcome.code == 0
    assert outcome.err == ""
    assert "usable lr0" in outcome.out
    assert "Advice: " in outcome.out
    assert outcome.out.isascii()
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert not any(line.endswith(" ") for line in outcome.out.splitlines())


def test_the_json_has_runs_verdicts_and_the_sweep(invoke: Any) -> None:
    outcome = invoke(*RUN, "--format", "json")
    (problem,) = json.loads(outcome.out)["problems"]
    assert len(problem["runs"]) == 10
    assert problem["verdicts"]
    assert problem["sweep"]["target"] == pytest.approx(0.01 * problem["constants"]["delta0"])
    assert [s["solver"]["name"] for s in problem["sweep"]["solvers"]] == ["wngrad", "sgd"]
    # gd on a quadratic: every lr0 below 2/L = 2 comes down, the others diverge.
    sgd = problem["sweep"]["solvers"][1]
    assert (sgd["usable"][1], sgd["best_lr0"]) == (1.0, 1.0)


def test_a_run_ends_at_the_target(invoke: Any) -> None:
    outcome = invoke(*RUN, "--target", "0.01", "--arrival", "first", "--format", "json")
    (problem,) = json.loads(outcome.out)["problems"]
    reached = [r for r in problem["runs"] if r["status"] == "reached_target"]
    assert reached
    for run in reached:
        gaps = run["trace"]["suboptimality"]
        assert gaps[-1] <= 0.01 < min(gaps[:-1])


def test_a_stochastic_sweep_is_first_looked_at_after_a_tenth_of_a_pass(invoke: Any) -> None:
    args = ("sweep", "-p", "logreg", "-s", "sgd", "--lr0", "1", "--batch-size", "4", "-j", "1")
    outcome = invoke(*args, "--passes", "1", "--format", "json")
    (run,) = json.loads(outcome.out)["problems"][0]["runs"]
    iteration = run["trace"]["iteration"]
    assert iteration[0] == 0
    assert iteration[1] >= 569 / 4 / 10
    assert len(iteration) > 5
    # What costs a look and is not asked for: averages on the 1-2-5 series, no gradients of F.
    averages = run["trace"]["suboptimality_average"]
    measured = [t for t, value in zip(iteration, averages, strict=True) if value is not None]
    assert measured == [20, 50, 100, 143]
    assert set(run["trace"]["grad_norm_sq"]) == {None}
    assert None not in run["trace"]["suboptimality"]


def test_what_a_sweep_measures_is_what_a_run_measures(invoke: Any) -> None:
    args = ("-p", "logreg", "-s", "wngrad", "--lr0", "1", "--batch-size", "4", "--passes", "2")
    end = ("--target", "1e-9", "-r", "2", "--format", "json")
    swept, ran = (
        json.loads(invoke(*command, *args, *end).out)["problems"][0]
        for command in (("sweep", "--arrival", "first"), ("run",))
    )
    rows = dict(zip(ran["runs"][0]["trace"]["iteration"], range(100), strict=False))
    trace, whole = swept["runs"][0]["trace"], ran["runs"][0]["trace"]
    for name in ("objective", "suboptimality_average", "sum_lr", "distance_max"):
        for t, value in zip(trace["iteration"][1:], trace[name][1:], strict=True):
            if value is not None:
                assert value == pytest.approx(whole[name][rows[t]], rel=1e-9)
    verdicts = {v["theorem"]: v for v in swept["verdicts"]}
    ours, theirs = verdicts["C2"], next(v for v in ran["verdicts"] if v["theorem"] == "C2")
    assert ours["iteration"] == [20, 50, 100, 200, 285]
    assert ours["metric"][-1] == pytest.approx(theirs["metric"][-1], rel=1e-9)
    assert ours["bound_verdict"] == theirs["bound_verdict"]


def test_a_sweep_is_saved_and_shown(invoke: Any, tmp_path: Path) -> None:
    saved = tmp_path / "sweep.json"
    first = invoke(*RUN, "--save", str(saved))
    again = invoke("show", str(saved))
    assert again.out == first.out
    refused = invoke(*RUN, "--save", str(saved))
    assert refused.code == 2
    assert refused.err.startswith("Error: ")


@pytest.mark.parametrize("form", ["table", "plain", "markdown", "latex", "csv", "json", "jsonl"])
def test_every_format(form: str, invoke: Any) -> None:
    outcome = invoke(*RUN, "--format", form)
    assert outcome.code == 0
    assert "wngrad" in outcome.out


def test_several_problems_end_with_profiles(invoke: Any) -> None:
    outcome = invoke(*RUN, "-p", "logreg")
    assert outcome.code == 0
    assert "logreg: " in outcome.out
    assert "erformance profile" in outcome.out


def test_a_store_is_listed_shown_exported_merged_and_pruned(invoke: Any, tmp_path: Path) -> None:
    store, other = str(tmp_path / "s.sqlite"), str(tmp_path / "t.sqlite")
    swept = invoke(*RUN, "--store", store)
    assert swept.code == 0
    assert invoke(*RUN, "--store", store).out == swept.out
    listed = invoke("store", "list", store)
    assert "log-spectrum" in listed.out
    assert max(map(len, listed.out.splitlines())) <= 80
    (first, second) = json.loads(invoke("store", "list", store, "--format", "json").out)["entries"]
    assert (first["cells"], second["cells"]) == (5, 5)
    exported = json.loads(invoke("store", "export", store, "--format", "json").out)
    assert len(exported["problems"][0]["runs"]) == 10
    assert "Advice: " in invoke("show", store).out
    assert invoke("store", "merge", other, store).out == "10 cells added\n"
    assert invoke("store", "prune", other, "--solver", "sgd").out == "5 cells deleted\n"
    assert invoke("store", "prune", other, "--stale").out == "0 cells deleted\n"


def test_a_result_that_comes_through_a_pipe_is_shown(invoke: Any, tmp_path: Path) -> None:
    pipe, saved = tmp_path / "pipe", invoke(*RUN, "--format", "json").out
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(saved,), daemon=True)
    writer.start()
    outcome = invoke("show", str(pipe), "--format", "json")
    assert outcome.code == 0
    assert outcome.out == saved
    writer.join()


def test_a_signal_says_how_to_go_on(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run, store = engine.run_lanes, str(tmp_path / "s.sqlite")

    def run_then_signal(*args: Any, **more: Any) -> Any:
        out = run(*args, **more)
        signal.raise_signal(signal.SIGINT)
        return out

    with monkeypatch.context() as patch:
        patch.setattr(engine, "run_lanes", run_then_signal)
        outcome = invoke(*RUN, "--store", store)
    assert outcome.code == 130
    assert "5 of 10 runs are not finished" in outcome.err
    assert "run the same command again" in outcome.err
    assert "5 cells" not in outcome.out
    finished = invoke(*RUN, "--store", store)
    assert finished.code == 0
    assert finished.out == invoke(*RUN).out


def test_where_no_run_was_finished_the_command_begins_anew(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run, store = engine.run_lanes, str(tmp_path / "s.sqlite")

    def signal_then_run(*args: Any, **more: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return run(*args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "run_lanes", signal_then_run)
        outcome = invoke(*RUN, "--store", store)
    assert outcome.code == 130
    assert "10 of 10 runs are not finished" in outcome.err
    assert outcome.err.endswith("the store has none: the same command begins anew.\n")


MISTAKES = {
    "no problem": (("sweep",), "--problem"),
    "target 0": ((*RUN, "--target", "0"), "--target"),
    "jobs 0": ((*SMALL, "-j", "0"), "--jobs 0"),
    "jobs text": ((*SMALL, "-j", "all"), "--jobs"),
    "dask without an address": ((*SMALL, "--executor", "dask"), "--scheduler"),
    "scheduler without dask": ((*SMALL, "--scheduler", "tcp://127.0.0.1:1"), "--executor dask"),
    "replicates of nothing random": ((*RUN, "-r", "3"), "--batch-size"),
    "weights": ((*RUN, "--save-weights", "w.npz"), "--save-weights"),
    "dry run in a format": ((*RUN, "--dry-run", "--format", "json"), "--dry-run"),
    "a store in the place of the result": (
        (*RUN, "--save", "a", "--store", "../" * 60 + "{}/a", "--force"),
        "the same file",
    ),
    "no store": (("store", "list", "nowhere.sqlite"), "nowhere.sqlite"),
    "a store that is text": (("store", "list", __file__), "not a store"),
    "prune what": (("store", "prune", __file__), "which cells"),
    "merge nothing": (("store", "merge", "a.sqlite"), "FROM.sqlite"),
    "merge what is not there": (("store", "merge", "a.sqlite", "b.sqlite"), "b.sqlite"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_said_in_two_sentences(
    mistake: str, invoke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    args, said = MISTAKES[mistake]
    outcome = invoke(*(arg.format(tmp_path) for arg in args))
    assert outcome.code == 2
    assert outcome.out == ""
    error, hint = outcome.err.splitlines()
    assert error.startswith("Error: ")
    assert hint.startswith("Hint: ")
    assert said in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_nobody_at_the_scheduler_is_exit_code_3(
    invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lrbench.experiment.jobs import cluster

    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    outcome = invoke(*SMALL, "--executor", "dask", "--scheduler", "tcp://127.0.0.1:9")
    assert outcome.code == 3
    assert "no Dask scheduler answers" in outcome.err
    assert outcome.err.count("\n") == 2


def test_a_dry_run_counts_cells(invoke: Any) -> None:
    outcome = invoke(*RUN, "--dry-run")
    assert outcome.code == 0
    assert "10 cells of 100 iterations" in outcome.out
    assert "stored" not in outcome.out


def test_a_dry_run_knows_what_is_in_the_store(invoke: Any, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    store = ("--store", str(path))
    assert "stored   0 of them" in invoke(*RUN, *store, "--dry-run").out
    assert not path.exists()
    assert invoke(*RUN, *store).code == 0
    full = invoke(*SMALL, "-n", "100", *store, "--dry-run", "-j", "2").out
    assert "stored   10 of them" in full
    assert "In all 0 ms; at best 0 ms with 2 workers." in full
    more = invoke(*RUN, "-s", "adagrad-norm", *store, "--dry-run").out
    assert "15 cells" in more
    assert "stored   10 of them" in more


def test_failed_runs_are_said_in_every_format(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*args: object, **more: object) -> None:
        raise MemoryError("no")

    monkeypatch.setattr(engine, "run_lanes", no_room)
    outcome = invoke(*RUN, "--format", "csv")
    assert outcome.code == 3
    error, hint = outcome.err.splitlines()
    said = "Error: 10 of 10 runs failed, the first of wngrad[order=current] with MemoryError: no."
    assert error == said
    assert hint.startswith("Hint: ")


def test_experiments_in_a_store_have_different_names(invoke: Any, tmp_path: Path) -> None:
    store = str(tmp_path / "s.sqlite")
    given = ("sweep", "-p", "logreg", "-s", "sgd", "--lr0", "1", "-n", "5", "-j", "1")
    for more in ((), ("--sampling", "reshuffle"), ("--radius", "20"), ("--start", "normal")):
        assert invoke(*given, "--batch-size", "16", *more, "--store", store).code == 0
    problems = json.loads(invoke("show", store, "--format", "json").out)["problems"]
    names = [p["name"] for p in problems]
    assert len(set(names)) == 4
    assert any("reshuffled" in name for name in names)
    assert any("ball of 20" in name for name in names)


def test_a_sweep_goes_on_without_an_option(invoke: Any, tmp_path: Path) -> None:
    outcome = invoke(*RUN, "--store", str(tmp_path / "s.sqlite"), "--resume")
    assert (outcome.code, outcome.out) == (2, "")
    hint = "leave it out: the same command with --store FILE goes on with what is missing."
    assert outcome.err.splitlines()[1] == f"Hint: {hint}"
