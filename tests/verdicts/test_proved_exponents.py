"""The exponent of robustness that is proved stands beside the one that is measured."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import lrbench
from lrbench.results.measures import Exponent
from lrbench.theory.base import Order
from lrbench.verdicts import exponents

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


def theorem(gap: float | None, order: Order | None = None, **changes: Any) -> SimpleNamespace:
    about = {"kind": "a-priori", "measure": "suboptimality", "iterate": "last", "holds": True}
    values = about | changes
    hypothesis = SimpleNamespace(holds=values.pop("holds"))
    return SimpleNamespace(
        **values,
        hypotheses=lambda setting: [hypothesis],
        robustness_exponent=lambda setting, parameter: gap,
        order=lambda setting: order,
    )


@pytest.mark.parametrize(
    ("theorems", "proved"),
    [
        ([theorem(1.0, Order("power", -0.5))], (1.0, 2.0)),
        ([theorem(1.0, Order("power", -1.0)), theorem(0.2, Order("power", -0.5))], (0.2, 0.4)),
        ([theorem(0.2), theorem(1.0, Order("power", -0.5))], (0.2, None)),
        ([theorem(1.0, Order("linear", -0.5))], (1.0, None)),
        ([theorem(None, Order("power", -0.5))], (None, None)),
        ([theorem(1.0, holds=False)], (None, None)),
        ([theorem(1.0, kind="certificate")], (None, None)),
        ([theorem(1.0, iterate="average")], (None, None)),
        ([theorem(1.0, measure="grad_norm_sq")], (None, None)),
        ([], (None, None)),
    ],
)
def test_the_least_exponent_of_the_theorems_that_apply(
    theorems: list[SimpleNamespace],
    proved: tuple[float | None, float | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exponents, "theorems_for", lambda name, params: theorems)
    setting: Any = SimpleNamespace(params={})
    found = exponents.proved_exponent("a", setting, "lr0", "last")
    assert tuple(found) == proved
