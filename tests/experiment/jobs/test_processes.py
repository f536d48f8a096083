"""Worker processes: the same bits as here, and nothing is lost when one dies."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import job_problems
import pytest
from disk import room_per_file
from job_problems import Deadly, Shielded, Touchy, assert_same, by_cell, plan, swept, with_deadly
from joblib import delayed

from lrbench.engine import run as engine
from lrbench.engine.control import Control
from lrbench.errors import LrbenchError
from lrbench.experiment.jobs import Job, JobOutcome, SharedProblem, processes, scratch
from lrbench.experiment.jobs.base import Serial, run_job
from lrbench.experiment.jobs.processes import Processes
from lrbench.results import Result, Status


@pytest.fixture(scope="module")
def reference() -> Result:
    return swept(plan(), Serial())


@pytest.mark.slow
def test_worker_processes_give_the_same_bits(reference: Result) -> None:
    assert_same(reference, swept(plan(), Processes(2, patience=0.0)))


def test_what_is_done_soon_starts_no_process(
    reference: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joblib.Parallel", None)
    assert_same(reference, swept(plan(), Processes(2, patience=1e9)))


@pytest.mark.parametrize("lane_block", [8, 16])
def test_the_width_of_lane_blocks_changes_no_bit(reference: Result, lane_block: int) -> None:
    assert_same(reference, swept(plan(lane_block=lane_block)))


def test_the_order_of_solvers_and_of_lr0_changes_no_bit(reference: Result) -> None:
    changed = plan(solvers=["adagrad-norm", "sgd", "wngrad"], lr0=["1e3", "1e-2:1e3:11"])
    assert_same(reference, swept(changed), only=["sgd", "wngrad[order=current]"])


def test_a_lane_alone_has_the_bits_of_a_lane_beside_others(reference: Result) -> None:
    alone = by_cell(swept(plan(lr0=[10.0])))
    beside = by_cell(reference)
    for cell, run in alone.items():
        assert run.trace["objective"].tobytes() == beside[cell].trace["objective"].tobytes()


@pytest.mark.slow
def test_a_worker_that_dies_twice_is_a_row_and_takes_no_other_with_it(reference: Result) -> None:
    the = with_deadly(plan(), Deadly(os.getpid()))
    result = swept(the, Processes(2, patience=0.0))
    lost = [r for r in result.problems[0].runs if r.solver.name == "deadly"]
    assert len(lost) == 2 * 11
    assert {r.status for r in lost} == {Status.FAILED}
    assert all("worker died twice" in (r.error or "") for r in lost)
    assert_same(reference, result, only=["sgd", "wngrad[order=current]"])


@pytest.mark.slow
def test_a_seed_whose_workers_die_takes_no_other_of_its_job_with_it() -> None:
    def lost(executor: Processes | None, parent: int | None) -> set[int]:
        the = plan(solvers=["sgd"], lr0=[3.0], batch_size=4, replicates=16)
        result = swept(with_deadly(the, Touchy(3.0, parent)), executor)
        return {r.seed for r in result.problems[0].runs if r.status is Status.FAILED}

    alone = lost(None, None)
    assert 0 < len(alone) < 16
    assert lost(Processes(2, patience=0.0), os.getpid()) == alone


@pytest.mark.slow
def test_a_worker_that_dies_once_is_tried_again(tmp_path: Path) -> None:
    the = with_deadly(plan(replicates=1), Deadly(os.getpid(), str(tmp_path / "died")))
    result = swept(the, Processes(2, patience=0.0))
    assert (tmp_path / "died").exists()
    survived = by_cell(result)
    # The steps of a solver of the user are those of NumPy.
    reference = swept(plan(replicates=1, runner="numpy"), Serial())
    plain = {c: r for c, r in by_cell(reference).items() if c[0] == "sgd"}
    assert len(plain) == 11
    for (_, lr0, seed), run in plain.items():
        again = survived["deadly", lr0, seed]
        assert again.status == run.status
        assert again.trace["objective"].tobytes() == run.trace["objective"].tobytes()


class StopsAfterOne:
    """An executor during which a signal comes after the first job."""

    def __init__(self, inner: Processes) -> None:
        self.inner = inner
        self.workers = inner.workers

    def __call__(
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, JobOutcome]]:
        for k, ended in enumerate(self.inner(jobs, shared_problems, control)):
            if k == 0:
                control.keep_results()
                signal.raise_signal(signal.SIGINT)
            yield ended


@pytest.mark.slow
def test_after_a_signal_every_cell_is_a_row(reference: Result) -> None:
    with Control() as control:
        result = swept(plan(replicates=6), StopsAfterOne(Processes(2, patience=0.0)), control)
    cells = by_cell(result)
    assert len(cells) == 6 * 2 * 11
    counted = [r.status for r in cells.values()]
    assert Status.INTERRUPTED in counted
    finished = {c: r for c, r in cells.items() if r.status is not Status.INTERRUPTED}
    assert len(finished) >= 11
    for cell, run in by_cell(reference).items():
        if cell in finished:
            assert finished[cell].trace["objective"].tobytes() == run.trace["objective"].tobytes()


def test_a_deadline_that_is_over_leaves_every_cell_as_it_is() -> None:
    result = swept(plan(), Processes(2, patience=0.0), Control(timeout=1e-9))
    assert {r.status for r in by_cell(result).values()} == {Status.INTERRUPTED}


@pytest.mark.slow
def test_signals_reach_the_command_and_not_its_workers() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    the = with_deadly(plan(replicates=1), Shielded(os.getpid()))
    errors = {run.error for run in by_cell(swept(the, Processes(2, patience=0.0))).values()}
    assert errors == {None}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


@pytest.mark.slow
def test_a_killed_command_leaves_no_worker_and_no_file(tmp_path: Path) -> None:
    places = {name: str(tmp_path) for name in ("TMPDIR", "JOBLIB_TEMP_FOLDER")}
    child = subprocess.Popen(
        [sys.executable, "-c", "import job_problems; job_problems.endless()"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **places, "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert child.stderr is not None
    assert child.stderr.readline() == b"working\n"  # not on stdout, which is for results
    assert list(tmp_path.iterdir()) != []
    child.kill()
    child.communicate(timeout=100)  # until nobody holds its streams any more
    assert list(tmp_path.iterdir()) == []


KILLED = """
import _posixsubprocess, os, signal, sys
import job_problems

