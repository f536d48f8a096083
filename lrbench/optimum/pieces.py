"""Losses made of lines and parabolas, as maxima over slopes between two bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrbench.arrays import PerSample
from lrbench.losses.absolute import Absolute
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared_hinge import SquaredHinge
from lrbench.objective.linear.objective import LinearObjective


@dataclass(frozen=True, eq=False)
class Pieces:
    r"""Convex functions of one variable with at most three linear or quadratic pieces.

    .. math:: \varphi(z) = \max_{l \le u \le h} u (z - t) - \tfrac{c}{2} u^2

    Parameters
    ----------
    kink
        t, one for each term.
    least, most
        l and h; infinite where the slope is unbounded on that side.
    dual_curvature
        c, 0 or 1: with 0 the two lines meet in a kink, with 1 in a parabola.
    """

    kink: PerSample
    least: PerSample
    most: PerSample
    dual_curvature: float


def pieces(objective: LinearObjective) -> Pieces | None:
    """Return the loss as pieces; None for the squared loss and losses of another form."""
    y, loss = objective.y, objective.loss
    zeros, inf = np.zeros_like(y), np.full_like(y, np.inf)
    # (1 - yz)_+ is the maximum of u (z - y) over u between 0 and -y, because 1 = y^2.
    if isinstance(loss, Hinge):
        return Pieces(y, np.minimum(-y, zeros), np.maximum(-y, zeros), 0.0)
    if isinstance(loss, SquaredHinge):
        return Pieces(y, np.where(y > 0, -inf, zeros), np.where(y > 0, zeros, inf), 1.0)
    if isinstance(loss, Absolute):
        return Pieces(y, zeros - 1.0, zeros + 1.0, 0.0)
    if isinstance(loss, Quantile):
        return Pieces(y, zeros - loss.level, zeros + (1.0 - loss.level), 0.0)
    if isinstance(loss, Huber):
        return Pieces(y, zeros - loss.threshold, zeros + loss.threshold, 1.0)
    return None


def kinked(objective: LinearObjective) -> bool:
    """Return whether the loss is piecewise linear."""
    return isinstance(objective.loss, (Hinge, Absolute, Quantile))
