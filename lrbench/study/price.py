"""The cost of a value other than the best one, in passes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lrbench.results import Factor
from lrbench.results.grid import NEAR, cost_at
from lrbench.results.measures import Reason
from lrbench.results.ranking import ratio

POWERS = (-2, -1, 1, 2)
"""Powers of ten by which a value may be wrong, for the factors of a sensitivity."""


def factors(values: Sequence[float], passes: Sequence[float], best: int | None) -> list[Factor]:
    """Return the passes at the best value times 10^power over those at the best value.

    Parameters
    ----------
    values
        The grid, ascending, (n_values,).
    passes
        Passes to the target, (n_values,); inf where it was not reached and NaN where that is
        unknown.
    best
        The index of the best value; None for no factors.
    """
    if best is None:
        return []
    logs = [math.log10(value) for value in values]
    costs = {power: cost_at(logs, passes, logs[best] + power) for power in POWERS}
    return [
        Factor(power, None if cost is None else ratio(cost, passes[best]))
        for power, cost in costs.items()
    ]


def price(
    values: Sequence[float], passes: Sequence[float], best: int | None, within: float
) -> float | Reason:
    """Return the price of not knowing the best value but for a factor.

    Parameters
    ----------
    values, passes, best
        As in `factors`.
    within
        The factor rho >= 1.

    Returns
    -------
    float or str
        The largest passes at a value from best / rho to best * rho, over those at the best one; inf
        if a value there does not arrive. Or the reason why it is withheld: a part of that range
        lies off the grid, or is unknown, and the part that is known arrives.

    Notes
    -----
    The passes at the two ends of the range are interpolated as those of the factors are; between
    the points of the grid such an interpolation has no maximum.

    References
    ----------
    Carmon, Hinder, The price of adaptivity in stochastic convex optimization, COLT 2024,
    arXiv:2402.10898: there it is a ratio of suboptimalities, over a class of problems.
    """
    if best is None:
        return "none_arrives"
    logs, decades = [math.log10(value) for value in values], math.log10(within)
    inside = [p for x, p in zip(logs, passes, strict=True) if abs(x - logs[best]) < decades]
    ends = [cost_at(logs, passes, logs[best] + side * decades) for side in (-1, 1)]
    worst = max(p for p in (*inside, *ends) if p is not None and not math.isnan(p))
    if math.isfinite(worst):
        if logs[best] - decades < logs[0] - NEAR or logs[best] + decades > logs[-1] + NEAR:
            return "off_grid"
        if None in ends or any(map(math.isnan, inside)):
            return "missing_runs"
    return ratio(worst, passes[best])
