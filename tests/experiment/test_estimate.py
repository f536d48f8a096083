from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from lrbench.engine import run as engine
from lrbench.engine.control import Control
from lrbench.engine.job import Job, SharedProblem
from lrbench.errors import UsageError
from lrbench.experiment import estimate as estimate_module
from lrbench.experiment.estimate import TIMED_STEPS, estimate
from lrbench.experiment.jobs.blocks import jobs_of
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import prepare
from lrbench.problem_files import load_spec
from lrbench.results import Run


def test_counts() -> None:
    plan = Plan(
        solvers=["wngrad", "sgd"], lr0=["1e-2:1e2:5"], batch_size=64, passes=3.0, replicates=4
    )
    (e,) = estimate(plan, [load_spec("logreg")], Control())
    assert e.cells == 2 * 5 * 4
    assert e.iterations == math.ceil(3 * 569 / 64)
    assert e.passes == pytest.approx(e.iterations * 64 / 569)
    assert e.solver_seconds > 0
    assert e.evaluation_seconds > 0
    assert e.memory_bytes > 569 * 30 * 8


@pytest.mark.parametrize("replicates", [1, 2, 12])
@pytest.mark.parametrize("n_solvers", [1, 8])
def test_as_many_seeds_are_timed_together_as_go_together(
    replicates: int, n_solvers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    solvers = [f"adagrad-norm[eta={k + 1}]" for k in range(n_solvers)]
    plan = Plan(solvers, "1:10:2", batch_size=64, passes=1, replicates=replicates, sweep=True)
    p = prepare(load_spec("logreg"), plan, None, Control())
    wanted = [(k, seed, p.lanes[k]) for seed in plan.seeds for k in range(n_solvers)]
    jobs = list(jobs_of(p, 0, plan, wanted, workers=1, keep_iterates=False))
    timed: list[int] = []
    run = engine.run_lanes

    def noted(job: Job, shared: SharedProblem, stop: Callable[[int], bool]) -> list[Run]:
        timed.append(len(job.lanes))
        return run(job, shared, stop)

    monkeypatch.setattr(engine, "run_lanes", noted)
    estimate(plan, [load_spec("logreg")], Control())
    assert timed == [max(len(job.lanes) for job in jobs)] * n_solvers


def test_a_solver_without_a_callback_is_run_for_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def timed(*args: Any) -> estimate_module._Timed:
        return estimate_module._Timed(2.0, 0.0, 1)

    monkeypatch.setattr(estimate_module, "_timed", timed)
    seconds = []
    for solver in ("outside:saga", "outside:lbfgs"):
        plan = Plan(solver, 1.0, iterations=20, checkpoints_per_decade=1)
        (e,) = estimate(plan, [load_spec("logreg")], Control())
        seconds.append(e.solver_seconds)
    assert seconds == [2.0 * (1 + 2 + 5 + 10 + 20), 2.0 * 20]


@pytest.mark.parametrize(("long", "rows"), [(math.inf, 1 + 1 + TIMED_STEPS), (0.0, 1 + 2)])
def test_of_long_steps_no_more_are_timed_than_give_a_duration(
    long: float, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []
    run = engine.run_lanes

    def noted(job: Job, shared: SharedProblem, stop: Callable[[int], bool]) -> list[Run]:
        runs = run(job, shared, stop)
        lengths.extend(len(r.trace["seconds"]) for r in runs)
        return runs

    monkeypatch.setattr(engine, "run_lanes", noted)
    monkeypatch.setattr("lrbench.experiment.estimate.LONG_SECONDS", long)
    (e,) = estimate(Plan(["wngrad"], "1:10:2"), [load_spec("logreg")], Control())
    assert lengths == [rows, rows]
    assert e.solver_seconds > 0.0


def test_long_steps_on_minibatches_have_a_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    # Many of them are made in one call where they are compiled.
    monkeypatch.setattr("lrbench.experiment.estimate.LONG_SECONDS", 0.0)
    (e,) = estimate(Plan(["wngrad"], "1:10:2", batch_size=8), [load_spec("logreg")], Control())
    assert e.solver_seconds > 0.0


def test_a_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(UsageError, match="--batch-size"):
        estimate(Plan(batch_size=570), [load_spec("logreg")], Control())
