"""The HTML report as text: what it holds, what it leaves out, and that no text becomes HTML."""

from __future__ import annotations

import base64
import hashlib
import html
import importlib
import json
import math
import re
import statistics
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from made_header import with_header
from network import Network
from reported import (
    HOSTILE,
    charts_of,
    hostile,
    one_run,
    report_of,
    seeds,
    swept,
    without_numbers,
)

import lrbench
from lrbench.errors import LrbenchError
from lrbench.problem_files import load_spec
from lrbench.problem_files.model import Split
from lrbench.reports.web.chart_data import thinned
from lrbench.reports.web.document import html_report
from lrbench.reports.web.embedded import embedded_json
from lrbench.reports.web.tables import SortableCell
from lrbench.results import Result, Run, Status
from lrbench.results.words import page_word
from lrbench.verdicts.theorems import theorems_for

LIMIT = 1_500_000
"""The most bytes of a report of four solvers at 33 lr0 with ten seeds."""


class Reader(HTMLParser):
    """The text and the tables of a page; raises where elements do not match."""

    VOID = frozenset({"meta", "wbr"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text, self.addresses = "", list[str]()
        self.tables: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "data", "action")]
        assert not [k for k in names if k.startswith("on")], tag
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "table":
            self._rows = self.tables.setdefault(names["id"] or "", [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href")]

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data
            if {"td", "th"} & {*self.open}:
                self._rows[-1][-1] += data


def plain(name: str) -> str:
    """Return the name of a solver without its parameters."""
    return name.partition("[")[0]


def by_heading(rows: list[list[str]]) -> list[dict[str, str]]:
    head, *body = rows
    return [dict(zip(head, row, strict=True)) for row in body]


def test_a_page_names_no_file_and_no_address() -> None:
    for result in (swept(), seeds(), one_run()):
        page = report_of(result)
        assert Reader(page).addresses == []
        assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|WebSocket|EventSource", page)
        assert "default-src 'none'" in page


def test_the_policy_lets_the_two_scripts_run_and_no_other() -> None:
    page = report_of(swept())
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert len(digests) == 2
    (policy,) = re.findall(r"script-src ([^;]*);", html.unescape(page))
    assert policy == " ".join(f"'sha256-{digest}'" for digest in digests)
    assert "The MIT License" in page  # that of the plotting script


def test_the_same_result_makes_the_same_page() -> None:
    assert report_of(swept()) == report_of(Result.from_json(swept().to_json()))


def test_hostile_text_is_text() -> None:
    page = report_of(hostile(), name="<img src=y>.json")
    reader = Reader(page)
    assert HOSTILE in reader.text
    assert "</td></table>" in reader.text
    assert reader.text.count("attacked") >= 4
    assert page.count("<script") == 3
    assert "\u2028" not in page.partition('id="data"')[2].partition("</script>")[0]
    assert "\x1b" not in page


def test_json_in_a_script_cannot_end_it() -> None:
    value = {"a": "</script><!--", "b": "\u2028&\u2029", "c": [math.nan, math.inf, 0.1]}
    text = embedded_json(value)
    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text) == {**value, "c": [None, None, 0.1]}


def test_the_figures_have_the_numbers_of_the_result() -> None:
    charts = charts_of(report_of(swept()))["p0"]
    runs = {(r.solver.name, r.lr0): r for r in swept().problems[0].runs}
    names = ["wngrad", "adagrad-norm", "sgd"]
    assert [plain(s["name"]) for s in charts["solvers"]] == [*names[:2], "gd"]
    compared = 0
    for curve in charts["curves"]:
        i, k = curve["of"]
        run = runs[names[i], charts["solvers"][i]["values"][k]]
        gaps = dict(zip(run.trace["iteration"], run.trace["suboptimality"], strict=True))
        for T, level in zip(curve["T"], curve["y"], strict=True):
            if level is not None:
                assert level == pytest.approx(gaps[T], rel=1e-3)
                compared += 1
        assert len(curve["T"]) <= 40
    assert len(charts["curves"]) == 24
    assert compared > 500
    for s, of in zip(charts["solvers"], swept().problems[0].sweep.solvers, strict=True):  # type: ignore[union-attr]
        passes = [None if math.isinf(p) else p for p in of.passes]
        assert s["passes"] == passes


def test_bands_are_from_the_least_to_the_largest_seed() -> None:
    charts = charts_of(report_of(seeds()))["p0"]
    assert charts["of_iterate"] == " of the average iterate"  # on which alone bounds inform
    lanes: dict[tuple[str, float | None], list[Run]] = {}
    for run in seeds().problems[0].runs:
        lanes.setdefault((run.solver.name, run.lr0), []).append(run)
    for curve in charts["curves"]:
        i, k = curve["of"]
        s = charts["solvers"][i]
        runs = lanes[plain(s["name"]), s["values"][k]]
        assert len(runs) == 5
        T = curve["T"][-1]
        rows = [list(r.trace["iteration"]).index(T) for r in runs if T in r.trace["iteration"]]
        ends = [r.trace["suboptimality_average"][row] for r, row in zip(runs, rows, strict=True)]
        shown = [curve[name][-1] for name in ("low", "y", "high")]
        assert shown == pytest.approx([min(ends), statistics.median(ends), max(ends)], rel=1e-3)


def test_the_table_of_solvers_has_the_price_of_a_wrong_value() -> None:
    rows = by_heading(Reader(report_of(swept())).tables["p0-solvers-0"])
    sweep = swept().problems[0].sweep
    assert sweep is not None
    for row, s in zip(rows, sweep.solvers, strict=True):
        for factor, column in zip(s.factors, ("÷ 100", "÷ 10", "× 10", "× 100"), strict=True):
            if factor.factor is None:
                assert row[column] in ("off", "-")
            elif math.isinf(factor.factor):
                assert row[column] == "never"
            else:
                assert float(row[column]) == pytest.approx(factor.factor, rel=6e-2)
        assert float(row["passes"]) == s.best_passes
    assert {plain(row["solver"]) for row in rows} == {"wngrad", "adagrad-norm", "gd"}


def test_each_theorem_stands_with_what_was_measured_its_statement_and_its_source() -> None:
    tables = Reader(report_of(one_run())).tables
    problem = one_run().problems[0]
    rows = {(r["bound"], plain(r["solver"])): r for r in by_heading(tables["p0-verdicts"])}
    words = {"pass": "holds", "vacuous": "weak", "fail": "VIOLATED"}
    for v in problem.verdicts:
        row = rows[v.theorem, v.solver.name if v.solver.name != "sgd" else "gd"]
        if not v.applies:
            assert row["verdict"].startswith(page_word("bound", "inapplicable"))
            continue
        assert row["verdict"].startswith(words[v.bound_verdict])
        assert float(row["at most"]) == pytest.approx(v.bound[-1], rel=1e-2)
        assert float(row["measured"]) == pytest.approx(v.metric[-1], rel=1e-2)
    statements = {r["bound"]: r for r in by_heading(tables["p0-statements"])}
    assert statements.keys() == {v.theorem for v in problem.verdicts if v.applies}
    sources = {t.key: t for t in theorems_for("wngrad")}
    for key in statements.keys() & sources.keys():
        assert statements[key]["statement"] == sources[key].statement
        assert statements[key]["source"] == sources[key].reference


def test_the_constants_the_certificate_and_the_environment_are_there() -> None:
    text = Reader(report_of(swept())).text
    constants = swept().problems[0].header.constants
    assert repr(constants.f_star) in text
    assert f"{constants.f_star_error:.1e}" in text
    assert constants.f_star_method in text
    assert f"{constants.L:.4g}" in text
    assert str(swept().environment["numpy"]) in text
    assert "lrbench sweep --problem=logreg" in text


def test_what_runs_the_advice_again_is_said() -> None:
    text = Reader(report_of(swept())).text
    advice = swept().problems[0].sweep.advice.choice  # type: ignore[union-attr]
    assert advice is not None
    name = {"sgd": "gd"}.get(advice.solver.name, advice.solver.name)
    words = f"lrbench run -p logreg -s {name} --lr0 {advice.lr0} -"
    assert words in text
    assert "--save-weights weights.npz" in text


def test_who_came_first_to_the_target_of_a_run() -> None:
    result = lrbench.run("logreg", solvers=["wngrad", "sgd"], lr0=[1.0], target=0.1)
    text = Reader(report_of(result)).text
    assert "First to F − f* ≤ 0.100?" in text
    assert "1%" not in text


def test_what_did_not_arrive_is_said() -> None:
    result = lrbench.sweep("logreg", solvers=["sgd"], lr0=[1e-6, 1e-5], iterations=20)
    text = Reader(report_of(result)).text
    assert "not this one" in text
    assert "Advice: none, as no lr0 arrived" in text


def test_all_lanes_diverged() -> None:
    result = lrbench.run("logreg", solvers=["sgd"], lr0=[1e200, 1e300], iterations=9)
    text = Reader(report_of(result)).text
    assert "every run diverged or failed" in text


def test_no_number_at_all() -> None:
    page = report_of(without_numbers())
    assert "NaN" not in charts_of(page)
    assert charts_of(page)["p0"]["curves"][0]["y"].count(None) == len(
        charts_of(page)["p0"]["curves"][0]["y"]
    )
    Reader(page)


def test_one_lane_of_one_step() -> None:
    result = lrbench.run("log-spectrum", solvers=["wngrad"], lr0=[0.7], iterations=1)
    (curve,) = charts_of(report_of(result))["p0"]["curves"]
    assert curve["T"] == [1]
    assert report_of(result).count("<figure") == 3  # the level, the rate and b


def test_runs_that_did_not_finish_are_said() -> None:
    problem = one_run().problems[0]
    first, second, third = problem.runs
    runs = (
        replace(first, status=Status.INTERRUPTED, status_at=7),
        replace(second, status=Status.INTERRUPTED, status_at=0, trace={}),
        replace(third, status=Status.FAILED, error="ValueError: <b>"),
    )
    text = Reader(report_of(replace(one_run(), problems=[replace(problem, runs=runs)]))).text
    assert "2 of 2 lanes are not finished" in text
    assert "Not started: adagrad-norm." in text
    assert "gd: ValueError: <b>" in text


def test_nothing_was_started() -> None:
    problem = replace(one_run().problems[0], runs=(), verdicts=())
    text = Reader(report_of(replace(one_run(), problems=[problem]))).text
    assert "no run was started" in text


def test_a_problem_without_f_star() -> None:
    result = lrbench.run(Network(), solvers=["wngrad", "sgd"], lr0=[0.1, 0.01], iterations=30)
    text = Reader(report_of(result)).text
    assert "f*" in text
    charts = charts_of(report_of(result))["p0"]
    assert charts["level"] == "F"
    assert charts["floor"] is None


def test_ten_thousand_lanes_are_summarised_and_that_is_said() -> None:
    result = lrbench.run("log-spectrum", solvers=["wngrad"], lr0="1e-4:1e4:10000", iterations=3)
    page = report_of(result)
    assert len(page.encode()) < LIMIT
    text = Reader(page).text
    assert re.search(r"Of 10000 lanes the tables have \d+:", text)
    assert re.search(r"Of 10000 lanes \d+ have a trajectory", text)
    (solver,) = charts_of(page)["p0"]["solvers"]
    assert (solver["values"][0], solver["values"][-1]) == (1e-4, 1e4)


def test_the_best_of_very_many_values_is_drawn() -> None:
    result = lrbench.sweep("log-spectrum", solvers=["wngrad"], lr0="0.01:100:1501", iterations=60)
    sweep = result.problems[0].sweep
    assert sweep is not None
    best = sweep.solvers[0].best_value
    page = report_of(result)
    (solver,) = charts_of(page)["p0"]["solvers"]
    assert solver["values"][solver["best"]] == best
    assert len(solver["values"]) < 280
    assert any(curve["of"] == [0, solver["best"]] for curve in charts_of(page)["p0"]["curves"])


def test_a_run_that_a_changed_file_adds_is_no_fault() -> None:
    problem = swept().problems[0]
    other = replace(problem.runs[0], lr0=0.7, over={"lr0": 0.7})
    changed = replace(problem, runs=[*problem.runs, other])
    charts = charts_of(report_of(replace(swept(), problems=[changed])))["p0"]
    solver = charts["solvers"][0]
    assert solver["passes"][solver["values"].index(0.7)] is None


@pytest.mark.slow
def test_a_large_sweep_is_small_enough() -> None:
    result = lrbench.sweep(
        "log-spectrum",
        solvers=["wngrad", "adagrad-norm", "sgd", "adam"],
        lr0="1e-4:1e4:33",
        batch_size=4,
        replicates=10,
        passes=60,
        arrival="end",
    )
    page = report_of(result)
    assert len(result.to_json()) > 3_000_000
    assert len(page.encode()) < LIMIT
    curves = charts_of(page)["p0"]["curves"]
    assert len(curves) == 4 * 33
    assert max(len(curve["T"]) for curve in curves) == 40


def test_several_results_of_one_problem_are_told_apart() -> None:
    page = html_report([("a/first.json", swept()), ("b/second.json", one_run())])
    reader = Reader(page)
    assert charts_of(page).keys() == {"p0", "p1"}
    assert "a/first.json" in reader.text
    assert "b/second.json" in reader.text
    assert reader.addresses == ["#p0", "#p1"]


def test_every_target_has_a_table() -> None:
    result = lrbench.sweep(
        "logreg", solvers=["sgd"], lr0="0.1:10:5", target="20%,5%", iterations=99
    )
    tables = Reader(report_of(result)).tables
    assert {"p0-solvers-0", "p0-solvers-1"} <= tables.keys()
    assert tables["p0-solvers-0"] != tables["p0-solvers-1"]


def test_without_jinja2_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def missing(name: str, package: str | None = None) -> Any:
        if name == "jinja2":
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(LrbenchError, match="needs jinja2") as error:
        report_of(one_run())
    assert error.value.hint == "pip install jinja2."


@pytest.mark.parametrize("n", [1, 2, 39, 40, 41, 97, 1000])
def test_thinning_keeps_both_ends(n: int) -> None:
    kept = thinned(n)
    assert (kept[0], kept[-1]) == (0, n - 1)
    assert len(kept) == min(n, 40)
    assert np.all(np.diff(kept) > 0) if n > 1 else True


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("3.16", "3.16"),
        (">= 4.25", "4.25"),
        ("<2e-15", "2e-15"),
        ("7.34e-03", "0.00734"),
        ("never*", "1e999"),
        ("-", ""),
        ("off", ""),
        ("21 of 33", "21"),
        ("12 %", "12"),
        ("3rd", "3rd"),
        ("W3", "W3"),
        ("-1.5", "-1.5"),
    ],
)
def test_a_cell_is_sorted_by_its_number(text: str, key: str) -> None:
    assert SortableCell(text).sort_text == key


