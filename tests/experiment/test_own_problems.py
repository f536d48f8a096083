"""Problems that were made in Python, from `lrbench.run` to a page: a network, and a convex one."""

from __future__ import annotations

import importlib
import json
import math
import sys
from pathlib import Path
from typing import Any

import jsonschema
import network
import numpy as np
import pytest
from conftest import Invoke
from network import Network

import lrbench
from lrbench.arrays import Index, Lanes, PerLane
from lrbench.engine.control import Control
from lrbench.errors import UsageError
from lrbench.experiment.estimate import estimate
from lrbench.experiment.jobs.base import Serial
from lrbench.experiment.jobs.processes import Processes
from lrbench.experiment.run_plan import run_plan
from lrbench.experiment.store import keys
from lrbench.gate import CheckFailedError
from lrbench.objective.about import ProblemFacts
from lrbench.objective.finite_sum import FiniteSum
from lrbench.optimum import Curvature, Optimum
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import prepare
from lrbench.results import SCHEMA, ProblemResult, Result, Status, Verdict

SOLVERS = ["wngrad", "gd", "dog", "svrg"]
LR0 = [0.03, 0.7]


class Bowl(FiniteSum):
    """The mean of a_i (1 - cos w) + b w^2 / 2 + c_i w over i: smooth with L = max a + b, no more.

    It is convex where b >= mean a, and its minimum is known only where that is said.
    """

    def __init__(self, b: float = 0.1, minimum: float = math.nan) -> None:
        self.a, self.c = np.array([1.0, 0.25, 2.5]), np.array([0.5, -0.75, 0.25])
        self.b, self.minimum = b, minimum
        super().__init__("bowl", np.array([2.0]), 3)

    def facts(self) -> ProblemFacts:
        return ProblemFacts("a bowl", "three terms", convex=self.b >= self.a.mean())

    def mean(self, W: Lanes, samples: Index | slice) -> tuple[PerLane, Lanes]:
        a, c, w = self.a[samples].mean(), self.c[samples].mean(), W[0]
        value = a * (1.0 - np.cos(w)) + 0.5 * self.b * w * w + c * w
        return value, (a * np.sin(w) + self.b * w + c)[None]

    def reference(self) -> Optimum:
        L = float(self.a.mean()) + self.b
        return Optimum(
            f_star=self.minimum,
            f_star_error=0.0,
            method="closed form",
            attained=not math.isnan(self.minimum),
            w_star=None if math.isnan(self.minimum) else np.zeros(1),
            no_minimiser="",
            distance_error=0.0,
            curvature=Curvature(L, "closed form", float(self.a.max()) + self.b, 0.0, 0.0),
        )


def swept(**options: Any) -> Result:
    return lrbench.sweep(Network(), **{"solvers": "wngrad", "lr0": "0.1:10:3"} | options)


@pytest.fixture(scope="module")
def result() -> Result:
    return lrbench.run(Network(), solvers=SOLVERS, lr0=LR0, iterations=64)


@pytest.fixture(scope="module")
def problem(result: Result) -> ProblemResult:
    return result.problems[0]


def test_every_lane_lowers_the_objective(problem: ProblemResult) -> None:
    network = Network()
    start = float(network.value(network.w0[:, None])[0])
    assert len(problem.runs) == (len(SOLVERS) - 1) * len(LR0) + 1  # DoG has no lr0
    for run in problem.runs:
        assert run.status is Status.COMPLETED, (run.solver, run.lr0)
        assert run.trace["objective"][0] == start
        assert run.trace["objective"].min() < start
        best = run.iterates["best"]
        assert float(network.value(best[:, None])[0]) == pytest.approx(
            min(run.trace[name].min() for name in run.trace if name.startswith("objective")),
            rel=1e-12,
        )


def test_gradient_descent_is_that_of_a_loop(problem: ProblemResult) -> None:
    network = Network()
    for run in problem.runs:
        if run.solver.name == "sgd":
            w, values = network.w0[:, None].copy(), []
            for _ in range(65):
                value, g = network.value_and_gradient(w)
                values.append(float(value[0]))
                w = w - (run.lr0 or 0.0) * g
            rows = run.trace["iteration"].astype(int)
            assert run.trace["objective"] == pytest.approx(np.array(values)[rows], rel=1e-12)


def test_what_needs_the_minimum_is_empty(problem: ProblemResult) -> None:
    constants = problem.header.constants
    assert math.isnan(constants.f_star)
    assert math.isnan(constants.delta0)
    assert constants.f_star_obstacle == "F is not convex"
    assert constants.no_minimiser == "f* is not known"
    for run in problem.runs:
        for name, column in run.trace.items():
            if name.startswith("suboptimality"):
                assert np.isnan(column).all(), name


