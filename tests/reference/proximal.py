"""The proximal recursions in plain scalar Python: lists and floats, one lane, no library.

Every registered solver that takes a prox has its entry in `PROXIMAL`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from scalar import Point, Sampled
from steps import After, Recursion, Reference, moved, square

Prox = Callable[[Point, float], Point]
"""(point, learning rate) -> the prox of the penalty times the rate."""


def soft(v: float, threshold: float) -> float:
    """Return v pulled towards 0."""
    if v > threshold:
        return v - threshold
    return v + threshold if v < -threshold else 0.0


PENALTIES: dict[str, tuple[Mapping[str, float], Callable[[float, float], float]]] = {
    "none": ({}, lambda v, lr: v),
    "l2": ({"weight": 0.1}, lambda v, lr: v / (1.0 + 0.1 * lr)),
    "l1": ({"weight": 0.05}, lambda v, lr: soft(v, 0.05 * lr)),
    "elastic-net": (
        {"weight": 0.1, "l1_ratio": 0.25},
        lambda v, lr: soft(v, 0.025 * lr) / (1.0 + 0.075 * lr),
    ),
    "box": ({"lower": -0.25, "upper": 0.6}, lambda v, lr: min(max(v, -0.25), 0.6)),
}
"""Name -> parameters and the prox of one coordinate."""


def difference(w: Point, v: Point) -> Point:
    return [a - b for a, b in zip(w, v, strict=True)]


def ista(w: Point, lr0: float, F: Sampled, prox: Prox) -> Recursion:
    """Beck, Teboulle, SIAM J. Imaging Sci. 2, 2009, section 3."""
    for t in count():
        w = prox(moved(w, lr0, F.gradient(t, w)), lr0)
        yield After(w, lr0, {})


def fista(w: Point, lr0: float, F: Sampled, prox: Prox, restart: str) -> Recursion:
    """Beck, Teboulle, 2009, (4.1)-(4.3), y_1 = x_0, t_1 = 1; O'Donoghue, Candes, section 3.2."""
    x, y, momentum = w, w, 1.0
    for k in count():
        before, x = x, prox(moved(y, lr0, F.gradient(k, y)), lr0)
        step = difference(x, before)
        against = math.fsum(a * b for a, b in zip(difference(y, x), step, strict=True))
        if restart == "gradient" and against > 0.0:
            y, momentum = x, 1.0
        else:
            later = (1.0 + math.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
            y = [a + (momentum - 1.0) / later * d for a, d in zip(x, step, strict=True)]
            momentum = later
        yield After(x, lr0, {})


def prox_wngrad(w: Point, lr0: float, F: Sampled, prox: Prox, order: str) -> Recursion:
    """WNGrad's recursion of b with the gradient mapping."""
    b, growth = 1.0 / lr0, 0.0
    for t in count():
        g = F.gradient(t, w)
        after, rate = prox(moved(w, 1.0 / b, g), 1.0 / b), 1.0 / b
        mapping = [d * b for d in difference(w, after)]
        growth += square(mapping) / b
        b = b + square(mapping) / b
        if order == "current":
            after, rate = prox(moved(w, 1.0 / b, g), 1.0 / b), 1.0 / b
        w = after
        yield After(w, rate, {"b": b, "growth": growth})


def prox_adagrad_norm(
    w: Point, lr0: float, F: Sampled, prox: Prox, eta: float, order: str
) -> Recursion:
    """AdaGrad-Norm's recursion of b with the gradient mapping."""
    b_squared = (eta / lr0) ** 2
    for t in count():
        g = F.gradient(t, w)
        rate = eta / math.sqrt(b_squared)
        after = prox(moved(w, rate, g), rate)
        b_squared += square([d / rate for d in difference(w, after)])
        if order == "current":
            rate = eta / math.sqrt(b_squared)
            after = prox(moved(w, rate, g), rate)
        w = after
        yield After(w, rate, {"b": math.sqrt(b_squared)})


def saga(w: Point, lr0: float, F: Sampled, prox: Prox) -> Recursion:
    """Defazio, Bach, Lacoste-Julien, arXiv:1407.0202, steps 1 to 3, with phi_i^0 = x^0.

    On a minibatch step 1 is the mean over its samples; a sample that is drawn twice counts twice,
    and its entry of the table is the same derivative, put in once.
    """
    table = [F.sample_gradient(i, w) for i in range(F.n_samples)]
    for t in count():
        drawn = F.order[t]
        new = {i: F.sample_gradient(i, w) for i in drawn}
        g = []
        for j in range(len(w)):
            change = math.fsum(new[i][j] - table[i][j] for i in drawn) / len(drawn)
            g.append(change + math.fsum(row[j] for row in table) / len(table))
        for i, row in new.items():
            table[i] = row
        w = prox(moved(w, lr0, g), lr0)
        yield After(w, lr0, {})


ORDERS: list[dict[str, Any]] = [{"order": "lagged"}, {"order": "current"}]

PROXIMAL: dict[str, Reference] = {
    "ista": Reference(ista, [{}]),
    "fista": Reference(fista, [{"restart": "none"}, {"restart": "gradient"}]),
    "saga": Reference(saga, [{}]),
    "prox-wngrad": Reference(prox_wngrad, ORDERS),
    "prox-adagrad-norm": Reference(
        prox_adagrad_norm, [{"eta": eta, **order} for eta in (1.0, 0.3) for order in ORDERS]
    ),
}
