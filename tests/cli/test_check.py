"""`lrbench check` on the command line: exit codes, files, CI, stops; never a traceback."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from check_config import CONFIG, set_up, two_sentences

from lrbench.experiment.jobs.base import Serial


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return set_up(tmp_path, monkeypatch)


@pytest.fixture
def result(here: Path, invoke: Any) -> Path:
    """Return a saved result."""
    args = ["run", "-p", "log-spectrum", "-s", "gd", "--lr0", "1/L", "-n", "50", "-q"]
    assert invoke(*args, "--save", "r.json").code == 0
    return here / "r.json"


def test_from_nothing_to_a_gate(here: Path, invoke: Any) -> None:
    missing = invoke("check")
    assert missing.code == 3
    assert missing.out.splitlines()[-1] == "1 of 2 checks passed, error: first"
    command = next(line for line in missing.out.splitlines() if "--update-baseline" in line)
    words = shlex.split(command.partition("it: ")[2].rstrip("."))
    assert words[0] == "lrbench"
    made = invoke(*words[1:])  # the command that the hint gives
    assert made.code == 0
    assert "lrbench-baselines.jsonl" in made.err
    passed = invoke("check")
    assert (passed.code, passed.err) == (0, "")
    assert "2 of 2 checks passed" in passed.out


def test_the_command_names_the_configuration(here: Path, invoke: Any) -> None:
    (here / "lrbench.toml").rename(here / "my checks.toml")
    missing = invoke("check", "--config", "my checks.toml", "--only", "first")
    command = " ".join(missing.out.split())
    assert "--config 'my checks.toml' --update-baseline first." in command


RULE = """\
import lrbench

@lrbench.rate_rule
def rule(lr, grad_norm_sq):
    return lr, lr
