"""`lrbench.check` inside a test: what does not pass is an AssertionError, nonsense is not."""

from __future__ import annotations

import math
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lrbench
from lrbench.cli.check_run import judge_saved
from lrbench.cli.main import main
from lrbench.errors import DataError, LrbenchError, UsageError
from lrbench.gate import CheckFailedError
from lrbench.problem_files import ProblemSpec, load_spec, with_overrides
from lrbench.results import Result


def test_a_check_inside_a_test() -> None:
    found = lrbench.check("log-spectrum", solvers="gd", lr0="1/L", expect="bound = pass")
    assert found.passed
    with pytest.raises(CheckFailedError, match=r"rate >= 50.*measured .*, wanted >= 50") as failed:
        lrbench.check("log-spectrum", solvers="gd", lr0="1/L", expect=["rate >= 50"])
    assert isinstance(failed.value, AssertionError)


def test_a_baseline_inside_a_test(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    run: dict[str, Any] = {"solvers": "gd", "lr0": "0.5/L", "iterations": 20, "baseline": path}
    with pytest.raises(CheckFailedError, match="update=True"):
        lrbench.check("log-spectrum", **run)
    assert not path.exists()
    lrbench.check("log-spectrum", update=True, **run)
    assert lrbench.check("log-spectrum", **run).passed
    with pytest.raises(CheckFailedError, match="its baseline is of"):
        lrbench.check("log-spectrum", **run | {"iterations": 21})


def test_a_foreign_file_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary")
    with pytest.raises(UsageError, match="not JSON"):
        lrbench.check("log-spectrum", solvers="gd", baseline=path, update=True)
    assert path.read_text() == "dear diary"


def test_what_makes_no_sense_is_no_failed_check(tmp_path: Path) -> None:
    result = lrbench.run("log-spectrum", solvers="gd", iterations=5)
    nonsense: list[tuple[Any, dict[str, Any]]] = [
        ("log-spectrum", {"expect": "rat >= 1"}),
        ("lasso", {}),
        ("log-spectrum", {"expect": "rate >= 0", "name": "a\nb"}),
        ("log-spectrum", {"expect": "rate >= 0", "update": True}),
        (["log-spectrum", "logreg"], {"expect": "rate >= 0"}),
        (result, {}),
        (result, {"expect": "rate >= 0", "solvers": "gd"}),
        ("log-spectrum", {"expect": "rate >= 0", "batch_size": 10**6}),
    ]
    for problem, options in nonsense:
        with pytest.raises(UsageError):
            lrbench.check(problem, **options)
    with pytest.raises(DataError):
        lrbench.check(lrbench_spec("no-such-set"), expect="rate >= 0")
    with pytest.raises(LrbenchError):
        lrbench.check("log-spectrum", baseline=tmp_path / "none" / "b", update=True)


def lrbench_spec(data: str) -> ProblemSpec:
    return with_overrides(load_spec("logreg"), data=data)


def test_a_result_that_exists() -> None:
    result = lrbench.run("log-spectrum", solvers="gd", lr0="1/L", iterations=50)
    again = Result.from_json(result.to_json())
    for one in (result, again):
        assert lrbench.check(one, expect=["bound = pass", "rate >= 0.9"]).passed
        with pytest.raises(CheckFailedError):
            lrbench.check(one, expect="usable_decades >= 1")
        assert lrbench.check(one, expect="usable_decades >= 1", allow_inconclusive=True).passed


def test_usable_decades_by_hand() -> None:
    options: dict[str, Any] = {"solvers": "gd", "lr0": "0.01:100:9", "iterations": 2000}
    swept = lrbench.sweep("log-spectrum", **options)
    reached = [r.lr0 or 0.0 for r in swept.problems[0].runs if r.status == "reached_target"]
    width = math.log10(max(reached) / min(reached))
    assert 0 < width < 4
    for problem, given in ((swept, {}), ("log-spectrum", options)):
        text = f"usable_decades >= {width - 1e-3}"
        found = lrbench.check(problem, expect=text, **given).findings[-1]
        assert float(found.measured) == pytest.approx(width, rel=1e-5)
        with pytest.raises(CheckFailedError, match="usable_decades"):
            lrbench.check(problem, expect=f"usable_decades >= {width + 1e-3}", **given)


def test_best_passes_by_hand(tmp_path: Path) -> None:
    options: dict[str, Any] = {"solvers": "gd", "lr0": "0.01:100:9", "iterations": 2000}
    store = tmp_path / "s.sqlite"
    swept = lrbench.sweep("log-spectrum", **options, store=store)
    runs = [r for r in swept.problems[0].runs if r.status == "reached_target"]
    least = min(r.status_at for r in runs)  # a step of full batches is a pass
    assert least < min(float(r.trace["passes"][-1]) for r in runs)
    assert lrbench.check(swept, expect=f"best_passes <= {least}").passed
    with pytest.raises(CheckFailedError, match="best_passes"):
        lrbench.check(swept, expect=f"best_passes <= {least - 0.5}")
    (outcome,), _ = judge_saved([str(store)], expect=[f"best_passes <= {least}"])
    assert outcome.passed


def test_with_at_a_sweep_has_its_number_after_so_many_steps(tmp_path: Path) -> None:
    options: dict[str, Any] = {"solvers": "gd", "lr0": [0.3, 1.0], "sweep": True}
    swept = lrbench.sweep("logreg", solvers="gd", lr0=[0.3, 1.0], at=[333, 700], jobs=1)
    (run,) = (r for r in swept.problems[0].runs if r.lr0 == 1.0)
    gap = float(run.trace["suboptimality"][run.trace["iteration"] == 333][0])
    for allowed, passed in ((gap * 1.001, True), (gap * 0.999, False)):
        expected = f"suboptimality[at=333,lr0=1] <= {allowed!r}"
        if passed:
            assert lrbench.check("logreg", expect=expected, at="700,333", **options).passed
        else:
            with pytest.raises(CheckFailedError, match="at=333"):
                lrbench.check("logreg", expect=expected, at=[333, 700], **options)
    # The baseline is of these T; text and list are the same.
    file = tmp_path / "b.json"
    made = lrbench.check("logreg", baseline=file, update=True, at=[333, 700], **options)
    assert ", at = 333,700" in made.about
    assert lrbench.check("logreg", baseline=file, at="333,700", **options).passed
    with pytest.raises(CheckFailedError, match="its baseline is of"):
        lrbench.check("logreg", baseline=file, at="333,701", **options)
    with pytest.raises(UsageError, match="is not run again"):
        lrbench.check(swept, expect="best_passes <= 9", at="9")


def test_passes_to_a_target_are_those_of_an_arrival() -> None:
    swept = lrbench.sweep("least-squares", solvers="adam", lr0=[316.0], jobs=1)
    assert swept.problems[0].sweep is not None
    (passes,) = swept.problems[0].sweep.solvers[0].passes
    assert lrbench.check(swept, expect=f"passes_to_target <= {passes}").passed
    options: dict[str, Any] = {"solvers": "adam", "lr0": [316.0], "sweep": True}
    expected = "passes_to_target <= 3"
    with pytest.raises(CheckFailedError, match=f"measured {passes:g}"):
        lrbench.check("least-squares", expect=expected, **options)
    assert lrbench.check("least-squares", expect=expected, arrival="first", **options).passed
    (never,) = lrbench.sweep("least-squares", solvers="gd", lr0=[1e-4], jobs=1).problems
    with pytest.raises(CheckFailedError, match="never arrived at F - f"):
        lrbench.check(replace(swept, problems=[never]), expect=expected)


def test_a_certificate_that_says_nothing_is_no_part_of_all() -> None:
    # The first four steps are longer than 1.5/L.
    result = lrbench.run("logreg", solvers="adagrad-norm", lr0=100.0, iterations=4)
    (c6,) = [v for v in result.problems[0].verdicts if v.theorem == "C6"]
    assert np.isnan(c6.bound).all()
    with pytest.raises(CheckFailedError) as caught:
        lrbench.check(result, expect="bound = pass")
    findings = caught.value.outcomes[0].findings
    assert "C6" not in " ".join(f.subject for f in findings)
    assert {"A1", "A2"} <= {f.subject.split(", ")[-1] for f in findings if f.verdict != "PASS"}
    with pytest.raises(CheckFailedError, match="C6"):
        lrbench.check(result, expect="bound[theorem=C6] = pass")


def test_each_problem_of_a_result_must_pass() -> None:
    result = lrbench.run("log-spectrum", solvers="gd", lr0="1/L", iterations=20)
    (good,) = result.problems
    slow = lrbench.run("log-spectrum", solvers="gd", lr0="0.01/L", iterations=20).problems[0]
    at = good.runs[0].trace["suboptimality"][-1] * 1.5
    expect = f"suboptimality <= {at}"
    assert lrbench.check(replace(result, problems=[good, good]), expect=expect).passed
    for problems in ([good, slow], [slow, good], [slow, slow]):
        with pytest.raises(AssertionError, match="suboptimality") as failed:
            lrbench.check(replace(result, problems=problems), expect=expect)
        assert str(failed.value).count("wanted") == problems.count(slow)


def test_an_expectation_of_a_sweep_among_others_makes_one() -> None:
    options: Any = {"solvers": "gd", "iterations": 20, "target": 0.05}
    expect = ["usable_decades >= 0", "status != failed"]
    both = lrbench.check("log-spectrum", expect=expect, allow_inconclusive=True, **options)
    assert ", sweep" in both.about
    alone = lrbench.check("log-spectrum", expect=expect[1:], **options)
    assert ", sweep" not in alone.about
    assert "lr0 = 1," in alone.about


def test_a_recorded_loop_that_fails_is_saved_for_the_command_that_shows_it(
    own_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder = lrbench.record("log-spectrum", solver="mine")
    recorder(recorder.problem.w0)
    with pytest.raises(CheckFailedError) as failed:
        lrbench.check(recorder.result(), expect="suboptimality <= 1e-9")
    (outcome,) = failed.value.outcomes
    first, *words = shlex.split(outcome.command)
    assert first == "lrbench"
    assert Path(words[-1]).is_relative_to(own_cache)
    assert f"to see the runs: {outcome.command}" in str(failed.value)
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    assert "mine" in capsys.readouterr().out


def test_the_hint_for_a_damaged_baseline_is_that_of_python(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text("{")
    with pytest.raises(UsageError) as caught:
        lrbench.check("log-spectrum", solvers="gd", iterations=3, baseline=tmp_path / "b.jsonl")
    assert caught.value.hint == "restore it, or give another file: baseline=PATH."


def test_a_file_of_a_result_is_read_first(tmp_path: Path) -> None:
    path = tmp_path / "o.json"
    lrbench.run("log-spectrum", solvers="gd", iterations=3).save(path)
    for given in (path, str(path)):
        with pytest.raises(UsageError, match=r"is no problem: a saved result ends") as caught:
            lrbench.check(given, expect="status = completed")
        assert "lrbench.Result.load(" in caught.value.hint
    assert lrbench.check(Result.load(path), expect="status = completed").passed
