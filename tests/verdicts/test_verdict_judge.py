"""What is judged at all: hypotheses, columns, status."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from made_runs import BATCH, Column, Power, T, a_run, known, of

from lrbench.results import Status
from lrbench.theory.base import Order
from lrbench.verdicts import judge_theorems


def test_hypothesis_that_fails_gives_no_number() -> None:
    v = of(Power(1.0, -1), a_run(lambda t: 9 / t), setting=replace(BATCH, lr0=3.0))
    assert (v.applies, v.reason, v.bound_verdict) == (False, "lr0 = 3", "none")
    assert not v.bound
    assert not v.metric
    assert v.informative_from is None
    assert v.hypotheses == ({"name": "lr0 < 1", "holds": False, "detail": "lr0 = 3"},)


def test_column_that_is_missing_gives_no_number() -> None:
    v = of(Column(), a_run(lambda t: 1 / t))
    assert (v.applies, v.reason) == (False, "the trace has no column y")
    v = of(Power(1.0, -1), a_run(lambda t: np.full(t.shape, np.nan)))
    assert (v.applies, v.reason) == (False, "suboptimality was not measured")


def test_a_measure_at_the_first_step_alone_is_a_measurement() -> None:
    for steps, values, reason in (
        (T[:2], [1.0, np.nan], "suboptimality was not measured"),
        (T[:3], [1.0, 0.5, np.nan], ""),
        (T[:3], [1.0, np.nan, np.nan], "suboptimality was not measured"),
    ):
        v = of(Power(1.0, 0.0), a_run(np.array(values), steps=steps))
        assert (v.applies, v.reason) == (not reason, reason)


def test_certificate_reads_its_own_rows() -> None:
    y = np.array([np.nan, np.nan, 3.0, 1.0, *(2 / T[4:])])
    v = of(Column(), a_run(lambda t: 1 / t, columns={"y": y}))
    assert (v.kind, v.bound_verdict, v.informative_from) == ("certificate", "pass", 10)
    assert math.isnan(v.bound[0])
    assert v.bound[1:] == pytest.approx(y[2:].tolist())
    silent = a_run(lambda t: 1 / t, columns={"y": np.full(len(T), np.nan)})
    v = of(Column(), silent)
    assert (v.applies, v.bound_verdict, v.reason) == (True, "none", "the bound says nothing yet")


def test_estimated_smoothness_gives_no_verdict() -> None:
    v = of(
        Power(1.0, -1, Order("power", -1)),
        a_run(lambda t: 9 / t),
        setting=known(L_method="estimate"),
    )
    assert (v.kind, v.bound_verdict, v.reason) == ("heuristic", "none", "L is only estimated")
    assert v.order_verdict == "none"

    class WithoutL(Power):
        """W: needs no L."""

        rests_on_L = False

    v = of(WithoutL(1.0, -1), a_run(lambda t: 9 / t), setting=known(L_method="estimate"))
    assert (v.kind, v.bound_verdict) == ("a-priori", "fail")


def test_diverged_run_fails_what_applies_to_it() -> None:
    metric = np.array([1.0, 2.0, 50.0, np.inf])
    run = a_run(metric, steps=T[:4], status=Status.DIVERGED, status_at=5)
    v = of(Power(1e9, -1, Order("power", -1)), run)
    assert (v.bound_verdict, v.failed_at, v.order_verdict) == ("fail", 5, "none")
    at_once = a_run(metric, steps=T[:1], status=Status.DIVERGED, status_at=0)
    assert of(Power(1e9, -1), at_once).bound_verdict == "fail"
    refused = of(Power(1e9, -1), run, setting=replace(BATCH, lr0=3.0))
    assert (refused.applies, refused.bound_verdict) == (False, "none")


def test_a_theorem_for_steps_of_any_length_excludes_no_divergence() -> None:
    class AnySteps(Power):
        """A: allows steps of any length."""

        any_steps = True

    run = a_run(
        lambda t: 0.5 / t, status=Status.DIVERGED, status_at=2000, columns={"y": 1.0 + 0.0 * T}
    )
    nonsmooth = known(L=math.inf)
    for theorem, setting, verdict in (
        (Power(1.0, 0.0), BATCH, "fail"),
        (Power(1.0, 0.0), nonsmooth, "fail"),
        (AnySteps(1.0, 0.0), BATCH, "none"),
        (AnySteps(1.0, 0.0), nonsmooth, "none"),
        (Column(), BATCH, "fail"),
        (Column(), nonsmooth, "none"),
    ):
        assert of(theorem, run, setting=setting).bound_verdict == verdict


@pytest.mark.parametrize("status", [Status.INTERRUPTED, Status.FAILED, Status.REACHED_TARGET])
def test_run_that_ended_early_is_judged_by_what_is_there(status: Status) -> None:
    run = a_run(lambda t: 0.5 / t, steps=T[:5], status=status, status_at=10)
    v = of(Power(1.0, -1), run)
    assert (v.bound_verdict, v.iteration[-1]) == ("pass", 10)
    nothing = a_run(lambda t: 0.5 / t, steps=T[:1], status=status, status_at=0)
    assert of(Power(1.0, -1), nothing).bound_verdict == "none"


def test_judge_all_goes_through_the_theorems_of_the_solver() -> None:
    verdicts = list(judge_theorems([a_run(lambda t: 0.1 / t)], BATCH))
    assert [v.theorem for v in verdicts][:3] == ["C1", "C2", "C2'"]
    # The trace made here has no column for a certificate, and that is said.
    assert verdicts[0].reason == "the trace has no column growth"
    w3 = next(v for v in verdicts if v.theorem == "W3")
    assert (w3.applies, w3.bound_verdict) == (True, "pass")
