"""A real Dask scheduler and two workers on the loopback."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from job_problems import Deadly, assert_same, by_cell, plan, swept, with_deadly

from lrbench.cache.source_hash import package_hash
from lrbench.engine.control import STOPPING, Control
from lrbench.errors import LrbenchError
from lrbench.experiment.jobs import Job, JobOutcome, SharedProblem, cluster_jobs, halt
from lrbench.experiment.jobs import cluster as module
from lrbench.experiment.jobs.cluster import Cluster
from lrbench.results import Status

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@dataclass
class Running:
    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


def started(name: str, *args: str, **environment: str) -> subprocess.Popen[bytes]:
    here = str(Path(__file__).parent)
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{name}", *args, "--no-dashboard"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": here, **environment},
    )


def said(process: subprocess.Popen[bytes], what: str) -> str:
    """Read what a process says until it says this; return the line."""
    assert process.stderr is not None
    for line in process.stderr:
        if what in line.decode():
            return line.decode()
    raise AssertionError(f"it ended without saying {what!r}")


@contextlib.contextmanager
def dask(n_workers: int = 2, **environment: str) -> Iterator[Running]:
    """Start a scheduler and workers; stop them at the end of the block."""
    processes = [started("scheduler", "--host", "127.0.0.1", "--port", "0", **environment)]
    try:
        address = said(processes[0], "Scheduler at:").split()[-1]
        for _ in range(n_workers):
            worker = started("worker", address, "--no-nanny", "--nthreads", "1", **environment)
            processes.append(worker)
        for worker in processes[1:]:
            said(worker, "Registered to:")
        yield Running(address, processes[0], processes[1:])
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.fixture
def running() -> Iterator[Running]:
    with dask() as found:
        yield found


@contextlib.contextmanager
def nannied(address: str) -> Iterator[None]:
    """Run two workers that a nanny starts again when they die."""
    nannies = started("worker", address, "--nworkers", "2", "--nthreads", "1")
    try:
        for _ in range(2):
            said(nannies, "Registered to:")
        yield
    finally:
        nannies.terminate()
        nannies.communicate()


class KillsAWorker:
    """A cluster one of whose workers is killed after the second job."""

    def __init__(self, running: Running) -> None:
        self.inner = Cluster(running.address)
        self.workers = self.inner.workers
        self.running = running

    def __call__(
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, JobOutcome]]:
        for k, ended in enumerate(self.inner(jobs, shared_problems, control)):
            if k == 1:
                self.running.workers[0].kill()
            yield ended


def test_a_cluster_that_loses_a_worker_gives_the_bits_of_a_local_run(running: Running) -> None:
    the = plan(replicates=6)
    assert_same(swept(the), swept(the, KillsAWorker(running)))


RULE = """
import lrbench
@lrbench.rate_rule(init=lambda lr0: 1.0 / lr0)
def growth(b, grad_norm_sq, c=1.0):
    print("a line that is no result")
    b = b + c * grad_norm_sq / b
    return b, 1.0 / b
