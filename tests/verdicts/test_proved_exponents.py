"""The exponent of robustness that is proved stands beside the one that is measured."""

from __future__ import annotations

from typing import Any

import pytest

import lrbench
from lrbench.results.measures import Exponent

GRID = "1e-3:1e4:29"


def exponent_of(problem: str, solver: str, **options: Any) -> Exponent:
    result = lrbench.sweep(problem, solvers=[solver], lr0=GRID, jobs=1, **options)
    sweep = result.problems[0].sweep
    assert sweep is not None
    exponent = sweep.solvers[0].measures.exponent
    assert exponent is not None, sweep.solvers[0].measures.withheld
    return exponent


def test_wngrad_is_linear_in_lr0_at_most() -> None:
    at_end = exponent_of("logreg", "wngrad", at="500")
    assert (at_end.of, at_end.proved) == ("gap", 1.0)
    assert 0.0 < at_end.measured < 1.1


def test_of_the_passes_it_is_that_of_the_gap_over_the_rate() -> None:
    of_passes = exponent_of("logreg", "wngrad", target=0.1, iterations=3000)
    assert (of_passes.of, of_passes.proved) == ("passes", 1.0)  # the rate is 1/T
    assert of_passes.measured == pytest.approx(1.0, abs=0.2)


def test_there_is_none_where_no_theorem_is_on_that_iterate() -> None:
    assert exponent_of("lad-worst", "schedule-free", at="100").proved is None
