"""`lrbench theory`: the numbers are those of the formulas, and those that `run` prints."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

FLAGSHIP = ("theory", "-p", "logreg", "--lr0", "100")


def refuse(word: str) -> float:
    raise AssertionError(f"{word} is no JSON")


def told(invoke: Any, *args: str) -> dict[str, Any]:
    """Return the only problem of the JSON."""
    outcome = invoke(*args, "--format", "json")
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out, parse_constant=refuse)
    assert (report["format"], report["version"]) == ("lrbench-theory", 1)
    assert len(report["problems"]) == 1
    problem: dict[str, Any] = report["problems"][0]
    return problem


def entry(problem: dict[str, Any], key: str, solver: str = "wngrad") -> dict[str, Any]:
    found = [
        t
        for s in problem["settings"]
        if s["solver"]["name"] == solver
        for t in s["theorems"]
        if t["theorem"] == key
    ]
    assert len(found) == 1
    out: dict[str, Any] = found[0]
    return out


def test_w3_and_w2_are_their_formulas(invoke: Any) -> None:
    problem = told(invoke, *FLAGSHIP, "--at", "7,1000")
    c = problem["constants"]
    delta0, D, L = c["delta0"] + c["f_star_error"], c["distance"] + c["distance_error"], c["L"]
    b_0 = 1 / 100
    b_1 = b_0 + c["grad_norm_sq0"] / b_0
    assert b_1 >= L
    b_max = b_1 + delta0 * (1 + 2 * L / b_1)
    w3 = entry(problem, "W3")
    assert w3["iteration"] == [7, 1000]
    assert w3["bound"] == pytest.approx(
        [D**2 / (4 * T / b_max + 2 / L) for T in (7, 1000)], rel=1e-12
    )
    w2 = entry(problem, "W2")
    regret = D**2 * b_0 + max(D**2 + 1 - b_0 / L, 0) * (b_max - b_0)
    either = min(regret / 2, delta0 + D**2 * b_max / 2)
    assert w2["bound"] == pytest.approx([either / 7, either / 1000], rel=1e-12)
    assert w2["order"] == {"kind": "power", "value": -1.0}
    assert w2["trivial"] == c["delta0"]


def test_bounds_and_hypotheses_are_those_that_run_judges_by(invoke: Any) -> None:
    problem = told(invoke, *FLAGSHIP, "--at", "10")
    ran = json.loads(invoke("run", *FLAGSHIP[1:], "-n", "10", "--format", "json").out)
    for key in ("constants", "fingerprint", "n_samples", "labels"):
        assert problem[key] == ran["problems"][0][key]
    compared = 0
    for v in ran["problems"][0]["verdicts"]:
        if any(h["name"].endswith("minibatches") for h in v["hypotheses"]):
            continue
        mine = entry(problem, v["theorem"], v["solver"]["name"])
        assert mine["hypotheses"] == v["hypotheses"]
        assert mine["applies"] == v["applies"]
        if v["applies"] and v["kind"] == "a-priori":
            assert mine["bound"] == [v["bound"][-1]]
            assert mine["informative_from"] == v["informative_from"]
            assert mine["order"] == v["order"]
            compared += 1
    assert compared >= 6


@pytest.mark.parametrize("key", ["W1", "W2", "W3"])
def test_a_bound_informs_from_the_t_that_is_said(invoke: Any, key: str) -> None:
    start = entry(told(invoke, *FLAGSHIP), key)["informative_from"]
    found = entry(told(invoke, *FLAGSHIP, "--at", f"{start - 1},{start}"), key)
    before, after = found["bound"]
    assert after < found["trivial"] <= before


def test_a_theorem_whose_hypothesis_fails_says_by_how_much_and_has_no_number(invoke: Any) -> None:
    problem = told(invoke, *FLAGSHIP)
    gd = entry(problem, "GD", "sgd")
    two = 2 / problem["constants"]["L"]
    assert gd["bound"] == [None, None, None]
    assert not gd["applies"]
    assert gd["informative_from"] is gd["order"] is None
    assert gd["reason"] == f"lr0 = 100 >= 2/L = {two:.3g}"
    assert [h["name"] for h in gd["hypotheses"] if not h["holds"]] == ["lr0 L < 2"]
    page = invoke(*FLAGSHIP, "-s", "sgd").out
    assert re.search(r"^FAILS  lr0 L < 2: lr0 = 100 >= 2/L = .*GD", page, re.MULTILINE)
    assert "no theorem applies: C5 (lr0 L < 2)" in page
    assert "C6 (s_0 >= 2L/3)" in page
    assert "T=100 " not in page


def test_a_certificate_has_a_statement_and_hypotheses_but_no_number(invoke: Any) -> None:
    c6 = entry(told(invoke, *FLAGSHIP), "C6")
    assert c6["applies"]
    assert c6["computed_from_run"]
    assert c6["bound"] == [None, None, None]
    page = invoke(*FLAGSHIP, "-s", "wngrad").out
    assert f"C6: {c6['statement']}" in page.partition("computed from the run:")[2]


def test_theorems_for_the_other_setting_are_told_only_when_asked(invoke: Any) -> None:
    def keys(*args: str) -> set[str]:
        problem = told(invoke, "theory", "-p", "logreg", "-s", "sgd", "--lr0", "0.1", *args)
        return {t["theorem"] for t in problem["settings"][0]["theorems"]}

    batch, stochastic = keys(), keys("--batch-size", "32")
    assert "GD" in batch
    assert "GD" not in stochastic
    assert "SGD3" in stochastic
    assert "SGD3" not in batch
    assert keys("--all") == keys("--all", "--batch-size", "32") == batch | stochastic


def test_a_ball_and_minibatches_reach_the_theorems(invoke: Any) -> None:
    args = ("theory", "-p", "logreg", "-s", "sgd", "--lr0", "0.1", "--at", "50")
    problem = told(invoke, *args, "--batch-size", "32", "--radius", "40")
    c, found = problem["constants"], entry(problem, "SGD1", "sgd")
    D, G = c["distance"] + c["distance_error"], c["G"]
    assert found["bound"] == [pytest.approx(D**2 / (2 * 0.1 * 50) + 0.1 * G**2 / 2, rel=1e-12)]
    assert (problem["radius"], problem["settings"][0]["batch_size"]) == (40.0, 32)
    unsound = [h["detail"] for h in entry(problem, "SGD3", "sgd")["hypotheses"] if not h["holds"]]
    assert unsound == ["a ball (--radius 40)"]
    reshuffled = told(
        invoke, *args, "--batch-size", "32", "--radius", "40", "--sampling", "reshuffle"
    )
    found = entry(reshuffled, "SGD1", "sgd")
    assert [h["detail"] for h in found["hypotheses"] if not h["holds"]] == ["sampling: reshuffle"]
    assert (found["bound"], found["reason"]) == ([None], "sampling: reshuffle")


def test_the_longest_run_that_is_asked_for_is_the_horizon_of_a_schedule(invoke: Any) -> None:
    args = ("theory", "-p", "lad-worst", "-s", "sgd[schedule=linear]", "--lr0", "0.3")
    problem = told(invoke, *args, "--at", "20,100,700")
    c, found = problem["constants"], entry(problem, "SGD6", "sgd")
    D, G, T = c["distance"] + (c["distance_error"] or 0.0), min(c["G"], c["G_batch"]), 700
    closed = D**2 * T / (2 * 0.3 * (T + 1) ** 2) + 0.3 * G**2 * (T + 1) / (2 * T)
    assert found["bound"] == [None, None, pytest.approx(closed, rel=1e-12)]
    assert "T = 700" in [h["detail"] for h in found["hypotheses"]]


def test_rates_in_units_of_l_and_several_solvers(invoke: Any) -> None:
    problem = told(invoke, "theory", "-p", "log-spectrum", "-s", "gd", "--lr0", "1/L,3/L")
    L = problem["constants"]["L"]
    assert [s["lr0"] * L for s in problem["settings"]] == pytest.approx([1.0, 3.0])
    assert [s["solver"]["name"] for s in problem["settings"]] == ["sgd", "sgd"]
    applies = [
        {t["theorem"]: t["applies"] for t in s["theorems"]}["GD"] for s in problem["settings"]
    ]
    assert applies == [True, False]


def test_a_solver_without_theorems_says_so(invoke: Any) -> None:
    outcome = invoke("theory", "-p", "logreg", "-s", "adam")
    assert outcome.code == 0
    assert "adam has no theorems" in outcome.out


@pytest.mark.parametrize("more", [(), ("--batch-size", "8", "--radius", "20", "--all")])
def test_the_page_fits_and_is_plain(invoke: Any, more: tuple[str, ...]) -> None:
    outcome = invoke(*FLAGSHIP, *more)
    lines = outcome.out.splitlines()
    assert outcome.code == 0
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    assert outcome.out.isascii()
    assert outcome.out == invoke(*FLAGSHIP, *more).out


def test_the_table_has_colour_where_asked(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in invoke(*FLAGSHIP, "--format", "table", "--color", "always").out
    assert "\x1b[" not in invoke(*FLAGSHIP, "--format", "table", "--color", "never").out


def keys_of(text: str) -> list[str]:
    return re.findall(r"^@\w+\{(.*),$", text, re.MULTILINE)


def test_bibtex_is_of_what_applies_and_of_the_step_rule(invoke: Any) -> None:
    outcome = invoke(*FLAGSHIP, "--bibtex")
    found = keys_of(outcome.out)
    assert len(found) == len(set(found))
    assert {"wu2018", "ward2020", "robbins1951", "liu2023"} <= set(found)
    assert "rotaru2024" not in found  # GD-grad does not apply at lr0 = 100
    assert outcome.out.startswith("@")
    assert outcome.out.endswith("}\n")
    assert outcome.err == ""
    assert set(keys_of(invoke(*FLAGSHIP, "--bibtex", "--all").out)) > set(found)
    assert "drori2014" in keys_of(
        invoke("theory", "-p", "logreg", "-s", "sgd", "--lr0", "1", "--bibtex").out
    )


@pytest.mark.parametrize("at", ["0", "x", "1.5", "10,", "-3", "nan", "inf", "1e16"])
def test_iterations_must_be_whole_numbers(invoke: Any, at: str) -> None:
    outcome = invoke(*FLAGSHIP, f"--at={at}")
    assert outcome.code == 2
    assert outcome.err.startswith("Error: --at ")
    assert outcome.err.count("\n") == 2
    assert outcome.out == ""


def test_iterations_are_sorted_and_said_once(invoke: Any) -> None:
    w3 = entry(told(invoke, *FLAGSHIP, "--at", "1e3,10,1000"), "W3")
    assert w3["iteration"] == [10, 1000]


@pytest.mark.parametrize(
    "args",
    [("theory",), ("theory", "-p", "logrge"), (*FLAGSHIP, "-s", "wngard"), (*FLAGSHIP, "-n", "5")],
)
def test_what_is_wrong_on_the_command_line_ends_with_2(invoke: Any, args: tuple[str, ...]) -> None:
    outcome = invoke(*args)
    assert outcome.code == 2
    assert "Error: " in outcome.err
    assert "Hint: " in outcome.err


def test_of_several_problems_one_may_fail(invoke: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('loss = "squared"\n[data]\nname = "./none.svm"\n')
    outcome = invoke(*FLAGSHIP, "-p", str(broken), "-s", "wngrad")
    assert outcome.code == 3
    assert outcome.out.startswith("logreg: ")
    assert "none.svm" in outcome.err


def test_raw_first_has_no_number_after_one_step(invoke: Any) -> None:
    args = ("theory", "-p", "logreg", "-s", "wngrad[order=raw-first]", "--lr0", "1", "--at", "1,2")
    w1 = entry(told(invoke, *args), "W1")
    assert w1["bound"][0] is None
    assert math.isfinite(w1["bound"][1])
    (row,) = re.findall(r"^W1 .*", invoke(*args).out.partition("hypotheses")[0], re.MULTILINE)
    assert row.split()[3] == "-"


def test_several_lr0_have_statements_and_sources_once(invoke: Any) -> None:
    page = invoke("theory", "-p", "logreg", "--lr0", "1,10,100", "-s", "wngrad").out
    for once in ("C6: F(x_T)", "W3: F(x_T)", "sources: ", "letters: x_t = w_t"):
        assert page.count(once) == 1
    assert page.count("hypotheses:") == 3
    assert "tight" not in page
    assert "tight" in invoke(*FLAGSHIP, "-s", "adagrad-norm").out


def test_a_solver_with_theorems_for_the_other_setting_says_so(invoke: Any) -> None:
    from lrbench.theory import THEOREMS

    found = invoke("theory", "-p", "logreg", "-s", "wn-adam").out
    assert ("wn-adam has no theorems" in found) == (not THEOREMS.get("wn-adam"))