def test_a_title_without_words_is_left_out() -> None:
    problem = with_header(one_run().problems[0], title="")
    assert "<h1><bdi>logreg</bdi></h1>" in report_of(replace(one_run(), problems=[problem]))


def test_several_problems_are_compared() -> None:
    result = lrbench.sweep(
        ["logreg", "log-spectrum"], solvers=["wngrad", "sgd"], lr0="0.1:10:5", iterations=400
    )
    page = report_of(result)
    tables = Reader(page).tables
    common = by_heading([row[:5] for row in tables["all-0-0"]])
    for row, settings in zip(common, result.common_settings, strict=True):
        assert plain(row["solver"]) in (settings.solver.name, "gd")
        assert settings.absolute is not None
        assert float(row["lr0"]) == pytest.approx(settings.absolute.value, rel=5e-3)
        assert float(row["solved"].rstrip("%")) == pytest.approx(100 * settings.absolute.solved)
    assert result.profiles is not None
    profiles = by_heading(tables["all-0-1"])
    for row, (name, shares) in zip(profiles, result.profiles.tuned.shares.items(), strict=True):
        assert plain(row["solver"]) in (plain(name), "gd")
        assert float(row["fastest"].rstrip("%")) == pytest.approx(100 * shares[0], abs=0.6)
    assert "p0-solvers-0" in tables
    assert "p1-solvers-0" in tables


