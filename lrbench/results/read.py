"""From parsed JSON to records: every key is checked by hand, and unknown keys are passed over."""

from __future__ import annotations

import math
import typing
from collections.abc import Sequence
from typing import Any

import numpy as np

from lrbench.config.solver_spec import SolverSpec
from lrbench.results.fields import REQUIRED, Fields
from lrbench.results.records import (
    COLUMNS,
    BoundKind,
    FittedLaw,
    ProblemResult,
    Run,
    Status,
    Trace,
    Verdict,
)
from lrbench.results.sweep import Factor, Sensitivity, Sweep

OUTSIDE_HEADER = ("name", "runs", "verdicts", "sweep")
"""The keys of a problem that are read one by one; the others are its header."""

LATER = ("suboptimality_best",)
"""Columns that version 1 did not have from its first day."""

LATER_CONSTANTS = {
    "L_method": "eigenvalues",
    "attained": True,
    "no_minimiser": "",
    "f_star_certified": True,
    "f_rounding": 0.0,
    "f_star_obstacle": "",
}
"""Constants that version 1 did not have from its first day, with what they were then."""


def problem_from(f: Fields) -> ProblemResult:
    """Return one problem with all its runs and verdicts."""
    _check_header(f)
    header = {k: v for k, v in f.values.items() if k not in OUTSIDE_HEADER}
    header.setdefault("title", "")
    header.setdefault("test", None)
    header["constants"] = header["constants"] | {
        k: v for k, v in LATER_CONSTANTS.items() if k not in header["constants"]
    }
    return ProblemResult(
        name=f.take("name", "a text"),
        header=header,
        runs=tuple(map(_run, f.each("runs"))),
        verdicts=tuple(map(_verdict, f.each("verdicts"))),
        sweep=_sweep(f.inner("sweep")) if f.has("sweep") else None,
    )


def _check_header(f: Fields) -> None:
    """Check what pages show of the problem itself."""
    f.take("title", "a text", "")
    for key in ("fingerprint", "data", "loss", "scale", "start"):
        f.take(key, "a text")
    for key in ("n_samples", "n_features", "nnz"):
        if f.take(key, "an integer") < (key != "nnz"):
            raise f.wrong(f.place(key), "is too small")
    f.take("intercept", "true or false")
    f.take("radius", "a number", null=True)
    f.take("target", "a number", None, null=True)
    penalty = f.inner("penalty")
    penalty.take("name", "a text")
    penalty.take("weight", "a number")
    if f.take("labels", "an object", null=True) is not None:
        labels = f.inner("labels")
        for sign in labels.values:
            labels.take(sign, "a text")
    if f.take("test", "an object", None, null=True) is not None:
        _check_test(f.inner("test"))
    _check_constants(f.inner("constants"))


def _check_test(t: Fields) -> None:
    t.take("data", "a text")
    for key in ("n_samples", "features_left_out"):
        if t.take(key, "an integer") < (key == "n_samples"):
            raise t.wrong(t.place(key), "is too small")
    t.take("fraction", "a number", null=True)
    t.take("seed", "an integer", null=True)


def _check_constants(c: Fields) -> None:
    for key in ("L", "L_max", "mu", "kappa", "G", "distance", "delta0", "noise_star"):
        c.take(key, "a number", null=True)
    c.take("f_star", "a number")
    c.take("f_star_error", "a number")
    c.take("f_star_method", "a text")
    words = {bool: "true or false", float: "a number", str: "a text"}
    for key, value in LATER_CONSTANTS.items():
        c.take(key, words[type(value)], value)


def _solver(f: Fields) -> SolverSpec:
    params = f.take("params", "an object")
    for key, value in params.items():
        if not isinstance(value, int | float | str):
            raise f.wrong(f"{f.place('params')}.{key}", "is neither a number nor a text")
    return SolverSpec(f.take("name", "a text"), params, tuple(f.all_of("shown", "a text", [])))


def _run(f: Fields) -> Run:
    return Run(
        solver=_solver(f.inner("solver")),
        lr0=f.positive("lr0"),
        setting=f.one_of("setting", ("batch", "stochastic")),
        batch_size=f.take("batch_size", "an integer"),
        sampling=f.one_of("sampling", ("replacement", "reshuffle"), null=True),
        seed=f.take("seed", "an integer"),
        status=Status(f.one_of("status", tuple(Status))),
        status_at=f.take("status_at", "an integer"),
        trace=_trace(f.inner("trace")),
        error=f.take("error", "a text", null=True),
        evaluation_seconds=float(f.take("evaluation_seconds", "a number", 0.0)),
    )


def _trace(f: Fields) -> Trace:
    """Return the columns, those that every trace has and whatever others there are."""
    f.all_of("iteration", "an integer")
    trace = {"iteration": f.numbers("iteration")}
    length = len(trace["iteration"])
    for name in {**dict.fromkeys(COLUMNS), **f.values}:
        if name in LATER and name not in f.values:
            trace[name] = np.full(length, np.nan)
            continue
        trace[name] = f.numbers(name)
        if len(trace[name]) != length:
            raise f.wrong(f.place(name), f"has {len(trace[name])} numbers, not {length}")
    return trace


