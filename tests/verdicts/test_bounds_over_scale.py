"""Bounds over a scale, against dense grids of their closed forms and against doctored runs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lrbench
from lrbench.errors import UsageError
from lrbench.experiment.proved import proved_over_grid
from lrbench.results import SUMMED, ProblemResult, Result, Robustness, Run, Status, Trace
from lrbench.theory.base import Setting
from lrbench.verdicts.robustness import bounds_over_scale

Numbers = NDArray[np.float64]

DENSE: Numbers = np.geomspace(1e-8, 1e8, 1_600_001)
"""Two neighbours differ by a factor of 1 + 2.3e-5."""


def gd(c: dict[str, Any], lr0: Numbers, T: int) -> Any:
    """Drori and Teboulle's bound, which Kim (2024) proves up to 2/L."""
    h = lr0 * c["L"]
    worst = np.maximum(1 / (2 * T * h + 1), np.minimum(np.abs(1 - h), 1) ** (2 * T))
    return np.where(h < 2, c["L"] * c["D"] ** 2 / 2 * worst, np.inf)


def w3(c: dict[str, Any], lr0: Numbers, T: int) -> Any:
    """D_0^2 / (4T/b_max + 2/L), where b_1 >= 2L/3, for wngrad[order=current]."""
    b, L, a, gap = 1 / lr0, c["L"], c["grad_norm_sq0"], c["delta0"]
    r = 2 * L / (3 * b)
    above = gap * (1 + 2 * L / b) + np.where(r > 1, 1.5 * L * (r - 1 - np.log(r)), 0)
    rise = np.minimum(above, a / b + gap * (1 + 2 * L / (b + a / b)))
    bound = c["D"] ** 2 / (4 * T / (b + rise) + 2 / L)
    return np.where(b + a / b >= 2 * L / 3, bound, np.inf)


def w3_over_c(c: dict[str, Any], scale: Numbers, T: int) -> Any:
    """W3 with lr0 = 10 in the units in which the c of wngrad is 1."""
    one = {name: scale * c[name] for name in ("delta0", "grad_norm_sq0")}
    unit = {**one, "L": c["L"], "D": np.sqrt(scale) * c["D"]}
    return w3(unit, np.full_like(scale, 10.0), T) / scale


def sgd2(c: dict[str, Any], lr0: Numbers, T: int) -> Any:
    harmonic = math.log(T) + np.euler_gamma + 1 / (2 * T)
    return c["D"] ** 2 / (2 * lr0 * (T + 1)) + lr0 * c["G_batch"] ** 2 / 2 * (1 + harmonic)


def a6(c: dict[str, Any], eta: Numbers, T: int, b: Numbers) -> Any:
    sum_sq = c["G_batch"] ** 2 * T
    S = np.sqrt(b**2 + sum_sq)
    rise = sum_sq / (S + b)
    D_sq = c["D"] ** 2 + 2 * c["f_star_error"] * eta / b * T + 2 * eta**2 * np.log1p(rise / b)
    return (D_sq * S / (2 * eta) + eta * rise) / T


def a6_with_b_held(c: dict[str, Any], eta: Numbers, T: int) -> Any:
    return a6(c, eta, T, np.full_like(eta, 4.0))


def a6_with_lr0_held(c: dict[str, Any], eta: Numbers, T: int) -> Any:
    return a6(c, eta, T, eta / 0.25)


CASES: list[tuple[str, str, str, dict[str, Any], Callable[..., Any]]] = [
    ("gd-lr0", "logreg", "gd", {"lr0": "1e-3:1e3:7"}, gd),
    ("w3-lr0", "logreg", "wngrad", {"lr0": "1e-3:1e3:7"}, w3),
    ("w3-c", "logreg", "wngrad", {"over": "c=1e-3:1e3:7", "lr0": 10.0}, w3_over_c),
    ("sgd2-lr0", "lad-worst", "sgd", {"lr0": "1e-3:1e3:7"}, sgd2),
    (
        "a6-eta",
        "lad-worst",
        "adagrad-norm",
        {"over": "scale=0.01,0.3,20", "lr0": 0.25},
        a6_with_b_held,
    ),
    (
        "a6-eta-lr0",
        "lad-worst",
        "adagrad-norm",
        {"over": ["eta=0.01,0.3,20", "lr0=0.25,7"]},
        a6_with_lr0_held,
    ),
]


