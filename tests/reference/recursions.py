"""The published recursions in plain scalar Python: lists and floats, one lane, no library.

Every registered solver that takes no prox has its entry in `REFERENCES`. Those whose step is a
multiple of the gradient at the iterate are here, the others in `moving`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

from moving import (
    adagrad,
    adam,
    adamw,
    heavy_ball,
    nesterov,
    rmsprop,
    schedule_free,
    svrg,
    wn_adam,
)
from scalar import Point, Sampled
from steps import After, Recursion, Reference, distance, moved, square, weighted_mean

EPS = sys.float_info.epsilon


def sgd(
    w: Point, lr0: float, F: Sampled, schedule: str = "constant", power: float = 1.0
) -> Recursion:
    """w_{t+1} = w_t - eta_t g_t; Attia, Koren, arXiv:2503.09411, with h(t/T), t = 0, 1, ..."""
    h: dict[str, Callable[[float], float]] = {
        "constant": lambda u: 1.0,
        "linear": lambda u: 1.0 - u,
        "cosine": lambda u: 0.5 + 0.5 * math.cos(math.pi * u),
        "poly": lambda u: math.exp(power * math.log1p(-u)),
    }
    for t in count():
        lr = lr0 / math.sqrt(t + 1) if schedule == "sqrt" else lr0 * h[schedule](t / F.horizon)
        w = moved(w, lr, F.gradient(t, w))
        yield After(w, lr, {})


def wngrad(w: Point, lr0: float, F: Sampled, order: str, c: float) -> Recursion:
    """Wu, Ward, Bottou, arXiv:1803.02865, Algorithm 1 (c = 1), and two public variants of it."""
    b = 1.0 / lr0
    growth = 0.0
    for t in count():
        g = F.gradient(t, w)
        if order == "current":
            growth += c * square(g) / b
            b = b + c * square(g) / b
            lr = 1.0 / b
        elif order == "lagged":
            lr = 1.0 / b
            growth += c * square(g) / b
            b = b + c * square(g) / b
        elif t == 0:
            lr = 1.0 / b
        else:
            growth += c * square(g) / b
            b = b + c * square(g) / b
            lr = 1.0 / b
        w = moved(w, lr, g)
        yield After(w, lr, {"b": b, "growth": growth})


def adagrad_norm(w: Point, lr0: float, F: Sampled, eta: float) -> Recursion:
    """Ward, Wu, Bottou, arXiv:1806.01811, Algorithm 1, with b_0 = eta / lr0."""
    b_squared = (eta / lr0) ** 2
    for t in count():
        g = F.gradient(t, w)
        b_squared += square(g)
        b = math.sqrt(b_squared)
        w = moved(w, eta / b, g)
        yield After(w, eta / b, {"b": b})


def sgd_sqrt(w: Point, lr0: float, F: Sampled) -> Recursion:
    """Zinkevich, ICML 2003, Algorithm 1, with eta_t = lr0 / sqrt(t), t = 1, 2, ..."""
    for t in count():
        lr = lr0 / math.sqrt(t + 1)
        w = moved(w, lr, F.gradient(t, w))
        yield After(w, lr, {})


def polyak(w: Point, lr0: float, F: Sampled, c: float, cap: float) -> Recursion:
    """Loizou, Vaswani, Laradji, Lacoste-Julien (2021), (3), with inf F for the samples' infimum."""
    del lr0
    most = cap or math.inf
    for t in count():
        g, above = F.gradient(t, w), F.value(t, w) - F.f_star
        lr = min(max(above, 0.0) / (c * square(g)), most) if square(g) else 0.0
        w = moved(w, lr, g)
        yield After(w, lr, {})


def adgd(w: Point, lr0: float, F: Sampled) -> Recursion:
    """Malitsky, Mishchenko, arXiv:1910.09529, Algorithms 1 and 3, biased, with alpha = 1/2."""
    lr, theta, before = lr0, math.inf, w
    for t in count():
        g = F.gradient(t, w)
        step, turned = distance(w, before), distance(g, F.gradient(t, before))
        if step:  # a point that has not moved has no local smoothness
            local = step / (2.0 * turned) if turned else math.inf
            last, lr = lr, min(math.sqrt(1.0 + theta) * lr, local)
            theta = lr / last
        before, w = w, moved(w, lr, g)
        yield After(w, lr, {})


def armijo(w: Point, lr0: float, F: Sampled, c: float, rho: float, start: str) -> Recursion:
    """Armijo (1966), Corollary 2; Vaswani et al. (2019), Algorithm 1; F is known to rounding."""
    lr = lr0
    for t in count():
        g, value = F.gradient(t, w), F.value(t, w)
        lr = min(lr / rho, lr0) if start == "last" else lr0
        while True:
            trial = moved(w, lr, g)
            asked = value - c * lr * square(g)
            if trial == w or F.value(t, trial) <= asked + 16 * EPS * abs(value):
                break
            lr *= rho
        w = trial
        yield After(w, lr, {})


