"""Theorems and traces made for the rules of a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from lrbench.config.solver_spec import SolverSpec
from lrbench.objective.constants import Constants
from lrbench.results import Run, Status, Verdict
from lrbench.results.sweep import Measure
from lrbench.theory.base import (
    APriori,
    Certificate,
    Hypothesis,
    IterateName,
    Numbers,
    Order,
    Setting,
    TraceColumns,
)
from lrbench.verdicts import judge_theorem

T = np.array([0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000], dtype=np.float64)
KNOWN = Constants(
    L=4.0,
    L_method="exact",
    L_max=4.0,
    mu=0.5,
    mu_pl=0.5,
    G=1.0,
    grad_norm_sq0=2.0,
    f_star=0.0,
    f_star_error=0.0,
    f_star_method="exact",
    attained=True,
    delta0=1.0,
    distance=1.0,
    distance_error=0.0,
    noise_star=0.0,
)
BATCH = Setting(KNOWN, 0.1, {"order": "current"}, True, 8, None, None)
STOCHASTIC = replace(BATCH, batch=False, batch_size=1, sampling="replacement")


class Power(APriori):
    """X: c T^p, with the order that is asked for."""

    key = "X"
    statement = "x"
    measure: ClassVar[Measure] = "suboptimality"
    iterate: ClassVar[IterateName] = "last"
    reference = "none"

    def __init__(self, c: float, p: float, order: Order | None = None) -> None:
        self.c, self.p, self.proved = c, p, order

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        return (Hypothesis("lr0 < 1", setting.lr0 < 1, f"lr0 = {setting.lr0:g}"),)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        return np.asarray(self.c * T**self.p, dtype=np.float64)

    def order(self, setting: Setting) -> Order | None:
        return self.proved


class Column(Certificate):
    """Y: a column of the trace."""

    key = "Y"
    statement = "y"
    measure = "suboptimality"
    iterate = "last"
    reference = "none"
    columns = ("y",)

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        return ()

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        return trace["y"]


class Gradient(Power):
    """Z: c T^p on the smallest gradient norm."""

    key = "Z"
    measure: ClassVar[Measure] = "grad_norm_sq"
    iterate: ClassVar[IterateName] = "min"


def a_run(metric: Callable[[Numbers], Any] | Numbers, **changes: Any) -> Run:
    """A run whose suboptimality (and smallest gradient norm) is `metric`."""
    steps = changes.pop("steps", T)
    values = np.full(len(steps), 1.0)
    values[1:] = metric(steps[1:]) if callable(metric) else metric[1 : len(steps)]
    trace = {"iteration": steps, "suboptimality": values, "min_grad_norm_sq": values}
    trace |= changes.pop("columns", {})
    run = Run(
        solver=SolverSpec("wngrad", {"order": "current"}),
        setting="batch",
        batch_size=8,
        sampling=None,
        lr0=0.1,
        seed=0,
        status=Status.COMPLETED,
        status_at=1000,
        trace=trace,
    )
    return replace(run, **changes)


def of(theorem: Power | Column, *runs: Run, setting: Setting = BATCH) -> Verdict:
    return judge_theorem(runs, theorem, setting)


def known(setting: Setting = BATCH, **changes: Any) -> Setting:
    return replace(setting, constants=replace(setting.constants, **changes))


def seeds(metrics: Sequence[Callable[[Numbers], Any] | Numbers], steps: Numbers = T) -> list[Run]:
    return [a_run(m, seed=i, setting="stochastic", steps=steps) for i, m in enumerate(metrics)]
