"""The optimum where the loss or the penalty has kinks, or where there is a constraint."""

from __future__ import annotations

import numpy as np

from lrbench.errors import OptimumError
from lrbench.losses.poisson import Poisson
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.base import NOT_ATTAINED, Optimum
from lrbench.optimum.curvature import curvature
from lrbench.optimum.interior import interior_point
from lrbench.optimum.pieces import kinked, pieces
from lrbench.optimum.row_space import DIRECT
from lrbench.optimum.separation import separates
from lrbench.penalties.box import Box

METHOD = "interior point, duality gap"


def refuse_unknown(objective: LinearObjective) -> None:
    """Raise OptimumError where no reference solver knows the loss."""
    known = np.isfinite(objective.loss.smoothness) or isinstance(objective.loss, Poisson)
    if not known and pieces(objective) is None:
        raise OptimumError(
            f"no reference solver handles the loss {objective.loss.name!r}.",
            "give the minimum with --f-star.",
        )


def by_newton(objective: LinearObjective) -> bool:
    """Return whether F is smooth enough for Newton's method.

    Parabolas that end in lines can leave it without curvature: they are for the interior point
    method, unless an l2 penalty bends them and there are too many features for anything else.
    """
    penalty = objective.penalty
    if kinked(objective) or penalty.indicator or not np.isfinite(penalty.smoothness):
        return False
    wide = objective.n_features > DIRECT and penalty.curvature > 0
    return pieces(objective) is None or wide


def minimise_composite(objective: LinearObjective, *, endless: bool) -> Optimum:
    """Return the optimum by the interior point method.

    Parameters
    ----------
    endless
        Whether the loss keeps falling however large the margin.
    """
    if objective.n_features > DIRECT:
        loss, penalty = objective.loss.name, objective.penalty.name
        raise OptimumError(
            f"no reference solver handles the loss {loss!r} with the penalty {penalty!r} and "
            f"{objective.n_features} features; the most is {DIRECT}.",
            "give the minimum with --f-star.",
        )
    # A step from too far overflows and is not taken; at the end 0 / 0 says that it is the end.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        found = interior_point(objective)
    if not np.all(np.isfinite(found.w)) or not np.isfinite(found.error):
        raise OptimumError(
            "the reference solver found no finite minimiser.",
            "scale the data (--scale maxabs) or add a penalty.",
        )
    bends = curvature(objective)
    away = endless and _open(objective) and separates(objective, objective.data.X @ found.w)
    return Optimum(
        f_star=float(objective.value(found.w[:, None])[0]),
        f_star_error=found.error,
        method=METHOD,
        attained=not away,
        w_star=None if away else found.w,
        no_minimiser=NOT_ATTAINED if away else "",
        distance_error=float(np.sqrt(2 * found.error / bends.mu)) if bends.mu > 0 else None,
        curvature=bends,
    )


def _open(objective: LinearObjective) -> bool:
    """Return whether the penalty is a box with a side at infinity: it holds nothing back there."""
    penalty = objective.penalty
    return isinstance(penalty, Box) and not np.isfinite(penalty.upper - penalty.lower)
