"""The published recursions in plain scalar Python: lists and floats, one lane, no library.

Every registered solver has its entry in `REFERENCES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

Point = list[float]
GradientAt = Callable[[int, Point], Point]
"""(step, iterate) -> the gradient on that step's samples."""


class After(NamedTuple):
    """What a step leaves behind."""

    w: Point
    lr: float
    state: Mapping[str, float]
    gain: float = 0.0
    """How much the step magnifies an error of the gradient, where that is more than lr."""


Recursion = Iterator[After]


class Reference(NamedTuple):
    """A recursion and the parameters with which it is compared."""

    recursion: Callable[..., Recursion]
    params: Sequence[Mapping[str, Any]]


def square(g: Point) -> float:
    return math.fsum(x * x for x in g)


def rate(step: Point, g: Point) -> float:
    """Return |step| / |g|, and 0 where g = 0."""
    size = math.sqrt(square(g))
    return math.sqrt(square(step)) / size if size else 0.0


def moved(w: Point, lr: float, g: Point) -> Point:
    return [x - lr * d for x, d in zip(w, g, strict=True)]


def sgd(w: Point, lr0: float, gradient: GradientAt) -> Recursion:
    """w_{t+1} = w_t - lr0 g_t."""
    for t in count():
        w = moved(w, lr0, gradient(t, w))
        yield After(w, lr0, {})


def wngrad(w: Point, lr0: float, gradient: GradientAt, order: str) -> Recursion:
    """Wu, Ward, Bottou, arXiv:1803.02865, Algorithm 1, and two public variants of it."""
    b = 1.0 / lr0
    growth = 0.0
    for t in count():
        g = gradient(t, w)
        if order == "current":
            growth += square(g) / b
            b = b + square(g) / b
            lr = 1.0 / b
        elif order == "lagged":
            lr = 1.0 / b
            growth += square(g) / b
            b = b + square(g) / b
        elif t == 0:
            lr = 1.0 / b
        else:
            growth += square(g) / b
            b = b + square(g) / b
            lr = 1.0 / b
        w = moved(w, lr, g)
        yield After(w, lr, {"b": b, "growth": growth})


def adagrad_norm(w: Point, lr0: float, gradient: GradientAt, eta: float) -> Recursion:
    """Ward, Wu, Bottou, arXiv:1806.01811, Algorithm 1, with b_0 = eta / lr0."""
    b_squared = (eta / lr0) ** 2
    for t in count():
        g = gradient(t, w)
        b_squared += square(g)
        b = math.sqrt(b_squared)
        w = moved(w, eta / b, g)
        yield After(w, eta / b, {"b": b})


def sgd_sqrt(w: Point, lr0: float, gradient: GradientAt) -> Recursion:
    """Zinkevich, ICML 2003, Algorithm 1, with eta_t = lr0 / sqrt(t), t = 1, 2, ..."""
    for t in count():
        lr = lr0 / math.sqrt(t + 1)
        w = moved(w, lr, gradient(t, w))
        yield After(w, lr, {})


def wn_adam(w: Point, lr0: float, gradient: GradientAt, beta: float) -> Recursion:
    """Wu, Ward, Bottou, arXiv:1803.02865, WN-Adam, with b_0 = 1 / lr0; corrected as Adam."""
    b = 1.0 / lr0
    m = [0.0 for _ in w]
    for t in count():
        g = gradient(t, w)
        m = [beta * p + (1.0 - beta) * d for p, d in zip(m, g, strict=True)]
        b = b + square(g) / b
        w = moved(w, 1.0 / b, [p / (1.0 - beta ** (t + 1)) for p in m])
        yield After(w, 1.0 / b, {"b": b})


def adagrad(w: Point, lr0: float, gradient: GradientAt, eps: float) -> Recursion:
    """Duchi, Hazan, Singer, JMLR 12, 2011, Figure 1, the diagonal case without a regulariser."""
    seen: list[Point] = []
    for t in count():
        g = gradient(t, w)
        seen.append(g)
        roots = [math.sqrt(math.fsum(h[j] ** 2 for h in seen)) for j in range(len(w))]
        rates = [lr0 / (eps + r) for r in roots]
        step = [lr * d for lr, d in zip(rates, g, strict=True)]
        w = moved(w, 1.0, step)
        yield After(w, rate(step, g), {}, max(rates))


def adam(
    w: Point, lr0: float, gradient: GradientAt, beta1: float, beta2: float, eps: float
) -> Recursion:
    """Kingma, Ba, arXiv:1412.6980, Algorithm 1, whose t is one at the first step."""
    m = [0.0 for _ in w]
    v = [0.0 for _ in w]
    for t in count(1):
        g = gradient(t - 1, w)
        for j, d in enumerate(g):
            m[j] = beta1 * m[j] + (1 - beta1) * d
            v[j] = beta2 * v[j] + (1 - beta2) * d**2
        m_hat = [x / (1 - beta1**t) for x in m]
        v_hat = [x / (1 - beta2**t) for x in v]
        step = [lr0 * a / (math.sqrt(c) + eps) for a, c in zip(m_hat, v_hat, strict=True)]
        w = moved(w, 1.0, step)
        roots = [math.sqrt(c) + eps for c in v_hat]
        signals = [max(1.0, abs(a) / r) for a, r in zip(m_hat, roots, strict=True)]
        gain = max(lr0 / r * s for r, s in zip(roots, signals, strict=True))
        yield After(w, rate(step, g), {}, gain)


REFERENCES: dict[str, Reference] = {
    "sgd": Reference(sgd, [{}]),
    "wngrad": Reference(wngrad, [{"order": o} for o in ("current", "lagged", "raw-first")]),
    "adagrad-norm": Reference(adagrad_norm, [{"eta": eta} for eta in (1.0, 0.3, 5.0)]),
    "sgd-sqrt": Reference(sgd_sqrt, [{}]),
    "wn-adam": Reference(wn_adam, [{"beta": beta} for beta in (0.9, 0.0, 0.5)]),
    "adagrad": Reference(adagrad, [{"eps": eps} for eps in (1e-10, 0.1)]),
    "adam": Reference(
        adam,
        [
            {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
            {"beta1": 0.0, "beta2": 0.9, "eps": 0.1},
            {"beta1": 0.5, "beta2": 0.5, "eps": 1e-3},
        ],
    ),
}
