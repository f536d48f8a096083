"""lrbench.toml: the gate that lrbench holds itself to covers every theorem, passes, and bites."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lrbench.engine.control import Control
from lrbench.gate import Check, CheckVerdict, Gate, load_config
from lrbench.gate.baseline import Baseline, load_baselines
from lrbench.gate.paired import EXPECTATION
from lrbench.problem_files.load import load_spec, shipped
from lrbench.solvers import SOLVERS
from lrbench.solvers.base import Step
from lrbench.verdicts.theorems import theorems_for

CONFIG = load_config(Path(__file__).parent.parent.parent / "lrbench.toml")
BASELINES = load_baselines(CONFIG.baselines)
GATED = {check.name: check for check in CONFIG.checks if check.baseline}


STEP_RULES = sorted(name for name in SOLVERS if not SOLVERS.get(name).outside)


def solvers_of(check: Check) -> list[str]:
    return [spec.name for _, spec in check.plan.built]


def steps_gated(entry: Baseline, solver: str) -> int:
    """Return the checkpoints after the start at which some seed of the solver is compared."""
    lanes = [lane for lane in entry.lanes if lane.solver.partition("[")[0] == solver]
    return sum(len(lane.seeds) * sum(t > 0 for t in lane.iteration) for lane in lanes)


def with_baseline(solver: str) -> Check:
    """Return the cheapest check that gates a solver."""
    found = [
        check
        for check in GATED.values()
        if solver in solvers_of(check) and steps_gated(BASELINES[check.name], solver)
    ]
    assert found, f"no check of lrbench.toml gates {solver}"
    return min(found, key=lambda check: check.plan.steps(569) * len(check.plan.built))


def test_baselines_are_those_of_the_checks() -> None:
    assert set(BASELINES) == set(GATED)
    assert {name: entry.plan for name, entry in BASELINES.items()} == {
        name: check.about for name, check in GATED.items()
    }


@pytest.mark.parametrize("solver", STEP_RULES)
def test_every_solver_has_a_baseline_that_gates_it(solver: str) -> None:
    assert with_baseline(solver)


@pytest.mark.parametrize("solver", [name for name in STEP_RULES if theorems_for(name)])
def test_a_theorem_is_expected_to_hold(solver: str) -> None:
    keys = {theorem.key for theorem in theorems_for(solver)}
    expected = [
        wanted
        for check in CONFIG.checks
        if solver in solvers_of(check)
        for wanted in check.expectations
        if wanted.quantity == "bound"
        and wanted.options.get("solver", solver) == solver
        and wanted.options.get("theorem", next(iter(keys))) in keys
    ]
    assert expected


def test_only_what_a_comment_explains_is_left_out() -> None:
    left_out = {name for name, e in BASELINES.items() if any(lane.unstable for lane in e.lanes)}
    assert not left_out


@pytest.mark.slow
@pytest.mark.parametrize("check", CONFIG.checks, ids=lambda check: check.name)
def test_the_gate_passes(check: Check) -> None:
    (outcome,) = Gate(Control(), baselines=BASELINES).run([check])
    assert outcome.passed, "\n".join([outcome.error, *map(str, outcome.findings)])


@pytest.mark.parametrize("solver", STEP_RULES)
def test_a_baseline_bites(solver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that are a ten thousandth too long are seen, solver by solver."""
    check = with_baseline(solver)
    kind = SOLVERS.get(solver)
    step: Callable[..., Step] = kind.step

    def longer(self: Any, W: Any, state: Any, oracle: Any) -> Step:
        before = W.copy()
        done = step(self, W, state, oracle)
        return done._replace(W=before + (1.0 + 1e-4) * (done.W - before))

    monkeypatch.setattr(kind, "step", longer)
    monkeypatch.setenv("LRBENCH_COMPILED", "0")  # compiled steps do not call it
    (outcome,) = Gate(Control(), baselines=BASELINES).run([check])
    failed = {
        finding.subject.partition(",")[0].partition("[")[0]
        for finding in outcome.findings
        if finding.expectation == EXPECTATION and finding.verdict is CheckVerdict.FAIL
    }
    assert failed == {solver}


def test_stated_constants_are_verified() -> None:
    stated = {s.name for s in map(load_spec, shipped()) if s.claims}
    assert stated >= {"huber-tight", "lad-worst", "log-spectrum", "logreg", "nesterov"}
    assert stated <= {check.spec.name for check in CONFIG.checks if check.spec.claims}
