"""Fitted rates and their verdicts at every threshold, on curves of irregular numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats
from made_runs import BATCH, KNOWN, STOCHASTIC, Gradient, Power, T, a_run, known, of, seeds

from lrbench.results import Run, Status
from lrbench.theory.base import Order
from lrbench.verdicts.bound import mean_interval
from lrbench.verdicts.measured import Measured, f_star_uncertainty, measure_runs, slack
from lrbench.verdicts.order import OrderVerdict, judge_order, judge_rate
from lrbench.verdicts.rate import Fit, Rate, fit

EPS = float(np.finfo(np.float64).eps)
ALLOWED = -1.0 + 0.1
"""The shallowest exponent that a proved T^-1 allows."""


def rate(thirds: tuple[float, float, float], **changes: Any) -> Rate:
    """A rate of one seed, which falls by these slopes."""
    values: dict[str, Any] = {
        "kind": "power",
        "window": (30, 300),
        "slope": float(np.mean(thirds)),
        "interval": (min(thirds), max(thirds)),
        "thirds": thirds,
        "last_half": thirds[2],
        "other_slope": -0.01,
        "rss_ratio": 0.1,
        "law": "power",
        "rise": 1.0,
        "local": np.array([thirds]),
    }
    return Rate(**values | changes)


@pytest.mark.parametrize(
    ("fitted", "verdict", "reason"),
    [
        (rate((-1.0, -1.2, -1.1)), "pass", ""),
        (rate((-1.0, -1.2, -1.1), rise=1.25), "pass", ""),
        (rate((-1.0, -1.2, -1.1), rise=1.3), "inconclusive", "rises by 1.3"),
        (rate((-1.0, ALLOWED, ALLOWED)), "pass", ""),
        (rate((-1.3, -0.85, -1.1)), "inconclusive", "only T^-0.85 in one third"),
        (rate((-0.85, -1.3, -1.3)), "inconclusive", "only T^-0.85 in one third"),
        (rate((-0.9, -0.8, -0.85)), "inconclusive", "only T^-0.85"),
        (rate((-1.0, -1.1, -1.5)), "pass", ""),  # steeper by a half at most
        (rate((-1.0, -1.1, -1.75)), "pass", "at least T^-1, still steepening"),
        (rate((-1.0, -1.1, -1.75), local=np.full((1, 3), -1.75)), "pass", ""),  # no seed bends
        (
            rate((-0.25, -0.875, -1.5)),
            "inconclusive",
            "still steepening (from T^-0.25 to T^-1.5)",
        ),
        # The last third, continued by its trend: 2 (-1) + 1.25 = -0.75.
        (rate((-1.3, -1.25, -1.0)), "inconclusive", "still slackening"),
        (rate((-1.3, -1.25, -1.1)), "pass", ""),
        (
            rate((-1.3, -1.2, ALLOWED), slope=ALLOWED, interval=(-1.3, ALLOWED)),
            "inconclusive",
            "still slackening",
        ),
        # An exponential is judged where it ends.
        (rate((-0.5, -0.95, -2.0), law="linear"), "pass", "linear: faster than any power"),
        (rate((-2.0, ALLOWED, ALLOWED), law="linear"), "pass", "linear: faster than any power"),
        (
            rate((-0.5, -0.85, -2.0), law="linear"),
            "inconclusive",
            "still steepening (from T^-0.5 to T^-2)",
        ),
        (
            rate((-2.0, -2.0, -2.0), interval=(-3.0, -0.5), local=np.full((2, 3), -2.0)),
            "inconclusive",
            "interval up to T^-0.5",
        ),
        (
            rate(
                (-2.0, -2.0, -2.0), interval=(-3.0, -0.5), law="linear", local=np.full((2, 3), -2)
            ),
            "inconclusive",
            "interval up to T^-0.5",
        ),
        (
            rate((-0.001, -0.002, 0.003), interval=(-0.1, 0.2)),
            "inconclusive",
            "only T^0",
        ),
    ],
)
def test_an_exponent_at_each_threshold(fitted: Rate, verdict: str, reason: str) -> None:
    assert judge_rate(Fit(fitted, None), Order("power", -1.0)) == (verdict, reason)


def linear(slope: float = -0.02, **changes: Any) -> Rate:
    return rate((slope,) * 3, **{"kind": "linear", "law": "linear"} | changes)


@pytest.mark.parametrize(
    ("fitted", "verdict", "reason"),
    [
        (linear(), "pass", "1 times the proved rate"),
        (linear(-0.05), "pass", "2.5 times the proved rate"),
        (linear(window=(150, 300)), "pass", "1 times the proved rate"),  # e^3
        (
            linear(window=(160, 300)),
            "inconclusive",
            "not testable at this T (the theorem predicts a fall by e^2.8)",
        ),
        (linear(rise=1.25), "pass", "1 times the proved rate"),
        (linear(rise=1.5), "inconclusive", "rises by 1.5"),
        (linear(law="power"), "inconclusive", "a power of T fits better"),
        (linear(law="neither"), "inconclusive", "neither law fits better"),
        (linear(-0.0181), "pass", "0.91 times the proved rate"),
        (linear(-0.02 * (1.0 - 0.1)), "pass", "0.9 times the proved rate"),
        (linear(-0.0178), "inconclusive", "down to 0.89 of the proved rate"),
        (linear(last_half=-0.01), "inconclusive", "down to 0.5 of the proved rate"),
        (linear(interval=(-0.03, -0.005)), "inconclusive", "down to 0.25 of the proved rate"),
        (
            linear(local=np.array([[-0.02, -0.03, -0.02]])),
            "inconclusive",
            "still slackening",
        ),
        (linear(local=np.array([[-0.02, -0.02, -0.0195]])), "pass", "1 times the proved rate"),
    ],
)
def test_a_linear_rate_at_each_threshold(fitted: Rate, verdict: str, reason: str) -> None:
    assert judge_rate(Fit(fitted, None), Order("linear", -0.02)) == (verdict, reason)


def test_a_metric_at_the_floor_says_nothing_unless_it_passed_before() -> None:
    good, poor = rate((-1.0, -1.2, -1.1)), rate((-0.5, -0.5, -0.5))
    at_floor = ("inconclusive", "reached the floor at T = 70")
    assert judge_rate(Fit(good, 70), Order("power", -1.0)) == ("pass", "")
    assert judge_rate(Fit(poor, 70), Order("power", -1.0)) == at_floor
    assert judge_rate(Fit(None, 70), Order("power", -1.0)) == at_floor
    assert judge_rate(Fit(None, None), Order("power", -1.0)) == ("inconclusive", "too few points")


STEPS = np.array([1, 2, 3, 4, 7, 10, 13, 20, 26, 35, 50, 61, 80, 100], dtype=np.float64)
WINDOW = slice(5, None)  # T = 10 to 100


def irregular_metrics(n_seeds: int) -> Any:
    rng = np.random.default_rng(n_seeds)
    return 3.0 * STEPS**-0.8 * np.exp(0.5 * rng.standard_normal((n_seeds, len(STEPS))))


def slope_of(x: Any, y: Any) -> float:
    return float(np.polyfit(x, y, 1)[0])


@pytest.mark.parametrize("kind", ["power", "linear"])
@pytest.mark.parametrize("n_seeds", [1, 2, 5])
def test_every_number_of_a_fit(kind: Any, n_seeds: int) -> None:
    metric = irregular_metrics(n_seeds)
    fitted = fit(STEPS, metric, 1e-9, kind)
    assert fitted.floor_from is None
    found = fitted.rate
    assert found is not None
    steps = STEPS[WINDOW]
    x = {"power": np.log(steps), "linear": steps}
    other = "linear" if kind == "power" else "power"
    y = np.log(metric.mean(axis=0)[WINDOW])
    logs = np.log(metric[:, WINDOW])
    parts = [slice(0, 4), slice(3, 6), slice(5, 9)]  # of nine, 0 to 3 to 5 to 8
    assert found.kind == kind
    assert found.window == (10, 100)
    assert found.slope == pytest.approx(slope_of(x[kind], y))
    assert found.other_slope == pytest.approx(slope_of(x[other], y))
    assert found.last_half == pytest.approx(slope_of(x[kind][4:], y[4:]))
    assert found.thirds == pytest.approx([slope_of(x[kind][p], y[p]) for p in parts])
    local = [[slope_of(x[kind][p], row[p]) for p in parts] for row in logs]
    assert found.local == pytest.approx(np.array(local))
    rss = [float(np.polyfit(x[law], y, 1, full=True)[1][0]) for law in ("power", "linear")]
    assert found.rss_ratio == pytest.approx(rss[0] / rss[1])
    if n_seeds == 1:
        assert found.interval == pytest.approx((min(found.thirds), max(found.thirds)))
    else:
        slopes = [slope_of(x[kind], row) for row in logs]
        low, high = t_interval(slopes, 0.95)
        assert found.interval == pytest.approx((min(low, found.slope), max(high, found.slope)))
    rises = [(y[b] - y[a], logs[:, b] - logs[:, a]) for a in range(9) for b in range(a, 9)]
    rise, of_seeds = max(rises, key=lambda rise: rise[0])
    assert rise > 0
    # One-sided at 99 %: the lower end of the two-sided 98 %.
    lowest = of_seeds[0] if n_seeds == 1 else t_interval(of_seeds, 0.98)[0]
    assert found.rise == pytest.approx(math.exp(lowest))
    weights = (1.0, -0.5, 0.25)
    combined = np.array(local) @ weights
    lowest = combined[0] if n_seeds == 1 else t_interval(combined, 0.98)[0]
    assert found.at_least(weights) == pytest.approx(lowest)


def test_a_fit_is_exact_where_its_residuals_are_below_ten_digits() -> None:
    # Their mean square is taken for 1e-9 then, of the nine numbers of the window.
    for law, curve in (("linear", 3.0 * STEPS**-0.8), ("power", np.exp(-0.05 * STEPS))):
        found = fit(STEPS, curve[np.newaxis], 1e-9, "power").rate
        assert found is not None
        x = {"power": np.log(STEPS[WINDOW]), "linear": STEPS[WINDOW]}[law]
        other = float(np.polyfit(x, np.log(curve[WINDOW]), 1, full=True)[1][0])
        exact = 9 * 1e-9
        ratio = exact / other if law == "linear" else other / exact
        assert found.rss_ratio == pytest.approx(ratio)


def t_interval(values: Any, level: float) -> tuple[float, float]:
    mean, error = np.mean(values), scipy.stats.sem(values)
    low, high = scipy.stats.t.interval(level, len(values) - 1, loc=mean, scale=error)
    return float(low), float(high)


def test_the_interval_of_a_mean_is_that_of_student() -> None:
    metric = irregular_metrics(4)
    for column, interval in zip(metric.T, mean_interval(metric), strict=True):
        assert interval == pytest.approx(t_interval(column, 0.95))
    metric[2, 3] = math.inf
    assert mean_interval(metric)[3] == (math.inf, math.inf)


def test_a_window_begins_a_decade_before_the_last_number_above_the_floor() -> None:
    metric = 1.0 / STEPS[np.newaxis]
    for level, last, floor_from in ((1 / 100, 80, 100), (1 / 60.9, 50, 61), (0.9 / 100, 100, None)):
        fitted = fit(STEPS, metric, level, "power")
        assert fitted.floor_from == floor_from
        assert fitted.rate is not None
        assert fitted.rate.window == (min(t for t in STEPS if t >= last / 10), last)
    for n_points, enough in ((6, True), (5, False)):
        cut = slice(len(STEPS) - n_points, None)
        assert (fit(STEPS[cut], metric[:, cut], 1e-9, "power").rate is not None) == enough


def test_a_number_beyond_range_within_the_window_is_a_rise() -> None:
    metric = 1.0 / STEPS[np.newaxis]
    for row, rises in ((3, False), (5, False), (6, True), (13, True)):
        lost = metric.copy()
        lost[0, row] = math.inf
        found = fit(STEPS, lost, 1e-9, "power").rate
        assert found is not None
        first = found.window[0]
        assert (found.rise == math.inf) == (STEPS[row] > first) == rises


@pytest.mark.parametrize("size", [3.0, 0.125])
def test_the_tolerance_of_a_gap(size: float) -> None:
    bound = np.array([0.5, 0.25, 0.0])
    constants: dict[str, Any] = {"f_star": -size / 4, "delta0": size, "f_rounding": 3e-14}
    theorem = Power(1.0, 0.0)
    rounding = 64 * EPS * (size / 4 + 3 * size / 4) + 3e-14
    setting = known(**constants)
    assert slack(theorem, setting, bound) == pytest.approx(np.full(3, rounding), rel=1e-12, abs=0)
    unknown = known(**constants, distance_error=None, f_star_error=0.01)
    expected = rounding + 4 * np.sqrt(0.01 * bound)
    assert slack(theorem, unknown, bound) == pytest.approx(expected, rel=1e-12, abs=0)
    assert slack(theorem, unknown, -bound) == pytest.approx(np.full(3, rounding), rel=1e-12, abs=0)
    exact = known(**constants, distance_error=None)
    assert slack(theorem, exact, bound) == pytest.approx(np.full(3, rounding), rel=1e-12, abs=0)
    assert f_star_uncertainty(theorem, unknown) == 0.01
    assert f_star_uncertainty(Gradient(1.0, 0.0), unknown) == 0.0


def test_the_tolerance_of_a_gradient() -> None:
    bound = np.array([0.5, 1e-20, 0.0])
    theorem = Gradient(1.0, 0.0)
    constants: dict[str, Any] = {"f_star": -0.5, "delta0": 2.0, "L": 7.0}  # |F(w_0)| + |F*| = 2
    e = 64 * EPS * math.sqrt(2 * 7 * 2)
    expected = 2 * e * np.sqrt(bound) + e * e
    assert slack(theorem, known(**constants), bound) == pytest.approx(expected, rel=1e-13, abs=0)
    e += 0.25 * math.sqrt(7.0 / (2 * 2.0))
    expected = 2 * e * np.sqrt(bound) + e * e
    rounded = known(**constants, f_rounding=0.25)
    assert slack(theorem, rounded, bound) == pytest.approx(expected, rel=1e-13, abs=0)
    e = 64 * EPS * math.sqrt(5.0)
    expected = 2 * e * np.sqrt(bound) + e * e
    rough = known(**constants | {"L": math.inf}, grad_norm_sq0=5.0, f_rounding=0.25)
    assert slack(theorem, rough, bound) == pytest.approx(expected, rel=1e-13, abs=0)


def test_bound_and_metric_are_of_the_same_checkpoints() -> None:
    rng = np.random.default_rng(1)
    runs = [
        a_run(rng.uniform(0.1, 0.9, 11), seed=k, columns={"y": rng.uniform(1, 2, 11)})
        for k in range(3)
    ]
    runs[1] = replace(runs[1], trace={k: v[[0, 1, 3, 4, 6, 10]] for k, v in runs[1].trace.items()})
    runs[2].trace["suboptimality"][3] = np.nan
    theorem = Power(3.0, -0.25)
    found = measure_runs(runs, theorem, BATCH)
    assert found.iteration.tolist() == [1, 5, 10, 50, 1000]
    rows = [[1, 3, 4, 6, 10], [1, 2, 3, 4, 5], [1, 3, 4, 6, 10]]
    metric = np.array([run.trace["suboptimality"][r] for run, r in zip(runs, rows, strict=True)])
    assert np.array_equal(found.metric, metric, equal_nan=True)
    assert found.bound == pytest.approx(np.tile(3.0 * found.iteration**-0.25, (3, 1)))
    for run in runs:
        run.trace["suboptimality"][run.trace["iteration"] == 5] = np.nan
    assert measure_runs(runs, theorem, BATCH).iteration.tolist() == [1, 10, 50, 1000]


@pytest.mark.parametrize("n_seeds", [2, 3])
def test_a_verdict_has_the_mean_of_each_checkpoint(n_seeds: int) -> None:
    rng = np.random.default_rng(2)
    metrics = [rng.uniform(0.1, 0.2, 11) for _ in range(n_seeds)]
    v = of(Power(0.75, -0.125), *seeds(metrics), setting=STOCHASTIC)
    assert v.iteration == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    assert v.metric == pytest.approx(np.mean(metrics, axis=0)[1:])
    assert v.bound == pytest.approx(0.75 * T[1:] ** -0.125)
    assert v.metric_interval is not None
    for interval, column in zip(v.metric_interval, np.transpose(metrics)[1:], strict=True):
        assert interval == pytest.approx(t_interval(column, 0.95))


@pytest.mark.parametrize(("row", "at"), [(1, 1), (4, 10), (10, 1000)])
def test_a_bound_fails_where_it_is_first_exceeded(row: int, at: int) -> None:
    metric = 0.5 / np.sqrt(np.maximum(T, 1.0))
    metric[row] = 1.001 / math.sqrt(T[row])
    later = [a_run(metric.copy(), seed=k) for k in range(2)]
    later[0].trace["suboptimality"][row] = 0.0
    v = of(Power(1.0, -0.5), *later)
    assert (v.bound_verdict, v.failed_at) == ("fail", at)
    allowed = 1e-10 + 2 * EPS * T[row]
    for excess, verdict in ((0.9 * allowed, "pass"), (1.5 * allowed + 1e-12, "fail")):
        metric[row] = (1 + excess) / math.sqrt(T[row])
        assert of(Power(1.0, -0.5), a_run(metric)).bound_verdict == verdict or row == 1


def test_informative_is_strictly_below_the_start() -> None:
    for c, first in ((1.0, 2), (0.999, 1), (4.0, 5), (5.5, 6), (1023.0, 1024), (1024.5, 1025)):
        v = of(Power(c, -1.0), a_run(lambda t: 0.5 / t))
        assert v.informative_from == first
    assert of(Power(1.0, 0.0), a_run(lambda t: 0.5 / t)).bound_verdict == "vacuous"
    assert of(Power(1e15 - 1, -1.0), a_run(lambda t: 0.5 / t)).informative_from == 10**15
    assert of(Gradient(2.0, -1.0), a_run(lambda t: 0.5 / t)).informative_from == 2


@pytest.mark.parametrize(("status_at", "bound"), [(60, "fail"), (0, "fail")])
def test_the_first_divergence_of_all_seeds_counts(status_at: int, bound: str) -> None:
    runs: list[Run] = seeds([lambda t: 0.5 / t] * 3)
    runs[1] = replace(runs[1], status=Status.DIVERGED, status_at=status_at)
    runs[2] = replace(runs[2], status=Status.DIVERGED, status_at=777)
    v = of(Power(1.0, -0.5, Order("power", -0.5)), *runs, setting=STOCHASTIC)
    assert (v.bound_verdict, v.failed_at, v.reason) == (bound, status_at, "diverged")
    assert (v.order_verdict, v.order_reason) == ("none", "diverged")


def test_a_bound_that_lets_squares_overflow_excludes_no_divergence() -> None:
    gone = a_run(lambda t: 0.5 / t, status=Status.DIVERGED, status_at=100)
    for c, verdict in ((0.99e150, "fail"), (1e150, "fail"), (1.01e150, "none")):
        assert of(Power(c, 0.0), gone).bound_verdict == verdict
    # The bound is that of the step at which the run left the numbers.
    for power, verdict in ((75.0, "fail"), (75.1, "none")):
        assert of(Power(1.0, power), gone).bound_verdict == verdict
    at_once = replace(gone, status_at=0)
    # There is no bound at T = 0: it is that of the first step, and not of the second.
    for power in (-200.0, 600.0):
        assert of(Power(1.0, power), at_once).bound_verdict == "fail"


def test_the_floor_of_a_gradient_is_that_of_the_gap_times_2_L() -> None:
    falling = Measured(STEPS, 1.0 / STEPS[np.newaxis], np.full((1, len(STEPS)), 0.5))
    # The floor of a gap is ten times the error of f*.
    level = known(f_star_error=2.1e-3).constants.floor
    assert level == pytest.approx(0.021, rel=1e-6)

    def floor_from(theorem: Power, **changes: Any) -> int | None:
        setting = known(f_star_error=2.1e-3, **changes)
        return judge_order(falling, theorem, setting, False).floor_from

    order = Order("power", -1.0)
    assert floor_from(Power(0.5, 0.0, order)) == 50  # the first T above 1 / 0.021
    assert floor_from(Gradient(0.5, 0.0, order), L=2.0) == 13  # 1 / (2 2 0.021) = 11.9
    assert floor_from(Gradient(0.5, 0.0, order), L=math.inf) == 50


def test_no_order_is_judged_beside_a_bound_that_promises_nothing() -> None:
    falling = Measured(STEPS, 1.0 / STEPS[np.newaxis], np.full((1, len(STEPS)), 1.0))
    theorem = Power(0.5, 0.0, Order("power", -1.0))
    found = judge_order(falling, theorem, BATCH, False)
    assert (found.verdict, found.reason) == ("none", "the bound promises less than doing nothing")
    assert found.rate is not None
    assert judge_order(falling, theorem, BATCH, True).verdict == "pass"
    falling.bound[0, 4] = 0.999 * KNOWN.delta0
    assert judge_order(falling, theorem, BATCH, False).verdict == "pass"
    slow = Measured(STEPS, STEPS[np.newaxis] ** -0.25, falling.bound)
    assert judge_order(slow, theorem, BATCH, True).reason == "the bound is violated"
    assert judge_order(slow, theorem, BATCH, False).reason == "only T^-0.25"
    assert judge_order(slow, Power(0.5, 0.0), BATCH, False) == OrderVerdict("none")