"""


def test_a_rule_in_a_file_runs_on_workers_that_do_not_have_it(
    running: Running, tmp_path: Path
) -> None:
    (tmp_path / "rule.py").write_text(RULE)
    the = plan(solvers=[str(tmp_path / "rule.py"), "wngrad"])
    (tmp_path / "rule.py").unlink()
    result = swept(the, Cluster(running.address))
    assert_same(swept(the), result)
    runs = by_cell(result)
    of_rule = [run for run in runs.values() if run.solver.name == "growth"]
    of_wngrad = [run for run in runs.values() if run.solver.name == "wngrad"]
    for mine, built_in in zip(of_rule, of_wngrad, strict=True):
        assert mine.status is built_in.status
        np.testing.assert_allclose(mine.trace["objective"], built_in.trace["objective"], rtol=1e-9)


def test_a_signal_stops_the_workers_and_every_cell_is_a_row(running: Running) -> None:
    class Stopped(Control):
        asked = 0

        def __call__(self, t: int) -> bool:
            self.asked += 1
            self.timed_out = self.asked > 2
            return self.stopped

    endless = plan(passes=1e6, replicates=2, target=1e-300)
    result = swept(endless, Cluster(running.address), Stopped())
    (problem,) = result.problems
    assert len(problem.runs) == 2 * 2 * 11
    assert Status.INTERRUPTED in {r.status for r in problem.runs}


def test_nobody_at_the_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 1.0)
    with pytest.raises(LrbenchError, match="no Dask scheduler answers"):
        swept(plan(), Cluster("tcp://127.0.0.1:9"))


def test_workers_of_another_lrbench_are_refused(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = package_hash()

    def elsewhere() -> str:
        return "another" if os.getpid() == parent else ours

    parent = os.getpid()
    monkeypatch.setattr(module, "package_hash", elsewhere)
    with pytest.raises(LrbenchError, match="runs another lrbench"):
        swept(plan(), Cluster(running.address))


def test_workers_without_lrbench_are_refused(tmp_path: Path) -> None:
    (tmp_path / "lrbench").mkdir()
    code = "raise ModuleNotFoundError('there is no lrbench')"
    (tmp_path / "lrbench" / "__init__.py").write_text(code, encoding="utf-8")
    without = {"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"}
    why = "cannot import lrbench: ModuleNotFoundError"
    with dask(1, **without) as found, pytest.raises(LrbenchError, match=why):
        swept(plan(), Cluster(found.address))


def test_a_job_that_kills_its_workers_is_a_row_and_no_other_is_lost() -> None:
    the = with_deadly(plan(replicates=2), Deadly(os.getpid()))
    failures = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    with dask(0, **failures) as found, nannied(found.address):
        result = swept(the, Cluster(found.address))
    (problem,) = result.problems
    lost = [r for r in problem.runs if r.solver.name == "deadly"]
    assert len(lost) == 2 * 11
    assert {r.status for r in lost} == {Status.FAILED}
    assert all("its worker was lost" in (r.error or "") for r in lost)
    assert_same(swept(plan(replicates=2)), result, only=["sgd", "wngrad[order=current]"])


def test_a_cluster_that_loses_all_its_workers_leaves_rows(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_die(client: object, control: Control) -> None:
        for worker in running.workers:
            worker.kill()
            worker.wait()

    monkeypatch.setattr(cluster_jobs, "STOP_SECONDS", 1.0)
    monkeypatch.setattr(module, "_check_sources", all_die)
    result = swept(plan(), Cluster(running.address))
    assert {r.status for r in result.problems[0].runs} == {Status.INTERRUPTED}
    assert len(result.problems[0].runs) == 2 * 2 * 11
    ((_, error),) = result.failures
    assert error.message.endswith("was lost: it has no worker left.")


class Hits:
    """A cluster of which a process is sent a signal after the first job."""

    def __init__(self, running: Running, process: subprocess.Popen[bytes], number: int) -> None:
        self.inner = Cluster(running.address)
        self.workers = self.inner.workers
        self.process, self.number = process, number

    def __call__(
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, JobOutcome]]:
        for k, ended in enumerate(self.inner(jobs, shared_problems, control)):
            if k == 0:
                self.process.send_signal(self.number)
            yield ended


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_scheduler_that_is_lost_leaves_what_was_finished(
    number: int,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("STOP_SECONDS", "ANSWER_SECONDS"):
        monkeypatch.setattr(cluster_jobs, name, 1.0)
    the = plan(passes=20, replicates=40, target=1e-300)
    result = swept(the, Hits(running, running.scheduler, number))
    counted = Counter(r.status for r in result.problems[0].runs)
    assert len(result.problems[0].runs) == 40 * 2 * 11
    assert counted[Status.INTERRUPTED] > 0
    assert len(counted) > 1
    ((_, error),) = result.failures
    assert "was lost: its scheduler" in error.message
    assert "--store" in error.hint
    assert capfd.readouterr() == ("", "")  # nothing of Dask's own


def test_a_worker_that_is_stopped_does_not_keep_a_stopped_command(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_jobs, "STOP_SECONDS", 1.0)
    monkeypatch.setattr(cluster_jobs, "ANSWER_SECONDS", 1.0)

    class Stopped(Control):
        asked = 0

        def __call__(self, t: int) -> bool:
            self.asked += 1
            if self.asked == 5:
                running.workers[0].send_signal(signal.SIGSTOP)
            self.timed_out = self.asked > 10
            return self.stopped

    endless = plan(passes=1e6, replicates=2, target=1e-300)
    result = swept(endless, Cluster(running.address), Stopped())
    assert Status.INTERRUPTED in {r.status for r in result.problems[0].runs}
    assert result.failures == ()


def test_jobs_that_end_after_a_stop_do_not_prolong_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now, calls = [50.0], []
    monkeypatch.setattr(cluster_jobs, "time", SimpleNamespace(monotonic=lambda: now[0]))

    class Stopped(Control):
        def __call__(self, t: int) -> bool:
            self.timed_out = now[0] > 60.0
            return self.stopped

    class Client:
        status = "running"
        as_current = contextlib.nullcontext

        def run(self, call: object, token: str) -> None:
            calls.append((now[0], call))

        def nthreads(self) -> dict[str, int]:
            return {"tcp://127.0.0.1:1": 1}

    def wait(futures: Sequence[int], *_: object) -> SimpleNamespace:
        now[0] += 7.0
        if futures[0] % 3 == 1 and now[0] % 2:  # then no job has ended
            raise TimeoutError
        return SimpleNamespace(done=futures[:1])

    monkeypatch.setattr("distributed.wait", wait)
    pending: Any = dict.fromkeys(range(100))
    ended = []
    for future in cluster_jobs.Workers(Client(), (), Stopped())._as_they_end(pending):
        del pending[future]
        ended.append((now[0], future))
    assert ended == [(57.0, 0), (64.0, 1), (71.0, 2), (78.0, 3), (92.0, 4), (99.0, 5)]
    assert calls == [(64.0, halt.call_off)]
    assert now == [99.0]  # the first wait to end 30 s or more after 64


@contextlib.contextmanager
def listening(answer: bytes | None) -> Iterator[str]:
    """Listen at a port, and answer nothing, or this; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        if answer is not None:
            threading.Thread(target=serve, args=(server, answer), daemon=True).start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