left, start = int(sys.argv[1]), _posixsubprocess.fork_exec

def start_and_die(*args):
    global left
    pid = start(*args)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return pid

_posixsubprocess.fork_exec = start_and_die
job_problems.endless()
"""


@pytest.mark.slow
@pytest.mark.parametrize("n_started", [1, 2, 3, 4])  # two trackers and two workers
def test_a_command_killed_while_its_workers_start_leaves_none(
    n_started: int, tmp_path: Path
) -> None:
    places = {name: str(tmp_path) for name in ("TMPDIR", "JOBLIB_TEMP_FOLDER")}
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(n_started)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **places, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    child.communicate(timeout=100)  # until nobody holds its streams any more
    assert child.returncode == -signal.SIGKILL
    assert list(Path("/dev/shm").glob(f"sem.loky-{child.pid}-*")) == []
    # The first tracker did not yet know of the folder: then the next command deletes it.
    scratch._sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_folders_of_dead_commands_are_swept_and_no_other(tmp_path: Path) -> None:
    dead, empty, alien = (tmp_path / name for name in ("lrbench-dead", "lrbench-new", "other"))
    for folder in (dead, empty, alien):
        folder.mkdir()
    (dead / scratch.LOCK).write_text("0")
    (dead / "arrays").write_bytes(b"left")
    (tmp_path / "lrbench-link").symlink_to(alien)
    alive, lock = scratch._locked_folder(tmp_path)
    scratch._sweep(tmp_path)
    assert set(tmp_path.iterdir()) == {alive, empty, alien, tmp_path / "lrbench-link"}
    os.close(lock)
    os.utime(empty, (0, 0))
    scratch._sweep(tmp_path)
    assert set(tmp_path.iterdir()) == {alien, tmp_path / "lrbench-link"}


ISOLATED = """
from lrbench.experiment.jobs import processes
processes.Processes.__init__.__defaults__ = (0.0,)
from lrbench.cli.main import main
main()
"""


@pytest.mark.slow
def test_no_file_of_the_current_folder_is_run(tmp_path: Path) -> None:
    (tmp_path / "script").mkdir()
    script = tmp_path / "script" / "lrbench_script.py"  # its folder is the first that is searched
    script.write_text(ISOLATED)
    here = tmp_path / "here"
    here.mkdir()
    marks = tmp_path / "marks"
    requires = metadata.requires("lrbench") or []
    names = {re.split(r"[^\w-]", text)[0].replace("-", "_") for text in requires}
    for name in {*names, *sys.stdlib_module_names, "sklearn", "lrbench", "__editable__"}:
        (here / f"{name}.py").write_text(f"open({str(marks)!r}, 'a').write('{name} ')\n")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    words = ["sweep", "-p", "log-spectrum", "--batch-size=4", "-n30", "-r2", "-j2", "-q"]
    done = subprocess.run(
        [sys.executable, str(script), *words],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not marks.exists(), marks.read_text()
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_a_seed_is_not_blamed_for_a_pool_that_breaks_at_its_start(
    reference: Result, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    died = tmp_path / "died"
    submit = processes._Pool._submit

    def breaking(self: Any, calls: Iterator[Any], *args: Any) -> Any:
        if died.exists() and not (tmp_path / "again").exists():  # the first pool after that
            (tmp_path / "again").touch()
            calls = iter([delayed(job_problems.killed)()])
        return submit(self, calls, *args)

    monkeypatch.setattr(processes._Pool, "_submit", breaking)
    the = with_deadly(plan(replicates=1), Deadly(os.getpid(), str(died)))
    result = swept(the, Processes(2, patience=0.0))
    assert (tmp_path / "again").exists()
    assert {run.error for run in by_cell(result).values()} == {None}


@pytest.mark.slow
def test_no_room_for_the_shared_data_is_said() -> None:
    with room_per_file(100_000), pytest.raises(LrbenchError, match="cannot be shared") as caught:
        swept(plan(), Processes(2, patience=0.0))
    assert "--jobs 1" in caught.value.hint


def test_what_is_raised_around_a_solver_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*args: object, **more: object) -> None:
        raise MemoryError

    monkeypatch.setattr(engine, "run_lanes", no_room)
    runs = by_cell(swept(plan())).values()
    assert len(runs) == 2 * 2 * 11
    assert {(run.status, run.error) for run in runs} == {(Status.FAILED, "MemoryError")}


@pytest.mark.parametrize(("patience", "here"), [(0.0, 0), (0.5, 0), (2.0, 1), (10.0, 4)])
def test_workers_start_where_the_first_seed_says_that_it_takes_long(
    patience: float, here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By this clock a step and each part of the check of a leg take 10 ms: a seed of 72 steps takes
    # between 1 and 2 s, all four of them less than 10 s. Steps of NumPy look at it each; compiled
    # ones look once a call.
    monkeypatch.setenv("LRBENCH_COMPILED", "0")
    reference = swept(plan())
    now = itertools.count(0.0, 0.01)
    left: list[Job] = []

    def drained(self: Any, jobs: Sequence[Job]) -> Iterator[tuple[Job, JobOutcome]]:
        left.extend(jobs)
        return (
            (job, run_job(job, self._shared[job.problem_index], lambda t: False)) for job in jobs
        )

    clock = SimpleNamespace(monotonic=lambda: next(now))
    monkeypatch.setattr(processes, "time", clock)
    monkeypatch.setattr(processes._Pool, "drain", drained)
    assert_same(reference, swept(plan(), Processes(2, patience)))
    assert sum(len(job.lanes) for job in left) == 4 - here
