"""The files for CI where `lrbench check` is refused: one error, which names the mistake."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from check_config import CONFIG, set_up, two_sentences


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return set_up(tmp_path, monkeypatch)


def case_in(path: Path) -> ET.Element:
    """Return the only test case of a file, after checking what it is counted as."""
    suites = ET.parse(path).getroot()
    assert [suites.get(key) for key in ("tests", "failures", "errors")] == ["1", "0", "1"]
    ((case,),) = suites
    assert float(case.get("time") or "nan") >= 0.0
    return case


REFUSED: dict[str, tuple[str, list[str], str, str]] = {
    "key": (CONFIG.replace("lr0", "lr"), [], "lrbench.toml", "'lr'"),
    "toml": ("[[check]", [], "lrbench.toml", "not TOML"),
    "solver": (CONFIG.replace("wngrad", "wngrd"), [], "lrbench.toml", "'wngrd'"),
    "no-file": (CONFIG, ["--config", "other.toml"], "other.toml", "no file other.toml"),
    "only": (CONFIG, ["--only", "thrid"], "lrbench.toml", "no check 'thrid'"),
    "baselines": ('baselines = "."\n' + CONFIG, [], "lrbench.toml", "cannot be read"),
    "expect": (CONFIG, ["--expect", "rate >= 0"], "lrbench.toml", "--expect"),
    "result": (CONFIG, ["none.json", "--expect", "rate >= 0"], "none.json", "no file none.json"),
    "toml as a result": (CONFIG, ["lrbench.toml"], "lrbench.toml", "is not a saved result"),
    "no toml": (CONFIG, ["no.toml", "--only", "first"], "no.toml", "no file no.toml"),
    "nothing expected": (CONFIG, ["none.json"], "none.json", "no file none.json"),
    "quantity": (CONFIG, ["none.json", "--expect", "rat >= 0"], "none.json", "'rat'"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_refusal_is_an_error_of_a_test_case(name: str, here: Path, invoke: Any) -> None:
    config, words, subject, mistake = REFUSED[name]
    (here / "lrbench.toml").write_text(config)
    refused = invoke("check", *words, "--junit", "x.xml")
    assert (refused.code, refused.out) == (2, "")
    assert two_sentences(refused.err)
    case = case_in(here / "x.xml")
    assert case.get("name") == subject
    (error,) = case
    assert (error.tag, mistake in str(error.get("message"))) == ("error", True)
    # The two sentences of stderr, and nothing else.
    assert f"Error: {error.get('message')}\nHint: {error.text}\n" == refused.err
    # Again, in place of the first file.
    assert invoke("check", *words, "--junit", "x.xml").code == 2


def test_an_annotation_says_so_too(
    here: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "s.md"))
    (here / "lrbench.toml").write_text("[[check]")
    refused = invoke("check", "--github")
    assert refused.code == 2
    first, *error = refused.err.splitlines()
    assert first.startswith("::error file=lrbench.toml,title=lrbench check lrbench.toml::")
    assert two_sentences("\n".join(error))
    assert "| lrbench.toml | ERROR |" in (here / "s.md").read_text()


TARGETS = ["lrbench.toml", "lrbench-baselines.jsonl", "notes.jsonl", "none/x.xml", "."]


@pytest.mark.parametrize("target", TARGETS)
def test_no_file_that_is_another_is_written(target: str, here: Path, invoke: Any) -> None:
    """The configuration might name notes.jsonl as its baselines, had it been read."""
    (here / "notes.jsonl").write_text("{}\n")
    (here / "lrbench.toml").write_text("[[check]")
    before = {p: p.read_bytes() for p in here.iterdir()}
    refused = invoke("check", "--junit", target)
    assert (refused.code, two_sentences(refused.err)) == (2, True)
    assert "not TOML" in refused.err
    assert {p: p.read_bytes() for p in here.iterdir()} == before


def test_each_check_has_its_seconds(
    here: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([10.0, 10.25, 20.0, 21.5])  # before and after each of the two checks
    monkeypatch.setattr("lrbench.gate.run_checks.time", Clock(clock))
    assert invoke("check", "--junit", "x.xml").code == 3
    suites = ET.parse(here / "x.xml").getroot()
    (suite,) = suites
    assert [case.get("time") for case in suite] == ["0.250", "1.500"]
    assert {suites.get("time"), suite.get("time")} == {"1.750"}


class Clock:
    """A module `time` whose counter shows these seconds."""

    def __init__(self, seconds: Any) -> None:
        self.perf_counter = lambda: next(seconds)
