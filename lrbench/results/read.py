"""From parsed JSON to records, every key checked by hand; unknown keys are passed over."""

from __future__ import annotations

import typing
from typing import Any

import numpy as np

from lrbench.results.fields import Fields
from lrbench.results.read_solver import positive, solver_from
from lrbench.results.read_sweep import sweep_from
from lrbench.results.records import COLUMNS, Kind, ProblemResult, Run, Status, Trace, Verdict

PARTS = ("name", "runs", "verdicts", "sweep")
"""What is read apart from the rest that is known of a problem."""

LATER = ("suboptimality_best",)
"""Columns that version 1 did not have from its first day."""


LATER_CONSTANTS = {
    "L_method": "eigenvalues",
    "attained": True,
    "no_minimiser": "",
    "f_star_certified": True,
}
"""Constants that a saved result need not have."""


def problem_from(f: Fields) -> ProblemResult:
    """Return one problem with all its runs and verdicts."""
    _check_header(f)
    header = {k: v for k, v in f.values.items() if k not in PARTS}
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
        sweep=sweep_from(f.inner("sweep")) if f.has("sweep") else None,
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
    for key, value in LATER_CONSTANTS.items():
        c.take(key, "true or false" if value is True else "a text", value)


def _run(f: Fields) -> Run:
    return Run(
        solver=solver_from(f.inner("solver")),
        lr0=positive(f, "lr0"),
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
    known: dict[str, Any] = {
        "iteration": iteration,
        "bound": f.numbers("bound").tolist(),
        "metric": f.numbers("metric").tolist(),
        "metric_interval": f.pairs("metric_interval"),
    }
    for name, values in known.items():
        if values is not None and len(values) != len(iteration):
            raise f.wrong(f.place(name), f"has {len(values)} items, not {len(iteration)}")
    return Verdict(
        solver=solver_from(f.inner("solver")),
        lr0=positive(f, "lr0"),
        theorem=f.take("theorem", "a text"),
        kind=f.one_of("kind", typing.get_args(Kind)),
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
        **known,
        **_order(f),
    )


def _order(f: Fields) -> dict[str, Any]:
    window = f.all_of("window", "an integer", null=True)
    if window is not None and len(window) != 2:
        raise f.wrong(f.place("window"), "is not a pair of integers")
    order = None
    if f.take("order", "an object", null=True) is not None:
        inner = f.inner("order")
        kind = inner.one_of("kind", ("power", "linear"))
        order = {"kind": kind, "value": inner.take("value", "a number")}
    return {
        "order": order,
        "measured_order": f.take("measured_order", "a number", null=True),
        "order_interval": f.pair("order_interval"),
        "window": None if window is None else tuple(window),
        "order_verdict": f.one_of("order_verdict", ("pass", "inconclusive", "none")),
        "order_reason": f.take("order_reason", "a text", ""),
    }


def _hypothesis(f: Fields) -> dict[str, str | bool]:
    return {
        "name": f.take("name", "a text"),
        "holds": f.take("holds", "true or false"),
        "detail": f.take("detail", "a text"),
    }