def dog(w: Point, lr0: float, F: Sampled, r_eps: float, c: float) -> Recursion:
    """Ivgi, Hinder, Carmon, arXiv:2302.12022, (DoG), times c, and (2)."""
    del lr0
    passed: list[tuple[float, Point]] = []
    start, gradients = w, 0.0
    r = r_eps * (1.0 + math.sqrt(square(start)))
    for t in count():
        r = max(r, distance(w, start))
        passed.append((r, w))
        g = F.gradient(t, w)
        gradients += square(g)
        lr = c * r / math.sqrt(gradients)
        w = moved(w, lr, g)
        state = {"r_bar": max(r, distance(w, start)), "weight": math.fsum(a for a, _ in passed)}
        yield After(w, lr, state, output=weighted_mean(passed))


def dowg(w: Point, lr0: float, F: Sampled, r_eps: float, c: float) -> Recursion:
    """Khaled, Mishchenko, Jin, arXiv:2305.16284, Algorithm 1, times c."""
    del lr0
    passed: list[tuple[float, Point]] = []
    weighted: list[float] = []
    start = w
    r = r_eps * (1.0 + math.sqrt(square(start)))
    for t in count():
        r = max(distance(w, start), r)
        passed.append((r**2, w))
        g = F.gradient(t, w)
        weighted.append(r * math.sqrt(square(g)))
        root = math.hypot(*weighted)  # the squares of a lane far out overflow
        lr = c * r**2 / root
        w = moved(w, lr, g)
        weight = math.fsum(a for a, _ in passed)
        state = {"r_bar": max(r, distance(w, start)), "weight": weight, "root": root}
        yield After(w, lr, state, output=weighted_mean(passed))


POLYAK = [{"c": c, "cap": m} for c, m in ((1.0, 0.05), (0.5, 0.3), (3.7, 20.0), (40.0, 0.0))]
DOG = [{"r_eps": r, "c": c} for r, c in ((1e-6, 1.0), (0.037, 0.1), (2.3, 0.02), (1e-3, 8.0))]
ADAM = [
    {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    {"beta1": 0.0, "beta2": 0.9, "eps": 0.1},
    {"beta1": 0.5, "beta2": 0.5, "eps": 1e-3},
]

SCHEDULES: list[dict[str, Any]] = [
    {},
    *({"schedule": name} for name in ("sqrt", "linear", "cosine", "poly")),
    {"schedule": "poly", "power": 0.37},
    {"schedule": "poly", "power": 2.6},
]

SEARCHES = [(0.5, 0.5, "lr0"), (0.5, 0.5, "last"), (0.1, 0.83, "last"), (0.9, 0.3, "lr0")]

REFERENCES: dict[str, Reference] = {
    "sgd": Reference(sgd, SCHEDULES),
    "wngrad": Reference(
        wngrad,
        [
            {"order": o, "c": c}
            for o in ("current", "lagged", "raw-first")
            for c in (1.0, 0.03, 7.0)
        ],
    ),
    "adagrad-norm": Reference(adagrad_norm, [{"eta": eta} for eta in (1.0, 0.3, 5.0)]),
    "sgd-sqrt": Reference(sgd_sqrt, [{}]),
    "wn-adam": Reference(wn_adam, [{"beta": beta} for beta in (0.9, 0.0, 0.5)]),
    "adagrad": Reference(adagrad, [{"eps": eps} for eps in (1e-10, 0.1)]),
    "adam": Reference(adam, ADAM),
    "polyak": Reference(polyak, POLYAK),
    "adgd": Reference(adgd, [{}]),
    "armijo": Reference(armijo, [{"c": c, "rho": rho, "start": s} for c, rho, s in SEARCHES]),
    "dog": Reference(dog, DOG),
    "dowg": Reference(dowg, DOG),
    "heavy-ball": Reference(heavy_ball, [{"beta": beta} for beta in (0.9, 0.0, 0.37)]),
    "nesterov": Reference(nesterov, [{}]),
    "schedule-free": Reference(schedule_free, [{"beta": beta} for beta in (0.9, 0.0, 0.37)]),
    "svrg": Reference(svrg, [{"length": length} for length in (2.0, 0.7, 5.3)]),
    "rmsprop": Reference(
        rmsprop, [{"rho": rho, "eps": eps} for rho, eps in ((0.9, 1e-8), (0.0, 0.1), (0.37, 1e-3))]
    ),
    "adamw": Reference(
        adamw, [a | {"weight_decay": d} for a, d in zip(ADAM, (0.01, 0.6, 0.0), strict=True)]
    ),
}
