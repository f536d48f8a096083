"""Norms and rates by part of the parameters: of all together, by layer, or by unit of a layer."""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

from lrbench.arrays import Lanes, PerLane
from lrbench.objective.oracle import Gradient, Iterate, Oracle, ParameterParts, PartsOracle
from lrbench.solvers.base import Need, rate_of

Scope: TypeAlias = Literal["all", "layer", "row"]
"""Over which parameters a norm is taken, each of which has a rate of its own: all of them, those of
a layer, or those of a row, a unit of a layer with the weights that lead to it."""


def needs_of(scope: Scope) -> tuple[Need, ...]:
    """Return what a solver with this scope needs of a problem."""
    return () if scope == "all" else ("parts",)


def part_norms(gradient: Gradient, oracle: Oracle, scope: Scope) -> PerLane | Lanes:
    """Return |g|^2: (n_lanes,) for the scope ``"all"``, else (n_parts, n_lanes)."""
    if scope == "all":
        return gradient.norm_sq()
    return _parts(oracle, scope).norm_sq(gradient.dense())


def part_descend(
    W: Iterate, rates: PerLane | Lanes, gradient: Gradient, oracle: Oracle, scope: Scope
) -> tuple[Iterate, PerLane]:
    """Return W - lr g with a rate for each part, and the rate of the whole step, |lr g| / |g|.

    `W` and `gradient` are used up.
    """
    if scope == "all":
        return oracle.descend(W, rates, gradient), rates
    gradient.norm_sq()  # which the gradient keeps, before it is used up
    return part_move(W, rates, gradient.dense(), gradient, oracle, scope)


def part_move(
    W: Iterate,
    rates: PerLane | Lanes,
    D: Lanes,
    gradient: Gradient,
    oracle: Oracle,
    scope: Scope,
) -> tuple[Iterate, PerLane]:
    """Return W - lr D with a rate for each part, and |lr D| / |g|; `W` and `D` are used up."""
    D = _parts(oracle, scope).scale(D, rates)
    return oracle.move(W, D), rate_of(D, gradient)


def _parts(oracle: Oracle, scope: Scope) -> ParameterParts:
    return cast("PartsOracle", oracle).parts(scope)