@pytest.mark.parametrize(
    ("name", "problem_name", "solver", "options", "closed_form"), CASES, ids=[c[0] for c in CASES]
)
def test_the_best_scale_is_that_of_a_dense_grid(
    name: str,
    problem_name: str,
    solver: str,
    options: dict[str, Any],
    closed_form: Callable[..., Any],
) -> None:
    T = 170
    result = lrbench.sweep(problem_name, solvers=solver, iterations=T, at=[T], jobs=1, **options)
    values = json.loads(result.to_json())["problems"][0]
    s = values["sweep"]["solvers"][0]
    (of,) = (r for r in s["robustness"] if r["theorem"].lower() == name.split("-")[0])
    c = values["constants"]
    c |= {"D": c["distance"] + (c["distance_error"] or 0.0)}
    dense = closed_form(c, DENSE, T)
    best, least = of["best_scale"], of["best_bound"]
    assert closed_form(c, np.array([best]), T)[0] == pytest.approx(least, rel=1e-9)
    # It is the first of minima that are equal, as those of W3 at b_0 and a_0/b_0 are.
    assert np.all(dense[best * (1 - 2e-4) > DENSE] > least)
    assert np.all(dense >= least * (1 - 1e-9))
    assert dense.min() == pytest.approx(least, rel=1e-4)
    grid = np.array(s["over"]["values"])
    np.testing.assert_allclose(of["rho"], grid / of["best_scale"], rtol=1e-12)
    bounds = closed_form(c, grid, T)
    expected = [None if b == np.inf else pytest.approx(b, rel=1e-9) for b in bounds.tolist()]
    assert of["bound"] == expected


# --- worst cases and doctored runs -------------------------------------------------------------

RATES = [0.6, 0.8, 1.0, 1.7, 40.0]


def made(problem: str = "huber-tight", solver: str = "gd", **options: Any) -> ProblemResult:
    options = {"lr0": RATES, "iterations": 100, "at": [100], **options}
    return lrbench.sweep(problem, solvers=solver, jobs=1, **options).problems[0]


def setting_of(problem: ProblemResult, **changes: Any) -> Setting:
    constants, n = problem.header.constants, problem.header.n_samples
    return replace(Setting(constants, 1.0, {}, True, n, None, None, horizon=100), **changes)


def judged(problem: ProblemResult, key: str, **changes: Any) -> Robustness:
    (proved,) = dict(proved_over_grid(problem, setting_of(problem, **changes))).values()
    assert proved.robustness is not None
    (of,) = (r for r in proved.robustness if r.theorem == key)
    return of


def doctored(run: Run, column: str, factor: float, T: int = 100) -> Run:
    """Return a run with another number in a row of its trace."""
    trace = {name: numbers.copy() for name, numbers in run.trace.items()}
    trace[column][trace["iteration"] == T] *= factor
    return replace(run, trace=trace)


def changed(problem: ProblemResult, at: float, change: Callable[[Run], Run]) -> ProblemResult:
    runs = [change(run) if run.value == at else run for run in problem.runs]
    return replace(problem, runs=tuple(runs))


def test_gradient_descent_attains_its_bound_on_its_worst_function() -> None:
    problem = made()
    of = judged(problem, "GD")
    assert problem.sweep is not None
    (s,) = problem.sweep.solvers
    assert of == next(r for r in s.robustness or () if r.theorem == "GD")
    assert of.verdict == ("pass", "pass", "pass", "pass", "inapplicable")
    ratio = np.divide(of.gap, of.bound)
    assert ratio[2] == pytest.approx(1.0, abs=1e-12)  # h = 1 is that of the function
    assert np.all(ratio[[0, 1, 3]] < 0.999)
    assert of.best_scale is not None
    assert 1.7 < of.best_scale < 2.0


def test_a_gap_above_the_bound_violates_it_at_this_rho_alone() -> None:
    problem = made()
    above = changed(problem, 1.0, lambda run: doctored(run, "suboptimality", 1 + 1e-6))
    assert judged(above, "GD").verdict == ("pass", "pass", "fail", "pass", "inapplicable")
    below = changed(problem, 0.8, lambda run: doctored(run, "suboptimality", 1 + 1e-6))
    assert judged(below, "GD").verdict == judged(problem, "GD").verdict
    # Not after T steps: that is not judged here, but by the verdicts at every checkpoint.
    before = changed(problem, 1.0, lambda run: doctored(run, "suboptimality", 9.0, T=50))
    assert judged(before, "GD").verdict == judged(problem, "GD").verdict
    gradient = changed(problem, 0.6, lambda run: doctored(run, "grad_norm_sq", 1e6))
    assert judged(gradient, "GD-grad").verdict[0] == "fail"
    assert judged(gradient, "GD").verdict[0] == "pass"


def cut(run: Run, status: Status, last: int) -> Run:
    """Return a run that ended so, with the rows up to `last`."""
    trace: Trace = {name: c[run.trace["iteration"] <= last] for name, c in run.trace.items()}
    return replace(run, status=status, status_at=last + 1, trace=trace, error="x")


ENDS = [
    (Status.REACHED_TARGET, 50, "unknown"),
    (Status.INTERRUPTED, 50, "unknown"),
    (Status.INTERRUPTED, -1, "unknown"),
    (Status.FAILED, 100, "unknown"),
    (Status.DIVERGED, 50, "fail"),
    (Status.DIVERGED, 100, "pass"),
]


@pytest.mark.parametrize(("status", "last", "verdict"), ENDS)
def test_what_did_not_come_to_T_is_unknown_unless_it_diverged(
    status: Status, last: int, verdict: str
) -> None:
    problem = changed(made(), 0.8, lambda run: cut(run, status, last))
    of = judged(problem, "GD")
    assert of.verdict == ("pass", verdict, "pass", "pass", "inapplicable")
    assert math.isnan(of.gap[1]) == (verdict != "pass")
    started = (status, last) != (Status.INTERRUPTED, -1)
    assert math.isnan(of.bound[1]) != started


