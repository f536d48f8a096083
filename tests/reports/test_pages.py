"""Pages on a terminal, in plain text, Markdown and LaTeX: what they hold, and that they fit."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from made_header import with_header
from shown_results import awkward, batch, every, one_lr0, shown, stochastic

from lrbench.reports.view import View
from lrbench.results import Result, Status

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
    assert "\x1b" not in shown(one_lr0(), "table")
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
    text = shown(one_lr0(), "plain", View(details=True)).split("\nwngrad: ")[1]
    run = one_lr0().problems[0].runs[0]
    table = numbers_of(text.split("T  passes", 1)[1].split("\n", 1)[1])
    at = [int(t) for t in run.trace["iteration"]]
    assert [int(row[0]) for row in table] == [0, 1, 2, 5, 10, 20, 50]
    for row in table:
        k = at.index(int(row[0]))
        assert float(row[2]) == pytest.approx(run.trace["suboptimality"][k], rel=6e-3)
        # There are no bounds at the start.
        place = 4 if k == 0 else 6
        assert float(row[place]) == pytest.approx(run.trace["grad_norm_sq"][k], rel=6e-3)


def test_a_trajectory_over_seeds_is_the_mean() -> None:
    text = shown(stochastic(), "plain", View(columns=("objective",)))
    table = numbers_of(text.split("T  objective")[1].split("\n", 1)[1])
    runs = stochastic().problems[0].runs
    assert len(runs) == 3
    mean = np.mean([r.trace["objective"][-1] for r in runs])
    assert float(table[-1][1]) == pytest.approx(float(mean), rel=6e-3)


def test_several_lr0_have_a_verdict_table_and_a_trajectory_each() -> None:
    text = shown(batch(), "plain", View(details=True))
    for solver, lr0 in itertools.product(["wngrad", "gd"], ["1", "100"]):
        assert text.count(f"\n{solver}, lr0 = {lr0}: ") == 1
    assert text.count("T  passes") == 4
    assert text.count("\nbound  ") >= 3
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


@pytest.mark.parametrize("form", ["plain", "table", "markdown", "latex"])
def test_no_number_is_a_dash(form: str) -> None:
    assert "nan" not in shown(RESULTS["awkward"], form, View(details=True)).lower()


def test_a_loaded_result_shows_the_same() -> None:
    for result in every().values():
        again = Result.from_json(result.to_json())
        for view in VIEWS.values():
            assert shown(again, "plain", view) == shown(result, "plain", view)


@pytest.mark.parametrize("columns", ["0", "1", "nonsense"])
def test_a_terminal_without_room_is_not_believed(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    text = shown(batch(), "table", View(color=False))
    monkeypatch.setenv("COLUMNS", "80" if columns == "nonsense" else "40")
    assert text == shown(batch(), "table", View(color=False))


def test_a_table_is_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    number = re.compile(r"\d\.\d+e[-+]\d+")
    narrow = shown(one_lr0(), "table", View(color=False, theory=True))
    assert sorted(number.findall(narrow)) == sorted(number.findall(shown(one_lr0(), "plain")))
    assert "adagrad-norm" in narrow


def test_a_wide_terminal_has_room_for_trajectories(monkeypatch: pytest.MonkeyPatch) -> None:
    view = View(columns=("objective", "sum_grad_norm_sq", "b", "regret", "distance", "lr"))

    def tables(width: str) -> int:
        monkeypatch.setenv("COLUMNS", width)
        return len(
            re.findall(r"^ *T +objective|^ *T +[a-z_]+", shown(stochastic(), "table", view), re.M)
        )

    view = replace(view, columns=(*(view.columns or ()), "sum_lr", "stable_sum_lr", "passes"))
    assert tables("160") < tables("80")


def test_control_characters_are_shown_as_escapes() -> None:
    problem = one_lr0().problems[0]
    problem = with_header(problem, title="a\x1b[31mb\x9bc\x07", data="d\x00\x7f")
    turned = "".join(
        map(chr, (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
    )
    problem = replace(problem, name=f"e\x1b[2Jf\x07{turned}")
    result = replace(one_lr0(), problems=[problem])
    for form in ("plain", "table", "markdown", "latex", "csv"):
        text = shown(result, form, View(color=False))
        assert not re.search(rf"[\x00-\x09\x0b-\x1f\x7f-\x9f{turned}]", text)
    assert r"a\x1b[31mb\x9bc\x07" in shown(result, "plain")
    assert r"e\x1b[2Jf\x07\u061c\u200e" in shown(result, "csv")


def test_a_gap_below_the_error_of_f_star_is_said_to_be_so() -> None:
    problem = one_lr0().problems[0]
    run = problem.runs[1]
    gap = run.trace["suboptimality"].copy()
    gap[-1] = -3e-16
    spoilt = replace(
        with_header(problem, f_star_error=2e-15),
        runs=[replace(run, trace=run.trace | {"suboptimality": gap})],
        verdicts=[
            replace(v, metric=[*v.metric[:-1], -3e-16])
            for v in problem.verdicts
            if str(v.solver) == str(run.solver) and v.metric and v.measure == "suboptimality"
        ],
    )
    for view in VIEWS.values():
        text = shown(replace(one_lr0(), problems=[spoilt]), "plain", view)
        assert "<2e-15" in text or view.columns
        assert "-3" not in re.sub(r"e-3\d*|\d-3", "", text)


def test_several_hundred_lanes_have_columns_that_fit() -> None:
    """Texts as long as they come: every column at its widest."""
    problem = batch().problems[0]
    base = problem.runs[0]
    runs = [
        replace(base, lr0=lr0, status=status, status_at=123456, seed=seed)
        for lr0 in (3.16227766e-4, 1.0, 3162.27766)
        for seed, status in enumerate([Status.DIVERGED, *[Status.COMPLETED] * 9])
    ]
    verdicts = [
        replace(v, lr0=run.lr0, theorem="A5-mu", metric_interval=[(0.0, 1.0)] * len(v.iteration))
        for run in runs[::10]
        for v in problem.verdicts
        if v.iteration and v.solver == base.solver and v.lr0 == problem.runs[0].lr0
    ]
    wide = replace(batch(), problems=[replace(problem, runs=runs, verdicts=verdicts)])
    text = shown(wide, "plain")
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("1/10 DIVERGED") == 3
    assert text.count("+-") >= 3
    assert "3.16e-4" in text


def test_lanes_show_their_own_end() -> None:
    import lrbench

    result = lrbench.run(
        "logreg", solvers=["sgd"], lr0=[0.1, 1.0, 1e4], iterations=300, target=0.02
    )
    text = shown(result, "plain")
    ended = {r.lr0: r for r in result.problems[0].runs}
    rows = {row.split()[0]: row for row in text.splitlines() if row.lstrip()[:1].isdigit()}
    assert "of each lr0 at its end" in text
    for lr0, name in ((1.0, "1"), (1e4, "10000")):
        run = ended[lr0]
        word = {"reached_target": "reached target", "diverged": "DIVERGED"}[str(run.status)]
        assert f" {word} at {run.status_at} " in rows[name]
        last = rows[name].partition(f" at {run.status_at} ")[2].split()[0]
        if run.status is Status.DIVERGED:
            assert last == "-"
        else:
            assert last == f"{run.trace['suboptimality'][-1]:.1e}"
    assert ended[1.0].status is Status.REACHED_TARGET
    assert ended[1e4].status is Status.DIVERGED


def test_what_never_ran_is_named_and_crashes_nothing() -> None:
    problem = stochastic().problems[0]
    blank = replace(problem.runs[0], trace={}, status=Status.INTERRUPTED, status_at=0)
    runs = [
        problem.runs[0],
        *(replace(blank, seed=seed) for seed in (1, 2)),
        *(
            replace(blank, seed=seed, solver=replace(blank.solver, name="other"))
            for seed in (0, 1, 2)
        ),
    ]
    result = replace(stochastic(), problems=[replace(problem, runs=runs)])
    for again in (result, Result.from_json(result.to_json())):
        text = " ".join(shown(again, "plain", View(details=True, timing=True)).split())
        assert "not started: wngrad (seeds 1 to 2), other[order=current] (seeds" in text
        assert "Of what ran: " in text
        for form in ("table", "markdown", "latex", "csv", "json", "jsonl"):
            assert shown(again, form, View(details=True))
        assert len(shown(again, "csv").splitlines()) == len(problem.runs[0].trace["iteration"]) + 6
    none = replace(result, problems=[replace(problem, runs=runs[1:], verdicts=())])
    assert "no run was started" in shown(none, "plain")
    assert "First" not in shown(none, "latex")


def test_groups_are_looked_up_and_not_searched() -> None:
    """Twice the lanes must not be four times the comparisons."""
    problem = batch().problems[0]

    class Counted(str):
        compared = 0

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    def comparisons(n: int) -> int:
        base = problem.runs[0].solver
        lr0s = np.geomspace(1e-4, 1e4, n).tolist()
        own = [v for v in problem.verdicts if v.lr0 == 1.0 and v.solver.name == "wngrad"]
        many = replace(
            problem,
            runs=[
                replace(problem.runs[0], lr0=lr0, solver=replace(base, name=Counted("wngrad")))
                for lr0 in lr0s
            ],
            verdicts=[
                replace(v, lr0=lr0, solver=replace(base, name=Counted("wngrad")))
                for lr0 in lr0s
                for v in own
            ],
        )
        Counted.compared = 0
        shown(replace(batch(), problems=[many]), "plain")
        return Counted.compared

    assert comparisons(80) <= 3 * comparisons(40) + 10
