"""What the report says of a problem, of the certificate of f*, and of the machine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from lrbench.reports.blocks import number, printable
from lrbench.reports.problem_lines import test_pieces
from lrbench.results import Header, Result

Fact = tuple[str, str, str]
"""A name, a value, and what it is in a few words."""


def problem_facts(header: Header) -> Iterator[Fact]:
    """Yield the data and the model."""
    yield "data", printable(header.data), ""
    yield "samples n", f"{header.n_samples}", ""
    d = "parameters d" if header.nnz is None else "features d"
    yield d, f"{header.n_features}", "the intercept included" * header.intercept
    if header.model not in ("", "linear"):
        yield "model", printable(header.model), ""
    if header.reparametrisation:
        yield "reparametrisation", printable(header.reparametrisation), ""
    if header.nnz is not None:
        share = 100 * header.nnz / (header.n_samples * header.n_features)
        yield "non-zeros", f"{header.nnz}", f"{share:.3g} % of X"
    yield "scaling", printable(header.scale), ""
    for sign, label in (header.labels or {}).items():
        yield f"label {sign}", printable(label), ""
    if header.test is not None:
        yield "held out", printable(", ".join(test_pieces(header.test)).removeprefix("test: ")), ""
    if header.loss:
        yield "loss", printable(header.loss), ""
    penalty = header.penalty
    weight = f"weight {number(penalty.weight)}" if penalty.weight else ""
    yield "penalty", printable(penalty.name), weight
    for name, value in penalty.parameters.items():
        bounded = value is not None and math.isfinite(value)
        yield f"penalty {printable(name)}", number(value) if bounded else "none", ""
    yield "start w₀", printable(header.start), ""
    if header.radius is not None:
        yield "ball", f"{header.radius:g}", "radius around w₀, which iterates are projected on"
    yield "fingerprint", printable(header.fingerprint), "of the data and the specification"


def constants_facts(header: Header) -> Iterator[Fact]:
    """Yield the constants that theorems use; those that do not exist are left out."""
    c = header.constants
    if math.isfinite(c.L):
        yield "L", number(c.L, 4), f"Lipschitz constant of the gradient, by {c.L_method}"
        if c.L > 0:
            yield "1/L", number(1 / c.L, 4), "the step that smooth theory recommends"
            yield "2/L", number(2 / c.L, 4), "above it a constant step need not descend"
    else:
        yield "L", "∞", "no bound on the curvature is known"
    if math.isfinite(c.L_max):
        yield "L_max", number(c.L_max, 4), "the largest constant of a single term"
    if c.mu > 0:
        yield "μ", number(c.mu, 4), "strong convexity"
    if c.kappa is not None:
        yield "κ = L/μ", number(c.kappa, 4), "condition number"
    if c.mu_pl > c.mu:
        yield "μ_PL", number(c.mu_pl, 4), "Polyak–Łojasiewicz constant"
    if c.G is not None:
        yield "G", number(c.G, 4), "bound on the norm of every stochastic gradient"
    if math.isfinite(c.delta0):
        yield "F(w₀) − f*", number(c.delta0, 4), "the gap at the start"
    if math.isfinite(c.grad_norm_sq0):
        yield "|∇F(w₀)|²", number(c.grad_norm_sq0, 4), ""
    if c.distance is not None:
        yield "|w₀ − w*|", number(c.distance, 4), "the distance from the start to the minimiser"
    if c.noise_star is not None:
        yield "noise at w*", number(c.noise_star, 4), "mean squared norm of single gradients"


def certificate_facts(header: Header) -> Iterator[Fact]:
    """Yield how certain f* is, and how it was found."""
    c = header.constants
    if math.isnan(c.f_star):
        yield "f*", "not known", printable(c.f_star_obstacle)
        return
    if c.f_star_obstacle:
        yield "f* at most", f"{c.f_star!r}", ""
        yield "not certified", printable(c.f_star_obstacle), "nothing is proved of F − f*"
        return
    yield "f*", f"{c.f_star!r}", "with every digit"
    yield "error", number(c.f_star_error, 2), "f* − error ≤ inf F ≤ f*"
    how = "certified by proof" if c.f_star_certified else "given by the user, and not certified"
    yield "method", printable(c.f_star_method), how
    yield "floor", number(c.floor, 2), "below this F − f* is rounding or the error of f*"
    if c.distance_error is not None:
        yield "error of w*", number(c.distance_error, 2), "the distance to the exact minimiser"
    if not c.attained:
        yield "minimiser", "none known", printable(c.no_minimiser)


NAMES = {"lrbench": "lrbench", "numpy": "NumPy", "scipy": "SciPy", "python": "Python"}


def environment_facts(result: Result) -> Iterator[Fact]:
    """Yield what the numbers depend on beside the command."""
    environment: Mapping[str, Any] = result.environment
    for key, value in environment.items():
        yield NAMES.get(str(key), printable(str(key))), printable(str(value)), ""
