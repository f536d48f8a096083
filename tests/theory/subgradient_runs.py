"""Piecewise linear objectives with constraints, and runs on them, in plain Python.

F is the mean of terms max_i (<a_i, x> + b_i) plus an l1 penalty, over a box or a ball. It is built
around its minimiser x*: the subgradients there are made to cancel against those of the penalty and
the outward normal of the set.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scalar_lasso import Vector, dot
from scalar_runs import Rule, steps

from lrbench.objective.constants import Constants
from lrbench.theory.base import Setting

Piece = tuple[Vector, float]


@dataclass(frozen=True)
class Problem:
    """The mean of piecewise linear terms, an l1 penalty and a set."""

    terms: Sequence[Sequence[Piece]]
    l1: float
    star: Vector
    start: Vector
    box: tuple[float, float] | None = None
    disc: float | None = None
    """Radius of a ball around 0."""
    radius: float | None = None
    """Of a ball around the start."""

    def value(self, x: Vector) -> float:
        each = [max(dot(a, x) + b for a, b in pieces) for pieces in self.terms]
        return math.fsum(each) / len(each) + self.l1 * math.fsum(map(abs, x))

    def subgradient(self, drawn: Sequence[int], x: Vector) -> Vector:
        """Return a subgradient of the mean of the terms `drawn`, and of the penalty."""
        g = [math.copysign(self.l1, a) if a else 0.0 for a in x]
        for k in drawn:
            a, _ = max(self.terms[k], key=lambda piece: dot(piece[0], x) + piece[1])
            g = [u + v / len(drawn) for u, v in zip(g, a, strict=True)]
        return g

    def project(self, x: Vector) -> Vector:
        """Project on the set, then on the ball around the start."""
        if self.box is not None:
            x = [max(self.box[0], min(self.box[1], a)) for a in x]
        if self.disc is not None and (size := math.sqrt(dot(x, x))) > self.disc:
            x = [a * self.disc / size for a in x]
        if self.radius is not None:
            away = [a - b for a, b in zip(x, self.start, strict=True)]
            if (size := math.sqrt(dot(away, away))) > self.radius:
                x = [b + c * self.radius / size for b, c in zip(self.start, away, strict=True)]
        return x

    @property
    def diameter(self) -> float | None:
        if self.box is not None:
            return (self.box[1] - self.box[0]) * math.sqrt(len(self.star))
        return None if self.disc is None else 2 * self.disc


def draw(rng: random.Random, n_terms: int) -> Problem:
    """Return a random problem in one to three dimensions."""
    d, size = rng.randint(1, 3), 10 ** rng.uniform(-1, 1)
    kind = rng.choice(["free", "box", "disc"])
    box, disc, normal = None, None, [0.0] * d
    if kind == "box":
        box = (-size, size * rng.uniform(0.5, 2))
        star = [rng.choice([box[0], box[1], rng.uniform(*box), 0.0]) for _ in range(d)]
        push = [size * rng.uniform(0, 1) for _ in range(d)]
        normal = [(a == box[1]) * p - (a == box[0]) * p for a, p in zip(star, push, strict=True)]
    else:
        star = [rng.choice([0.0, size * rng.gauss(0, 1)]) for _ in range(d)]
    if kind == "disc":
        disc = max(math.sqrt(dot(star, star)), 1e-3) * rng.choice([1.0, 1.5])
        tight = math.isclose(dot(star, star), disc * disc)
        push_out = tight * rng.uniform(0, 1)
        normal = [push_out * a for a in star]
    l1 = rng.choice([0.0, 10 ** rng.uniform(-2, 1)])
    kinks = [math.copysign(l1, a) if a else l1 * rng.uniform(-1, 1) for a in star]
    wanted = [-u - v for u, v in zip(kinks, normal, strict=True)]
    terms = _terms(rng, n_terms, star, wanted)
    start = [a + size * rng.gauss(0, 2) for a in star]
    problem = Problem(terms, l1, star, start, box, disc)
    start = problem.project(start)
    far = math.dist(start, star)
    radius = far * rng.uniform(1.0, 2) if rng.random() < 0.6 else None
    return Problem(terms, l1, star, start, box, disc, radius)


def _terms(
    rng: random.Random, n_terms: int, star: Vector, wanted: Vector
) -> list[list[tuple[Vector, float]]]:
    """Return terms whose mean has the subgradient `wanted` at `star`."""
    d = len(star)
    shifts = [[rng.gauss(0, 1) for _ in range(d)] for _ in range(n_terms - 1)]
    last = [-math.fsum(column) for column in zip(*shifts, strict=True)] or [0.0] * d
    terms = []
    for shift in [*shifts, last]:
        middle = [w + s for w, s in zip(wanted, shift, strict=True)]
        spread = [10 ** rng.uniform(-1, 1) * rng.gauss(0, 1) for _ in range(d)]
        slopes = [
            [m + s for m, s in zip(middle, spread, strict=True)],
            [m - s for m, s in zip(middle, spread, strict=True)],
        ]
        slopes += [[rng.gauss(0, 2) for _ in range(d)] for _ in range(rng.randint(0, 2))]
        # The first two are active at x*; any other lies below by some amount.
        drops = [0.0, 0.0] + [10 ** rng.uniform(-2, 1) for _ in slopes[2:]]
        terms.append([(a, -dot(a, star) - c) for a, c in zip(slopes, drops, strict=True)])
    return terms


def run(
    problem: Problem, drawn: Sequence[Sequence[int]], rule: Rule
) -> dict[str, NDArray[np.float64]]:
    """Run one path and return the columns of the trace that need no smoothness."""
    step, x, least = steps(rule), problem.start, problem.value(problem.star)
    sums = dict.fromkeys(("a", "lr_a", "regret"), 0.0)
    total, far, low = [0.0] * len(x), 0.0, math.inf
    rows: list[dict[str, float]] = []
    for t, indices in enumerate(drawn):
        g = problem.subgradient(indices, x)
        a = dot(g, g)
        s, b, growth = step(a)
        away = [u - v for u, v in zip(x, problem.star, strict=True)]
        far, low = max(far, math.sqrt(dot(away, away))), min(low, a)
        sums["a"] += a
        sums["lr_a"] += a / s
        sums["regret"] += dot(g, away)
        total = [u + v for u, v in zip(total, x, strict=True)]
        x = problem.project([u - v / s for u, v in zip(x, g, strict=True)])
        rows.append(
            {
                "iteration": t + 1.0,
                "suboptimality": problem.value(x) - least,
                "suboptimality_average": problem.value([u / (t + 1) for u in total]) - least,
                "min_grad_norm_sq": low,
                "lr": 1 / s,
                "sum_grad_norm_sq": sums["a"],
                "sum_lr_grad_norm_sq": sums["lr_a"],
                "regret": sums["regret"],
                "distance_max": far,
                "b": b,
                "growth": growth,
            }
        )
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def setting_of(problem: Problem, rule: Rule, batch: bool) -> Setting:
    """Return what a theorem may know."""
    steepest = max(math.sqrt(dot(a, a)) for pieces in problem.terms for a, _ in pieces)
    f_star = problem.value(problem.star)
    g = problem.subgradient(range(len(problem.terms)), problem.start)
    known = Constants(
        L=math.inf,
        L_method="not smooth",
        L_max=math.inf,
        mu=0.0,
        mu_pl=0.0,
        G=steepest + problem.l1 * math.sqrt(len(problem.star)),
        grad_norm_sq0=dot(g, g),
        f_star=f_star,
        f_star_error=0.0,
        f_star_method="exact",
        attained=True,
        delta0=problem.value(problem.start) - f_star,
        distance=math.dist(problem.start, problem.star),
        distance_error=0.0,
    )
    return Setting(
        constants=known,
        lr0=rule.lr0,
        params=rule.params,
        batch=batch,
        batch_size=len(problem.terms) if batch else 1,
        sampling=None if batch else "replacement",
        radius=problem.radius,
        smooth=False,
        not_smooth="the loss is not smooth",
        diameter=problem.diameter,
    )