def test_a_bound_above_the_start_is_weak_and_one_with_an_estimated_L_has_no_verdict() -> None:
    problem = made(lr0=[1e-4, 1.0], target=1e-9)
    constants = problem.header.constants
    assert judged(problem, "GD").verdict == ("vacuous", "pass")
    estimated = replace(constants, L_method="estimate")
    assert judged(problem, "GD", constants=estimated).verdict == ("none", "none")


LAD: dict[str, Any] = {
    "problem": "lad",
    "solver": "sgd",
    "lr0": [1e-3, 2.5, 300.0],
    "radius": 1200.0,
    "batch_size": 10,
    "iterations": 2000,
    "at": [2000],
}


def stochastic(problem: ProblemResult) -> Robustness:
    changes = {"batch": False, "batch_size": 10, "sampling": "replacement", "radius": 1200.0}
    return judged(problem, "SGD1", **changes, smooth=False, not_smooth="it is not", horizon=2000)


def test_one_path_refutes_but_a_mean_above_the_bound_does_not() -> None:
    one, three = made(**LAD), made(**LAD, replicates=3)
    assert stochastic(one).verdict == ("vacuous", "none", "vacuous")
    of = stochastic(three)
    assert of.verdict == ("vacuous", "pass", "vacuous")
    column = "suboptimality_average"
    ends = [r.trace[column][r.trace["iteration"] == 2000] for r in three.runs if r.value == 2.5]
    assert of.gap[1] == pytest.approx(float(np.mean(ends)))
    above = changed(three, 2.5, lambda run: doctored(run, column, 1e3, 2000))
    assert stochastic(above).verdict[1] == "none"
    regret = changed(three, 2.5, lambda run: doctored(run, "regret", 1e3, 2000))
    assert "regret" in SUMMED
    assert stochastic(regret).verdict == ("vacuous", "fail", "vacuous")
    (first,) = (r for r in three.runs if (r.value, r.seed) == (2.5, 0))
    fewer = replace(
        three, runs=tuple(cut(r, Status.INTERRUPTED, 50) if r is first else r for r in three.runs)
    )
    assert stochastic(fewer).verdict[1] == "unknown"


# --- what is not known, and where nothing is proved ---------------------------------------------


def test_there_is_none_over_what_is_no_scale_or_without_a_theorem() -> None:
    options: dict[str, Any] = {"iterations": 9, "jobs": 1, "at": [9]}
    linear = ["sgd[schedule=poly]", "heavy-ball"]
    result = lrbench.sweep("lad-worst", solvers=linear[0], over="power=1,2", **options)
    other = lrbench.sweep("lad-worst", solvers=linear[1], lr0=[1.0], **options)
    for problem in (*result.problems, *other.problems):
        assert problem.sweep is not None
        assert problem.sweep.solvers[0].robustness == ()


def test_one_value_does_not_say_which_lr0_follows_from_others() -> None:
    (problem,) = lrbench.sweep(
        "lad-worst", solvers="adagrad-norm", over="eta=2", iterations=9, jobs=1
    ).problems
    assert problem.sweep is not None
    assert problem.sweep.solvers[0].robustness is None
    runs = made("lad-worst", "adagrad-norm", over="eta=1,2,3", lr0=1.0).runs
    odd = [replace(run, lr0=run.value**2) for run in runs]
    setting = setting_of(made("lad-worst", "adagrad-norm", lr0=[1.0]))
    assert bounds_over_scale(odd, setting, {1.0, 2.0, 3.0}) is None


def test_values_that_are_not_judged_are_unknown() -> None:
    problem = made()
    of = bounds_over_scale(problem.runs, setting_of(problem), {0.6, 1.0})
    assert of is not None
    (bound,) = (r for r in of if r.theorem == "GD")
    assert bound.verdict == ("pass", "unknown", "pass", "unknown", "unknown")
    assert [math.isnan(b) for b in bound.bound] == [False, True, False, True, True]
    assert len(bound.rho) == len(RATES)


def test_a_saved_result_has_them_and_one_of_an_earlier_version_has_not() -> None:
    problem = made()
    written = Result((), {}, [problem]).to_dict()
    (read,) = Result.from_dict(json.loads(json.dumps(written))).problems
    assert read.sweep == problem.sweep
    for s in written["problems"][0]["sweep"]["solvers"]:
        del s["robustness"]
    (earlier,) = Result.from_dict(written).problems
    assert earlier.sweep is not None
    assert earlier.sweep.solvers[0].robustness is None


@pytest.mark.parametrize("key", ["bound", "gap", "rho", "verdict"])
def test_a_changed_list_of_another_length_is_refused(key: str) -> None:
    written = Result((), {}, [made()]).to_dict()
    written["problems"][0]["sweep"]["solvers"][0]["robustness"][0][key].pop()
    with pytest.raises(UsageError, match="items, not"):
        Result.from_dict(written)
