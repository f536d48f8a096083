"""The measured rate beside the proved one: what passes, and in which words it does not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_runs import BATCH, STOCHASTIC, Gradient, Power, T, a_run, known, of, seeds

from lrbench.engine.budget import checkpoint_grid
from lrbench.results import Run, Verdict
from lrbench.theory.base import Numbers, Order
from lrbench.verdicts.measured import Measured
from lrbench.verdicts.order import OrderVerdict, judge_order

Curve = Callable[[Numbers], Any]

GRID = np.array(checkpoint_grid(1000, 12), dtype=np.float64)
P = Order("power", -1.0)
ROOT = Order("power", -0.5)


def linear(rate: float) -> Order:
    return Order("linear", rate)


def judged(curve: Curve, proved: Order, steps: Numbers = GRID) -> Verdict:
    """The verdict on a curve, scaled below a bound that is informative and holds."""
    values = curve(np.maximum(steps, 1.0))
    run = a_run(np.asarray(0.5 * values / values[1:].max()), steps=steps)
    return of(Power(0.9, 0.0, proved), run)


def bent(k: float, p: float, q: float) -> Curve:
    """T^-p up to k, then T^-q."""
    return lambda t: np.where(t < k, t**-p, k**-p * (t / k) ** -q)


def smooth_bend(k: float, p: float, q: float) -> Curve:
    return lambda t: t**-p / (1.0 + (t / k) ** (q - p))


UNTESTED = "not testable at this T (the theorem predicts a fall by e^{})"

CURVES: list[tuple[str, Curve, Order, str, str]] = [
    ("1/T", lambda t: 1 / t, linear(-9e-4), "inconclusive", UNTESTED.format(0.81)),
    ("T^-2", lambda t: t**-2.0, linear(-1e-3), "inconclusive", UNTESTED.format(0.9)),
    ("T^-2", lambda t: t**-2.0, linear(-1e-2), "inconclusive", "a power of T fits better"),
    (".995^T", lambda t: 0.995**t, P, "pass", "linear: faster than any power"),
    ("bend", bent(300, 0.5, 4), P, "inconclusive", "still steepening (from T^-0.5 to T^-4)"),
    (
        "hill",
        lambda t: np.where(t < 200, t / 200, (t / 200) ** -3.0),
        P,
        "inconclusive",
        "rises by 2",
    ),
    (
        "jump",
        lambda t: t**-1.5 * np.where(t < 800, 1, 3),
        P,
        "inconclusive",
        "rises by 2.2",
    ),
    ("ln T/T", lambda t: np.log(t + 1.0) / t, P, "inconclusive", "only T^-0.83"),
    ("1/T", lambda t: 1 / t, P, "pass", ""),
    (".99^T", lambda t: 0.99**t, linear(-0.01), "pass", "1 times the proved rate"),
    ("T^-1/2", lambda t: t**-0.5, ROOT, "pass", ""),
    ("late", lambda t: 1 / (t + 300), P, "inconclusive", "only T^-0.51"),
    ("late", lambda t: 1 / (t + 300), linear(-1e-2), "inconclusive", "neither law fits better"),
    (
        "stretched",
        lambda t: np.exp(-np.sqrt(t)),
        linear(-1e-2),
        "inconclusive",
        "reached the floor at T = 1000",
    ),
    (
        "stretched",
        lambda t: np.exp(-np.sqrt(t)),
        P,
        "pass",
        "at least T^-5.7, still steepening",
    ),
    ("wave", lambda t: (1 + 0.9 * np.cos(t)) / t, P, "inconclusive", "rises by 10"),
    (
        "slow wave",
        lambda t: (1 + 0.9 * np.cos(6 * np.log(t))) / t,
        P,
        "inconclusive",
        "rises by 12",
    ),
    ("shelf", lambda t: 1 / t + 3e-3, P, "inconclusive", "only T^-0.51"),
    ("steep shelf", lambda t: t**-2.0 + 4e-6, P, "inconclusive", "only T^-0.72 in one third"),
    ("end of a fall", lambda t: t**-2.0 + 2e-6, P, "inconclusive", "still slackening"),
    ("T^-3", lambda t: t**-3.0, Order("power", -2.0), "pass", ""),
    ("T^-0.91", lambda t: t**-0.91, P, "pass", ""),
    ("T^-0.89", lambda t: t**-0.89, P, "inconclusive", "only T^-0.89"),
    (
        "two rates",
        lambda t: 0.97**t + 0.01 * 0.998**t,
        linear(-0.01),
        "inconclusive",
        "neither law fits better",
    ),
    ("slower", lambda t: 0.994**t, linear(-0.01), "inconclusive", "down to 0.6 of the proved rate"),
    (
        "rate that falls",
        lambda t: np.exp(-0.0115 * t + 1.5e-6 * t**2),
        linear(-0.0107),
        "inconclusive",
        "down to 0.87 of the proved rate",
    ),
    (
        "rate that falls",
        lambda t: np.exp(-0.0115 * t + 1.5e-6 * t**2),
        linear(-0.01),
        "inconclusive",
        "still slackening",
    ),
    ("faster", lambda t: 0.98**t, linear(-0.01), "pass", "2 times the proved rate"),
    ("slow exponential", lambda t: 0.9995**t, P, "inconclusive", "only T^-0.18"),
    ("smooth bend", smooth_bend(300, 1, 3), P, "pass", "at least T^-1.4, still steepening"),
    ("constant", lambda t: np.ones_like(t), P, "inconclusive", "only T^0"),
    (
        "constant",
        lambda t: np.ones_like(t),
        linear(-0.1),
        "inconclusive",
        "neither law fits better",
    ),
]


@pytest.mark.parametrize(
    ("curve", "proved", "verdict", "reason"),
    [pytest.param(*case[1:], id=f"{case[0]} against {case[2]}") for case in CURVES],
)
def test_made_up_curves(curve: Curve, proved: Order, verdict: str, reason: str) -> None:
    v = judged(curve, proved)
    assert (v.order_verdict, v.order_reason) == (verdict, reason)


@pytest.mark.parametrize("per_decade", [4, 12, 60])
def test_a_curve_that_bends_once_is_no_exponential(per_decade: int) -> None:
    steps = np.array(checkpoint_grid(1000, per_decade), dtype=np.float64)
    for k in np.geomspace(105, 950, 15):
        for p in (0.0, 0.5, 0.8):
            for q in (1.5, 2.0, 4.0, 12.0):
                assert judged(bent(k, p, q), P, steps).fitted_law != "linear"


def test_every_seed_of_an_irregular_grid_gives_the_same_exponent() -> None:
    steps = np.array([0, 1, 7, 11, 29, 31, 97, 101, 211, 223, 499, 907, 1009], dtype=np.float64)
    v = judged(lambda t: 0.4 * t**-1.5, P, steps)
    assert (v.order_verdict, v.window) == ("pass", (101, 1009))
    assert v.measured_order == pytest.approx(-1.5)
    assert v.order_thirds == pytest.approx((-1.5, -1.5, -1.5))
    assert v.order == {"kind": "power", "value": -1.0}
    assert v.other_order is not None
    x = steps[7:] - steps[7:].mean()
    assert v.other_order["value"] == pytest.approx(-1.5 * np.log(steps[7:]) @ x / (x @ x))
    assert v.other_order["kind"] == "linear"


def test_the_interval_of_one_seed_is_the_range_of_the_thirds() -> None:
    v = judged(lambda t: np.exp(-0.004 * t) / t, linear(-0.01))
    assert v.order_thirds is not None
    assert v.order_interval == (min(v.order_thirds), max(v.order_thirds))
    assert v.measured_order is not None
    assert v.order_interval[0] < v.measured_order < v.order_interval[1]
    assert v.other_order is not None
    assert v.other_order["kind"] == "power"


def test_order_of_a_violated_bound_is_not_called_too_early() -> None:
    v = of(Power(1e-3, -1, P), a_run(lambda t: 1 / t**0.5, steps=GRID))
    assert (v.bound_verdict, v.order_verdict) == ("fail", "inconclusive")
    assert v.order_reason == "the bound is violated"


def test_no_order_beside_a_bound_that_never_informs() -> None:
    run = a_run(lambda t: 0.5 / t, steps=GRID)
    for c, verdict in ((999.0, "pass"), (1001.0, "none")):  # the bound at T = 1000 is c / 1000
        v = of(Power(c, -1, P), run)
        assert v.order_verdict == verdict
        assert v.order == {"kind": "power", "value": -1.0}
        assert v.measured_order == pytest.approx(-1.0)
    assert v.order_reason == "the bound promises less than doing nothing"
    for silent in (math.inf, math.nan):
        assert of(Power(silent, -1, P), run).order_verdict == "none"
    assert of(Power(1.0, -1), run).order_verdict == "none"


def test_the_floor_is_no_order() -> None:
    theorem = Power(0.9, 0.0, P)
    # From T^-0.5 into the floor: nothing says which law it would have followed.
    fallen = a_run(lambda t: np.where(t < 400, 0.1 / t**0.5, 1e-15), steps=GRID)
    v = of(theorem, fallen)
    assert (v.order_verdict, v.order_reason) == ("inconclusive", "reached the floor at T = 464")
    assert (v.window, v.floor_from) == ((46, 383), 464)
    # A law that was clear before is one.
    v = of(theorem, a_run(lambda t: np.where(t < 400, 0.1 / t, 1e-15), steps=GRID))
    assert (v.order_verdict, v.order_reason, v.floor_from) == ("pass", "", 464)
    quick = of(theorem, a_run(lambda t: np.where(t < 5, 0.1, 0.0), steps=GRID))
    assert (quick.order_verdict, quick.measured_order) == ("inconclusive", None)
    assert (quick.order_reason, quick.floor_from) == ("reached the floor at T = 5", 5)
    at_once = of(theorem, a_run(lambda t: np.zeros_like(t), steps=GRID))
    assert (at_once.order_verdict, at_once.floor_from) == ("inconclusive", 1)
    # Down and up again: it has not stayed at the floor.
    back = of(theorem, a_run(lambda t: np.where(abs(t - 500) < 90, 0.0, 0.1 / t), steps=GRID))
    assert (back.order_verdict, back.floor_from) == ("pass", None)


def test_the_floor_is_that_of_the_constants() -> None:
    theorem = Power(0.9, 0.0, P)
    run = a_run(lambda t: 1e-3 / t**0.5, steps=GRID)
    setting = known(f_star_error=1e-5)  # the floor is 1e-4, reached at T = 100
    v = of(theorem, run, setting=setting)
    assert (v.floor_from, v.window) == (100, (10, 83))
    # For gradients the floor is 2 L times as high.
    run = a_run(lambda t: 8e-3 / t**0.5, steps=GRID)
    assert of(Gradient(0.9, 0.0, P), run, setting=setting).floor_from == 100
    assert of(theorem, run, setting=setting).floor_from is None


def test_order_with_too_few_points() -> None:
    for n, reason in ((6, "too few points"), (7, "")):
        v = of(Power(0.9, 0.0, P), a_run(lambda t: 0.5 / t, steps=GRID[:n]))
        assert v.order_reason == reason
        assert (v.fitted_law is None) == (n == 6)


def test_a_third_that_is_too_shallow_counts_for_a_single_run() -> None:
    curve = smooth_bend(900, 0.8, 4)
    v = judged(curve, P)
    assert v.measured_order is not None
    assert v.measured_order < -1.0
    assert v.order_verdict == "inconclusive"
    assert v.order_reason.startswith("still steepening (from T^-0.8")


def test_numbers_that_are_not_finite() -> None:
    curve = 0.5 / np.maximum(GRID, 1.0)
    for at in (30, -1):
        for hole, verdict in ((np.nan, "pass"), (np.inf, "inconclusive"), (-np.inf, "pass")):
            metric = curve.copy()
            metric[at] = hole
            v = of(Power(np.inf, 0.0, P), a_run(metric, steps=GRID))
            assert v.order_verdict == "none"
            measured = Measured(GRID[1:], metric[None, 1:], np.full((1, len(GRID) - 1), 0.9))
            order = judge_order(measured, Power(0.9, 0.0, P), BATCH, False)
            assert (order.verdict, "inf" in order.reason) == (verdict, hole == np.inf)
            assert order.rate is not None
            assert order.rate.slope == pytest.approx(-1.0)
    nothing = Measured(
        GRID[1:], np.full((1, len(GRID) - 1), np.nan), np.full((1, len(GRID) - 1), 0.5)
    )
    assert judge_order(nothing, Power(0.9, 0.0, P), BATCH, False) == OrderVerdict(
        "inconclusive", "too few points"
    )


def test_orders_over_seeds() -> None:
    def with_exponents(*exponents: float, proved: Order = ROOT) -> Verdict:
        runs = seeds([0.5 * np.maximum(GRID, 1.0) ** -p for p in exponents], steps=GRID)
        return of(Power(0.9, 0.0, proved), *runs, setting=STOCHASTIC)

    v = with_exponents(0.48, 0.5, 0.53, 0.56)
    # mean 0.5175, sd 0.035, t = 3.182 (3 degrees of freedom): half the width is 0.0556
    assert v.order_interval == pytest.approx((-0.5731, -0.4619), abs=1e-4)
    assert v.measured_order is not None
    assert v.order_interval is not None
    assert v.order_interval[0] < v.measured_order < v.order_interval[1]
    assert v.order_verdict == "pass"
    assert with_exponents(0.48, 0.5, 0.53, 0.56) == v
    v = with_exponents(0.3, 0.5, 0.7, 0.9)
    assert (v.order_verdict, v.order_reason) == ("inconclusive", "only T^-0.39")
    # Two seeds that agree prove more than two that do not; t = 12.7.
    assert with_exponents(0.52, 0.53).order_verdict == "pass"
    v = with_exponents(0.5, 0.7)
    assert (v.order_verdict, v.order_reason) == ("inconclusive", "interval up to T^0.67")


def test_the_mean_over_seeds_must_fall_too() -> None:
    # Nine seeds fall fast and one not at all. The typical seed falls like T^-2.7, the mean hardly.
    metrics = [0.5 * np.maximum(GRID, 1.0) ** -(3.0 + 0.01 * k) for k in range(9)]
    runs = seeds([*metrics, np.full(len(GRID), 0.4)], steps=GRID)
    v = of(Power(0.9, 0.0, P), *runs, setting=STOCHASTIC)
    assert v.measured_order == pytest.approx(0.0, abs=0.01)
    assert v.order_interval is not None
    assert v.order_interval[1] == v.measured_order
    assert v.order_verdict == "inconclusive"


@pytest.mark.parametrize(
    ("curve", "reason"),
    [
        (bent(300, 0.5, 4), "still steepening (from T^-0.5 to T^-4)"),
        (lambda t: np.where(t < 200, t / 200, (t / 200) ** -3.0), "rises by 2"),
        (lambda t: t**-1.5 * np.where(t < 800, 1, 3), "rises by 2.2"),
        (lambda t: t**-2.0 + 4e-6, "only T^-0.72 in one third"),
        (lambda t: t**-2.0 + 2e-6, "still slackening"),
    ],
)
def test_seeds_that_agree_are_judged_like_one(curve: Curve, reason: str) -> None:
    values = 0.4 * curve(np.maximum(GRID, 1.0))
    runs = seeds([values / values[1:].max() * c for c in (0.3, 0.31, 0.35)], steps=GRID)
    v = of(Power(0.9, 0.0, P), *runs, setting=STOCHASTIC)
    assert (v.order_verdict, v.order_reason) == ("inconclusive", reason)


def test_two_seeds_that_bend_differently_do_not_show_that_the_curve_bends() -> None:
    def reason(q: float) -> tuple[str, str]:
        curves = [bent(464, 1.2, 2.0), bent(464, 1.2, q)]
        runs = seeds([0.4 * c(np.maximum(GRID, 1.0)) for c in curves], steps=GRID)
        v = of(Power(0.9, 0.0, ROOT), *runs, setting=STOCHASTIC)
        return v.order_verdict, v.order_reason

    assert reason(2.0) == ("pass", "at least T^-1.2, still steepening")
    assert reason(2.2) == ("pass", "")


def test_a_seed_below_the_floor_counts_as_the_floor() -> None:
    fallen = 0.5 / np.maximum(GRID, 1.0) ** 2
    fallen[GRID > 500] = -1e-18
    runs = seeds([0.5 / np.maximum(GRID, 1.0), fallen], steps=GRID)
    v = of(Power(0.9, 0.0, P), *runs, setting=STOCHASTIC)
    assert v.order_interval is not None
    assert np.isfinite(v.order_interval).all()
    assert v.measured_order == pytest.approx(-1.0, abs=0.01)
    # The floor is 1e-13: a seed that falls there is steeper than any that stays above it.
    assert v.order_interval[0] < -12


def walks(rng: np.random.Generator, n_seeds: int, exponent: float) -> list[Any]:
    """T^exponent times a random walk in log T whose deviation after a decade is 0.3."""
    t = np.maximum(GRID, 1.0)
    steps = np.sqrt(np.diff(np.log10(t), prepend=0.0)) * rng.standard_normal((n_seeds, len(t)))
    return list(0.1 * t**exponent * np.exp(0.3 * np.cumsum(steps, axis=1)))


@pytest.mark.parametrize("n_seeds", [2, 3, 5, 10])
def test_the_interval_covers_the_exponent(n_seeds: int) -> None:
    rng = np.random.default_rng(n_seeds)
    theorem, covered, n_blocks = Power(0.9, 0.0, ROOT), 0, 150
    for _ in range(n_blocks):
        runs = seeds(walks(rng, n_seeds, -0.5), steps=GRID)
        v = of(theorem, *runs, setting=STOCHASTIC)
        assert v.order_interval is not None
        covered += v.order_interval[0] <= -0.5 <= v.order_interval[1]
    # 95 %: fewer than 131 of 150 have a probability below 1e-4 (the sum of 151 binomial terms).
    assert covered >= 131


def test_a_shallower_law_hardly_ever_passes() -> None:
    rng = np.random.default_rng(11)
    theorem = Power(0.9, 0.0, Order("power", -0.7))
    blocks = [seeds(walks(rng, 5, -0.5), steps=GRID) for _ in range(100)]
    passed = [of(theorem, *runs, setting=STOCHASTIC).order_verdict == "pass" for runs in blocks]
    assert sum(passed) <= 3


def test_runs_without_a_common_checkpoint() -> None:
    runs: list[Run] = seeds([0.5 / np.maximum(T, 1.0)] * 2)
    runs[1] = a_run(lambda t: 0.5 / t, steps=np.array([0.0, 3.0, 7.0]), seed=1)
    v = of(Power(0.9, 0.0, P), *runs, setting=STOCHASTIC)
    assert v.order_verdict != "pass"