def test_held_out_samples_have_columns() -> None:
    spec = replace(load_spec("logreg"), test=Split(0.2, 3))
    result = lrbench.run(spec, solvers=["wngrad", "sgd"], lr0=[0.3, 3.0], iterations=30)
    rows = by_heading(Reader(report_of(result)).tables["p0-lanes"])
    runs = {(run.solver.name, run.lr0): run for run in result.problems[0].runs}
    assert len(rows) == len(runs) == 4
    for row, run in zip(rows, runs.values(), strict=True):
        assert float(row["lr0"]) == run.lr0
        for heading, column in (("test loss", "test_loss"), ("test acc", "test_accuracy")):
            assert float(row[heading]) == pytest.approx(run.trace[column][-1], rel=1e-3)


def test_a_method_without_lr0_has_no_price_and_is_a_line() -> None:
    result = lrbench.sweep("logreg", solvers=["dog", "sgd"], lr0="0.05:50:4", iterations=500)
    page = report_of(result)
    rows = by_heading(Reader(page).tables["p0-solvers-0"])
    assert rows[0]["solver"] == "dog"
    assert {rows[0].get(factor, "-") for factor in ("÷ 10", "× 10")} == {"-"}
    (dog, _) = charts_of(page)["p0"]["solvers"]
    assert dog["values"] == [None]
    text = Reader(page).text
    assert "it has no lr0" in text
    # From the left edge of the axes to the right one.
    assert re.search(r'class="s0 measured" d="M62 ([\d.]+)L630 \1"', page)


def test_columns_without_anything_are_left_out() -> None:
    result = lrbench.run(Network(), solvers=["outside:lbfgs"], iterations=6)
    tables = Reader(report_of(result)).tables
    assert tables["p0-lanes"][0][:3] == ["solver", "ended", "F"]