def test_theorems_say_why_they_are_silent(problem: ProblemResult) -> None:
    lane = {v.theorem: v for v in problem.verdicts if v.solver.name == "wngrad" and v.lr0 == 0.7}
    assert lane["C1"].bound_verdict == "pass"  # it is about the recursion, whatever F is
    assert lane["W3"].reason == "L is not known; F is not convex; f* is not known"
    assert lane["W1"].reason == "L is not known; f* is not known"
    assert [v.theorem for v in problem.verdicts if v.applies and v.theorem != "C1"] == []


def test_it_is_saved_and_read_back(result: Result, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    result.save(path)
    values = json.loads(path.read_text())
    jsonschema.validate(values, json.loads(SCHEMA.read_text()))
    (known,) = values["problems"]
    assert known["nnz"] is None
    assert known["constants"]["f_star"] is None
    assert known["constants"]["delta0"] is None
    assert known["runs"][0]["trace"]["suboptimality"] == [None] * len(
        result.problems[0].runs[0].trace["iteration"]
    )
    assert Result.load(path).to_json() == result.to_json()


def test_the_page_shows_the_objective(result: Result, tmp_path: Path, invoke: Invoke) -> None:
    path = tmp_path / "r.json"
    result.save(path)
    page = invoke("show", str(path)).out
    assert page.count("f* is not known: F is not convex") == 1
    assert "loss     squared" in page
    assert "n = 40\nmodel    d = 16 parameters\n" in page
    assert "non-zeros" not in page
    assert "nan" not in page
    runs = {(str(r.solver), r.lr0): r for r in result.problems[0].runs}
    wngrad = runs["wngrad[order=current]", 0.7].trace["objective"][-1]
    assert f"{wngrad:.1e}" in page
    ends = {key: run.trace["objective"][-1] for key, run in runs.items()}
    ends |= {
        key: run.trace["objective_output"][-1]
        for key, run in runs.items()
        if "objective_output" in run.trace
    }
    page_names = {"sgd": "gd", "wngrad[order=current]": "wngrad"}
    solver, lr0 = min(ends, key=lambda key: ends[key])
    assert f"Lowest at the end: {page_names.get(solver, solver)} at lr0 = {lr0:g}," in page
    details = invoke("show", str(path), "--details").out
    assert "F - f*" not in details.replace("nothing is proved of F - f*", "")
    for form in ("latex", "markdown", "csv", "jsonl"):
        assert invoke("show", str(path), "--format", form).code == 0


def test_the_weights_are_those_of_the_lowest_objective(result: Result, tmp_path: Path) -> None:
    run = result.save_weights(tmp_path / "w.npz")
    weights = np.load(tmp_path / "w.npz")["W"]
    network = Network()
    assert float(network.value(weights[:, None])[0]) == pytest.approx(
        min(float(r.trace["objective"].min()) for r in result.problems[0].runs if r is run),
        rel=1e-12,
    )


def test_a_problem_stands_beside_names() -> None:
    result = lrbench.run(["log-spectrum", Network(), Path("log-spectrum")], solvers="gd", lr0=0.1)
    assert [p.name for p in result.problems] == ["log-spectrum", "network", "log-spectrum"]
    with pytest.raises(UsageError, match="is not a problem"):
        lrbench.run([Network(), 7], solvers="gd")  # type: ignore[list-item]


@pytest.mark.slow
def test_workers_give_the_same_bits(capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(solvers=["gd", "wngrad"], lr0=LR0, batch_size=3, iterations=20, replicates=3)
    here = run_plan(plan, [Network()], Control(), executor=Serial())
    there = run_plan(plan, [Network()], Control(), executor=Processes(2, patience=0.0))
    assert capsys.readouterr().err == ""
    for a, b in zip(here.problems[0].runs, there.problems[0].runs, strict=True):
        assert (a.solver, a.lr0, a.seed) == (b.solver, b.lr0, b.seed)
        assert a.trace["objective"].tobytes() == b.trace["objective"].tobytes()


def test_what_workers_cannot_have_runs_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("joblib.Parallel", None)
    closed = Network()
    closed.mean = lambda W, samples: Network.mean(closed, W, samples)  # type: ignore[method-assign]
    for each, reason in [(closed, "it cannot be pickled"), (Bowl(), "it has no fingerprint")]:
        plan = Plan(solvers=["gd", "wngrad"], lr0=LR0, iterations=20)
        result = run_plan(plan, [each], Control(), executor=Processes(2, patience=0.0))
        assert all(run.status is Status.COMPLETED for run in result.problems[0].runs)
        err = capsys.readouterr().err
        assert err.startswith(f"Note: {each.name} runs in this process: {reason}")
        assert err.count("\n") == 1


def test_the_gate_does_not_take_the_objective_for_a_suboptimality(result: Result) -> None:
    for expectation in ("suboptimality <= 9", "rate >= 0", "passes_to_target <= 999"):
        with pytest.raises(CheckFailedError, match="INCONCLUSIVE"):
            lrbench.check(result, expect=expectation)


def test_a_ball_needs_no_minimum() -> None:
    solvers = ["gd", "prox-wngrad"]
    result = lrbench.run(Network(), solvers=solvers, lr0=0.5, iterations=30, radius=0.125)
    for run in result.problems[0].runs:
        assert np.linalg.norm(run.iterates["last"] - Network().w0) == pytest.approx(0.125)


def test_its_cost_is_estimated() -> None:
    plan = Plan(solvers=["gd", "adam"], lr0=LR0, iterations=300)
    (cost,) = estimate(plan, [Network()], Control())
    assert (cost.problem, cost.cells, cost.passes) == ("network", 4, 300.0)
    assert cost.not_certified is None


def test_a_sweep_and_a_target_need_the_minimum() -> None:
    with pytest.raises(UsageError) as caught:
        swept()
    assert caught.value.message == (
        "a sweep needs a target of F - f*, and f* of network is not known: F is not convex."
    )
    with pytest.raises(UsageError, match=r"^target=0\.1 needs a target of F - f\*"):
        lrbench.run(Network(), solvers="gd", target=0.1)
    with pytest.raises(UsageError, match="has no meaning where L is inf"):
        lrbench.run(Network(), solvers="gd", lr0="1/L")


@pytest.mark.parametrize("batch_size", [None, 2])
def test_a_sweep_after_given_steps_needs_no_minimum(
    batch_size: int | None, tmp_path: Path, invoke: Invoke
) -> None:
    """It shows the least squared norm of the gradient, here recomputed from the rows."""
    result = swept(at=[3, 20], batch_size=batch_size, solvers=["wngrad", "gd"], lr0="0.1:1e3:5")
    (problem,) = result.problems
    assert problem.sweep is not None
    assert not problem.sweep.has_target
    assert problem.sweep.advice is None
    for s in problem.sweep.solvers:
        assert [after.measure for after in s.at] == ["grad_norm_sq"] * 2
        for after in s.at:
            for value, level in zip(s.values, after.gap, strict=True):
                (run,) = (r for r in problem.runs if r.lane == (str(s.solver), value))
                rows = run.trace["iteration"] <= after.iteration
                least = np.nanmin(run.trace["grad_norm_sq"][rows])
                if batch_size is None:
                    least = min(least, np.nanmin(run.trace["min_grad_norm_sq"][rows]))
                assert level == (math.inf if run.status is Status.DIVERGED else least)
    saved = json.loads(result.to_json())
    jsonschema.validate(saved, json.loads(SCHEMA.read_text()))
    assert Result.from_dict(saved).to_dict() == saved
    result.save(tmp_path / "r.json")
    text = invoke("show", str(tmp_path / "r.json")).out
    assert "least |grad F|^2 up to T = 20 steps" in text
    assert "no target, as f* is not known" in text
    assert "Advice" not in text
    with pytest.raises(UsageError, match="f\\* of network is not known"):
        swept(at=[3, 20], lr0="auto")


def test_a_given_minimum_makes_a_sweep() -> None:
    (problem,) = swept(f_star=0.0, iterations=300).problems
    assert problem.sweep is not None
    (wngrad,) = problem.sweep.solvers
    start = float(Network().value(Network().w0[:, None])[0])
    assert problem.sweep.target == pytest.approx(0.01 * start)
    for lr0, passes in zip(wngrad.lr0, wngrad.passes, strict=True):
        (run,) = (run for run in problem.runs if run.lr0 == lr0)
        reached = run.trace["objective"] <= problem.sweep.target
        assert math.isfinite(passes) == reached.any()


def test_a_store_keeps_its_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "s.sqlite"
    first = swept(f_star=0.0, iterations=30, store=store, jobs=1)
    with monkeypatch.context() as patch:
        patch.setattr("lrbench.engine.run.run_lanes", None)  # nothing is run again
        again = swept(f_star=0.0, iterations=30, store=store, jobs=1)
    assert first.to_dict()["problems"] == again.to_dict()["problems"]
    other = Network()
    other.y[3] += 1e-9
    changed = lrbench.sweep(
        other, solvers="wngrad", lr0="0.1:10:3", f_star=0.0, iterations=30, store=store, jobs=1
    )
    objectives = [r.problems[0].runs[0].trace["objective"][0] for r in (first, changed)]
    assert objectives[0] != objectives[1]


def test_a_store_needs_a_fingerprint(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        lrbench.sweep(Bowl(), solvers="gd", f_star=0.0, store=tmp_path / "s.sqlite", jobs=1)
    assert caught.value.message == (
        "a store cannot keep the cells of bowl, which has no fingerprint."
    )
    assert caught.value.hint.startswith("let its facts have one")


def test_a_run_that_does_not_lower_the_objective_is_stalled() -> None:
    lr0 = [1e-18, 1e-9, 0.3, 40.0]
    (problem,) = lrbench.run(Network(), solvers="gd", lr0=lr0, iterations=50).problems
    for run in problem.runs:
        objective, early = run.trace["objective"], run.trace["iteration"] <= 5
        lower = objective[~early].min() < objective[early].min() * (1 - 1e-12)
        assert run.status is (Status.COMPLETED if lower else Status.STALLED), run.lr0
    assert [run.status is Status.STALLED for run in problem.runs] == [True, False, False, True]


def verdicts_of(problem: FiniteSum, **options: Any) -> dict[str, Verdict]:
    result = lrbench.run(problem, solvers="wngrad", lr0=0.25, iterations=40, **options)
    return {v.theorem: v for v in result.problems[0].verdicts}


def test_a_problem_that_knows_its_constants_alone_says_why_there_is_no_minimum() -> None:
    for b, obstacle in [(0.1, "F is not convex"), (1.25, "the problem has no reference optimum")]:
        (problem,) = lrbench.run(Bowl(b=b), solvers="gd", lr0="0.5/L", iterations=9).problems
        constants = problem.header.constants
        assert (constants.L, constants.L_max) == (1.25 + b, 2.5 + b)
        assert constants.f_star_obstacle == obstacle
        assert [run.lr0 for run in problem.runs] == [pytest.approx(0.5 / (1.25 + b))]


def test_theorems_speak_where_their_constants_are_known() -> None:
    """L is known without f*; then f* without convexity; then all of it."""
    unknown = verdicts_of(Bowl())
    assert unknown["W1"].reason == "f* is not known"
    assert unknown["C1"].applies
    given = verdicts_of(Bowl(), f_star=0.0)
    assert given["W1"].applies
    assert "fail" not in {v.bound_verdict for v in given.values()}
    assert given["W3"].reason == "F is not convex; no minimiser is known beside --f-star"
    known = verdicts_of(Bowl(b=1.25, minimum=0.0))
    assert {name for name in ("W1", "W2", "W3", "C2") if known[name].applies} == {
        *("W1", "W2", "W3", "C2")
    }
    assert "fail" not in {v.bound_verdict for v in known.values()}


def test_a_minimum_that_the_problem_knows_is_used() -> None:
    bowl = Bowl(b=1.25, minimum=0.0)
    (problem,) = lrbench.sweep(bowl, solvers="gd", lr0="0.125/L:2/L:3", iterations=90).problems
    constants = problem.header.constants
    assert (constants.f_star, constants.f_star_method) == (0.0, "closed form")
    assert (constants.distance, constants.L) == (2.0, 2.5)
    assert constants.delta0 == pytest.approx(1.25 * (1 - math.cos(2.0)) + 0.625 * 4.0, rel=1e-14)
    assert [run.lr0 for run in problem.runs] == pytest.approx([0.05, 0.2, 0.8])
    assert problem.sweep is not None
    assert problem.sweep.target == pytest.approx(0.01 * constants.delta0)
    # At 2/L it comes down to the target, too, at the last look, which is the budget.
    assert problem.sweep.solvers[0].reached == (1, 1, 1)
    assert problem.sweep.solvers[0].passes[-1] == 90.0


def test_a_run_below_the_minimum_that_the_problem_claims_refutes_it() -> None:
    result = lrbench.run(Bowl(b=1.25, minimum=0.5), solvers="gd", lr0=0.3, iterations=90)
    ((name, error),) = result.failures
    assert (name, type(error).__name__) == ("bowl", "RefutedError")
    assert error.hint == "correct the reference of the problem."


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [("the chain rule", "hand", True), ("/ len(y)", "/ (2 * len(y))", False), ("", "", True)],
)
def test_a_store_knows_the_code_of_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, kept: bool
) -> None:
    text = Path(network.__file__).read_text()
    ids = []
    for number, source in enumerate([text, text.replace(before, after)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "edited_network.py").write_text(source)
        keys._file_of.cache_clear()
        with monkeypatch.context() as patch:
            patch.syspath_prepend(folder)
            patch.delitem(sys.modules, "edited_network", raising=False)
            problem = importlib.import_module("edited_network").Network()
            plan = Plan(solvers="gd", lr0=0.3, f_star=0.0, sweep=True)
            ids.append(keys.experiment_id(prepare(problem, plan, None, Control()), plan))
    assert (ids[0] == ids[1]) is kept


def test_a_check_runs_a_problem_with_a_name() -> None:
    with pytest.raises(UsageError, match="which network does not have"):
        lrbench.check(Network(), solvers="gd", expect="status = completed")  # type: ignore[arg-type]
