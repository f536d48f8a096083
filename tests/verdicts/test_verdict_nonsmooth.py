"""Verdicts where the objective is not smooth, or its optimum known to some digits only."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from made_runs import BATCH, Column, Power, T, a_run, known, of

from lrbench.config.solver_spec import SolverSpec
from lrbench.reports.blocks import Block, Grid
from lrbench.reports.theorem_table import theorem_table
from lrbench.reports.verdict_blocks import inapplicable
from lrbench.results import Status
from lrbench.theory.base import Order
from lrbench.verdicts import judge_theorems

HINGE = replace(
    known(L=math.inf, L_max=math.inf, mu=0.0, mu_pl=0.0, G=None),
    smooth=False,
    not_smooth="the hinge loss is not smooth",
)


def text(blocks: list[Block]) -> str:
    return " ".join(str(block) for block in blocks)


def test_the_reason_of_a_refusal_is_the_loss_said_once() -> None:
    verdicts = {v.theorem: v for v in judge_theorems([a_run(lambda t: 0.1 / t)], HINGE)}
    for key in ("C6", "W1", "W2", "W3"):
        assert verdicts[key].reason == "the hinge loss is not smooth"
        assert not verdicts[key].bound
    assert verdicts["W5"].reason == "no ball: --radius"
    said = text(list(inapplicable(list(verdicts.values()))))
    assert said.count("the hinge loss is not smooth (") == 0
    assert "the hinge loss is not smooth)" in said


def test_a_certificate_has_no_verdict_where_an_exponential_overflows() -> None:
    metric = np.array([1.0, 2.0, 50.0, np.inf])
    columns = {"y": np.array([np.nan, 9.0, 99.0, np.inf])}
    run = a_run(metric, steps=T[:4], status=Status.DIVERGED, status_at=5, columns=columns)
    poisson = replace(HINGE, not_smooth="the poisson loss is not smooth")
    v = of(Column(), run, setting=poisson)
    assert (v.bound_verdict, v.reason) == ("none", "diverged: beyond the range of numbers")
    # With an L, too, a bound that overflows or says nothing yet excludes nothing.
    for last in (np.inf, np.nan, 1e200):
        run.trace["y"][-1] = last
        assert of(Column(), run).bound_verdict == "none"
    # Where the bound of the run, or one known before it, is moderate, divergence is a violation.
    run.trace["y"][-1] = 99.0
    assert of(Column(), run).bound_verdict == "fail"
    assert of(Power(1e9, -1), run, setting=poisson).bound_verdict == "fail"
    assert of(Power(1e200, 0), run).bound_verdict == "none"


@pytest.mark.parametrize("error", [1e-9, 1e-4])
def test_nothing_is_judged_below_the_error_of_f_star(error: float) -> None:
    # The bound falls below the error. F* is at most f_star: a metric above the bound violates it,
    # one below may do so by less than the error.
    theorem = Power(1.0, -4, Order("power", -4))
    for sign, verdict in ((0.99, "fail"), (-0.99, "none")):
        metric = 0.5 / np.maximum(T, 1.0) ** 4
        metric[-1] = sign * error
        v = of(theorem, a_run(metric), setting=known(f_star_error=error))
        assert v.bound_verdict == verdict


def test_the_order_of_least_absolute_deviations() -> None:
    proved = Order("power", -0.5)
    steps = np.geomspace(1, 1000, 19).round()
    for exponent in (0.53, 0.57, 0.41):
        metric = a_run(0.4 * steps**-exponent, steps=steps)
        assert of(Power(1.0, -0.5 + 0.1, proved), metric).order_verdict == "pass"
    slower = of(Power(1.0, -0.25, proved), a_run(lambda t: 0.4 * t**-0.3, steps=steps))
    assert slower.order_verdict == "inconclusive"


def test_the_proximal_methods_have_their_rows() -> None:
    lasso = replace(BATCH, params={"restart": "none"}, smooth=False, not_smooth="l1")
    for solver, key, p in (("ista", "ISTA", -1.0), ("fista", "FISTA", -2.0)):
        steps = np.array([0, 1, 2, 5, 7, 11, 20, 30, 50, 70, 90, 100], dtype=np.float64)
        metric = np.array([1.0, *(0.5 * steps[1:] ** p)])
        run = replace(a_run(metric, steps=steps), solver=SolverSpec(solver, {}))
        verdicts = list(judge_theorems([run], lasso))
        v = verdicts[0]
        assert (v.theorem, v.bound_verdict, v.order_verdict) == (key, "pass", "pass")
        grid = next(theorem_table(verdicts, 0.0, 80))
        assert isinstance(grid, Grid)
        assert [cell.text for cell in grid.rows[0]][:2] == [key, "F(last) - f*"]
    restarted = replace(lasso, params={"restart": "gradient"})
    run = replace(a_run(lambda t: 1 / t**3), solver=SolverSpec("fista", {"restart": "gradient"}))
    assert [v.reason for v in judge_theorems([run], restarted)] == ["restart = gradient"]
    for nothing in ("prox-wngrad", "prox-adagrad-norm"):
        run = replace(a_run(lambda t: 1 / t), solver=SolverSpec(nothing, {}))
        assert list(judge_theorems([run], lasso)) == []
