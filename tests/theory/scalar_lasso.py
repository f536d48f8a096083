"""Composite problems in one dimension and in a few, in plain Python: the independent side.

Every problem is F = f + R with f smooth and R with a prox, both given as plain functions, and a
minimiser that is known by construction.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lrbench.objective.constants import Constants
from lrbench.theory.base import Setting

Vector = list[float]


@dataclass(frozen=True)
class Composite:
    """F = f + R with its minimiser."""

    smooth: Callable[[Vector], float]
    gradient: Callable[[Vector], Vector]
    rough: Callable[[Vector], float]
    prox: Callable[[Vector, float], Vector]
    L: float
    mu: float
    star: Vector

    def value(self, x: Vector) -> float:
        return self.smooth(x) + self.rough(x)


def dot(x: Sequence[float], y: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(x, y, strict=True))


def soft(z: float, level: float) -> float:
    return math.copysign(max(abs(z) - level, 0.0), z)


def elastic_net(
    rng: random.Random, d: int, l1: float, l2: float, least: float, size: float
) -> Composite:
    """f = (1/2)|A x|^2 - <c, x>, with c such that a given x* is stationary.

    A is (I - 2 v v') diag(s): its singular values are s.
    """
    s = [10 ** rng.uniform(math.log10(least), 0) for _ in range(d)]
    v = [rng.gauss(0, 1) for _ in range(d)]
    v = [x / math.sqrt(dot(v, v)) for x in v]
    star = [rng.choice([0.0, size * rng.gauss(0, 1)]) for _ in range(d)]
    # H = D^2 in a rotated basis: H x = Q D^2 Q x with Q = I - 2 v v', Q = Q'.

    def reflect(x: Vector) -> Vector:
        c = 2 * dot(v, x)
        return [a - c * b for a, b in zip(x, v, strict=True)]

    def bend(x: Vector) -> Vector:
        return reflect([w * w * a for w, a in zip(s, reflect(x), strict=True)])

    sub = [math.copysign(l1, a) if a else l1 * rng.uniform(-1, 1) for a in star]
    linear = [h + q + l2 * a for h, q, a in zip(bend(star), sub, star, strict=True)]
    return Composite(
        smooth=lambda x: 0.5 * dot(x, bend(x)) - dot(linear, x),
        gradient=lambda x: [h - c for h, c in zip(bend(x), linear, strict=True)],
        rough=lambda x: l1 * math.fsum(map(abs, x)) + 0.5 * l2 * dot(x, x),
        prox=lambda x, lr: [soft(a, lr * l1) / (1 + lr * l2) for a in x],
        L=max(s) ** 2,
        mu=min(s) ** 2 + l2,
        star=star,
    )


def huber_with_l1(width: float, weight: float) -> Composite:
    """The Huber function of this width plus weight |x|, least at 0, with L = 1."""

    def smooth(x: Vector) -> float:
        u = abs(x[0])
        return 0.5 * u * u if u <= width else width * (u - 0.5 * width)

    return Composite(
        smooth=smooth,
        gradient=lambda x: [max(-width, min(width, x[0]))],
        rough=lambda x: weight * abs(x[0]),
        prox=lambda x, lr: [soft(x[0], lr * weight)],
        L=1.0,
        mu=0.0,
        star=[0.0],
    )


def in_box(curvature: float, slope: float, upper: float) -> Composite:
    """curvature/2 x^2 - slope x over [-1, upper]; the minimiser is often at the edge."""

    def smooth(x: Vector) -> float:
        return 0.5 * curvature * x[0] ** 2 - slope * x[0]

    def rough(x: Vector) -> float:
        return 0.0 if -1 <= x[0] <= upper else math.inf

    return Composite(
        smooth=smooth,
        gradient=lambda x: [curvature * x[0] - slope],
        rough=rough,
        prox=lambda x, lr: [max(-1.0, min(upper, x[0]))],
        L=curvature,
        mu=curvature,
        star=[max(-1.0, min(upper, slope / curvature))],
    )


def ista(problem: Composite, x: Vector, lr: float, T: int) -> list[float]:
    """Return F(x_t) - F* for t = 1 .. T."""
    out, least = [], problem.value(problem.star)
    for _ in range(T):
        g = problem.gradient(x)
        x = problem.prox([a - lr * b for a, b in zip(x, g, strict=True)], lr)
        out.append(problem.value(x) - least)
    return out


def fista(problem: Composite, x: Vector, lr: float, T: int) -> list[float]:
    """Return F(x_t) - F* for t = 1 .. T, x_t the prox point; no restarts."""
    out, least = [], problem.value(problem.star)
    y, t = x, 1.0
    for _ in range(T):
        g = problem.gradient(y)
        new = problem.prox([a - lr * b for a, b in zip(y, g, strict=True)], lr)
        after = (1 + math.sqrt(1 + 4 * t * t)) / 2
        y = [a + (t - 1) / after * (a - b) for a, b in zip(new, x, strict=True)]
        x, t = new, after
        out.append(problem.value(x) - least)
    return out


def composite_setting(problem: Composite, x: Vector, lr: float) -> Setting:
    """Return what a theorem may know; the solver's parameters are the defaults."""
    away = [a - b for a, b in zip(x, problem.star, strict=True)]
    f_star = problem.value(problem.star)
    known = Constants(
        L=problem.L * (1 + 1e-12),
        L_method="exact",
        L_max=problem.L,
        mu=problem.mu,
        mu_pl=problem.mu,
        G=None,
        grad_norm_sq0=1.0,
        f_star=f_star,
        f_star_error=0.0,
        f_star_method="exact",
        attained=True,
        delta0=problem.value(x) - f_star,
        distance=math.sqrt(dot(away, away)),
        distance_error=0.0,
    )
    why = "the l1 penalty is not smooth"
    return Setting(known, lr, {}, True, 1, None, None, smooth=False, not_smooth=why)