"""


@pytest.mark.parametrize("words", [["--config", "lrbench.toml"], ["--allow-code"]])
def test_the_command_of_a_check_of_a_rule_runs(here: Path, invoke: Any, words: list[str]) -> None:
    """Its code runs only where the command allows it."""
    (here / "rule.py").write_text(RULE)
    text = (here / "lrbench.toml").read_text()
    (here / "lrbench.toml").write_text(re.sub('solver = ".*"', 'solver = "rule.py"', text))
    missing = invoke("check", *words, "--only", "first")
    assert missing.code == 3
    command = " ".join(missing.out.split()).partition("it: ")[2].partition(". ")[0]
    repeated = shlex.split(command.rstrip("."))
    assert invoke(*repeated[1:]).code == 0
    assert invoke("check", *words, "--only", "first").code == 0


def test_save_baseline_makes_what_is_missing_and_nothing_else(here: Path, invoke: Any) -> None:
    assert invoke("check", "--save-baseline").code == 0
    file = here / "lrbench-baselines.jsonl"
    entry = json.loads(file.read_text())
    entry["lanes"][0]["means"]["last"][3] *= 1.001
    file.write_text(json.dumps(entry) + "\n")
    changed = invoke("check", "--save-baseline")
    assert changed.code == 1
    assert "they part at T = 5" in changed.out
    assert json.loads(file.read_text()) == entry
    assert invoke("check", "--update-baseline", "first", "-q").code == 0
    assert invoke("check").code == 0


def test_a_failing_check_shows_both_trajectories(here: Path, invoke: Any) -> None:
    invoke("check", "--save-baseline")
    file = here / "lrbench-baselines.jsonl"
    entry = json.loads(file.read_text())
    mine = entry["lanes"][0]["means"]["last"][4]
    entry["lanes"][0]["means"]["last"][4] = 0.5
    file.write_text(json.dumps(entry) + "\n")
    out = invoke("check").out
    row = next(line.split() for line in out.splitlines() if line.split()[:1] == ["10"])
    assert row[1:3] == [f"{mine:.8g}", "0.5"]


def test_a_check_that_fails_is_1_and_one_that_cannot_be_run_2_or_3(here: Path, invoke: Any) -> None:
    config = here / "lrbench.toml"
    fails = CONFIG.replace("status = completed", "rate >= 50").replace("baseline = true", "")
    config.write_text(fails)
    assert invoke("check").code == 1
    config.write_text(fails.replace("iterations = 20", "batch_size = 1000000", 1))
    assert invoke("check").code == 2
    config.write_text(fails.replace("rate >= 50", "bound[theorem=GD] = pass"))
    assert "INCONCLUSIVE and second" in invoke("check").out
    assert invoke("check").code == 1
    config.write_text(fails.replace("rate >= 50", "bound[theorem=GD] = pass") + LAST)
    assert invoke("check").code == 0


LAST = "allow_inconclusive = true\n"


def test_constants_of_a_file_are_verified(here: Path, invoke: Any) -> None:
    head = 'loss = "squared"\n[data]\nname = "sklearn:diabetes"\n[constants]\n'
    (here / "p.toml").write_text(f"{head}L = 3.0\n")
    (here / "lrbench.toml").write_text(
        '[[check]]\nname = "p"\nproblem = "p.toml"\niterations = 2\n'
    )
    found = json.loads(invoke("check", "--format", "json").out)["checks"][0]["findings"][0]
    assert (found["expectation"], found["verdict"]) == ("constants.L", "FAIL")
    (here / "p.toml").write_text(f"{head}L = {found['measured']}\n")
    assert invoke("check").code == 0


def test_only_some(here: Path, invoke: Any) -> None:
    found = invoke("check", "--only", "and second")
    assert (found.code, "1 of 1 check passed" in found.out) == (0, True)


@pytest.mark.parametrize(
    "args",
    [
        ["--only", "frist"],
        ["--update-baseline", "frist"],
        ["--update-baseline", "and second"],
        ["--config", "none.toml"],
        ["--config", "."],
        ["--expect", "rate >= 0"],
        ["--allow-inconclusive"],
        ["--jobs", "0"],
        ["--junit", "none/x.xml"],
        ["--junit", "."],
        ["--junit", "lrbench.toml"],
        ["--junit", "lrbench-baselines.jsonl"],
        ["r.json"],
        ["r.json", "--expect", "rate > 0"],
        ["r.json", "--expect", "rate >= 0", "--only", "first"],
        ["r.json", "--expect", "rate >= 0", "--save-baseline"],
        ["r.json", "--update-baseline", "log-spectrum"],
        ["r.json", "--baseline", "b.jsonl", "--update-baseline", "log-spectrun"],
        ["r.json", "--baseline", "b.jsonl", "--tolerance", "1e-9"],
        ["r.json", "--baseline", "none/b.jsonl", "--save-baseline"],
        ["r.json", "--baseline", "lrbench.toml"],
        ["r.json", "r.json", "--baseline", "b.jsonl", "--save-baseline"],
        ["r.json", "--baseline", "b.jsonl", "--junit", "b.jsonl", "--save-baseline"],
        ["--baseline", "b.jsonl"],
        ["--name", "x"],
        ["--tolerance", "0.1"],
        ["r.json", "--expect", "rate >= 0", "--junit", "r.json"],
        ["none.json", "--expect", "rate >= 0"],
        ["lrbench.toml", "--expect", "rate >= 0"],
        ["--format", "yaml"],
    ],
)
def test_a_wrong_command_line_is_2_and_runs_nothing(
    args: list[str], result: Path, invoke: Any
) -> None:
    before = {p: p.read_bytes() for p in result.parent.iterdir()}
    found = invoke("check", *args)
    assert (found.code, found.out) == (2, "")
    assert two_sentences(found.err)
    assert {p: p.read_bytes() for p in result.parent.iterdir()} == before


@pytest.mark.parametrize("option", [["--save-baseline"], ["--update-baseline", "first"], []])
@pytest.mark.parametrize(
    "content", [b"dear diary\n", b'{"format": "lrbench-result"}\n', b"\xff\x00"]
)
def test_a_foreign_file_is_never_written_over(
    option: list[str], content: bytes, here: Path, invoke: Any
) -> None:
    (here / "lrbench-baselines.jsonl").write_bytes(content)
    found = invoke("check", *option)
    assert (found.code, found.out) == (2, "")
    assert two_sentences(found.err)
    assert (here / "lrbench-baselines.jsonl").read_bytes() == content


def test_where_baselines_cannot_be_written_nothing_is_run(
    here: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Serial, "__call__", None)  # would raise
    (here / "lrbench.toml").write_text(f'baselines = "none/b.jsonl"\n{CONFIG}')
    found = invoke("check", "--save-baseline")
    assert (found.code, found.out) == (2, "")
    assert two_sentences(found.err)


def test_a_result_is_judged(result: Path, invoke: Any) -> None:
    good = ["--expect", "bound = pass", "--expect", "rate >= 0.9"]
    assert invoke("check", "r.json", *good).code == 0
    assert invoke("check", "r.json", "r.json", *good).out.count("PASS") == 2
    bad = invoke("check", "r.json", *good, "--expect", "usable_decades >= 1")
    assert (bad.code, "of no sweep" in bad.out) == (1, True)
    assert (
        invoke("check", "r.json", "--expect", "usable_decades >= 1", "--allow-inconclusive").code
        == 0
    )


def test_a_result_from_a_pipe(result: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for content, code in ((result.read_bytes(), 0), (b"", 2), (b"{", 2), (b"\xff", 2)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert invoke("check", "-", "--expect", "bound = pass").code == code
    monkeypatch.setattr(sys, "stdin", None)
    closed = invoke("check", "-", "--expect", "bound = pass")
    assert (closed.code, two_sentences(closed.err)) == (2, True)


def test_a_sweep_is_judged(here: Path, invoke: Any) -> None:
    args = ["-p", "log-spectrum", "-s", "gd", "--lr0", "0.01:100:9", "-n", "2000", "-q"]
    assert invoke("sweep", *args, "--save", "s.json").code == 0
    assert invoke("check", "s.json", "--expect", "usable_decades >= 0.5").code == 0
    assert invoke("check", "s.json", "--expect", "usable_decades >= 4.5").code == 1


def test_json(here: Path, invoke: Any) -> None:
    found = json.loads(invoke("check", "--format", "json").out)
    assert (found["format"], found["version"], found["passed"]) == ("lrbench-check", 1, False)
    first, second = found["checks"]
    assert "no baseline" in first["error"]
    assert "--update-baseline first" in first["hint"]
    assert (second["name"], second["verdict"], second["passed"]) == ("and second", "PASS", True)
    assert second["error"] is None


def test_files_for_ci(here: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = here / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    found = invoke("check", "--junit", "x.xml", "--github")
    assert found.code == 3
    assert found.err.startswith("::error file=lrbench.toml,title=lrbench check first::")
    assert summary.read_text().startswith("before\n### lrbench check: 1 of 2 checks passed")
    suite = ET.parse(here / "x.xml").getroot()
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("2", "1", "0")


def test_no_wall_time_unless_asked(here: Path, invoke: Any) -> None:
    invoke("check", "--save-baseline")
    assert "seconds" not in (here / "lrbench-baselines.jsonl").read_text()
    assert "seconds" not in invoke("check", "--format", "json").out


def test_a_summary_that_cannot_be_written(
    here: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "none" / "s.md"))
    found = invoke("check", "--github", "--only", "and second")
    assert found.code == 3
    assert two_sentences(found.err)


def test_a_result_is_compared_with_its_baseline(result: Path, invoke: Any) -> None:
    baseline = ["--baseline", "b.jsonl"]
    missing = invoke("check", "r.json", *baseline, "--name", "by hand")
    assert missing.code == 3
    command = " ".join(missing.out.split()).partition("it: ")[2].partition(". ")[0]
    made = invoke(*shlex.split(command)[1:])  # the command that the hint gives
    assert (made.code, made.err) == (0, "Note: b.jsonl holds the baselines of by hand.\n")
    assert json.loads(Path("b.jsonl").read_text())["check"] == "by hand"
    assert invoke("check", "r.json", *baseline, "--name", "by hand").code == 0
    assert invoke("check", "r.json", *baseline, "--save-baseline", "-q").code == 0
    before = Path("b.jsonl").read_bytes()
    args = ["run", "-p", "log-spectrum", "-s", "gd", "--lr0", "0.999/L", "-n", "50", "-q"]
    assert invoke(*args, "--save", "slow.json").code == 0
    differs = invoke("check", "slow.json", *baseline)
    assert (differs.code, Path("b.jsonl").read_bytes()) == (1, before)
    assert "it is not in the baseline" in differs.out
    assert "  to see the runs: lrbench show slow.json\n" in differs.out


def test_the_tolerance_of_a_result(result: Path, invoke: Any) -> None:
    baseline = ["--baseline", "b.jsonl"]
    assert invoke("check", "r.json", *baseline, "--save-baseline").code == 0
    text = result.read_text()
    content = json.loads(text)
    for value in content["problems"][0]["runs"][0]["trace"]["suboptimality"][1:]:
        text = text.replace(repr(value), repr(value * 1.004))
    result.write_text(text)
    assert invoke("check", "r.json", *baseline, "--tolerance", "5e-3").code == 0
    differs = invoke("check", "r.json", *baseline, "--tolerance", "3e-3", "--format", "json")
    (check,) = json.loads(differs.out)["checks"]
    assert (differs.code, check["command"]) == (1, "lrbench show r.json")
    assert "by 4.0e-03 relative (allowed 0.003)" in check["findings"][0]["reason"]


def test_a_result_from_a_pipe_has_no_command(
    result: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(result.read_bytes())))
    failed = invoke("check", "-", "--expect", "rate >= 50", "--format", "json")
    assert json.loads(failed.out)["checks"][0]["command"] is None
