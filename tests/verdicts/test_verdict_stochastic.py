"""Verdicts on minibatches: an expectation is shown, and only a single path refutes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from made_runs import BATCH, STOCHASTIC, Column, Power, T, a_run, known, of, seeds

from lrbench.results import Run, Status
from lrbench.theory.base import IterateName, Numbers, Order


class Regret(Power):
    """R: a bound c T^p on the mean regret of every path."""

    key = "R"
    iterate: ClassVar[IterateName] = "average"
    pathwise = True


def around(
    mean: Callable[[Numbers], Any], spread: float, times: int = 1
) -> list[Callable[[Numbers], Any]]:
    """Four seeds with the given mean and relative spread, so many times."""

    def seed(share: float) -> Callable[[Numbers], Any]:
        return lambda t: mean(t) * (1 + spread * share)

    return [seed(share) for share in (-1.0, -0.5, 0.5, 1.0) * times]


def a_path(mean_regret: Callable[[Numbers], Any], seed: int = 0, **columns: Any) -> Run:
    """A run on minibatches whose regret is T times `mean_regret`, known to 1e-9."""
    metric = 0.1 / np.maximum(T, 1.0)
    regret = np.array([0.0, *(T[1:] * mean_regret(T[1:]))])
    known_to = {
        "regret": regret,
        "regret_error": np.full(len(T), 1e-9),
        "sum_grad_norm_sq": 2.0 * T,
        "subgradient_error": np.full(len(T), 0.3),
        "average_error": np.full(len(T), 0.2),
        "suboptimality_average": metric,
    }
    return a_run(metric, seed=seed, setting="stochastic", columns=known_to | columns)


def test_stochastic_pass_and_interval() -> None:
    v = of(Power(1.0, -0.5), *seeds(around(lambda t: 0.5 / t**0.5, 0.1)), setting=STOCHASTIC)
    assert v.bound_verdict == "pass"
    assert v.metric_interval is not None
    low, high = v.metric_interval[0]
    # mean 0.5, standard deviation 0.05 sqrt(2.5/3), t_{0.975, 3} = 3.18245.
    half = 3.182446305 * 0.05 * math.sqrt(2.5 / 3) / 2
    assert (low, high) == pytest.approx((0.5 - half, 0.5 + half))


@pytest.mark.parametrize("times", [1, 3, 30])
@pytest.mark.parametrize("spread", [0.0, 1e-6, 0.01, 0.5])
def test_no_number_of_seeds_above_a_bound_in_expectation_fails(times: int, spread: float) -> None:
    # Each seed may have missed the rare sample that matters, however well they agree.
    above = around(lambda t: np.where(t < 50, 0.5, 2.0) / t**0.5, spread, times)
    v = of(Power(1.0, -0.5), *seeds(above), setting=STOCHASTIC)
    assert (v.bound_verdict, v.failed_at) == ("none", None)
    assert v.reason == "mean above the bound at T = 50: no proof"


def test_bound_and_metric_are_paired() -> None:
    # Metric and bound spread widely over seeds, their difference hardly at all.
    runs = []
    for k in range(10):
        y = np.array([np.nan, *(10.0**k / T[1:] * 1.1)])
        runs.append(a_run(10.0**k / np.maximum(T, 1.0), seed=k, columns={"y": y}))
    big = known(STOCHASTIC, delta0=1e12)
    assert of(Column(), *runs, setting=big).bound_verdict == "pass"
    for run in runs:
        run.trace["y"][5] = run.trace["suboptimality"][5] * (1 - 1e-3)
    assert of(Column(), *runs, setting=big).reason == "mean above the bound at T = 20: no proof"


def test_one_seed_is_no_verdict() -> None:
    v = of(Power(1.0, -0.5), *seeds([lambda t: 9 / t**0.5]), setting=STOCHASTIC)
    assert (v.bound_verdict, v.reason) == ("none", "one seed: needs -r 2 or more")
    assert v.metric_interval is None


def test_seeds_are_compared_where_all_have_rows() -> None:
    runs = seeds(around(lambda t: 0.5 / t, 0.01))
    runs[1] = replace(runs[1], trace={k: v[:6] for k, v in runs[1].trace.items()})
    v = of(Power(1.0, -1), *runs, setting=STOCHASTIC)
    assert v.iteration == [1, 2, 5, 10, 20]


# --- what a path refutes ---------------------------------------------------------------------


@pytest.mark.parametrize("n_seeds", [1, 4])
def test_one_path_above_a_bound_on_its_regret_fails(n_seeds: int) -> None:
    theorem, paths = Regret(1.0, -0.5), [a_path(lambda t: 0.9 / t**0.5, k) for k in range(n_seeds)]
    assert of(theorem, *paths, setting=STOCHASTIC).bound_verdict != "fail"
    paths[-1] = a_path(lambda t: np.where(t < 50, 0.9, 1.0001) / t**0.5, seed=17)
    v = of(theorem, *paths, setting=STOCHASTIC)
    assert (v.bound_verdict, v.failed_at) == ("fail", 50)
    assert v.reason == "the regret is above T times the bound (seed 17)"
    # The metrics of all seeds are far below it; and a bound in expectation says nothing of paths.
    assert max(v.metric) <= 0.1
    assert of(Power(1.0, -0.5), *paths, setting=STOCHASTIC).bound_verdict != "fail"
    assert of(theorem, *paths, setting=BATCH).bound_verdict == "pass"


def test_a_path_is_judged_at_checkpoints_that_other_seeds_lack() -> None:
    long = a_path(lambda t: np.where(t < 500, 0.9, 2.0) / t**0.5, seed=1)
    short = a_path(lambda t: 0.9 / t**0.5)
    short = replace(short, trace={k: v[:5] for k, v in short.trace.items()})
    v = of(Regret(1.0, -0.5), short, long, setting=STOCHASTIC)
    assert v.iteration[-1] == 10
    assert (v.bound_verdict, v.failed_at) == ("fail", 500)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_rounding_of_a_regret_is_no_violation(sign: float) -> None:
    """A regret may be negative: its tolerance is relative to its size."""
    for excess, verdict in ((5e-11, "none"), (5e-10, "fail")):
        size = sign + excess
        path = a_path(lambda t: size / t**0.5)  # noqa: B023
        exact = replace(path, trace=path.trace | {"regret_error": np.zeros(len(T))})
        found = of(Regret(sign, -0.5), exact, setting=STOCHASTIC)
        assert found.bound_verdict == verdict, (excess, found)
    large = replace(path, trace=path.trace | {"regret_error": np.full(len(T), 1e-3)})
    assert of(Regret(sign, -0.5), large, setting=STOCHASTIC).bound_verdict == "none"


@pytest.mark.parametrize("size", [7.0, -7.0, 0.125])
def test_a_regret_of_many_steps_is_known_to_its_roundings(size: float) -> None:
    steps = np.array([0.0, 3.0, 1e8])
    allowed = 1e-10 + 4 * 2.0**-52 * 1e8
    for share, verdict in ((0.95, "none"), (1.05, "fail")):
        regret = np.array([0.0, 3.0, 1e8]) * (size - 1.0)
        regret[2] = 1e8 * (size + share * allowed * abs(size))
        path = a_run(
            np.array([1.0, 0.1, 0.1]),
            steps=steps,
            setting="stochastic",
            columns={
                "regret": regret,
                "regret_error": np.zeros(3),
                "sum_grad_norm_sq": steps,
                "suboptimality_average": np.array([np.nan, 0.1, 0.1]),
            },
        )
        v = of(Regret(size, 0.0), path, setting=STOCHASTIC)
        assert (v.bound_verdict == "fail") == (verdict == "fail")
        assert v.failed_at == (10**8 if verdict == "fail" else None)


def test_a_refuted_bound_has_an_order_even_if_it_promises_nothing() -> None:
    error = np.where(T < 20, 0.9, 1.1)
    path = a_path(lambda t: 0.1 / t, 3, subgradient_error=error)
    v = of(Power(9.0, 0.0, Order("power", -0.5)), path, setting=STOCHASTIC)
    assert v.bound_verdict == "fail"
    assert (v.order_verdict, v.order_reason) == ("inconclusive", "the bound is violated")


def test_a_minimiser_outside_the_ball_by_rounding_is_allowed_for() -> None:
    path = a_path(lambda t: (1 + 5e-9) / t**0.5, regret_error=np.zeros(len(T)))
    inside = replace(known(STOCHASTIC, distance=1.0), radius=1.0)
    assert of(Regret(1.0, -0.5), path, setting=inside).bound_verdict == "fail"
    on_sphere = replace(known(STOCHASTIC, distance=1.0 + 1e-8), radius=1.0)
    assert of(Regret(1.0, -0.5), path, setting=on_sphere).bound_verdict == "none"


@pytest.mark.parametrize(
    "theorem", [Regret(1.0, -0.5), Power(1.0, -0.5), Column()], ids=["regret", "power", "column"]
)
def test_gradients_that_are_no_subgradients_fail_every_theorem(theorem: Any) -> None:
    error = np.where(T < 20, 1.0, 1.1)
    columns = {"subgradient_error": error, "y": 1.0 + 0.0 * T}
    v = of(theorem, a_path(lambda t: 0.1 / t, 3, **columns), setting=STOCHASTIC)
    assert (v.bound_verdict, v.failed_at) == ("fail", 20)
    reason = "the steps' gradients are no subgradients of the minibatch objective (seed 3)"
    assert v.reason == reason


def test_another_average_fails_the_theorems_on_averages() -> None:
    error = np.where((T == 5) | (T == 100), 1.5, np.where(T == 2, 1.0, np.nan))
    path = a_path(lambda t: 0.1 / t, 3, average_error=error)
    v = of(Regret(1.0, -0.5, Order("power", -0.5)), path, setting=STOCHASTIC)
    assert (v.bound_verdict, v.failed_at) == ("fail", 5)
    assert v.reason == "the average is not that of the iterates (seed 3)"
    assert of(Power(1.0, -0.5), path, setting=STOCHASTIC).bound_verdict != "fail"


def test_the_first_refutation_of_any_seed_is_named() -> None:
    late = a_path(lambda t: np.where(t < 200, 0.1, 2.0))
    early = a_path(lambda t: 0.1 / t, 2, subgradient_error=np.where(T < 10, 0.0, 9.0))
    v = of(Regret(1.0, 0.0), late, early, setting=STOCHASTIC)
    assert (v.failed_at, v.reason.endswith("(seed 2)")) == (10, True)


def test_a_trace_without_these_columns_refutes_nothing() -> None:
    v = of(Regret(1.0, -0.5), *seeds(around(lambda t: 0.5 / t, 0.01)), setting=STOCHASTIC)
    assert v.reason == "the trace has no column suboptimality_average"
    path = a_path(lambda t: 9.0 * t)
    known_columns = {k: v for k, v in path.trace.items() if "error" not in k}
    bare = replace(path, trace=known_columns)
    assert of(Regret(1.0, -0.5), bare, setting=STOCHASTIC).bound_verdict == "none"


def test_infinities_of_a_diverging_path_refute_nothing() -> None:
    lost = np.where(T < 50, 0.5, np.inf)
    path = a_path(lambda t: lost[1:], regret_error=lost, sum_grad_norm_sq=lost)
    gone = replace(path, status=Status.DIVERGED, status_at=60)
    v = of(Regret(1.0, 200.0), gone, setting=STOCHASTIC)
    assert (v.bound_verdict, v.reason) == ("none", "diverged: beyond the range of numbers")
    # Below a moderate bound nothing may overflow.
    assert of(Regret(1.0, 0.0), gone, setting=STOCHASTIC).bound_verdict == "fail"
