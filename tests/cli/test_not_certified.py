"""An f* that is not certified: nothing is run on that problem, and nothing rests on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lrbench
from lrbench.engine import run as engine
from lrbench.errors import OptimumError
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import Optimum, find_optimum
from lrbench.plan import prepare

OBSTACLE = "nearly collinear columns"
ERROR = (
    "Error: f* of logreg is not certified: nearly collinear columns (error up to 0.003, at most"
    " 1e-06 allowed).\n"
)
HINT = "try --scale standard, or give the minimum with --f-star VALUE."
TOML = """
[[check]]
name = "rough"
problem = "logreg"
solver = "gd"
iterations = 5
expect = "bound = pass"
baseline = true

[[check]]
name = "fine"
problem = "log-spectrum"
solver = "gd"
iterations = 5
expect = "status = completed"
"""


@pytest.fixture(autouse=True)
def rough_logreg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the optimum of `logreg` one that is known to 0.003 only."""

    def rough(problem: LinearProblem, cache: Path | None) -> Optimum:
        optimum = find_optimum(problem, cache=cache)
        if problem.name != "logreg":
            return optimum
        return replace(optimum, f_star_error=0.003, obstacle=OBSTACLE)

    monkeypatch.setattr(prepare, "find_optimum", rough)


@pytest.fixture
def stepless(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(*tasks: Any) -> Any:
        raise AssertionError("a run was started")

    monkeypatch.setattr(engine, "run_lanes", step)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "-n", "3"),
        ("run", "-n", "3", "--format", "json"),
        ("run", "--radius", "1"),  # whether the ball leaves w* out is not known
        ("run", "-n", "3", "--strict"),
        ("sweep", "-n", "3"),
    ],
)
@pytest.mark.usefixtures("stepless")
def test_exit_3_before_the_first_step(words: tuple[str, ...], invoke: Any) -> None:
    outcome = invoke(words[0], "-p", "logreg", *words[1:])
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == f"{ERROR}Hint: {HINT}\n"


def test_of_several_problems_the_others_go_on(invoke: Any) -> None:
    outcome = invoke("run", "-p", "logreg", "-p", "log-spectrum", "-s", "gd", "-n", "3")
    assert outcome.code == 3
    assert outcome.err == f"{ERROR}Hint: {HINT}\n"
    assert "log-spectrum" in outcome.out
    assert "logreg" not in outcome.out


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--scale", "standard"), "give the minimum"),
        (("--scale", "standard", "--penalty", "none"), "try a penalty, or give the minimum"),
        (("--penalty", "none"), "try --scale standard or a penalty, or give the minimum"),
    ],
)
def test_the_hint_names_what_the_problem_does_not_have(
    options: tuple[str, ...], hint: str, invoke: Any
) -> None:
    outcome = invoke("run", "-p", "logreg", *options, "-n", "3")
    assert outcome.err.endswith(f"\nHint: {hint} with --f-star VALUE.\n")


def test_a_gate_goes_on_with_the_other_checks_and_saves_no_baseline(
    invoke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LRBENCH_JOBS", "1")
    (tmp_path / "lrbench.toml").write_text(TOML)
    outcome = invoke("check", "--save-baseline")
    assert outcome.code == 3
    assert "PASS fine" in outcome.out
    assert "ERROR rough" in outcome.out
    assert "not certified: nearly collinear columns" in " ".join(outcome.out.split())
    assert not (tmp_path / "lrbench-baselines.jsonl").exists()


def test_from_python_it_is_a_failure_of_the_result_or_an_error() -> None:
    result = lrbench.run(["logreg", "log-spectrum"], solvers="gd", iterations=3)
    assert [problem.name for problem in result.problems] == ["log-spectrum"]
    ((name, error),) = result.failures
    assert (name, type(error), error.hint) == ("logreg", OptimumError, HINT)
    with pytest.raises(OptimumError, match="is not certified: nearly collinear"):
        lrbench.check("logreg", solvers="gd", iterations=3, expect="bound = pass")


@pytest.mark.usefixtures("stepless")
def test_theory_prints_its_page_without_what_rests_on_f_star(invoke: Any) -> None:
    solvers = [word for name in ("gd", "wngrad", "adagrad-norm", "fista") for word in ("-s", name)]
    words = ("theory", "-p", "logreg", *solvers, "--radius", "50", "--lr0", "0.1/L")
    outcome = invoke(*words)
    assert (outcome.code, outcome.err) == (0, "")
    page = " ".join(outcome.out.split())
    assert "f* is not certified: nearly collinear columns, so that nothing is proved" in page
    assert HINT in page
    assert "F(w_0) - f* =" not in page
    assert "1/L = " in page  # what does not rest on f* is as before
    assert max(map(len, outcome.out.splitlines())) <= 80
    saved = json.loads(invoke(*words, "--format", "json").out)
    (problem,) = saved["problems"]
    constants = problem["constants"]
    assert constants["f_star_obstacle"] == OBSTACLE
    assert (constants["f_star_certified"], constants["attained"]) == (False, False)
    assert (constants["distance"], constants["noise_star"]) == (None, None)
    theorems = [t for setting in problem["settings"] for t in setting["theorems"]]
    assert {t["theorem"] for t in theorems if t["applies"]} == {"C1", "C3a"}
    assert all(bound is None for t in theorems for bound in t["bound"])


def test_a_dry_run_prints_its_page_and_says_so(invoke: Any) -> None:
    outcome = invoke("run", "-p", "logreg", "-s", "gd", "-n", "3", "--dry-run")
    assert (outcome.code, outcome.err) == (0, "")
    page = " ".join(outcome.out.split())
    assert "f* of logreg is not certified: nearly collinear columns" in page
    assert f"no run is possible: {HINT}" in page
    assert "1 cell of 3 iterations" in page
    assert max(map(len, outcome.out.splitlines())) <= 80


@pytest.mark.parametrize("words", [("run", "--dry-run"), ("theory",)])
def test_where_no_reference_solver_is_the_page_says_so(
    words: tuple[str, ...], invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsolved(problem: LinearProblem, cache: Path | None) -> Optimum:
        raise OptimumError("no reference solver handles it.", "give the minimum with --f-star.")

    monkeypatch.setattr(prepare, "find_optimum", unsolved)
    outcome = invoke(words[0], "-p", "logreg", "-s", "gd", *words[1:])
    assert outcome.code == 0
    assert "not certified: no reference solver handles it" in outcome.out
    assert "error up to" not in outcome.out
    assert invoke("run", "-p", "logreg").err.startswith("Error: no reference solver handles it.\n")


def test_a_minimum_of_the_user_is_taken_as_before(invoke: Any) -> None:
    outcome = invoke("run", "-p", "logreg", "-s", "gd", "-n", "3", "--f-star", "0.26")
    assert outcome.code == 0
    assert "f* = 0.26 +- 0 (given, not certified)" in outcome.out
    assert "None came to 1 % of the start" in outcome.out


@pytest.mark.parametrize("name", ["logreg-separable", "poisson"])
def test_an_infimum_that_is_not_attained_is_certified_all_the_same(
    name: str, invoke: Callable[..., Any]
) -> None:
    outcome = invoke("run", "-p", name, "-s", "wngrad", "-n", "3", "--format", "json")
    assert outcome.code == 0
    constants = json.loads(outcome.out)["problems"][0]["constants"]
    assert (constants["f_star_certified"], constants["f_star_obstacle"]) == (True, "")
