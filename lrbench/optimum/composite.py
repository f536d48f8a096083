"""The optimum of objectives with kinks or constraints: the choice of the reference solver."""

from __future__ import annotations

import numpy as np

from lrbench.errors import OptimumError
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.base import NOT_ATTAINED, Optimum
from lrbench.optimum.box_dual import has_box_dual, minimise_box_dual
from lrbench.optimum.charge import presumption
from lrbench.optimum.curvature import find_curvature
from lrbench.optimum.fenchel import Gap
from lrbench.optimum.gram import WeightedGram
from lrbench.optimum.half_open import half_open
from lrbench.optimum.interior import interior_point
from lrbench.optimum.point import Point
from lrbench.optimum.row_space import DIRECT
from lrbench.optimum.separation import separates
from lrbench.optimum.smoothness import smooth
from lrbench.optimum.working_set import minimise_sparse

METHOD = "interior point, duality gap"

SPARSE_METHOD = "working set, duality gap"

DUAL_METHOD = "active set, duality gap"

SHARP = 1e-12
"""An error, relative to F and F at the start, with which no other method is tried."""


def refuse_unknown(objective: LinearObjective) -> None:
    """Raise OptimumError if no reference solver can handle the loss or the set of the penalty."""
    loss, penalty = objective.loss, objective.penalty
    box = objective.n_penalised == 0 or np.isfinite(penalty.bounds(objective.n_penalised)).any()
    if not loss.differentiable and loss.pieces(objective.y) is None:
        unknown = f"loss {loss.name!r}"
    elif penalty.indicator and not box and not np.isfinite(penalty.radius):
        unknown = f"penalty {penalty.name!r}"
    else:
        return
    raise OptimumError(
        f"no reference solver handles the {unknown}.", "give the minimum with --f-star."
    )


def by_newton(objective: LinearObjective) -> bool:
    """Return whether F is smooth enough for Newton's method.

    Losses of parabolas and lines (huber, squared hinge) may have no curvature at a point.
    """
    return smooth(objective) and objective.loss.pieces(objective.y) is None


def minimise_composite(objective: LinearObjective, *, endless: bool) -> Optimum:
    """Return the optimum of an objective with kinks or constraints.

    Parameters
    ----------
    endless
        Whether the loss keeps falling, however large the margin is.

    Notes
    -----
    Beside l1 a working set of columns is enough, and on a kink of the loss a few samples. Up to
    `DIRECT` features the interior point method handles everything, and comes after a method that
    did not converge.
    """
    # A step that overflows is rejected, and products of 0 give 0 / 0 in the last step: both make
    # the direction NaN, which ends the iteration.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        gram = WeightedGram(objective.data)
        best, method = _minimum(objective, gram)
    if not np.all(np.isfinite(best.w)) or not np.isfinite(best.error):
        raise OptimumError(
            "the reference solver found no finite minimiser.",
            "scale the data (--scale maxabs) or add a penalty.",
        )
    curvature = find_curvature(objective, gram=gram)
    # Computed as in the runs, which sum the losses in another way.
    f_star = float(objective.value(best.w[:, None])[0])
    error = best.error + abs(f_star - best.value)
    # A box with an infinite bound does not stop w on its way along a separating direction.
    receding = endless and half_open(objective) and separates(Point(objective, best.w))
    return Optimum(
        f_star=f_star,
        f_star_error=error,
        method=f"{method}, {presumption(best.presumed)}" if best.presumed else method,
        attained=not receding,
        w_star=None if receding else best.w,
        no_minimiser=NOT_ATTAINED if receding else "",
        # mu |w - w*|^2 / 2 <= F(w) - inf F
        distance_error=float(np.sqrt(2 * error / curvature.mu)) if curvature.mu > 0 else None,
        curvature=curvature,
        dual=best.u,
        obstacle=best.obstacle,
    )


def _minimum(objective: LinearObjective, gram: WeightedGram) -> tuple[Gap, str]:
    """Return the sharpest gap, and the method that found it.

    Raises
    ------
    OptimumError
        There are too many features for the interior point method, and no other is known.
    """
    wide = objective.n_features > DIRECT
    gaps: list[tuple[Gap, str]] = []
    if objective.penalty.l1 and (wide or objective.loss.pieces(objective.y) is None):
        gap = minimise_sparse(objective, gram)
        if gap is not None:
            gaps.append((gap, SPARSE_METHOD))
    elif wide and has_box_dual(objective):
        gaps.append((minimise_box_dual(objective), DUAL_METHOD))
    if not wide and not (gaps and _sharp(objective, gaps[0][0])):
        gaps.append((interior_point(objective, gram), METHOD))
    if not gaps:
        raise OptimumError(
            f"no reference solver handles the loss {objective.loss.name!r} with the penalty "
            f"{objective.penalty.name!r} and {objective.n_features} features; the most is "
            f"{DIRECT}.",
            "give the minimum with --f-star.",
        )
    # An error that is no number bounds nothing.
    return min(gaps, key=lambda pair: pair[0].error if pair[0].error >= 0 else np.inf)


def _sharp(objective: LinearObjective, gap: Gap) -> bool:
    start = float(objective.value(np.zeros((objective.n_features, 1)))[0])
    return gap.error <= SHARP * (abs(start) + abs(gap.value)) + 2 * gap.rounding
