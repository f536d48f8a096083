"""What a recursion in plain scalar Python yields: lists and floats, one lane, no library."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from scalar import Point


class After(NamedTuple):
    """What a step leaves behind."""

    w: Point
    lr: float
    state: Mapping[str, float]
    output: Point | None = None
    """The method's own answer, where that is not the iterate."""


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


def distance(w: Point, v: Point) -> float:
    return math.sqrt(square(moved(w, 1.0, v)))


def weighted_mean(points: Sequence[tuple[float, Point]]) -> Point:
    """Return the mean of some points by their weights, and the first point where all are 0."""
    total = math.fsum(a for a, _ in points)
    if not total:
        return points[0][1]
    return [math.fsum(a * w[j] for a, w in points) / total for j in range(len(points[0][1]))]
