"""Pages on a terminal, in plain text, Markdown and LaTeX: what they hold, and that they fit."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
import tabulate
from shown_results import awkward, batch, every, one_lr0, shown, stochastic

from lrbench.reports.view import View
from lrbench.results import Result

VIEWS = {
    "short": View(),
    "details": View(details=True),
    "timing": View(timing=True),
    "all": View(details=True, timing=True),
    "columns": View(columns=("objective", "sum_grad_norm_sq", "b", "regret", "distance", "lr")),
}
RESULTS = {**every(), "awkward": awkward()}
EVERY = list(itertools.product(RESULTS, VIEWS))
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(("name", "view"), EVERY)
def test_plain_fits_80_columns_of_ascii(name: str, view: str) -> None:
    lines = shown(RESULTS[name], "plain", VIEWS[view]).splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() and line.isascii() for line in lines)


@pytest.mark.parametrize("width", ["80", "120"])
@pytest.mark.parametrize(("name", "view"), EVERY)
def test_table_fits_its_terminal(
    name: str, view: str, width: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    coloured = shown(RESULTS[name], "table", replace(VIEWS[view], color=True))
    bare = shown(RESULTS[name], "table", replace(VIEWS[view], color=False))
    assert "\x1b[" in coloured
    assert "\x1b[" not in bare
    assert max(len(line) for line in bare.splitlines()) <= int(width)
    stripped = [line.rstrip() for line in ESCAPE.sub("", coloured).splitlines()]
    assert stripped == bare.splitlines()
    assert "…" not in bare  # no cell was cut


def test_no_color_and_dumb_terminals_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3\dm", shown(one_lr0(), "table"))
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in shown(one_lr0(), "table")


def numbers_of(text: str) -> list[list[str]]:
    """Return the rows of the first table in plain text."""
    lines = text.splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("-"))
    return [line.split() for line in itertools.takewhile(str.strip, lines[first + 1 :])]


def test_a_trajectory_is_the_trace() -> None:
    text = shown(one_lr0(), "plain", View(details=True)).split("wngrad[order=current]: ")[1]
    run = one_lr0().problems[0].runs[0]
    table = numbers_of(text.split("T  passes", 1)[1].split("\n", 1)[1])
    at = [int(t) for t in run.trace["iteration"]]
    assert [int(row[0]) for row in table] == [0, 1, 2, 5, 10, 20, 50]
    for row in table:
        k = at.index(int(row[0]))
        assert float(row[2]) == pytest.approx(run.trace["suboptimality"][k], rel=6e-3)
        assert float(row[4]) == pytest.approx(run.trace["grad_norm_sq"][k], rel=6e-3)
        assert float(row[6]) == pytest.approx(run.trace["b"][k], rel=6e-3)


def test_a_trajectory_over_seeds_is_the_mean() -> None:
    text = shown(stochastic(), "plain", View(columns=("objective",)))
    table = numbers_of(text.split("T  objective")[1].split("\n", 1)[1])
    runs = stochastic().problems[0].runs
    assert len(runs) == 3
    mean = np.mean([r.trace["objective"][-1] for r in runs])
    assert float(table[-1][1]) == pytest.approx(float(mean), rel=6e-3)


def test_several_lr0_have_a_verdict_table_and_a_trajectory_each() -> None:
    text = shown(batch(), "plain", View(details=True))
    for solver, lr0 in itertools.product(["wngrad[order=current]", "sgd"], ["1", "100"]):
        assert text.count(f"\n{solver}, lr0 = {lr0}: ") == 1
    assert text.count("T  passes") == 4
    assert text.count("\ntheorem") >= 3
    assert "T  passes" not in shown(batch(), "plain")


def test_seconds_are_shown_with_timing_alone() -> None:
    for form in ("plain", "table", "markdown", "latex"):
        for result in (batch(), one_lr0()):
            assert "s of steps" not in shown(result, form, View(details=True))
            timed = shown(result, form, View(timing=True))
            assert len(re.findall(r"s\s+(% +)?of\s+(% +)?evaluation", timed)) >= 2
    for view in (View(details=True), View(columns=("lr",))):
        assert " seconds" not in shown(batch(), "plain", view)
        assert " seconds" in shown(batch(), "plain", replace(view, timing=True))


def test_wide_tables_are_folded() -> None:
    problem = one_lr0().problems[0]
    runs = [
        replace(run, solver=replace(run.solver, name=f"{run.solver.name}-{k}"))
        for k in range(4)
        for run in problem.runs
    ]
    result = replace(one_lr0(), problems=[replace(problem, runs=runs, verdicts=())])
    text = shown(result, "plain")
    assert max(map(len, text.splitlines())) <= 80
    heads = [line.split() for line in text.splitlines() if line.lstrip().startswith("T ")]
    assert len(heads) > 1
    assert sum(len(head) - 1 for head in heads) == 12


def test_a_problem_without_runs_says_so() -> None:
    problem = replace(one_lr0().problems[0], runs=(), verdicts=())
    assert "no run was started" in shown(replace(one_lr0(), problems=[problem]), "plain")


def cells(row: str) -> int:
    """Return the number of cells in a row of a Markdown table."""
    return len(re.findall(r"(?<!\\)\|", row)) - 1


@pytest.mark.parametrize(("name", "view"), EVERY)
def test_markdown_tables_have_equal_columns(name: str, view: str) -> None:
    text = shown(RESULTS[name], "markdown", VIEWS[view])
    paragraphs = text.rstrip("\n").split("\n\n")
    tables = [p.splitlines() for p in paragraphs if p.startswith("|")]
    assert tables
    for table in tables:
        assert len({cells(row) for row in table}) == 1
        assert re.fullmatch(r"\|(:?-+:?\|)+", table[1])
    assert all("\n" not in p for p in paragraphs if not p.startswith("|"))
    assert all(line == line.rstrip() for line in text.splitlines())


def test_markdown_escapes_markup() -> None:
    text = shown(awkward(), "markdown")
    assert r"\*it\*" in text
    assert r"\<i\>" in text
    assert r"a\|b" in text
    assert re.search(r"(?<!\\)\*(?!\*)(?<!\*\*)", text) is None


def test_markdown_numbers_are_those_of_the_page() -> None:
    plain, markdown = shown(one_lr0(), "plain"), shown(one_lr0(), "markdown")
    number = re.compile(r"\d\.\d\de[+-]\d\d")
    assert number.findall(plain) == number.findall(markdown)


@pytest.mark.parametrize(("name", "view"), EVERY)
def test_latex_is_balanced(name: str, view: str) -> None:
    text = shown(RESULTS[name], "latex", VIEWS[view])
    code = [line for line in text.splitlines() if line and not line.startswith("%")]
    columns = 0
    for line in code:
        if line.startswith(r"\begin{tabular}"):
            assert columns == 0
            columns = len(line.removeprefix(r"\begin{tabular}").strip("{}"))
        elif line == r"\end{tabular}":
            assert columns
            columns = 0
        elif line not in (r"\toprule", r"\midrule", r"\bottomrule"):
            assert line.endswith(r"\\")
            assert len(re.findall(r"(?<!\\)&", line)) == columns - 1
            assert len(re.findall(r"(?<!\\)\$", line)) % 2 == 0
            assert line.count("{") == line.count("}")
            outside = re.sub(r"(?<!\\)\$.*?(?<!\\)\$", "", line)
            assert not re.search(r"(?<!\\)[_#%^]|[|<>]", outside), line
    assert columns == 0
    assert code.count(r"\toprule") == code.count(r"\bottomrule") > 0
    assert all(line == line.rstrip() for line in text.splitlines())


def test_latex_escapes_names() -> None:
    text = shown(awkward(), "latex")
    row = next(line for line in text.splitlines() if "order=a" in line and "&" in line)
    assert r"a\_b\&c\textbar{}\%\#" in row
    assert all(line.startswith("%") for line in text.splitlines() if "ValueError" in line)


def test_latex_sets_mathematics_as_such() -> None:
    text = shown(stochastic(), "latex", View(details=True))
    assert r"$\|g\|^2$" in text
    assert r"$\pm$" in text


@pytest.mark.parametrize("form", ["plain", "table", "markdown", "latex"])
def test_no_number_is_a_dash(form: str) -> None:
    assert "nan" not in shown(RESULTS["awkward"], form, View(details=True)).lower()


def test_headings_alone_do_not_widen_a_table() -> None:
    assert tabulate.MIN_PADDING == 0


def test_a_loaded_result_shows_the_same() -> None:
    for result in every().values():
        again = Result.from_json(result.to_json())
        for view in VIEWS.values():
            assert shown(again, "plain", view) == shown(result, "plain", view)
