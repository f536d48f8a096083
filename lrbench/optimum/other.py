"""The minimum of a problem that is not linear: what the problem itself knows of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Protocol, runtime_checkable

from lrbench.objective.constants import NOT_KNOWN
from lrbench.objective.problem import Problem, Reparametrised
from lrbench.optimum.base import Curvature, Optimum, not_attained

NO_CURVATURE = Curvature(L=math.inf, L_method="not known", L_max=math.inf, mu=0.0, mu_pl=0.0)


@runtime_checkable
class Referenced(Protocol):
    """A problem that knows something of its minimum or of its curvature."""

    def reference(self) -> Optimum | None:
        """Return the minimum with a bound on its error; f_star is NaN where it is not known."""
        ...


MANY_MINIMISERS = "v has minimisers of every length"
"""The reason why no minimiser is measured from in the variables of a normalisation."""


def of_infimum(optimum: Optimum) -> Optimum:
    """Return an optimum of which only the infimum is that of another problem, in other variables.

    Nothing is known of the curvature in those.
    """
    no_minimiser = MANY_MINIMISERS if optimum.attained else optimum.no_minimiser
    return replace(
        optimum,
        attained=False,
        w_star=None,
        distance_error=None,
        no_minimiser=no_minimiser,
        curvature=NO_CURVATURE,
        dual=None,
    )


def own_optimum(problem: Problem) -> Optimum:
    """Return the optimum that the problem knows; without one, why f_star is not known."""
    optimum = problem.reference() if isinstance(problem, Referenced) else None
    if optimum is not None and not math.isnan(optimum.f_star):
        return optimum
    curvature = NO_CURVATURE if optimum is None else optimum.curvature
    convex = problem.facts().convex
    obstacle = "the problem has no reference optimum" if convex else "F is not convex"
    if isinstance(problem, Reparametrised):
        obstacle = "gamma is fixed"
    return replace(not_attained(curvature, math.nan, math.inf, "", NOT_KNOWN), obstacle=obstacle)