def _verdict(f: Fields) -> Verdict:
    iteration = f.all_of("iteration", "an integer")
    series: dict[str, Any] = {
        "iteration": iteration,
        "bound": f.numbers("bound").tolist(),
        "metric": f.numbers("metric").tolist(),
        "metric_interval": f.pairs("metric_interval"),
    }
    for name, values in series.items():
        if values is not None:
            _check_length(f, name, values, len(iteration))
    return Verdict(
        solver=_solver(f.inner("solver")),
        lr0=f.positive("lr0"),
        theorem=f.take("theorem", "a text"),
        kind=f.one_of("kind", typing.get_args(BoundKind)),
        statement=f.take("statement", "a text"),
        measure=f.take("measure", "a text"),
        iterate=f.take("iterate", "a text"),
        consistency=f.take("consistency", "true or false", False),
        applies=f.take("applies", "true or false"),
        reason=f.take("reason", "a text"),
        bound_verdict=f.one_of("bound_verdict", ("pass", "fail", "vacuous", "none")),
        informative_from=f.take("informative_from", "an integer", null=True),
        failed_at=f.take("failed_at", "an integer", None, null=True),
        hypotheses=tuple(map(_hypothesis, f.each("hypotheses"))) if f.has("hypotheses") else (),
        **series,
        **_order(f),
    )


def _check_length(f: Fields, key: str, values: Sequence[Any], length: int) -> None:
    if len(values) != length:
        raise f.wrong(f.place(key), f"has {len(values)} items, not {length}")


def _order(f: Fields) -> dict[str, Any]:
    window = f.all_of("window", "an integer", null=True)
    if window is not None and len(window) != 2:
        raise f.wrong(f.place("window"), "is not a pair of integers")
    thirds = f.all_of("order_thirds", "a number", None, null=True)
    if thirds is not None and len(thirds) != 3:
        raise f.wrong(f.place("order_thirds"), "is not three numbers")
    return {
        "order": _law(f, "order", REQUIRED),
        "measured_order": f.take("measured_order", "a number", null=True),
        "order_interval": f.pair("order_interval"),
        "window": None if window is None else tuple(window),
        "order_verdict": f.one_of("order_verdict", ("pass", "inconclusive", "none")),
        "order_reason": f.take("order_reason", "a text", ""),
        "order_thirds": None if thirds is None else tuple(thirds),
        "other_order": _law(f, "other_order", None),
        "rss_ratio": f.take("rss_ratio", "a number", None, null=True),
        "fitted_law": f.one_of("fitted_law", typing.get_args(FittedLaw), None, null=True),
        "floor_from": f.take("floor_from", "an integer", None, null=True),
    }


def _law(f: Fields, key: str, default: Any) -> dict[str, float | str] | None:
    """Return a kind of rate and its value; None for null."""
    if f.take(key, "an object", default, null=True) is None:
        return None
    inner = f.inner(key)
    kind = inner.one_of("kind", ("power", "linear"))
    return {"kind": kind, "value": inner.take("value", "a number")}


def _hypothesis(f: Fields) -> dict[str, str | bool]:
    kinds = {"name": "a text", "holds": "true or false", "detail": "a text"}
    return {key: f.take(key, kind) for key, kind in kinds.items()}


def _sweep(f: Fields) -> Sweep:
    return Sweep(
        target=f.take("target", "a number"),
        iterations=f.take("iterations", "an integer", null=True),
        solvers=tuple(map(_sensitivity, f.each("solvers"))),
    )


def _sensitivity(f: Fields) -> Sensitivity:
    lr0 = tuple(map(float, f.all_of("lr0", "a number")))
    if any(not a < b for a, b in zip((0.0, *lr0), lr0, strict=False)):
        raise f.wrong(f.place("lr0"), "is not positive and ascending")
    n_seeds = f.take("n_seeds", "an integer")
    passes = f.numbers("passes").tolist()
    reached = f.all_of("reached", "an integer")
    finished = f.all_of("finished", "an integer", [n_seeds] * len(lr0))
    for key, values in (("passes", passes), ("reached", reached), ("finished", finished)):
        _check_length(f, key, values, len(lr0))
    at_edge = f.all_of("at_edge", "true or false")
    if len(at_edge) != 2:
        raise f.wrong(f.place("at_edge"), "is not a pair")
    best_lr0 = f.take("best_lr0", "a number", null=True)
    return Sensitivity(
        solver=_solver(f.inner("solver")),
        lr0=lr0,
        passes=tuple(map(_inf_for_null, passes)),
        reached=tuple(reached),
        finished=tuple(finished),
        n_seeds=n_seeds,
        best_lr0=None if best_lr0 is None else f.positive("best_lr0"),
        best_passes=_inf_for_null(f.take("best_passes", "a number", null=True)),
        usable=_range(f, "usable"),
        usable_decades=float(f.take("usable_decades", "a number")),
        usable_interval=_range(f, "usable_interval"),
        at_edge=(at_edge[0], at_edge[1]),
        factors=tuple(map(_factor, f.each("factors"))),
        statuses={str(s): f.inner("statuses").take(s, "an integer", 0) for s in Status},
        missing=f.take("missing", "an integer"),
        final_lr_L=f.take("final_lr_L", "a number", null=True),
    )


def _inf_for_null(passes: float | None) -> float:
    """Return the passes, inf for null: JSON has no infinity."""
    return math.inf if passes is None or math.isnan(passes) else float(passes)


def _range(f: Fields, key: str) -> tuple[float, float] | None:
    ends = f.pair(key)
    if ends is not None and any(map(math.isnan, ends)):
        raise f.wrong(f.place(key), "has an end that is no number")
    return ends


def _factor(f: Fields) -> Factor:
    factor, on_grid = f.take("factor", "a number", null=True), f.take("on_grid", "true or false")
    # Null stands for "never reached" and for "not known"; on_grid tells the two apart.
    return Factor(f.take("power", "an integer"), _inf_for_null(factor) if on_grid else None)
