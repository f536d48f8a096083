"""Bounds with full batches: pass, fail, vacuous, and how close is too close."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_runs import BATCH, STOCHASTIC, Gradient, Power, T, a_run, known, of, seeds

from lrbench.results import Run
from lrbench.verdicts.bound import least_informative


def test_pass() -> None:
    v = of(Power(1.0, -1), a_run(lambda t: 0.5 / t))
    assert (v.bound_verdict, v.reason, v.failed_at) == ("pass", "", None)
    assert v.iteration == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    assert v.bound == pytest.approx([1 / t for t in v.iteration])
    assert v.metric == pytest.approx([0.5 / t for t in v.iteration])
    assert v.metric_interval is None
    assert (v.kind, v.theorem, v.applies) == ("a-priori", "X", True)


def test_fail_names_the_first_checkpoint_that_exceeds_the_bound() -> None:
    v = of(Power(1.0, -1), a_run(lambda t: np.where(t < 50, 0.5, 1.001) / t))
    assert (v.bound_verdict, v.failed_at) == ("fail", 50)


def test_rounding_is_no_violation() -> None:
    assert of(Power(1.0, -1), a_run(lambda t: (1 + 1e-11) / t)).bound_verdict == "pass"
    assert of(Power(1.0, -1), a_run(lambda t: (1 + 1e-9) / t)).bound_verdict == "fail"
    # 64 eps (|F(w_0)| + |F*|) = 1.4e-14 here, 1.4e-12 with |F*| = 50.
    below = a_run(lambda t: 1 / t**6 + np.where(t == 1000, 5e-14, 0))
    assert of(Power(1.0, -6), below).bound_verdict == "fail"
    assert of(Power(1.0, -6), below, setting=known(f_star=50.0)).bound_verdict == "pass"


def test_a_metric_at_its_allowance_is_no_violation() -> None:
    # Beside a bound of 0 it is 64 eps (|F(w_0)| + |F*|), and the sum of the two sizes is 1 here.
    allowance = 64.0 * float(np.finfo(np.float64).eps)
    zero, at = Power(0.0, 0.0), np.full(len(T), allowance)
    above = np.where(T < 50, allowance, np.nextafter(allowance, 1.0))
    for metric, batch, reason in (
        (at, ("pass", None), ""),
        (above, ("fail", 50), "mean above the bound at T = 50: no proof"),
    ):
        v = of(zero, a_run(metric))
        assert (v.bound_verdict, v.failed_at) == batch
        assert of(zero, *seeds([metric, metric]), setting=STOCHASTIC).reason == reason
    v = of(zero, a_run(at), setting=known(f_star_error=1e-9))
    assert (v.bound_verdict, v.reason) == ("none", "f* is known to 1e-09 only")


@pytest.mark.parametrize(
    ("f_rounding", "end", "bound", "verdict"),
    [
        # The allowance exceeds F(w_0) - f* = 1: every number is below the bound and the allowance.
        (8.47, 0.1492, 8.9e-311, ("none", "F is known to 8e+00 only")),
        (8.47, 0.1492, -2.23e-5, ("none", "F is known to 8e+00 only")),
        (8.47, 10.0, 0.5, ("fail", "")),
        (2e-3, 1e-3, 8.9e-311, ("none", "F is known to 2e-03 only")),
        (5e-4, 4e-4, 8.9e-311, ("pass", "")),
        (5e-4, 6e-4, 8.9e-311, ("fail", "")),
    ],
)
def test_a_bound_does_not_hold_by_the_rounding_of_the_metric(
    f_rounding: float, end: float, bound: float, verdict: tuple[str, str]
) -> None:
    v = of(Power(bound, 0.0), a_run(lambda t: end + 0 * t), setting=known(f_rounding=f_rounding))
    assert (v.bound_verdict, v.reason) == verdict


def test_a_sum_over_many_steps_is_known_to_its_roundings() -> None:
    # Adding 0.1 ten million times in float64 gives 1.6e-10 less than a million.
    steps = np.array([0.0, 1e3, 1e7])

    def excess(at: float, relative: float) -> Run:
        return a_run(lambda t: 0.5 + np.where(t == at, relative / 2, -0.1), steps=steps)

    assert of(Power(0.5, 0.0), excess(1e7, 1.7e-10)).bound_verdict != "fail"
    assert of(Power(0.5, 0.0), excess(1e7, 1e-8)).bound_verdict == "fail"
    assert of(Power(0.5, 0.0), excess(1e3, 1.7e-10)).bound_verdict == "fail"


def test_a_computed_minimiser_costs_the_square_root_of_its_error() -> None:
    # 4 sqrt(e B) with e = 1e-16 and B = 1e-3 at the end: 1.3e-9.
    unsure = known(f_star_error=1e-16, distance_error=None)

    def excess(size: float) -> Run:
        return a_run(lambda t: 1 / t + np.where(t == 1000, size, 0.0))

    assert of(Power(1.0, -1), excess(1.2e-9), setting=unsure).bound_verdict == "pass"
    assert of(Power(1.0, -1), excess(1.4e-9), setting=unsure).bound_verdict == "fail"
    assert of(Power(1.0, -1), excess(1.2e-9)).bound_verdict == "fail"
    # Without an error a bound of inf is no NaN, and with one neither.
    for setting in (unsure, known(distance_error=None)):
        assert of(Power(np.inf, -1), excess(0.0), setting=setting).bound_verdict == "vacuous"


def test_nothing_is_judged_below_the_error_of_f_star() -> None:
    """f_star is at least F*: too large a metric is a violation, a small one may be luck."""
    unsure = known(f_star_error=0.02)
    above = a_run(lambda t: 1 / t + 0.01)
    assert of(Power(1.0, -1), above, setting=unsure).bound_verdict == "fail"
    below = a_run(lambda t: 0.5 / t)
    assert of(Power(1.0, -1), below).bound_verdict == "pass"
    verdict = of(Power(1.0, -1), below, setting=unsure)
    assert verdict.bound_verdict == "none"
    assert "known to 2e-02" in verdict.reason
    assert of(Power(1.0, -1), below, setting=known(f_star_error=1e-6)).bound_verdict == "pass"


def test_gradient_norms_are_compared_up_to_their_own_rounding() -> None:
    # e = 64 eps sqrt(2 L) = 4e-14: e^2 = 1.6e-27 where the bound has fallen to 0.
    def excess(size: float) -> Run:
        return a_run(lambda t: np.where(t == 1000, size, 0.0))

    steep = Gradient(1.0, -100.0)
    assert of(steep, excess(1e-27)).bound_verdict == "pass"
    assert of(steep, excess(1e-26)).bound_verdict == "fail"
    # A nonsmooth objective: |grad F(w_0)| in the place of the infinite L.
    assert of(steep, excess(1e-26), setting=known(L=math.inf)).bound_verdict == "fail"


def test_vacuous_bound_never_passes() -> None:
    v = of(Power(1000.0, -1), a_run(lambda t: 0.5 / t))
    assert (v.bound_verdict, v.informative_from) == ("vacuous", 1001)
    assert of(Power(999.0, -1), a_run(lambda t: 0.5 / t)).bound_verdict == "pass"
    # For gradients the trivial value is |grad F(w_0)|^2 = 2.
    assert of(Gradient(1500.0, -1), a_run(lambda t: 0.5 / t)).bound_verdict == "pass"
    assert of(Gradient(2000.0, -1), a_run(lambda t: 0.5 / t)).bound_verdict == "vacuous"


def test_vacuous_bound_that_is_violated_fails() -> None:
    v = of(Power(2000.0, -1), a_run(lambda t: np.where(t == 500, 5.0, 1.0)))
    assert (v.bound_verdict, v.failed_at) == ("fail", 500)


@pytest.mark.parametrize("c", [0.5, 1.0, 1.5, 2.0, 3.0, 2400.3, 12345.0, 7e14])
def test_informative_from_is_the_least(c: float) -> None:
    found = least_informative(Power(c, -1), BATCH)
    assert found is not None
    assert c / found < 1.0
    assert found == 1 or c / (found - 1) >= 1.0


def test_informative_from_has_an_end_and_is_monotone() -> None:
    assert least_informative(Power(1e16, -1), BATCH) is None
    assert least_informative(Power(2.0, 0.0), BATCH) is None
    found = [least_informative(Power(c, -0.5), BATCH) for c in (1.0, 3.0, 30.0, 1e5, 1e7)]
    assert found == sorted(f for f in found if f is not None)
