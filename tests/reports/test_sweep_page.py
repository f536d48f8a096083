"""The page of a sweep, in every form: what it says, and that it fits."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from made_header import with_header
from shown_results import shown
from swept import TARGET, made_problem

from lrbench.config.solver_spec import SolverSpec
from lrbench.reports.blocks import Line, line
from lrbench.reports.curve import axis, columns_of
from lrbench.reports.page import result_page
from lrbench.reports.to_terminal import can_show
from lrbench.reports.view import View
from lrbench.results import SCHEMA, ProblemResult, Result, Status
from lrbench.study import analyse

INF = math.inf
ROOT = Path(__file__).parents[2]
GRID = [10.0 ** float(k) for k in np.linspace(-4, 4, 33)]
NAMES = [
    "wngrad[order=current]",
    "adagrad-norm",
    "prox-wngrad[order=raw-first]",
    "sgd",
]
PAGES = ("plain", "table", "markdown", "latex")


def swept(*problems: ProblemResult) -> Result:
    done = [replace(problem, sweep=analyse(problem)) for problem in problems]
    return Result((), {}, done)


def valley(best: float, width: float, seeds: int = 1) -> list[list[float]]:
    """Return passes that rise by a power away from the best lr0, and end at 500."""
    rows = []
    for seed in range(seeds):
        costs = [5.0 * (1 + seed / 10) * 10 ** (abs(math.log10(v / best)) / width) for v in GRID]
        rows.append([cost if cost <= 500 else INF for cost in costs])
    return rows


def four(seeds: int = 1) -> Result:
    """Four solvers with long names on 33 lr0: wide, wide to the edge, narrow, none."""
    passes = {
        NAMES[0]: valley(1.0, 1.0, seeds),
        NAMES[1]: valley(100.0, 2.0, seeds),
        NAMES[2]: valley(0.1, 0.2, seeds),
        NAMES[3]: [[INF] * 33] * seeds,
    }
    return swept(made_problem(GRID, passes))


def two_problems() -> Result:
    again = {NAMES[0]: valley(0.01, 1.0), NAMES[3]: valley(1.0, 0.1)}
    return swept(made_problem(GRID, {NAMES[0]: valley(1.0, 1.0)}), made_problem(GRID, again, "b"))


def gaps() -> Result:
    """Runs that are missing, failed, diverged, and were stopped."""
    problem = made_problem(GRID, {name: valley(1.0, 1.0, 3) for name in NAMES[:2]})
    runs = list(problem.runs)
    ends = [Status.DIVERGED] * 6 + [Status.FAILED] * 3
    for k, status in enumerate(ends):
        error = "ValueError: no" if status is Status.FAILED else None
        runs[32 - k] = replace(runs[32 - k], status=status, error=error)
    for k in range(99, len(runs)):
        if runs[k].seed == 2:
            runs[k] = replace(runs[k], status=Status.INTERRUPTED, status_at=0, trace={})
    return swept(replace(problem, runs=runs))


def irregular() -> Result:
    lr0 = [1e-300, 1e-5, 1.1e-5, 0.02, 3.0, 3.3, 1e7]
    return swept(made_problem(lr0, {"a": [[9.0, 9.0, INF, 1.0, 1.0, 1.0, 2.0]]}))


def many_lr0() -> Result:
    grid = np.geomspace(1e-6, 1e6, 400).tolist()
    costs = [1.0 + abs(math.log10(v)) for v in grid]
    return swept(made_problem(grid, {"a": [costs], NAMES[2]: [costs[::-1]]}))


def stopped() -> Result:
    """Of two solvers the second has one seed of three, and nothing at its highest lr0."""
    problem = made_problem([0.1, 1.0, 10.0], {"a": [[4.0, 2.0, 4.0]] * 3, "b": [[9.0, 3.0, 9.0]]})
    runs = [
        replace(run, status=Status.INTERRUPTED, status_at=0, trace={})
        if (str(run.solver), run.lr0) == ("b", 10.0)
        else run
        for run in problem.runs
    ]
    return swept(replace(problem, runs=runs))


RESULTS = {
    "four": four(),
    "seeds": four(5),
    "two": two_problems(),
    "gaps": gaps(),
    "irregular": irregular(),
    "many": many_lr0(),
    "one-lr0": swept(made_problem([1.0], {"a": [[3.0]]})),
    "at-start": swept(made_problem([0.1, 1.0], {"a": [[0.0, 0.0]]})),
    "stopped": stopped(),
    "nothing": swept(made_problem([0.1, 1.0], {"a": [[INF, INF]]})),
    "long-name": swept(made_problem(GRID, {"my_own_very_long_rule" * 4: valley(1.0, 1.0)})),
}
VIEWS = {
    "short": View(),
    "details": View(details=True),
    "timing": View(timing=True),
    "columns": View(columns=("lr", "objective")),
}
EVERY = [pair for pair in itertools.product(RESULTS, VIEWS) if pair != ("many", "columns")]


@pytest.mark.parametrize(("name", "view"), EVERY)
def test_plain_is_ascii_of_80_columns(name: str, view: str) -> None:
    lines = shown(RESULTS[name], "plain", VIEWS[view]).splitlines()
    assert all(line == line.rstrip() and line.isascii() for line in lines)
    if name != "long-name":  # the name of a solver alone is wider
        assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("width", ["80", "120"])
@pytest.mark.parametrize(("name", "view"), EVERY)
def test_table_fits_its_terminal(
    name: str, view: str, width: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    coloured = shown(RESULTS[name], "table", replace(VIEWS[view], color=True))
    bare = shown(RESULTS[name], "table", replace(VIEWS[view], color=False))
    assert "\x1b[" not in bare
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines()
    assert [line.rstrip() for line in stripped] == bare.splitlines()
    if name != "long-name" or width == "120":
        assert max(map(len, bare.splitlines())) <= int(width)


@pytest.mark.parametrize("form", PAGES)
@pytest.mark.parametrize("name", RESULTS)
def test_a_loaded_sweep_shows_the_same(name: str, form: str) -> None:
    again = Result.from_json(RESULTS[name].to_json())
    for view in (View(), View(details=True)):
        assert shown(again, form, view) == shown(RESULTS[name], form, view)


@pytest.mark.parametrize("form", PAGES)
@pytest.mark.parametrize("name", RESULTS)
def test_a_page_has_one_advice_a_problem_and_no_time(name: str, form: str) -> None:
    text = shown(RESULTS[name], form)
    assert len(re.findall(r"Advice:\s", text)) == len(RESULTS[name].problems)
    assert "second" not in text
    assert not re.search(r"\bnan\b|\binf\b", text)
    assert "s of steps" not in text


def tables(text: str) -> list[dict[str, dict[str, str]]]:
    """Return the tables of plain text, each as first cell -> heading -> cell."""
    lines, found = text.splitlines(), []
    for k, rule in enumerate(lines):
        if re.fullmatch(r"-+( +-+)+", rule):
            spans = [match.span() for match in re.finditer("-+", rule)]
            heads = [lines[k - 1][a:b].strip() for a, b in spans]
            body = itertools.takewhile(str.strip, lines[k + 1 :])
            rows = [[line[a:b].strip() for a, b in spans] for line in body]
            found.append({row[0]: dict(zip(heads, row, strict=True)) for row in rows})
    return found


FACTORS = ("x0.01", "x0.1", "x10", "x100")


def row(text: str, name: str, *headings: str) -> list[str]:
    """Return cells in the row of a solver, from whichever table they are in."""
    cells = {head: cell for table in tables(text) for head, cell in table.get(name, {}).items()}
    return [cells[head] for head in headings]


def test_the_table_holds_what_was_found() -> None:
    text = shown(four(), "plain")
    found = ("best lr0", "speed (passes)", "usable lr0", "decades", "arrive")
    assert row(text, NAMES[0], *found) == ["1", "100 % (5)", "0.01 to 100", "4.00", "52 %"]
    assert row(text, NAMES[1], *found) == ["100", "100 % (5)", "0.01 to 10000", ">= 6.00", "76 %"]
    assert row(text, NAMES[3], *found) == ["-", "never", "none", "-", "0 %"]
    # A decade away costs a factor 10, two decades 100; of the second 10**(1/2) and 10.
    assert row(text, NAMES[0], *FACTORS) == ["1 %", "10 %", "10 %", "1 %"]
    assert row(text, NAMES[1], *FACTORS) == ["10 %", "32 %", "32 %", "10 %"]
    assert row(text, NAMES[2], *FACTORS) == ["0 %"] * 4
    assert row(text, NAMES[3], *FACTORS) == ["-"] * 4
    assert row(text, NAMES[0], "within x10", "finite", "lr L") == ["10 %", "100 %", "0.50"]
    # 33 - 17 of the first never came there; L = 2 and the last lr 1/4.
    costs = shown(four(), "plain", View(details=True)).split("costs, of which less is better")[1]
    assert row(costs, NAMES[0], "passes", "diverged", "stalled") == ["5", "0", "16"]
    assert "target F - f* <= 0.0100 (1 % of F(w_0) - f*)" in text
    assert "at most 1000 iterations (10 passes), one seed: no interval" in text
    assert "33 lr0 from 0.0001 to 10000" in text
    assert "95 %" not in text


def legend_of(text: str) -> list[str]:
    """Return the lines of the last paragraph of the page."""
    return text[text.rindex("\n\n") :].split("\n")[2:-1]


def entries_of(text: str) -> list[str]:
    """Return what the legend explains: the beginnings of its lines."""
    return [found.split(":")[0] for found in legend_of(text) if not found.startswith("  ")]


COLUMNS = ["best lr0", "speed (passes)", "decades", "arrive", "usable lr0", "x0.01 to x100"]
COLUMNS += ["within x10", "finite", "lr L"]
"""What every legend explains, in the order of the columns."""

COSTS = ["passes", "draws", "price x10", "diverged, stalled"]
"""What it explains with the details."""


def test_each_column_is_explained_on_a_line_of_its_own() -> None:
    seeds = [*COLUMNS]
    seeds.insert(COLUMNS.index("usable lr0") + 1, "95 % interval")
    assert entries_of(shown(four(5), "plain")) == [*seeds, ">=, <=", "never", "-"]
    details = shown(four(5), "plain", View(details=True))
    seeds += [*COSTS, "LR sens.", "exponent"]
    assert entries_of(details) == [*seeds, ">=, <=", "never", "-"]
    assert "diverged, stalled: runs that ended so, out of 165" in legend_of(details)
    alone = swept(made_problem([1.0], {"a": [[3.0]]}))
    one = shown(alone, "plain", View(details=True))
    assert entries_of(one) == [*COLUMNS, *COSTS, ">=, <=", "off"]
    assert entries_of(shown(alone, "plain")) == [*COLUMNS, ">=, <=", "off"]
    assert "diverged, stalled: runs that ended so, out of 1" in legend_of(one)
    assert "off: beyond the grid" in legend_of(one)
    inside = swept(made_problem(GRID, {"a": valley(1.0, 1.0)}))
    assert entries_of(shown(inside, "plain")) == COLUMNS


ENTRIES = dict.fromkeys(FACTORS, "x0.01 to x100")
"""Heading -> what the legend explains it under, if that is not the heading."""


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_the_legend_is_last_and_explains_every_column_once(name: str) -> None:
    text = shown(RESULTS[name], "plain")
    legend, entries = legend_of(text), entries_of(text)
    assert len(set(entries)) == len(entries)
    of_sweeps = tables(text.split("\nall ")[0])
    headings = [heading for rows in of_sweeps for heading in next(iter(rows.values()))]
    assert {ENTRIES.get(h, h) for h in headings} - {"solver"} <= {*entries}
    assert not any(a.startswith("  ") and b.startswith("  ") for a, b in itertools.pairwise(legend))
    assert text.rindex("Advice:") < text.rindex(f"\n{legend[0]}")


def test_no_width_has_no_interval() -> None:
    seeds = [[INF, INF, INF], [INF, INF, INF], [INF, 1.0, 1.0]]
    assert "95 %" not in shown(swept(made_problem([0.1, 1.0, 10.0], {"a": seeds})), "plain")
    both = {"a": seeds, "b": [[1.0, 1.0, 1.0]] * 3}
    text = shown(swept(made_problem([0.1, 1.0, 10.0], both)), "plain")
    assert row(text, "a", "usable lr0", "decades", "95 % interval") == ["none", "-", "-"]
    seeds = [[INF, 1.0, INF], [INF, 1.0, INF], [INF, 1.0, 1.0]]
    text = shown(swept(made_problem([0.1, 1.0, 10.0], {"a": seeds})), "plain")
    assert row(text, "a", "usable lr0", "decades", "95 % interval") == ["1", "0.00", "0.00 to 1.00"]


def test_off_the_grid() -> None:
    text = shown(swept(made_problem([1.0, 10.0], {"a": [[1.0, 4.0]]})), "plain")
    assert row(text, "a", *FACTORS) == ["off", "off", "25 %", "off"]


def test_seeds_have_an_interval() -> None:
    text = shown(four(5), "plain")
    assert "medians over 5 seeds" in text
    assert row(text, NAMES[0], "decades", "95 % interval") == ["3.50", "3.50 to 4.00"]
    assert row(text, NAMES[3], "decades", "95 % interval") == ["-", "-"]
    assert "95 % interval: of the decades over seeds drawn again, in grid steps of 0.25\n" in text


def test_an_interval_ends_where_the_grid_does() -> None:
    grid = [0.1, 1.0, 10.0, 1000.0]
    most = [[INF, 1.0, 1.0, 1.0]] * 3
    text = shown(swept(made_problem(grid, {"a": most})), "plain")
    assert row(text, "a", "decades", "95 % interval") == [">= 3.00", ">= 3.00"]
    text = shown(swept(made_problem(grid, {"a": [*most, [INF, 1.0, INF, INF]]})), "plain")
    assert row(text, "a", "decades", "95 % interval") == [">= 3.00", "0.00 to >= 3.00"]
    assert "grid steps" not in text  # they differ


def test_a_best_lr0_at_an_end_of_the_grid() -> None:
    solvers = {"a": [[1.0, 2.0, 3.0]], "b": [[3.0, 2.0, 1.0]], "c": [[3.0, 1.0, 3.0]]}
    text = shown(swept(made_problem([0.1, 1.0, 10.0], solvers)), "plain")
    assert [row(text, name, "best lr0") for name in solvers] == [["<= 0.1"], [">= 10"], ["1"]]
    alone = shown(swept(made_problem([0.1], {"a": [[1.0]]})), "plain")
    assert row(alone, "a", "best lr0") == ["0.1"]


def test_seeds_that_are_not_everywhere() -> None:
    problem = made_problem([0.1, 1.0], {"a": [[1.0, 2.0]] * 3})
    fewer = replace(problem, runs=[r for r in problem.runs if (r.lr0 or 0.0) < 1.0 or r.seed == 0])
    text = " ".join(shown(swept(fewer), "plain").split())
    assert "medians over 1 to 3 seeds" in text
    assert "; 2 of its runs are missing 2 of 6 runs are missing (interrupted, failed" in text


def curve_of(text: str, name: str) -> str:
    found = re.findall(rf"^{re.escape(name)} +([1-9.!?▁▂▃▄▅▆▇█]+)$", text, re.MULTILINE)
    assert len(found) == 1
    return str(found[0])


def test_the_curve_in_plain() -> None:
    text = shown(four(), "plain")
    curve = curve_of(text, NAMES[0])
    assert len(curve) == 33
    assert curve[:8] == curve[25:] == "........"
    inside = [int(c) for c in curve[8:25]]
    assert inside == inside[::-1]
    assert inside[:9] == sorted(inside[:9])
    assert (inside[0], inside[8]) == (1, 9)
    assert curve_of(text, NAMES[3]) == "." * 33
    assert "9 = 5 (fewest), 1 = 500 (most) on a log scale" in text
    assert ". not reached" in text
    assert "! diverged" not in text


def test_the_curve_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    curve = curve_of(shown(four(), "table", View(color=False)), NAMES[0])
    assert len(curve) == 66  # two columns for each lr0
    assert curve[::2] == curve[1::2]
    assert curve[32] == "█"
    assert curve[16] == "▁"


class Narrow(io.StringIO):
    encoding = "ascii"


def test_bars_need_an_encoding_that_has_them() -> None:
    assert can_show("█", io.StringIO())
    assert not can_show("█", Narrow())
    from lrbench.reports import REPORTS

    out = Narrow()
    REPORTS.get("table")(four(), out, View(color=False))
    assert len(curve_of(out.getvalue(), NAMES[0])) == 33
    assert "█" not in out.getvalue()


def test_marks_of_what_did_not_come_there() -> None:
    text = shown(gaps(), "plain")
    # Of three seeds one diverged or failed at the high end, where the others never came either.
    assert "?" not in text
    curve = curve_of(text, NAMES[1])
    assert set(curve[:8]) == set(curve[25:]) == {"."}
    three = made_problem([1.0, 2.0, 4.0], {"a": [[1.0, INF, INF]] * 2})
    runs = list(three.runs)
    runs[1] = replace(runs[1], status=Status.DIVERGED)
    runs[2] = replace(runs[2], status=Status.INTERRUPTED)
    runs[5] = replace(runs[5], status=Status.FAILED)
    drawn = curve_of(shown(swept(replace(three, runs=runs)), "plain"), "a")
    assert set(drawn[: len(drawn) // 3]) == {"9"}
    assert drawn[len(drawn) // 3 :] == "!" * (len(drawn) // 3) + "?" * (len(drawn) // 3)


def test_what_is_finished_is_shown_and_the_rest_is_unknown() -> None:
    text = shown(stopped(), "plain")
    found = ("best lr0", "speed (passes)", "usable lr0", "decades", "95 % interval")
    assert row(text, "b", *found) == ["1", "67 % (3)", "0.1 to 1", ">= 1.00", "-"]
    assert row(text, "b", *FACTORS) == ["off", "33 %", "?", "off"]
    assert row(text, "b", "arrive") == ["100 %"]
    assert set(curve_of(text, "b")[-3:]) == {"?"}
    assert "? unknown: no run finished" in text
    assert "?: unknown, as no run there is finished" in legend_of(text)
    flat = " ".join(text.split())
    assert "7 of 18 runs are missing (interrupted, failed or never begun)" in flat
    assert "figures are of what there is" in flat
    assert "an lr0 is unknown, as no run of it is finished: usable ranges may be wider" in flat
    details = shown(stopped(), "plain", View(details=True))
    rows = [line.split() for line in details[details.index("b: passes") :].splitlines()]
    assert ["10", "?", "0/0", "not", "started", "-", "-"] in rows
    assert ["1", "3", "1/1", "target", "5.00e-03", "0.50"] in rows


def test_a_solver_of_which_nothing_is_finished_is_unknown() -> None:
    problem = made_problem([0.1, 1.0], {"a": [[4.0, 2.0]], "b": [[INF, INF]]})
    runs = [
        replace(run, status=Status.INTERRUPTED) if str(run.solver) == "b" else run
        for run in problem.runs
    ]
    text = shown(swept(replace(problem, runs=runs)), "plain")
    assert row(text, "b", "best lr0", "speed (passes)", "arrive") == ["-", "?", "?"]


def test_missing_runs_are_said() -> None:
    text = " ".join(shown(gaps(), "plain").split())
    assert "36 of 198 runs are missing (interrupted, failed or never begun)" in text
    assert "figures are of what there is" in text
    assert "unknown" not in text
    assert f"not started: {NAMES[1]} (seed 2)" in text
    assert f"{NAMES[0]}: ValueError: no" in text
    assert row(shown(gaps(), "plain"), NAMES[1], "decades") == ["3.50"]
    assert "missing" not in shown(four(5), "plain")


def advice_of(result: Result) -> str:
    text = " ".join(shown(result, "plain").split())
    advice = text[text.index("Advice: ") :].split(" sensitivity to ")[0]
    return re.split(r" the best lr0 of | \d+ of \d+ runs (?:is|are) missing \(", advice)[0]


def test_advice_names_the_fewest_passes() -> None:
    narrow, wide = [[INF, 2.0, INF, INF, INF]], [[9.0, 8.0, 4.0, 8.0, 9.0]]
    grid = [0.01, 0.1, 1.0, 10.0, 100.0]
    text = advice_of(swept(made_problem(grid, {"narrow": narrow, "wide": wide})))
    assert text == (
        "Advice: narrow at lr0 = 0.1: about 2 passes, usable at no other lr0 of the grid;"
        " less sensitive: wide (at least 4.00 decades, 4 passes)"
    )


def test_advice_prefers_the_wider_of_equals() -> None:
    passes = {"narrow": [[INF, 4.0, INF]], "wide": [[9.0, 5.0, 9.0]]}
    text = advice_of(swept(made_problem([0.1, 1.0, 10.0], passes)))
    assert text == (
        "Advice: wide at lr0 = 1: about 5 passes, usable from 0.1 to 10 (at least 2.00 decades);"
        " narrow at lr0 = 1 needs 4, but has 0.00 decades"
    )
    passes = {"narrow": [[INF, 4.0, INF]], "wide": [[9.0, 5.1, 9.0]]}
    assert "Advice: narrow" in advice_of(swept(made_problem([0.1, 1.0, 10.0], passes)))


def test_advice_at_the_edge_of_the_grid_and_outside_of_the_range() -> None:
    text = advice_of(swept(made_problem([0.1, 1.0], {"a": [[5.0, 3.0]]})))
    assert text.endswith("it is the highest of the grid: go on with --lr0 auto")
    text = advice_of(swept(made_problem([0.1, 1.0], {"a": [[1.0, 3.0]]})))
    assert text.endswith("it is the lowest of the grid: go on with --lr0 auto")
    grid = [0.01, 0.1, 1.0, 10.0, 100.0]
    text = advice_of(swept(made_problem(grid, {"a": [[9.0, 9.0, INF, 3.0, INF]]})))
    assert "at lr0 = 10: about 3 passes, which lies outside of the lr0 usable from 0.01" in text


def test_advice_where_nothing_came_there() -> None:
    problem = made_problem([0.1, 1.0], {"a": [[INF, INF]]})
    text = advice_of(swept(problem))
    assert text == (
        "Advice: none, as no lr0 came to F - f* <= 0.0100 in 10 passes: give more iterations or"
        " passes, a higher target or other lr0, or --scale maxabs, as the features are not scaled;"
        " the lowest F - f* seen was 0.400, of a at lr0 = 0.1, 40 times the target"
    )
    eta = SolverSpec("adagrad-norm", {"eta": 1.0})
    text = advice_of(swept(replace(problem, runs=[replace(r, solver=eta) for r in problem.runs])))
    assert "or other lr0, or a larger eta for adagrad-norm, or --scale maxabs, as" in text
    runs = [replace(run, status=Status.DIVERGED) for run in problem.runs]
    assert "every run diverged or failed" in advice_of(swept(replace(problem, runs=runs)))
    runs = [replace(r, status=Status.INTERRUPTED) for r in problem.runs]
    assert "2 runs are missing" in advice_of(swept(replace(problem, runs=runs)))
    blank = [replace(r, status_at=0, trace={}) for r in runs]
    assert "no run was started" in shown(swept(replace(problem, runs=blank)), "plain")


def nothing_on(lr0: list[float], **header: str) -> str:
    """Return the advice where L = 2, nothing came to the target, and the header says this."""
    problem = made_problem(lr0, {"a": [[INF] * len(lr0)]})
    return advice_of(swept(with_header(problem, **header)))


def test_lr0_on_the_wrong_side_of_L_are_said() -> None:
    above = "all 2 lr0 lie above 2/L = 1.000; give --lr0 0.01/L:100/L:33"
    maxabs = " and, as the features are not scaled, --scale maxabs;"
    assert above + maxabs in nothing_on([1.1, 20.0])
    assert above + ";" in nothing_on([1.1, 20.0], scale="maxabs")
    assert above + ";" in nothing_on([1.1, 20.0], data="generated:log-spectrum")
    below = "all 2 lr0 lie far below 1/L = 0.5000; give --lr0 0.01/L:100/L:33"
    assert below + maxabs in nothing_on([1e-9, 0.0049])
    assert "the lr0 lies above 2/L" in nothing_on([1.1])
    for lr0 in ([0.9, 20.0], [1e-9, 0.006]):
        assert "lie" not in nothing_on(lr0)
        assert "give more iterations or passes" in nothing_on(lr0)
    problem = made_problem([1e9], {"a": [[INF]]}, L=math.inf)
    assert "2/L" not in advice_of(swept(problem))


def test_runs_that_are_missing_are_asked_for_where_they_may_change_the_answer() -> None:
    problem = made_problem([0.1, 1.0], {"a": [[INF, INF]], "b": [[INF, INF], [INF, INF]]})
    assert "give more iterations" in advice_of(swept(problem))  # each lr0 has a seed
    runs = [
        replace(r, status=Status.FAILED) if (str(r.solver), r.lr0) == ("a", 1.0) else r
        for r in problem.runs
    ]
    text = advice_of(swept(replace(problem, runs=runs)))
    assert text.endswith("in 10 passes and 3 runs are missing: finish the sweep")


def test_the_lowest_that_was_seen_is_that_of_any_checkpoint() -> None:
    problem = made_problem([0.1, 0.2], {"a": [[INF, INF]]})
    falls = problem.runs[1].trace | {"suboptimality": np.array([1.0, 0.13, np.inf])}
    runs = [problem.runs[0], replace(problem.runs[1], trace=falls)]
    text = advice_of(swept(replace(problem, runs=runs)))
    assert text.endswith("seen was 0.130, of a at lr0 = 0.2, 13 times the target")
    some = made_problem([0.1, 0.2], {"a": [[INF, INF], [INF, 3.0], [INF, INF]]})
    text = advice_of(swept(some))
    assert text.endswith("less than half of the seeds came there, among them one of a at lr0 = 0.2")


def test_advice_keeps_away_from_the_end_of_the_usable_lr0() -> None:
    grid = [0.01, 0.1, 1.0, 10.0, 100.0]
    text = advice_of(swept(made_problem(grid, {"a": [[INF, 4.0, 4.4, 4.4, 6.0]]})))
    assert text == (
        "Advice: a at lr0 = 1: about 4.4 passes (4 at lr0 = 0.1, nearer to the end of the usable"
        " ones), usable from 0.1 to 100 (at least 3.00 decades)"
    )
    cliff = made_problem(grid, {"a": [[INF, 9.0, 4.0, INF, INF]]})
    assert advice_of(swept(cliff)).endswith("(1.00 decades); the next lr0 (10) never gets there")
    cliff = made_problem(grid, {"a": [[INF, 4.0, 9.0, 9.0, INF]]})
    assert advice_of(swept(cliff)).endswith("the next lower lr0 (0.01) never gets there")
    outside = made_problem(grid, {"a": [[9.0, 9.0, INF, 3.0, INF]]})
    assert advice_of(swept(outside)).endswith("the next lr0 on either side never gets there")
    runs = [replace(r, status=Status.FAILED) if r.lr0 == 10.0 else r for r in cliff.runs]
    text = advice_of(swept(replace(cliff, runs=runs)))  # of 10 nothing is known
    assert "the next lr0" not in text


def test_advice_says_where_full_gradients_take_more_than_2_over_L() -> None:
    problem = made_problem([1.0, 4.0, 16.0], {"a": [[9.0, 2.0, 9.0]]})  # L = 2, the last lr 1/4
    for last, said in ((0.25, False), (1.0, False), (1.1, True), (4.0, True)):
        runs = [
            replace(run, setting="batch", trace=run.trace | {"lr": np.array([np.nan, 1.0, last])})
            for run in problem.runs
        ]
        text = advice_of(swept(replace(problem, runs=runs)))
        assert ("above 2/L" in text) == said
        sampled = [replace(run, setting="stochastic") for run in runs]
        assert "2/L" not in advice_of(swept(replace(problem, runs=sampled)))
    assert text.endswith("; 4 is 8.0/L, above 2/L: descent is not guaranteed there")


@pytest.mark.parametrize("name", sorted(set(RESULTS) - {"long-name"}))
@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_of_the_advice_ends_in_a_single_word_or_an_equals_sign(
    name: str, width: int
) -> None:
    found = [b for b in result_page(RESULTS[name], View(width=width)) if isinstance(b, Line)]
    (*_, said) = [b for b in found if b.pieces[0].startswith("Advice")]
    lines = said.wrapped(width)
    assert all(len(text.split()) > 1 for text in lines[:-1] if "[" not in text)
    assert not [text for text in lines if re.search(r"(=|<=)$|^ *(=|<=|%)", text)]


def test_a_long_piece_is_continued_by_the_next() -> None:
    said = line("none, as nothing came there: give more iterations or passes", "a higher target")
    assert said.wrapped(40) == [
        "none, as nothing came there: give more",
        "  iterations or passes, a higher target",
    ]
    assert line("go on with --over c=auto").wrapped(20) == ["go on with", "  --over c=auto"]
    assert line("one two three four", "five six").wrapped(16) == [
        "one two three",
        "  four, five six",
    ]
    assert line("one two three fou", "five six seven").wrapped(16) == [
        "one two three",
        "  fou, five six",
        "  seven",
    ]


def test_a_target_below_what_is_known_is_said() -> None:
    problem = made_problem([0.1, 1.0], {"a": [[1.0, 1.0]]})
    words = "the target is below the error of f*"
    assert words in shown(swept(with_header(problem, f_star_error=2 * TARGET)), "plain")
    assert words not in shown(swept(problem), "plain")


def test_details_have_a_row_for_each_lr0() -> None:
    text = shown(gaps(), "plain", View(details=True))
    assert "lr0" not in shown(gaps(), "plain").splitlines()
    first = text[text.index(f"{NAMES[0]}: passes to the target and the end") :]
    lines = first.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("---"))
    rows = [re.split(r"  +", line.strip()) for line in lines[start + 1 : start + 34]]
    assert [float(cells[0]) for cells in rows] == pytest.approx(GRID, rel=6e-3)
    assert rows[16][:4] == ["1", "5.5", "3/3", "target"]
    assert rows[16][4:] == ["5.00e-03", "0.50"]
    assert rows[32][1:4] == ["never", "0/3", "2 stalled, 1 DIVERGED"]
    assert rows[24][2:4] == ["0/2", "2 stalled, 1 FAILED"]
    second = text[text.index(f"{NAMES[1]}: passes to the target and the end") :]
    assert "2 target, 1 not started" in second


def test_columns_show_trajectories() -> None:
    text = shown(two_problems(), "plain", View(columns=("lr",)))
    assert text.count("lr0 = 1: reached target at 1000") == 3


def test_several_problems_have_profiles() -> None:
    text = shown(two_problems(), "plain")
    end = text[text.index("all 2 problems") :]
    assert "Dolan and More, 2002" in end
    _, usable, common, tuned, untuned, scores = tables(end)
    # lr0 = 0.1 is a decade from the best of both problems; sgd was not run on the first.
    assert list(common[NAMES[0]].values())[1:5] == ["0.1", "1.00", "10", "10"]
    assert list(common["sgd"].values())[1:5] == ["-"] * 4
    assert (usable[NAMES[0]]["made"], usable["sgd"]["made"]) == ("4.00 (5)", "-")
    assert (usable[NAMES[0]]["b"], usable["sgd"]["b"]) == (">= 4.00 (5)", "0.00 (5)")
    taus = ("tau = 1", "tau = 2", "tau = 5", "tau = 10", "tau = 100", "ever")
    # On `made` wngrad alone ran; on `b` both have 5 passes at their best.
    assert [tuned[NAMES[0]][tau] for tau in taus] == ["1.00"] * 6
    assert [tuned["sgd"][tau] for tau in taus] == ["0.50"] * 6
    # 66 cases, a factor 10**(1/4) apart: on each problem 1, 3, 5, 9 and 17 lr0 are near enough.
    shares = [f"{2 * n / 66:.2f}" for n in (1, 3, 5, 9, 17, 17)]
    assert [untuned[NAMES[0]][tau] for tau in taus] == shares
    # On `b` sgd is as fast as wngrad: half of a full score. Within a factor r below 4 of 5 passes
    # there are, on each problem, 1, 2 and 2 lr0 at r = 1, 10**(1/4) and 10**(1/2); of sgd 1.
    area = [(4 - r) / 3 for r in (1, 10**0.25, 10**0.25, 10**0.5, 10**0.5)]
    assert scores[NAMES[0]] == {
        **{"solver": NAMES[0], "score": "1.00", "untuned": f"{2 * sum(area) / 66:.2f}"},
        "5": "1.00",
    }
    assert scores["sgd"] == {"solver": "sgd", "score": "0.50", "untuned": "0.02", "5": "0.50"}
    assert "66 cases" in end
    assert "unsolved by all" in end
    assert "Dolan" not in shown(four(), "plain")


def test_of_several_problems_one_may_have_no_advice() -> None:
    grid = [0.1, 1.0, 10.0]
    found = made_problem(grid, {"a": [[9.0, 2.0, 9.0]]})
    never = made_problem(grid, {"a": [[INF, INF, INF]]}, "never")
    lost = made_problem(grid, {"a": [[INF, INF, INF]]}, "lost")
    failed = replace(lost.runs[1], status=Status.FAILED)
    lost = replace(lost, runs=[lost.runs[0], failed, lost.runs[2]])
    for problems, missing in (([found, never], None), ([found, never, lost], "1 run is")):
        text = shown(swept(*problems), "plain")
        advised = tables(text[text.index(f"all {len(problems)} problems") :])[0]
        assert list(advised["made"].values()) == ["made", "a", "1", "2", ">= 2.00"]
        assert list(advised["never"].values()) == ["never", "-", "-", "never", "-"]
        if missing:
            assert list(advised["lost"].values()) == ["lost", "-", "-", "?", "-"]
        assert (f"no performance profiles, as {missing} missing" in text) == bool(missing)
        assert ("Dolan" in text) == (not missing)


def test_no_lr0_is_advised_where_the_error_of_the_optimum_hides_who_arrived() -> None:
    rough = made_problem([0.1, 1.0, 10.0], {"a": [[9.0, 2.0, 9.0]]}, "rough")
    rough = with_header(rough, f_star_error=2 * TARGET)
    text = shown(swept(rough, made_problem([0.1, 1.0], {"a": [[4.0, 2.0]]})), "plain")
    assert "Advice: none, as the target is below the error of f*" in text
    advised = tables(text[text.index("all 2 problems") :])[0]
    assert list(advised["rough"].values()) == ["rough", "-", "-", "?", "-"]
    assert list(advised["made"].values())[:4] == ["made", "a", "1", "2"]


def test_there_are_no_profiles_over_one_problem_several_times() -> None:
    made = made_problem([0.1, 1.0], {"a": [[4.0, 2.0]]})
    longer = made_problem([0.1, 1.0], {"a": [[4.0, 2.0], [3.0, 2.0]]})
    result = swept(made, longer, made_problem([0.1, 1.0], {"a": [[4.0, 2.0]]}, "b"))
    text = shown(result, "plain")
    assert "Dolan" not in text
    assert "all 3 sweeps" in text
    assert "no performance profiles, as some of these sweeps are of the same problem\n" in text
    assert "profiles" not in result.to_dict()


def test_profiles_are_in_the_json() -> None:
    result = two_problems()
    found = json.loads(result.to_json())["profiles"]
    tuned = found["tuned"]
    assert found["tau"] == [1, 2, 5, 10, 100]
    assert tuned["shares"] == {NAMES[0]: [1.0] * 5, NAMES[3]: [0.5] * 5}
    assert (tuned["n_instances"], tuned["unsolved"]) == (2, 0)
    assert found["untuned"]["solved"][NAMES[0]] == pytest.approx(34 / 66)
    schema = json.loads(SCHEMA.read_text())
    jsonschema.validate(found, schema["properties"]["profiles"] | {"$defs": schema["$defs"]})
    again = Result.from_json(result.to_json())
    assert again.profiles == result.profiles is not None
    assert "profiles" not in four().to_dict()


def test_the_captions_of_a_sweep() -> None:
    latex = shown(two_problems(), "latex")
    captions = re.findall(r"\\caption\{(.*)\}", latex)
    assert all(caption[0].isupper() for caption in captions)
    assert not [c for c in captions if "best lr0:" in c or "out of" in c]
    assert captions[0].startswith("Problem made, batches of ")
    assert captions[0].endswith(" Sensitivity to lr0.")
    assert captions[1].endswith(" Sensitivity to lr0 (continued).")
    legend = latex.split("\n\n")[-1]
    assert "Best lr0: that of the fewest passes; speed (passes): " in legend
    assert r" & $\tau = 1$ & $\tau = 2$ & " in latex
    assert r"(Dolan and Mor\'e, 2002)" in latex
    assert r"95\,\% interval" in shown(four(5), "latex")


def test_the_text_of_a_sweep_names_the_best() -> None:
    assert repr(four()).splitlines()[1] == (
        "  made: 132 runs, best adagrad-norm, lr0 = 100, 5 passes, usable from 0.01 to 1e+04"
    )
    assert repr(RESULTS["nothing"]).endswith("made: 2 runs, no lr0 came to F - f* <= 0.01")
    assert repr(RESULTS["one-lr0"]).endswith("1 run, best a, lr0 = 1, 3 passes, usable at 1 alone")


def jq_lines() -> tuple[str, str]:
    """Return the filters in the manual: a row for a problem and solver; a row for each lr0, too."""
    text = (ROOT / "docs" / "how-to" / "sweep.md").read_text(encoding="utf-8")
    flat, curve = re.findall(r"jq -r '(.*?)'", text, re.DOTALL)
    return flat, curve


def rows_of(line: str, result: Result) -> list[list[str]] | None:
    """Return what jq makes of a result; None where there is no jq."""
    jq = shutil.which("jq")
    if jq is None:
        return None
    out = subprocess.run(
        [jq, "-r", line], input=result.to_json(), capture_output=True, text=True, check=True
    ).stdout
    return list(csv.reader(io.StringIO(out)))


def test_the_flat_form_in_the_manual() -> None:
    result = two_problems()
    line, _ = jq_lines()
    *_, columns = re.findall(r"\[([^\[\]]*(?:\[\d\][^\[\]]*)*)\] \| @csv", line)
    names, *paths = [column.strip() for column in columns.split(",")]
    assert names == "$p"
    saved = result.to_dict()
    expected = []
    for problem in saved["problems"]:
        for solver in problem["sweep"]["solvers"]:
            cells = [problem["name"]]
            for path in paths:
                value = solver
                for key in re.findall(r"[^.\[\]]+", path.split("|")[0].strip("( ")):
                    value = None if value is None else value[int(key) if key.isdigit() else key]
                cells.append(
                    json.dumps(value, separators=(",", ":")) if "tojson" in path else value
                )
            expected.append(["" if cell is None else cell for cell in cells])
    assert len(expected) == 3
    assert expected[0][:4] == ["made", NAMES[0], "{}", 1.0]
    for found, wanted in zip(rows_of(line, result) or expected, expected, strict=True):
        pairs = zip(found, wanted, strict=True)
        assert [c if isinstance(w, str) else type(w)(c) for c, w in pairs] == wanted


def test_the_curve_in_the_manual() -> None:
    result = two_problems()
    found = rows_of(jq_lines()[1], result)
    if found is None:
        return
    assert len(found) == 3 * 33
    s = result.problems[0].sweep
    assert s is not None
    of_first = zip(s.solvers[0].lr0, s.solvers[0].passes, strict=True)
    for row_found, (lr0, passes) in zip(found, of_first, strict=False):
        assert row_found[:2] == ["made", s.solvers[0].solver.name]
        assert float(row_found[2]) == lr0
        assert row_found[3] == ("" if math.isinf(passes) else f"{passes:g}") or passes < INF
    assert [r[3] == "" for r in found[:33]] == [math.isinf(p) for p in s.solvers[0].passes]


def test_csv_and_json_lines_are_those_of_the_runs() -> None:
    result = two_problems()
    rows = list(csv.DictReader(io.StringIO(shown(result, "csv"))))
    assert len(rows) == sum(3 for p in result.problems for _ in p.runs)
    lines = [json.loads(line) for line in shown(result, "jsonl").splitlines()]
    assert [line["lr0"] for line in lines] == [r.lr0 for p in result.problems for r in p.runs]


def test_drawings_in_markdown_and_latex() -> None:
    markdown = shown(two_problems(), "markdown")
    assert markdown.count("\n```text\n") == markdown.count("\n```\n") == 2
    latex = shown(two_problems(), "latex")
    found = re.findall(r"\\begin\{verbatim\}\n(.*?)\\end\{verbatim\}", latex, re.DOTALL)
    assert len(found) == 2
    assert curve_of(found[0], NAMES[0]) == curve_of(
        shown(swept(two_problems().problems[0]), "plain"), NAMES[0]
    )
    for table in re.findall(r"\\caption\{(.*)\}", latex):
        assert table.endswith(".")


def test_each_column_shows_its_lr0() -> None:
    grid = [0.1, 1.0, 10.0]
    assert columns_of(grid, grid, 3) == [[0], [1], [2]]
    assert columns_of(grid, grid, 6) == [[0], [0], [1], [1], [2], [2]]
    assert columns_of(grid, grid, 9) == [[0], [0], [0], [1], [1], [1], [2], [2], [2]]
    assert columns_of(grid, grid, 1) == [[0, 1, 2]]


@pytest.mark.parametrize("n_columns", [1, 2, 7, 40])
@pytest.mark.parametrize(
    "grid", [GRID, [1.0, 1.1, 1e6], [1e-300, 1e300], np.geomspace(1, 2, 90).tolist()]
)
def test_every_lr0_is_in_a_column(grid: Sequence[float], n_columns: int) -> None:
    found = columns_of(grid, grid, n_columns)
    assert len(found) == n_columns
    assert {k for at in found for k in at} == set(range(len(grid))) or len(grid) < n_columns
    flat = [k for at in found for k in at]
    assert flat == sorted(flat)
    assert all(len(text) <= n_columns or n_columns < 5 for text in axis(grid, n_columns))


def test_the_axis() -> None:
    assert axis(GRID, 33) == [
        "|       |       |       |       |",
        "0.0001 0.01     1      100  10000",
    ]
    assert axis([1.0, 10.0], 10) == ["  |    |", "  1    10"]
    assert axis([2.0, 9.0], 12) == ["  |     |", "  2     9"]
