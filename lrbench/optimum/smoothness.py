"""Whether an objective is smooth, and how smooth its penalty is."""

from __future__ import annotations

import math

from lrbench.objective.linear.objective import LinearObjective


def smooth(objective: LinearObjective) -> bool:
    """Return whether F has a continuous gradient; its curvature may be unbounded."""
    loss, penalty = objective.loss, objective.penalty
    return loss.differentiable and math.isfinite(penalty.smoothness) and not penalty.indicator


def smooth_part(objective: LinearObjective) -> float:
    """Return the smoothness of the penalty, or 0 if it has kinks, which are left to the prox."""
    smoothness = objective.penalty.smoothness
    return smoothness if math.isfinite(smoothness) else 0.0
