"""Results that exist, compared with baselines: own ones, those of files, and foreign ones."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gate_runs import made_problem, made_run

import lrbench
from lrbench.config.solver_spec import SolverSpec
from lrbench.errors import UsageError
from lrbench.gate import CheckFailedError, CheckOutcome, Gate
from lrbench.gate.baseline import load_baselines
from lrbench.results import ProblemResult, Result, Run, Status

FOREIGN = SolverSpec("their-method", {"beta": 0.5}, ("beta",))
"""A solver that lrbench does not know."""

OPTIONS: dict[str, Any] = {"solvers": ["gd", "wngrad"], "lr0": "0.5/L", "iterations": 20}


def result_of(*problems: ProblemResult) -> Result:
    return Result((), {"lrbench": "0"}, problems)


def foreign(rate: float = 0.5, **changes: Any) -> Run:
    """A run with F - f* = e^(-rate T / 10) that has every column of a file."""
    columns = {name: np.full(12, np.nan) for name in ("min_grad_norm_sq", "distance_max")}
    columns |= changes.pop("columns", {})
    return made_run(
        lambda t: math.exp(-rate * t / 10.0), solver=FOREIGN, columns=columns, **changes
    )


def saved(path: Path, *runs: Run, **header: Any) -> CheckOutcome:
    return lrbench.check(result_of(made_problem(*runs, **header)), baseline=path, update=True)


def failure(path: Path, *runs: Run, **header: Any) -> CheckOutcome:
    with pytest.raises(CheckFailedError) as caught:
        lrbench.check(result_of(made_problem(*runs, **header)), baseline=path)
    (outcome,) = caught.value.outcomes
    return outcome


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "b.jsonl"


def test_a_result_has_the_baseline_of_the_runs_it_has(path: Path, tmp_path: Path) -> None:
    result = lrbench.run("log-spectrum", **OPTIONS)
    lrbench.check(result, baseline=path, update=True)
    of_result = json.loads(path.read_text())
    other = tmp_path / "other.jsonl"
    lrbench.check("log-spectrum", baseline=other, update=True, **OPTIONS)
    of_check = json.loads(other.read_text())
    assert of_result.keys() == of_check.keys()
    assert of_result["plan"].startswith("a result of log-spectrum, sgd wngrad[order=current], lr0")
    assert {**of_result, "plan": ""} == {**of_check, "plan": ""}
    read = Result.from_json(result.to_json())
    for made_of in (path, other):  # each compares with each
        assert lrbench.check(result, baseline=made_of).passed
        assert lrbench.check(read, baseline=made_of).passed
        assert lrbench.check("log-spectrum", baseline=made_of, **OPTIONS).passed
        shorter = lrbench.run("log-spectrum", **OPTIONS | {"iterations": 19})
        with pytest.raises(CheckFailedError, match="sample gradients of seed 0"):
            lrbench.check(shorter, baseline=made_of)


def test_a_foreign_result_from_a_file_is_compared(path: Path) -> None:
    runs = [foreign(0.5 + seed / 7.0, seed=seed) for seed in (3, 5)]
    outcome = saved(path, *runs)
    assert list(outcome.notes) == [
        "a result is not run again: whether rounding changes its runs was not tested"
    ]
    (lane,) = load_baselines(path)["made"].lanes
    assert (lane.solver, lane.seeds) == ("their-method[beta=0.5]", (3, 5))
    falls = {t: [math.exp(-(0.5 + seed / 7.0) * t / 10.0) for seed in (3, 5)] for t in (0, 20, 100)}
    assert lane.ends["last"] == pytest.approx(falls[100], rel=1e-7)
    for t, values in falls.items():
        mean = lane.means["last"][lane.iteration.index(t)]
        assert mean == pytest.approx(sum(values) / 2.0, rel=1e-7)
    read = Result.from_json(result_of(made_problem(*runs)).to_json())
    assert lrbench.check(read, baseline=path).passed


def test_a_slower_run_fails_with_both_numbers(path: Path) -> None:
    saved(path, foreign(0.6))
    saved(path, foreign(0.5))  # in place of the other
    (finding,) = failure(path, foreign(0.25)).findings
    assert finding.measured == f"{math.exp(-0.025):.8g}"
    assert finding.wanted == f"{math.exp(-0.05):.8g}"
    assert "last parts at T = 1" in finding.reason
    assert lrbench.check(
        result_of(made_problem(foreign(0.5 * (1 + 1e-4)))), baseline=path, tolerance=0.01
    ).passed


def test_what_fails_is_kept_and_named_by_the_command_that_shows_it(path: Path) -> None:
    saved(path, foreign(0.5))
    with pytest.raises(CheckFailedError, match=r"to see the runs: lrbench show .*made.json"):
        lrbench.check(result_of(made_problem(foreign(0.25))), baseline=path)


def test_another_problem_is_another(path: Path) -> None:
    saved(path, foreign(0.5))
    (finding,) = failure(path, foreign(0.5), fingerprint="another").findings
    assert "the problem or its data were changed since" in finding.reason
    assert "update=True" in finding.reason


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (foreign(status=Status.DIVERGED), "the run diverged"),
        (foreign(status=Status.INTERRUPTED), "interrupted"),
        (foreign(columns={"stable_from": np.full(12, np.nan)}), "above 1/L"),
        (foreign(columns={"passes": np.full(12, np.nan)}), "passes are not known"),
    ],
    ids=["diverged", "interrupted", "above-1-L", "no-passes"],
)
def test_what_cannot_be_gated_is_not(run: Run, reason: str, path: Path) -> None:
    outcome = saved(path, foreign(0.7, seed=1), run)
    assert len(outcome.notes) == 2
    assert reason in outcome.notes[1]
    (lane,) = load_baselines(path)["made"].lanes
    assert lane.seeds == (1,)
    with pytest.raises(CheckFailedError, match="nothing is gated"):
        saved(path, run)


def test_a_run_whose_rates_are_not_known_is_gated(path: Path) -> None:
    nothing = {name: np.full(12, np.nan) for name in ("lr", "stable_from")}
    saved(path, foreign(0.5, columns=nothing))
    assert failure(path, foreign(0.25, columns=nothing)).verdict == "FAIL"


def test_a_trace_without_the_sums_of_certificates_is_gated(path: Path) -> None:
    run = foreign(0.5)
    trace = {name: column for name, column in run.trace.items() if name != "stable_from"}
    saved(path, replace(run, trace=trace))
    assert load_baselines(path)["made"].lanes[0].seeds == (0,)


def test_an_interrupted_run_is_not_judged(path: Path) -> None:
    saved(path, foreign(0.5))
    outcome = failure(path, foreign(0.5, status=Status.INTERRUPTED))
    assert outcome.verdict == "INCONCLUSIVE"
    missing = failure(path, foreign(0.5, columns={"passes": np.full(12, np.nan)}))
    assert missing.verdict == "FAIL"


def test_without_f_star_there_is_nothing_to_compare(path: Path) -> None:
    with pytest.raises(CheckFailedError, match="f\\* is not known"):
        saved(path, foreign(0.5), f_star=math.nan, delta0=math.nan)
    assert not path.exists()


def test_every_problem_of_a_result_has_its_baseline(path: Path) -> None:
    first = made_problem(foreign(0.5))
    second = replace(made_problem(foreign(0.4)), name="second")
    lrbench.check(result_of(first, second), baseline=path, update=True)
    assert list(load_baselines(path)) == ["made", "second"]
    slower = replace(second, runs=(foreign(0.2),))
    with pytest.raises(CheckFailedError) as caught:
        lrbench.check(result_of(first, slower), baseline=path)
    assert [o.passed for o in caught.value.outcomes] == [True, False]
    lrbench.check(result_of(slower), baseline=path, name="slow", update=True)
    assert list(load_baselines(path)) == ["made", "second", "slow"]


@pytest.mark.parametrize(
    ("result", "options"),
    [
        (result_of(made_problem(foreign())), {}),
        (result_of(made_problem(foreign())), {"baseline": "b", "solvers": "gd"}),
        (result_of(made_problem(foreign())), {"baseline": "b", "jobs": 2}),
        (result_of(made_problem(foreign())), {"baseline": "b", "tolerance": 1e-9}),
        (result_of(made_problem(foreign())), {"baseline": "b", "name": "a\nb"}),
        (result_of(made_problem(foreign())), {"expect": "rate >= 0", "update": True}),
        (result_of(made_problem(foreign(), fingerprint="")), {"baseline": "b"}),
        (result_of(*[made_problem(foreign())] * 2), {"baseline": "b"}),
        (result_of(*[made_problem(foreign())] * 2), {"expect": "rate >= 0", "name": "both"}),
    ],
)
def test_misuse_is_an_error_of_whoever_wrote_the_test(
    result: Result, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        lrbench.check(result, **options)
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_baseline_that_another_process_made_meanwhile_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Gate):
        def run(self, checks: Any) -> Any:
            monkeypatch.undo()
            saved(path, foreign(0.4))  # under the name of the problem
            return super().run(checks)

    monkeypatch.setattr("lrbench.gate.assertion.Gate", Slow)
    result = result_of(made_problem(foreign(0.5)))
    lrbench.check(result, baseline=path, name="own", update=True)
    assert list(load_baselines(path)) == ["made", "own"]
