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


Recursion = Iterator[After]


class Reference(NamedTuple):
    """A recursion and the parameters with which it is compared."""

    recursion: Callable[..., Recursion]
    params: Sequence[Mapping[str, Any]]


def square(g: Point) -> float:
    return math.fsum(x * x for x in g)


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


REFERENCES: dict[str, Reference] = {
    "sgd": Reference(sgd, [{}]),
    "wngrad": Reference(wngrad, [{"order": o} for o in ("current", "lagged", "raw-first")]),
    "adagrad-norm": Reference(adagrad_norm, [{"eta": eta} for eta in (1.0, 0.3, 5.0)]),
}
