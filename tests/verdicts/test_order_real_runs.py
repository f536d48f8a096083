"""Orders of real runs: what they show as T grows, and what cannot be tested."""

from __future__ import annotations

import pytest

import lrbench
from lrbench.results import Verdict


def verdicts(problem: str, solver: str, lr0: str, T: int) -> dict[str, Verdict]:
    result = lrbench.run(problem, solvers=[solver], lr0=[lr0], iterations=T)
    return {v.theorem: v for v in result.problems[0].verdicts}


FLAGSHIP = {
    100: ("still steepening", "a fall by e^0.078"),
    300: ("still steepening", "a fall by e^0.23"),
    1000: ("at least T^-1.4, still steepening", "a fall by e^0.78"),
    3000: ("at least T^-2, still steepening", "a fall by e^2.3"),
    10000: ("linear: faster than any power", "1.5 times the proved rate"),
}
"""T -> the words on W1 and W4; at T = 100 and 300 the exponent of W1 is not there yet."""


@pytest.mark.parametrize("T", FLAGSHIP)
def test_wngrad_from_a_high_lr0(T: int) -> None:
    by_theorem = verdicts("logreg", "wngrad", "100", T)
    w1, w4 = by_theorem["W1"], by_theorem["W4"]
    assert FLAGSHIP[T][0] in w1.order_reason
    assert FLAGSHIP[T][1] in w4.order_reason
    assert w1.order_verdict == ("pass" if T >= 1000 else "inconclusive")
    assert w4.order_verdict == ("pass" if T >= 10000 else "inconclusive")
    assert w4.order_reason.startswith("not testable at this T") == (T < 10000)
    for v in (w1, w4):
        assert v.order_thirds is not None
        assert v.window is not None
        assert v.window[1] == T


def test_the_flagship_at_its_end() -> None:
    w4 = verdicts("logreg", "wngrad", "100", 10000)["W4"]
    assert w4.order_interval == pytest.approx((-1.71e-3, -1.19e-3), rel=0.01)
    assert (w4.fitted_law, w4.order) == (
        "linear",
        {"kind": "linear", "value": pytest.approx(-8.66e-4, rel=1e-3)},
    )
    assert w4.rss_ratio is not None
    assert w4.rss_ratio > 10


@pytest.mark.parametrize(
    ("solver", "exponents", "untested"),
    [
        ("wngrad", {"W1": -2, "W2": -1, "W3": -1}, ["W4"]),
        ("sgd", {"GD": -1, "GD-grad": -2, "GD-min": -2}, ["GD-mu", "GD-linear"]),
    ],
)
def test_a_quadratic_whose_eigenvalues_fill_six_decades(
    solver: str, exponents: dict[str, int], untested: list[str]
) -> None:
    by_theorem = verdicts("log-spectrum", solver, "1/L", 10000)
    for key, exponent in exponents.items():
        v = by_theorem[key]
        assert (v.order_verdict, v.order_reason, v.fitted_law) == ("pass", "", "power")
        assert v.measured_order == pytest.approx(exponent, abs=0.02)
    for key in untested:  # the fall is like 1/T, which a line in T of the proved slope would pass
        v = by_theorem[key]
        assert (v.order_verdict, v.fitted_law) == ("inconclusive", "power")
        assert v.order_reason.startswith("not testable at this T (the theorem predicts a fall by")


def test_a_vacuous_bound_has_no_order() -> None:
    a1 = verdicts("logreg", "adagrad-norm", "100", 1000)["A1"]
    assert (a1.bound_verdict, a1.order_verdict) == ("vacuous", "none")
    assert a1.order == {"kind": "power", "value": -1.0}