def serve(server: socket.socket, answer: bytes) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = server.accept()
            connection.sendall(answer)
            connection.close()


ANSWERS = [None, b"", b"HTTP/1.0 400 Bad Request\r\n\r\n<html></html>", bytes(range(256)) * 40]


@pytest.mark.parametrize("answer", ANSWERS, ids=["mute", "closing", "http", "noise"])
def test_whatever_listens_at_the_address_is_no_scheduler(
    answer: bytes | None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 1.0)
    with (
        listening(answer) as address,
        pytest.raises(LrbenchError, match="no Dask scheduler answers"),
    ):
        swept(plan(), Cluster(address))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("number", STOPPING)
def test_one_signal_ends_a_command_that_waits_for_a_mute_port(number: int) -> None:
    with listening(None) as address:
        words = ["sweep", "-p", "log-spectrum", "-n", "9", "--executor", "dask", "--scheduler"]
        child = subprocess.Popen(
            [sys.executable, "-c", ANNOUNCED, *words, address],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert child.stderr is not None
        assert child.stderr.readline() == b"waiting\n"  # stdout is for results
        child.send_signal(number)
        _, err = child.communicate(timeout=100)
    assert child.returncode == 128 + number, err
    assert b"interrupted: " in err
    assert b"Traceback" not in err


ANNOUNCED = """
import sys
from lrbench.experiment.jobs import cluster
cluster.CONNECT_SECONDS = 1e6
within = cluster.within
def announced(seconds, control, call):
    print("waiting", flush=True)
    return within(seconds, control, call)
cluster.within = announced
from lrbench.cli.main import main
main(sys.argv[1:])
"""


def test_the_time_that_is_left_travels_and_no_time_of_day(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])  # without any time of day
    monkeypatch.setattr(halt, "time", clock)
    sent = halt.Halt(60.0)
    now[0] += 20.0
    packed = pickle.dumps(sent)
    now[0] = 5.0  # another machine, which was started a moment ago
    received = pickle.loads(packed)
    assert not received(0)
    now[0] += 39.0
    assert not received(1)
    now[0] += 1.1
    assert received(2)
