"""Bounds in expectation: metric and bound are paired by seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_runs import STOCHASTIC, Column, Power, T, a_run, known, of, seeds

from lrbench.theory.base import Numbers


def around(
    mean: Callable[[Numbers], Any], spread: float, times: int = 1
) -> list[Callable[[Numbers], Any]]:
    """Four seeds with the given mean and relative spread, so many times."""

    def seed(share: float) -> Callable[[Numbers], Any]:
        return lambda t: mean(t) * (1 + spread * share)

    return [seed(share) for share in (-1.0, -0.5, 0.5, 1.0) * times]


def test_stochastic_pass_and_interval() -> None:
    v = of(Power(1.0, -0.5), *seeds(around(lambda t: 0.5 / t**0.5, 0.1)), setting=STOCHASTIC)
    assert v.bound_verdict == "pass"
    assert v.metric_interval is not None
    low, high = v.metric_interval[0]
    # mean 0.5, standard deviation 0.05 sqrt(2.5/3), t_{0.975, 3} = 3.18245.
    half = 3.182446305 * 0.05 * math.sqrt(2.5 / 3) / 2
    assert (low, high) == pytest.approx((0.5 - half, 0.5 + half))


def test_stochastic_failure_must_be_significant() -> None:
    above = around(lambda t: 2 / t**0.5, 0.01, times=3)
    clear = of(Power(1.0, -0.5), *seeds(above), setting=STOCHASTIC)
    assert (clear.bound_verdict, clear.failed_at) == ("fail", 1)
    few = of(Power(1.0, -0.5), *seeds(above[:9]), setting=STOCHASTIC)
    assert (few.bound_verdict, few.reason) == ("none", "above the bound at T = 1: needs -r 10")
    noisy = of(Power(1.0, -0.5), *seeds(around(lambda t: 1.1 / t**0.5, 0.5)), setting=STOCHASTIC)
    assert noisy.bound_verdict == "none"
    assert noisy.reason == "mean above the bound at T = 1: not significant"


def test_checkpoints_share_the_level() -> None:
    # One-sided 99 % for 12 seeds: t = 2.72 alone, 4.02 with ten checkpoints (level 0.001).
    spread = 0.1
    error = spread * math.sqrt(7.5 / 11) / math.sqrt(12)
    mean = 1 / (1 - 3.3 * error)
    runs = seeds(around(lambda t: mean + 0 * t, spread, times=3))
    assert of(Power(1.0, 0.0), *runs, setting=STOCHASTIC).bound_verdict == "vacuous"
    short = [replace(r, trace={k: v[:2] for k, v in r.trace.items()}) for r in runs]
    assert of(Power(1.0, 0.0), *short, setting=STOCHASTIC).bound_verdict == "fail"


def test_bound_and_metric_are_paired() -> None:
    # Metric and bound spread widely over seeds, their difference hardly at all.
    runs = []
    for k in range(10):
        y = np.array([np.nan, *(10.0**k / T[1:] * 0.9)])
        runs.append(a_run(10.0**k / np.maximum(T, 1.0), seed=k, columns={"y": y}))
    big = known(STOCHASTIC, delta0=1e12)
    assert of(Column(), *runs, setting=big).bound_verdict == "none"
    # excess 0.1 with a tiny spread: significant although the metrics spread over decades.
    for k, run in enumerate(runs):
        run.trace["y"][1:] = run.trace["suboptimality"][1:] - 0.1 * (1 + 0.001 * k)
    assert of(Column(), *runs, setting=big).bound_verdict == "fail"


def test_one_seed_is_no_verdict() -> None:
    v = of(Power(1.0, -0.5), *seeds([lambda t: 9 / t**0.5]), setting=STOCHASTIC)
    assert (v.bound_verdict, v.reason) == ("none", "one seed: needs -r 2 or more")
    assert v.metric_interval is None


def test_seeds_are_compared_where_all_have_rows() -> None:
    runs = seeds(around(lambda t: 0.5 / t, 0.01))
    runs[1] = replace(runs[1], trace={k: v[:6] for k, v in runs[1].trace.items()})
    v = of(Power(1.0, -1), *runs, setting=STOCHASTIC)
    assert v.iteration == [1, 2, 5, 10, 20]
