"""The sensitivity of solvers, from parsed JSON."""

from __future__ import annotations

import math
from typing import Any

from lrbench.results.fields import Fields
from lrbench.results.read_solver import positive, solver_from
from lrbench.results.records import Status
from lrbench.results.sweep import Factor, Sensitivity, Sweep


def sweep_from(f: Fields) -> Sweep:
    """Return what the sweep of one problem found."""
    return Sweep(
        target=f.take("target", "a number"),
        iterations=f.take("iterations", "an integer", null=True),
        solvers=tuple(map(_sensitivity, f.each("solvers"))),
    )


def _sensitivity(f: Fields) -> Sensitivity:
    lr0 = _grid(f)
    best = f.take("best_lr0", "a number", null=True)
    n_seeds = f.take("n_seeds", "an integer")
    return Sensitivity(
        solver=solver_from(f.inner("solver")),
        lr0=lr0,
        passes=tuple(map(_endless, _as_many(f, "passes", f.numbers("passes").tolist(), lr0))),
        reached=tuple(_as_many(f, "reached", f.all_of("reached", "an integer"), lr0)),
        finished=tuple(
            _as_many(f, "finished", f.all_of("finished", "an integer", [n_seeds] * len(lr0)), lr0)
        ),
        n_seeds=n_seeds,
        best_lr0=None if best is None else positive(f, "best_lr0"),
        best_passes=_endless(f.take("best_passes", "a number", null=True)),
        usable=_range(f, "usable"),
        usable_decades=float(f.take("usable_decades", "a number")),
        usable_interval=_range(f, "usable_interval"),
        at_edge=_edges(f),
        factors=tuple(map(_factor, f.each("factors"))),
        statuses=_counts(f.inner("statuses")),
        missing=f.take("missing", "an integer"),
        final_lr_L=f.take("final_lr_L", "a number", null=True),
    )


def _grid(f: Fields) -> tuple[float, ...]:
    lr0 = tuple(map(float, f.all_of("lr0", "a number")))
    if any(not a < b for a, b in zip((0.0, *lr0), lr0, strict=False)):
        raise f.wrong(f.place("lr0"), "is not positive and ascending")
    return lr0


def _as_many(f: Fields, key: str, values: list[Any], lr0: tuple[float, ...]) -> list[Any]:
    if len(values) != len(lr0):
        raise f.wrong(f.place(key), f"has {len(values)} items, not {len(lr0)}")
    return values


def _endless(value: float | None) -> float:
    """Return passes, infinitely many for null."""
    return math.inf if value is None or math.isnan(value) else float(value)


def _range(f: Fields, key: str) -> tuple[float, float] | None:
    ends = f.pair(key)
    if ends is not None and any(map(math.isnan, ends)):
        raise f.wrong(f.place(key), "has an end that is no number")
    return ends


def _edges(f: Fields) -> tuple[bool, bool]:
    values = f.all_of("at_edge", "true or false")
    if len(values) != 2:
        raise f.wrong(f.place("at_edge"), "is not a pair")
    return values[0], values[1]


def _factor(f: Fields) -> Factor:
    factor = f.take("factor", "a number", null=True)
    on_grid = f.take("on_grid", "true or false")
    return Factor(f.take("power", "an integer"), _endless(factor) if on_grid else None)


def _counts(f: Fields) -> dict[str, int]:
    return {str(status): f.take(status, "an integer", 0) for status in Status}
