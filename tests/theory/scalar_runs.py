"""The recursions in one dimension and plain Python, with every column of the trace.

Nothing here uses the package's numerics: it is the independent side of the tests in this folder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lrbench.objective.constants import Constants, Sampling
from lrbench.theory import THEOREMS
from lrbench.theory.base import Setting, Theorem

RULES: list[tuple[str, dict[str, float | str]]] = [
    ("wngrad", {"order": "current"}),
    ("wngrad", {"order": "lagged"}),
    ("wngrad", {"order": "raw-first"}),
    ("wngrad", {"order": "current", "c": 0.03}),
    ("wngrad", {"order": "lagged", "c": 20.0}),
    ("wngrad", {"order": "raw-first", "c": 5.0}),
    ("adagrad-norm", {"eta": 1.0}),
    ("adagrad-norm", {"eta": 0.1}),
    ("sgd", {}),
    ("sgd-sqrt", {}),
]
"""Solvers and their parameters, whose bounds are attacked."""


@dataclass(frozen=True)
class Scalar:
    """A convex function of one variable with its constants; the minimiser is 0, F* is 0."""

    value: Callable[[float], float]
    slope: Callable[[float], float]
    L: float
    mu: float = 0.0
    attained: bool = True


def two_sided(left: float, right: float) -> Scalar:
    """A quadratic with another curvature on each side of its minimiser."""

    def curvature(x: float) -> float:
        return right if x > 0 else left

    return Scalar(
        lambda x: 0.5 * curvature(x) * x * x,
        lambda x: curvature(x) * x,
        max(left, right),
        min(left, right),
    )


def huber(L: float, width: float) -> Scalar:
    """L x^2 / 2 for |x| <= width, a straight line beyond."""
    return Scalar(
        lambda x: 0.5 * L * x * x if abs(x) <= width else L * width * (abs(x) - 0.5 * width),
        lambda x: L * max(-width, min(width, x)),
        L,
    )


def log_cosh(L: float, scale: float) -> Scalar:
    """L scale^2 log cosh(x / scale)."""

    def value(x: float) -> float:
        u = abs(x / scale)
        # log cosh u = log(1 + 2 sinh^2(u/2)), which does not cancel where u is small.
        small = math.log1p(2 * math.sinh(u / 2) ** 2) if u < 1 else 0.0
        return (
            L * scale * scale * (small if u < 1 else u + math.log1p(math.exp(-2 * u)) - math.log(2))
        )

    return Scalar(value, lambda x: L * scale * math.tanh(x / scale), L)


def separable(L: float) -> Scalar:
    """4L log(1 + e^-x): the infimum 0 is not attained."""

    def value(x: float) -> float:
        return 4 * L * (math.log1p(math.exp(-abs(x))) - min(x, 0.0))

    def slope(x: float) -> float:
        return -4 * L / (1 + math.exp(x)) if x < 700 else 0.0

    return Scalar(value, slope, L, attained=False)


@dataclass(frozen=True)
class Rule:
    """A solver, as a theorem sees it."""

    solver: str
    params: dict[str, float | str]
    lr0: float


def steps(rule: Rule) -> Callable[[float], tuple[float, float, float]]:
    """Return a function a_t -> (s_t, b_{t+1}, growth so far) that carries the state of b."""
    eta, c = float(rule.params.get("eta", 1.0)), float(rule.params.get("c", 1.0))
    state = {"b": eta / rule.lr0, "growth": 0.0, "t": 0.0}

    def step(a: float) -> tuple[float, float, float]:
        b, first = state["b"], state["t"] == 0
        state["t"] += 1
        if rule.solver == "sgd":
            return 1 / rule.lr0, b, 0.0
        if rule.solver == "sgd-sqrt":
            return math.sqrt(state["t"]) / rule.lr0, b, 0.0
        if rule.solver == "adagrad-norm":
            state["b"] = math.sqrt(b * b + a)
            return state["b"] / eta, state["b"], 0.0
        order = rule.params["order"]
        grown = 0.0 if order == "raw-first" and first else c * a / b
        state["b"] += grown
        state["growth"] += grown
        return (b if order == "lagged" else state["b"]), state["b"], state["growth"]

    return step


def run(
    functions: Sequence[Scalar],
    drawn: Sequence[int],
    rule: Rule,
    x: float,
    objective: Scalar,
    radius: float | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Run one path: the gradient of `functions[drawn[t]]` is used at step t."""
    step, start, L = steps(rule), x, objective.L
    mu = objective.mu
    total = dict.fromkeys(("a", "lr_a", "lr", "regret", "x", "log", "factor"), 0.0)
    low_a, low_f, far = math.inf, math.inf, 0.0
    since: dict[float, tuple[float, float, float] | None] = {1.0: None, 1.5: None}
    rows: list[dict[str, float]] = []
    for t, i in enumerate(drawn):
        g = functions[i].slope(x)
        a = g * g
        s, b, growth = step(a)
        far, low_a = max(far, abs(x)), min(low_a, a)
        low_f = min(low_f, objective.value(x))
        total["a"] += a
        total["lr_a"] += a / s
        total["lr"] += 1 / s
        total["regret"] += g * x
        total["x"] += x
        total["log"] += math.log1p(-mu / s) if mu < s else (-math.inf if mu == s else math.nan)
        factor = max(1 - mu / s, L / s - 1)
        total["factor"] += math.log(factor) if factor > 0 else -math.inf
        for limit, entrance in since.items():
            N, D, lr = entrance or (float(t), abs(x), 0.0)
            since[limit] = (N, D, lr + 1 / s) if s * limit >= L * (1 - 2e-16) else None
        x = x - g / s
        if radius is not None:
            x = max(start - radius, min(start + radius, x))
        T = t + 1
        nothing = (math.nan, math.nan, 0.0)
        stable, short = since[1.0] or nothing, since[1.5] or nothing
        rows.append(
            {
                "iteration": T,
                "objective": objective.value(x),
                "suboptimality": objective.value(x),
                "suboptimality_average": objective.value(total["x"] / T),
                "suboptimality_best": low_f,
                "grad_norm_sq": objective.slope(x) ** 2,
                "min_grad_norm_sq": low_a,
                "lr": 1 / s,
                "sum_grad_norm_sq": total["a"],
                "sum_lr_grad_norm_sq": total["lr_a"],
                "sum_lr": total["lr"],
                "regret": total["regret"],
                "distance_max": far,
                "b": b,
                "growth": growth,
                "log_contraction": total["log"],
                "log_factor": total["factor"],
                "distance": abs(x),
                "stable_from": stable[0],
                "stable_distance": stable[1],
                "stable_sum_lr": stable[2],
                "short_from": short[0],
                "short_distance": short[1],
                "short_sum_lr": short[2],
            }
        )
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def constants(
    objective: Scalar,
    x: float,
    *,
    G: float | None = None,
    L_max: float | None = None,
    noise: float = 0.0,
) -> Constants:
    """Return the constants of `objective` with the start `x`."""
    return Constants(
        L=objective.L,
        L_method="exact",
        L_max=objective.L if L_max is None else L_max,
        mu=objective.mu,
        mu_pl=objective.mu,
        G=G,
        grad_norm_sq0=objective.slope(x) ** 2,
        f_star=0.0,
        f_star_error=0.0,
        f_star_method="exact",
        attained=objective.attained,
        delta0=objective.value(x),
        distance=abs(x) if objective.attained else None,
        distance_error=0.0,
        noise_star=noise if objective.attained else None,
    )


def batch_setting(objective: Scalar, rule: Rule, x: float, **known: float) -> Setting:
    """Return the setting of a run with full batches and no ball."""
    return Setting(
        constants=constants(objective, x, **known),
        lr0=rule.lr0,
        params=rule.params,
        batch=True,
        batch_size=1,
        sampling=None,
        radius=None,
    )


def stochastic_setting(
    known: Constants,
    rule: Rule,
    radius: float | None,
    sampling: Sampling = "replacement",
) -> Setting:
    """Return the setting of a run with minibatches of one sample."""
    return Setting(
        constants=known,
        lr0=rule.lr0,
        params=rule.params,
        batch=False,
        batch_size=1,
        sampling=sampling,
        radius=radius,
    )


def theorem(solver: str, key: str) -> Theorem:
    """Return the theorem called `key`."""
    return next(t for t in THEOREMS[solver] if t.key == key)


def holds(theorem: Theorem, setting: Setting) -> bool:
    """Return whether every hypothesis holds."""
    return all(h.holds for h in theorem.hypotheses(setting))
