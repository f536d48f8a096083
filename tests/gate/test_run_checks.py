"""Checks that are run: a closed form, baselines, runs that are not stable, stops, errors."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gate_runs import cut_at, made_check, made_run

import lrbench
from lrbench.cache.folder import cache_dir
from lrbench.engine.control import Control
from lrbench.errors import RefutedError, UsageError
from lrbench.experiment.jobs import Job, SharedProblem
from lrbench.experiment.jobs.base import Serial
from lrbench.gate import Check, CheckOutcome, Gate
from lrbench.gate.baseline import Baseline, load_baselines, save_baselines
from lrbench.gate.paired import TOLERANCE, Allowance
from lrbench.gate.run_checks import NoBaselineError, unstable_seeds, with_moved_start
from lrbench.objective.linear.problem import LinearProblem
from lrbench.plan.prepare import Prepared, prepare
from lrbench.problem_files import load_spec
from lrbench.results import Run, Status


def outcome(check: Check, **gate: Any) -> CheckOutcome:
    (found,) = Gate(Control(), **gate).run([check])
    return found


def baseline_of(check: Check) -> dict[str, Baseline]:
    gate = Gate(Control(), save=frozenset({check.name}))
    (found,) = gate.run([check])
    assert found.passed, found.findings
    return gate.baselines


def closed_form(steps: int) -> float:
    """F - f* of gradient descent with lr0 = 1/(2L) on eigenvalues log-spaced from 1e-6 to 1."""
    eigenvalues = [10 ** (-6 + 6 * k / 59) for k in range(60)]
    start = lrbench.run("log-spectrum", solvers="gd", lr0="1/L", iterations=1).problems[0]
    gap0 = float(start.runs[0].trace["suboptimality"][0])
    weights = sum(eigenvalues)
    shrunk = sum(v * (1 - v / 2) ** (2 * steps) for v in eigenvalues)
    return gap0 * shrunk / weights


def test_the_numbers_are_those_of_the_closed_form() -> None:
    value = closed_form(20)
    good = made_check(f"suboptimality <= {value * 1.0001}", f"suboptimality >= {value * 0.9999}")
    assert outcome(good).passed
    assert outcome(made_check(f"suboptimality <= {value * 0.9999}")).verdict == "FAIL"
    assert outcome(made_check("bound = pass")).passed
    assert outcome(made_check("bound = pass", lr0="2.1/L")).verdict != "PASS"


def test_what_cannot_be_judged_does_not_pass() -> None:
    check = made_check("bound[theorem=W3] = pass")
    found = outcome(check)
    assert (found.verdict, found.passed) == ("INCONCLUSIVE", False)
    assert outcome(replace(check, allow_inconclusive=True)).passed


def test_allowing_the_inconclusive_lets_no_failure_pass() -> None:
    check = made_check("bound[theorem=W3] = pass", "rate >= 50", allow_inconclusive=True)
    assert not outcome(check).passed


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"solvers": ["wngrad", "adagrad-norm"], "lr0": "0.5/L"},
        {"lr0": 0.5, "batch_size": 4, "passes": 2, "iterations": None, "replicates": 3},
        {"spec": load_spec("svm"), "solvers": ["sgd-sqrt"], "lr0": 1.0},  # without an L
    ],
)
def test_clean_code_reproduces_its_baseline(changes: dict[str, Any], tmp_path: Path) -> None:
    check = made_check(baseline=True, **changes)
    save_baselines(tmp_path / "b.jsonl", baseline_of(check))
    found = outcome(check, baselines=load_baselines(tmp_path / "b.jsonl"))
    assert found.passed, found.findings
    assert not found.notes


def test_a_step_that_is_longer_by_1e_5_is_seen() -> None:
    entries = baseline_of(made_check(baseline=True, lr0=0.5))
    lanes = tuple(replace(lane, lr0=0.500005) for lane in entries["a"].lanes)
    longer = made_check(baseline=True, lr0=0.500005)
    entries = {"a": replace(entries["a"], lanes=lanes, plan=longer.about)}
    found = outcome(longer, baselines=entries)
    assert found.verdict == "FAIL"
    trajectory = found.findings[-1].trajectory
    assert trajectory is not None
    assert trajectory.parts_at == 1


def test_unstable_lanes_are_told_and_not_gated() -> None:
    check = made_check(baseline=True, lr0=["0.5/L", "5/L"])
    entries = baseline_of(check)
    assert [bool(lane.seeds) for lane in entries["a"].lanes] == [True, False]
    found = outcome(check, baselines=entries)
    assert found.passed
    (note,) = found.notes
    assert "not gated: sgd, lr0 = 5" in note
    wild = made_check(baseline=True, lr0="5/L")
    gate = Gate(Control(), save=frozenset("a"))
    (saved,) = gate.run([wild])
    assert saved.verdict == "INCONCLUSIVE"
    assert outcome(wild, baselines=gate.baselines).verdict == "INCONCLUSIVE"


def test_a_missing_baseline_says_how_it_is_made_and_runs_nothing() -> None:
    found = outcome(made_check(baseline=True), remedy="make {}".format, executor=Never())
    assert isinstance(found.cause, NoBaselineError)
    assert (found.cause.exit_code, found.hint, found.passed) == (
        3,
        "make it, and review it: make a.",
        False,
    )


def test_one_check_that_cannot_be_run_leaves_the_others() -> None:
    bad = made_check("rate >= 0", batch_size=10**6, name="b")
    found = list(Gate(Control()).run([bad, made_check("bound = pass")]))
    assert [o.passed for o in found] == [False, True]
    assert isinstance(found[0].cause, UsageError)


class Never(Serial):
    def __call__(self, *_: Any) -> Iterator[Any]:
        raise AssertionError("it was run")


class Stops(Serial):
    """Stops the command, as a signal would, before the jobs of the second check."""

    def __init__(self, **stopped: Any) -> None:
        self.stopped, self.times = stopped, 0

    def __call__(
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[Any]:
        self.times += 1
        if self.times == 2:
            vars(control).update(self.stopped)
        yield from super().__call__(jobs, shared_problems, control)


def three() -> list[Check]:
    return [made_check("bound = pass", name=name) for name in "abc"]


def test_after_a_signal_only_what_was_done_is_judged() -> None:
    gate = Gate(Control(), executor=Stops(signal=signal.SIGINT))
    assert [o.name for o in gate.run(three())] == ["a"]


def test_a_baseline_is_never_made_of_runs_that_were_cut_short() -> None:
    checks = [made_check(baseline=True, name=name) for name in "ab"]
    for stopped in ({"signal": signal.SIGINT}, {"timed_out": True}):
        gate = Gate(Control(), executor=Stops(**stopped), save=frozenset("ab"))
        list(gate.run(checks))
        assert list(gate.baselines) == ["a"]


def test_a_check_that_runs_out_of_time_leaves_the_others() -> None:
    found = list(Gate(Control(), executor=Stops(timed_out=True)).run(three()))
    assert [o.passed for o in found] == [True, False, True]
    assert "stopped" in found[1].error


def test_the_timeout_of_a_check_counts() -> None:
    found = outcome(made_check("bound = pass", iterations=10**12, timeout=1e-3))
    assert "stopped" in found.error


def test_a_refuted_minimum_is_an_error() -> None:
    found = outcome(made_check("rate >= 0", f_star=100.0))
    assert isinstance(found.cause, RefutedError)


STRICT = Allowance(TOLERANCE, 0.0)


def why(run: Run, moved: Run, *, smooth: bool = True) -> str:
    return unstable_seeds([run], [moved], smooth, STRICT).get(0, "")


def test_a_run_that_stays_the_same_is_stable() -> None:
    assert why(made_run(), made_run()) == ""


@pytest.mark.parametrize(
    ("run", "moved", "reason"),
    [
        (made_run(status=Status.DIVERGED), made_run(), "diverged"),
        (made_run(status=Status.FAILED, trace={}), made_run(), "failed"),
        (made_run(), cut_at(made_run(), 50, Status.REACHED_TARGET), "how it ends"),
        (made_run(), made_run(lambda t: (1 + 2e-7) / max(t, 1.0)), "last bit"),
        (made_run(columns={"stable_from": np.full(12, np.nan)}), made_run(), "above 1/L"),
    ],
)
def test_what_is_not_stable(run: Run, moved: Run, reason: str) -> None:
    assert reason in why(run, moved)


def test_without_an_L_only_the_last_bit_counts() -> None:
    run = made_run(columns={"stable_from": np.full(12, np.nan)})
    assert why(run, made_run(), smooth=False) == ""


def test_a_seed_is_stable_within_a_tenth_of_the_tolerance() -> None:
    for by, stable in ((0.8e-7, True), (1.6e-7, False), (-0.8e-7, True), (-1.6e-7, False)):
        for row in (1, 4, 11):  # T = 1, 5 and 100
            column = np.linspace(0.9, 0.4, 12)
            moved = column.copy()
            moved[row] += by * column[row]
            run, other = (made_run(columns={"suboptimality": c}) for c in (column, moved))
            reason = why(run, other)
            size = f"{abs(float(f'{moved[row]:.8g}') - float(f'{column[row]:.8g}')):.1e}"
            expected = "" if stable else f"the last bit of the start changes it by {size}"
            assert reason == expected
            average = {"suboptimality_average": column}, {"suboptimality_average": moved}
            run, other = (made_run(columns=columns) for columns in average)
            assert bool(why(run, other)) is not stable


def test_the_last_lr_decides_and_is_named() -> None:
    lr, stable_from = np.linspace(3.0, 0.625, 12), np.arange(12.0)
    wild = {"lr": lr, "stable_from": np.where(stable_from < 11, stable_from, np.nan)}
    run = made_run(columns=wild)
    assert why(run, run) == "the last lr, 0.625, is above 1/L"
    tame = made_run(columns={"lr": lr, "stable_from": np.where(stable_from < 11, np.nan, 3.0)})
    assert why(tame, tame) == ""
    cut = cut_at(made_run(), 50, Status.INTERRUPTED)
    assert why(cut, cut) == "interrupted"
    assert why(made_run(), made_run(status_at=99)) == (
        "the last bit of the start changes how it ends"
    )


def test_each_seed_is_compared_with_its_own_run_from_the_moved_start() -> None:
    gaps = {k: np.linspace(1.0 + k, 0.1 * k, 12) for k in (3, 5, 7)}
    runs = [made_run(columns={"suboptimality": gap}, seed=k) for k, gap in gaps.items()]
    assert unstable_seeds(runs, runs[::-1], True, STRICT) == {}
    moved = [runs[0], replace(runs[1], trace=runs[2].trace), runs[2]]
    assert list(unstable_seeds(runs, moved, True, STRICT)) == [5]


@pytest.mark.parametrize("n_features", [1, 4, 9])
@pytest.mark.parametrize("distance", [None, 6.0, 1e-3])
def test_the_moved_start_is_one_bit_away(n_features: int, distance: float | None) -> None:
    problem = prepared(n_features, distance)
    moved = with_moved_start(problem).problem.w0
    size = 1.0 if distance is None else distance / math.sqrt(n_features)
    by = np.finfo(np.float64).eps * np.maximum(np.abs(problem.problem.w0), size)
    # To the last bit of what it is added to.
    off = np.abs(np.abs(moved - problem.problem.w0) - by)
    assert np.all(off <= np.spacing(np.abs(problem.problem.w0)))
    assert np.array_equal(moved, with_moved_start(problem).problem.w0)
    assert moved[0] != problem.problem.w0[0]
    if n_features == 9 and distance == 6.0:
        assert set(np.sign(moved - problem.problem.w0)) == {-1.0, 1.0}


def prepared(n_features: int, distance: float | None) -> Prepared:
    """A problem whose start is 0, 1, 2, ... up to a sign, at this distance from w*."""
    check = made_check("rate >= 0")
    p = prepare(check.spec, check.plan, cache_dir(), Control())
    w0 = np.arange(n_features) * (-1.0) ** np.arange(n_features)
    constants = replace(p.constants, distance=distance)
    assert isinstance(p.problem, LinearProblem)
    return replace(p, problem=replace(p.problem, w0=w0), constants=constants)


def test_notes_count_the_seeds_that_are_not_gated() -> None:
    check = made_check(baseline=True, lr0=0.5, batch_size=4, replicates=3)
    entries = baseline_of(check)
    (lane,) = entries["a"].lanes
    assert len(lane.seeds) == 3

    def notes(*unstable: int) -> list[str]:
        keep = [k for k, seed in enumerate(lane.seeds) if seed not in unstable]
        fewer = replace(
            lane,
            seeds=tuple(lane.seeds[k] for k in keep),
            unstable={str(seed): f"why {seed}" for seed in unstable},
            statuses=tuple(lane.statuses[k] for k in keep),
            gradients=tuple(lane.gradients[k] for k in keep),
            ends={name: tuple(ends[k] for k in keep) for name, ends in lane.ends.items()},
        )
        entry = replace(entries["a"], lanes=(fewer,))
        return list(outcome(check, baselines={"a": entry}).notes)

    first, second, third = lane.seeds
    assert notes() == []
    assert notes(second) == [f"not gated: sgd, lr0 = 0.5, 1 seed: why {second}"]
    assert notes(third, first) == [f"not gated: sgd, lr0 = 0.5, 2 seeds: why {third}"]
    single = made_check(baseline=True, lr0="5/L")
    gate = Gate(Control(), save=frozenset("a"))
    (saved,) = gate.run([single])
    (note,) = saved.notes
    assert note.startswith("not gated: sgd, lr0 = 5: the last lr")
