"""Methods without an initial learning rate: one run a seed, and all that keeps and shows it."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import lrbench
from lrbench.errors import UsageError
from lrbench.experiment.store import opened, result_of
from lrbench.experiment.store.contents import stored_cells
from lrbench.plan.plan import Plan
from lrbench.reports import REPORTS
from lrbench.reports.view import View
from lrbench.results import Result, Run, Sweep
from lrbench.results.result import SCHEMA
from lrbench.solvers import SOLVERS

NAMES = sorted(name for name in SOLVERS if not SOLVERS.get(name).has_lr0)
STEP_RULES = [name for name in NAMES if not SOLVERS.get(name).outside]
RUN = [*STEP_RULES, "outside:lbfgs", "outside:newton-cg"]


def test_these_methods_have_none() -> None:
    others = ("lasso", "lbfgs", "liblinear", "newton-cg", "newton-cholesky", "saga")
    assert ["dog", "dowg", *(f"outside:{name}" for name in others), "polyak"] == NAMES
    assert all(SOLVERS.get(name).scale != "lr0" for name in NAMES)


def without_clock(run: Run) -> Mapping[str, list[float]]:
    return {name: np.nan_to_num(v).tolist() for name, v in run.trace.items() if name != "seconds"}


def of_solver(result: Result, name: str) -> list[Run]:
    return [run for run in result.problems[0].runs if run.solver.name == name]


def sweep_of(result: Result) -> Sweep:
    sweep = result.problems[0].sweep
    assert sweep is not None
    return sweep


def page(result: Result, form: str = "plain", **options: Any) -> str:
    out = io.StringIO()
    REPORTS.get(form)(result, out, View(**options))
    return out.getvalue()


@cache
def swept() -> Result:
    """Two such methods beside two with an lr0, on minibatches."""
    return lrbench.sweep(
        "logreg",
        solvers=["wngrad", "dog[r_eps=0.03]", "sgd", "polyak[cap=9]"],
        lr0="0.03:300:5",
        batch_size=16,
        passes=7,
        replicates=3,
        target="10%",
        jobs=1,
    )


@pytest.mark.parametrize("name", RUN)
def test_it_runs_once_a_seed_whatever_lr0_says(name: str) -> None:
    options: dict[str, Any] = {"iterations": 23}
    if not SOLVERS.get(name).outside:
        options |= {"batch_size": 8, "replicates": 2, "seed": 5}
    together = lrbench.run("logreg", solvers=["wngrad", name], lr0=[0.1, 1, 10], **options)
    own, alone = of_solver(together, name), lrbench.run("logreg", solvers=name, **options)
    assert [run.seed for run in own] == list(range(5, 7)) * (name in STEP_RULES) or [0]
    for run, same in zip(own, alone.problems[0].runs, strict=True):
        assert (run.lr0, dict(run.over), run.value, run.lane) == (None, {}, None, (name, None))
        assert without_clock(run) == without_clock(same)
    for verdict in together.problems[0].verdicts:
        assert (verdict.lr0 is None) == (verdict.solver.name == name)
    over = lrbench.run("logreg", solvers=["wngrad", name], over="lr0=0.1,1,10", **options)
    assert list(map(without_clock, of_solver(over, name))) == list(map(without_clock, own))


@pytest.mark.parametrize("name", NAMES)
def test_only_its_own_axes_vary(name: str) -> None:
    def lanes(**options: Any) -> list[dict[str, float]]:
        plan = Plan(solvers=["adagrad-norm", name], sweep=True, **options)
        assert all(lane.lr0 is None for lane in plan.axes[1].lanes(2.0))
        return [dict(lane.over) for lane in plan.axes[1].lanes(2.0)]

    scale = SOLVERS.get(name).scale
    assert lanes() == lanes(lr0="auto") == lanes(lr0=[0.1, 3], target=1e-3) == [{}]
    assert lanes(over="lr0=auto") == [{}]
    assert lanes(over="scale=0.1,3") == ([{scale: 0.1}, {scale: 3.0}] if scale else [{}])
    assert lanes(over=["scale=0.1,3", "lr0=1,2"]) == lanes(over="scale=0.1,3")
    assert len(lanes(over="scale=auto")) == (17 if scale else 1)


def test_an_lr0_that_no_other_solver_takes_is_refused_beside_such_a_method() -> None:
    with pytest.raises(UsageError, match="--lr0 has no effect"):
        Plan(solvers=["sgd", "polyak"], over="scale=0.1,3", lr0=2.0)
    with pytest.raises(UsageError, match="no number of this name") as refused:
        Plan(solvers="dog", over="eta=0.1,3")
    assert "lr0" not in (refused.value.hint or "")


def test_the_rates_of_a_method_without_lr0_are_its_own() -> None:
    """DoG over c is the published method times c; Polyak over cap has no longer step."""
    (dog,) = lrbench.run("logreg", solvers="dog[r_eps=0.2]", over="c=0.5,3", iterations=1).problems
    grads = [math.sqrt(run.trace["sum_grad_norm_sq"][1]) for run in dog.runs]
    rates = [run.trace["lr"][1] for run in dog.runs]
    assert rates == pytest.approx([c * 0.2 / g for c, g in zip((0.5, 3), grads, strict=True)])
    over = lrbench.run("logreg", solvers="polyak", over="cap=0.02,0.3,1e9", iterations=30)
    most = [np.nanmax(run.trace["lr"]) for run in over.problems[0].runs]
    assert most[:2] == [0.02, 0.3]
    (free,) = lrbench.run("logreg", solvers="polyak", iterations=30).problems[0].runs
    bounded = over.problems[0].runs[2].trace["objective"]
    np.testing.assert_allclose(bounded, free.trace["objective"], rtol=1e-6)


def test_json_has_null_and_is_read_again() -> None:
    saved = json.loads(swept().to_json())
    jsonschema.validate(saved, json.loads(SCHEMA.read_text()))
    assert Result.from_dict(saved).to_dict() == saved
    runs = saved["problems"][0]["runs"]
    assert [(r["lr0"], r["over"]) for r in runs if r["solver"]["name"] == "polyak"] == [
        (None, {})
    ] * 3
    dog = saved["problems"][0]["sweep"]["solvers"][1]
    assert (dog["lr0"], dog["over"], dog["best_lr0"], dog["best_value"]) == (
        [None],
        None,
        None,
        None,
    )
    assert (dog["usable"], dog["factors"], len(dog["passes"])) == (None, [], 1)
    assert set(dog["withheld"].values()) == {"nothing_varies"}


def test_files_in_which_it_had_an_lr0_are_read() -> None:
    saved = json.loads(lrbench.run("logreg", solvers="dog", iterations=9).to_json())
    (run,) = saved["problems"][0]["runs"]
    run |= {"lr0": 0.3, "over": {"lr0": 0.3}}
    run["solver"]["params"].pop("c")
    saved["problems"][0]["verdicts"] = []
    (old,) = Result.from_dict(saved).problems[0].runs
    assert old.lane == ("dog", 0.3)
    assert "lr0 = 0.3" in page(Result.from_dict(saved))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lr0": None}, "over has an lr0, and lr0 is null"),
        ({"lr0": -1.0}, "lr0 is not positive"),
    ],
)
def test_a_changed_run_is_refused(change: dict[str, Any], words: str) -> None:
    saved = json.loads(lrbench.run("logreg", solvers="sgd", iterations=2).to_json())
    saved["problems"][0]["runs"][0] |= change
    with pytest.raises(lrbench.LrbenchError, match=words):
        Result.from_dict(saved)


def test_nulls_beside_numbers_are_refused() -> None:
    saved = json.loads(swept().to_json())
    saved["problems"][0]["sweep"]["solvers"][0]["lr0"][2] = None
    with pytest.raises(lrbench.LrbenchError, match="lr0 has nulls and numbers"):
        Result.from_dict(saved)


def test_its_passes_are_those_of_its_runs() -> None:
    """Medians over the seeds, from the traces: the first row at the target."""
    result = lrbench.sweep(
        "logreg", solvers=["dog[r_eps=0.03]", "sgd"], lr0=[0.5, 2], batch_size=16, passes=7,
        replicates=3, target="10%", arrival="first", jobs=1,
    )  # fmt: skip
    problem, (dog, sgd) = result.problems[0], sweep_of(result).solvers
    target, costs = 0.1 * problem.header.constants.delta0, []
    for run in of_solver(result, "dog"):
        (rows,) = np.nonzero(run.trace["suboptimality_output"] <= target)
        costs.append(run.trace["passes"][rows[0]])
    assert len(set(costs)) > 1
    assert dog.passes == (dog.best_passes,) == (np.median(costs),)
    assert (dog.values, dog.parameter, dog.reached, dog.finished) == ((), "", (3,), (3,))
    assert (len(sgd.passes), sgd.lr0) == (2, (0.5, 2.0))
    runs = of_solver(result, "dog")
    L = problem.header.constants.L
    assert dog.final_lr_L == pytest.approx(np.median([r.trace["lr"][-1] for r in runs]) * L)


def test_pages_have_a_dash_in_its_row() -> None:
    table = page(swept()).split("sensitivity to lr0:\n")[1]
    for solver in ("dog[r_eps=0.03]", "polyak[cap=9]"):
        (first,) = [row for row in table.split("\n\n")[0].splitlines() if solver in row]
        s = sweep_of(swept()).of(solver)
        columns = re.fullmatch(r"\S+ +- +[\d.]+ % \(([\d.]+)\*?\) +- +100 %", first)
        assert columns is not None
        assert float(columns[1]) == pytest.approx(s.best_passes, rel=5e-3)
    drawing = table.split("passes to the target over lr0: ")[1].split("\n\n")[0]
    curves = {row.split()[0]: row.split()[-1] for row in drawing.splitlines()[1:] if row}
    dog, wngrad = curves["dog[r_eps=0.03]"], curves["wngrad"]
    assert len(set(dog)) == 1
    assert len(dog) == len(wngrad)
    details = page(swept(), details=True)
    (row,) = (
        details.split("polyak[cap=9]: passes to the target and the end, ")[1]
        .split("\n\n")[0]
        .splitlines()[3:]
    )
    assert row.split()[0] == "-"
    assert "dog[r_eps=0.03] and polyak[cap=9] have no lr0" in page(swept()).replace("\n  ", " ")
    assert "out of 3 or 15" in page(swept(), details=True)
    for form in ("latex", "markdown", "table"):
        assert page(swept(), form)


def test_the_page_of_runs_has_a_dash_and_names_no_lr0() -> None:
    text = page(lrbench.run("log-spectrum", solvers=["sgd", "polyak"], lr0=[0.1, 1], iterations=50))
    table = text.split("\npolyak\n")[1].splitlines()
    assert table[0].split()[0] == "lr0"
    assert table[2].split()[0] == "-"
    first, *_ = text[text.index("First to") :].splitlines()
    assert first == "First to 1 % of the start: polyak, after 36.0 passes,"
    alone = page(lrbench.run("log-spectrum", solvers="polyak", iterations=50))
    assert "lr0 =" not in alone
    assert "polyak has no lr0" in alone


def test_csv_and_a_table_have_an_empty_field() -> None:
    result = lrbench.run("logreg", solvers=["polyak", "sgd"], lr0=0.5, iterations=4)
    rows = list(csv.DictReader(io.StringIO(page(result, "csv"))))
    assert {row["solver"]: row["lr0"] for row in rows} == {"polyak": "", "sgd": "0.5"}
    lines = [json.loads(text) for text in page(result, "jsonl").splitlines()]
    assert [run["lr0"] for run in lines] == [None, 0.5]


def test_saved_weights_have_nan(tmp_path: Path) -> None:
    result = lrbench.run("logreg", solvers="polyak", iterations=4)
    result.save_weights(tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as saved:
        assert math.isnan(saved["lr0"])
    assert repr(result).splitlines()[1].startswith("  logreg: 1 run, lowest polyak, at F - f* = ")


def test_a_store_keeps_it_for_every_lr0(tmp_path: Path) -> None:
    path, solvers = tmp_path / "s.sqlite", ["dog", "sgd"]
    options: dict[str, Any] = {"batch_size": 16, "passes": 2, "jobs": 1}
    first = lrbench.sweep("logreg", solvers=solvers, lr0="0.1,1", store=path, **options)
    with opened(path) as connection:
        (before,) = connection.execute("SELECT max(added) FROM cells WHERE name = 'dog'").fetchone()
    again = lrbench.sweep("logreg", solvers=solvers, lr0="0.1,1,10", store=path, **options)
    with opened(path) as connection:
        added = connection.execute("SELECT added, lr0 FROM cells WHERE name = 'dog'").fetchall()
        (problem,) = result_of(connection, path).problems
        entries = stored_cells(connection)
    assert [tuple(row) for row in added] == [(before, 0.0)]
    assert without_clock(*of_solver(first, "dog")) == without_clock(*of_solver(again, "dog"))
    assert problem.sweep is not None
    assert problem.sweep.solvers == sweep_of(again).solvers
    kept = {e.solver: (e.over, e.values, e.lr0, e.cells) for e in entries}
    assert kept == {"dog": ("", None, None, 1), "sgd": ("lr0", (0.1, 10.0), (0.1, 10.0), 3)}


def test_the_list_of_a_store_has_a_dash(tmp_path: Path, invoke: Any) -> None:
    path = tmp_path / "s.sqlite"
    lrbench.sweep("logreg", solvers=["dog", "sgd"], lr0=[0.1, 1], iterations=9, jobs=1, store=path)
    rows = [line.split() for line in invoke("store", "list", str(path)).out.splitlines()]
    assert ["dog", "-"] in [row[:2] for row in rows]
    assert ["gd", "0.1", "to", "1"] in [row[:4] for row in rows]


def test_workers_run_it_with_the_same_bits() -> None:
    options: dict[str, Any] = {"solvers": ["wngrad", "dog"], "lr0": [0.1, 1], "batch_size": 16}
    options |= {"passes": 2, "replicates": 2}
    serial, parallel = (lrbench.sweep("logreg", jobs=jobs, **options) for jobs in (1, 2))
    for a, b in zip(serial.problems[0].runs, parallel.problems[0].runs, strict=True):
        assert (a.lane, without_clock(a)) == (b.lane, without_clock(b))


def test_theory_names_no_lr0(invoke: Any) -> None:
    text = invoke("theory", "-p", "logreg", "-s", "dog", "--lr0", "0.1,1").out
    assert "lr0 =" not in text
    assert "dog, full batches" in text
    report = json.loads(invoke("theory", "-p", "logreg", "-s", "dog", "--format", "json").out)
    assert [s["lr0"] for s in report["problems"][0]["settings"]] == [None]


def test_list_says_that_there_is_none(invoke: Any) -> None:
    about = json.loads(invoke("list", "solvers", "outside:lbfgs", "--format", "json").out)
    assert (about["parts"][0]["lr0"], about["parts"][0]["scale"]) == (None, "")
    text = invoke("list", "solvers", "outside:lbfgs").out
    assert "memory = 10" in text
    assert "\nlr0:" not in text
    assert "\nscale:" not in text


USERS = '''
from dataclasses import dataclass

import numpy as np

from lrbench.solvers.base import Solver, Step


@dataclass(frozen=True)
class Harmonic(Solver):
    """Steps of length reach / (t + 1) against the gradient."""

    has_lr0 = False
    scale = "reach"
    reach: float = 3.0

    def init(self, W, lr0, facts):
        assert np.isnan(lr0).all()
        return np.zeros_like(lr0)

    def step(self, W, state, oracle):
        g = oracle.gradient(W)
        norm = np.sqrt(g.norm_sq())
        lr = np.divide(self.reach / (state + 1.0), norm, out=np.zeros_like(norm), where=norm > 0.0)
        return Step(oracle.descend(W, lr, g), lr, state + 1.0)
'''


def test_a_rule_of_the_user_may_have_none(tmp_path: Path) -> None:
    (tmp_path / "harmonic.py").write_text(USERS)
    rule = f"{tmp_path / 'harmonic.py'}:Harmonic"
    result = lrbench.run("logreg", solvers=[rule, "sgd"], lr0=[0.1, 2], iterations=9)
    assert [run.lr0 for run in result.problems[0].runs] == [None, 0.1, 2.0]
    over = lrbench.run("logreg", solvers=rule, over="scale=0.5,3", iterations=9)
    first = [{name: run.trace[name][1] for name in run.trace} for run in over.problems[0].runs]
    lengths = [row["lr"] * math.sqrt(row["sum_grad_norm_sq"]) for row in first]
    assert lengths == pytest.approx([0.5, 3.0])
    (tmp_path / "forgets.py").write_text(USERS.replace('    scale = "reach"\n', ""))
    with pytest.raises(UsageError, match="it has no lr0, and its scale is lr0"):
        lrbench.run("logreg", solvers=f"{tmp_path / 'forgets.py'}:Harmonic")
