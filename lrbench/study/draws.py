"""Measures of a value that is drawn at random from the grid, by one who does not know the best one.

A draw is a point of the grid with the probability `lrbench.results.grid.log_weights`, and one of
the seeds with equal probability. Draws are independent, so that one may be drawn again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lrbench.results.grid import log_weights
from lrbench.results.measures import Reason

CONFIDENCE = 0.9
"""The probability with which one of the draws arrives."""

ROUNDING = 1e-9
"""The part of a draw that is rounding: with a probability of exactly 0.9 one draw is enough."""


def draws(values: ArrayLike, passes: NDArray[np.float64]) -> float | Reason:
    """Return the least number of draws of which one arrives with a probability of 90 %.

    Parameters
    ----------
    values
        The grid, ascending, (n_values,).
    passes
        Passes to the target, (n_seeds, n_values); inf where it was not reached, NaN where that is
        unknown.

    Returns
    -------
    int, inf or str
        Inf if no run arrives. ``"missing_runs"`` if all runs of a value are unknown; of another
        value the unknown ones are left out.
    """
    finished, reached = np.sum(~np.isnan(passes), axis=0), np.sum(np.isfinite(passes), axis=0)
    if not finished.all():
        return "missing_runs"
    if not reached.any():
        return math.inf
    if (reached == finished).all():
        return 1
    failure = float(log_weights(values) @ (1.0 - reached / finished))
    return math.ceil(math.log(1.0 - CONFIDENCE) / math.log(failure) - ROUNDING)


def expected_best(
    values: ArrayLike, gap: NDArray[np.float64], delta0: float, n_draws: Sequence[int]
) -> dict[str, float]:
    r"""Return the expected least gap of several draws.

    Parameters
    ----------
    values
        The grid, ascending, (n_values,).
    gap
        F - f* after the same number of steps, (n_seeds, n_values); inf where a run diverged. None
        may be NaN.
    delta0
        F(w_0) - f*, to which larger gaps are lowered: one keeps w_0 then.
    n_draws
        The numbers k of draws.

    Notes
    -----
    With the gaps in ascending order and :math:`S_i` the probability that a draw is the i-th or a
    larger one, the least of k draws is :math:`\sum_i g_i (S_i^k - S_{i+1}^k)` on average, exactly.

    References
    ----------
    Dodge et al., Show your work: improved reporting of experimental results, EMNLP 2019, section 3;
    Sivaprasad et al., Optimizer benchmarking needs to account for hyperparameter tuning, ICML 2020.
    """
    weights = np.broadcast_to(log_weights(values) / len(gap), gap.shape).ravel()
    levels = np.minimum(gap, delta0).ravel()
    order = np.argsort(levels, kind="stable")
    at_least = np.append(np.cumsum(weights[order][::-1])[::-1], 0.0)
    at_least[0] = 1.0  # but for rounding
    return {str(k): float(levels[order] @ -np.diff(at_least**k)) for k in n_draws}


def lr_sensitivity(values: ArrayLike, gap: NDArray[np.float64], delta0: float) -> float | Reason:
    """Return the expected loss of a draw against the best value, in units of F(w_0) - f*.

    Parameters
    ----------
    values, gap, delta0
        As in `expected_best`.

    Returns
    -------
    float or str
        From 0, where all values are alike, to below 1; ``"start_is_optimal"`` if `delta0` is not
        positive.

    Notes
    -----
    A value has the mean over seeds of min(gap, delta0), and the best value the least of these.

    References
    ----------
    Wortsman et al., Small-scale proxies for large-scale transformer training instabilities,
    arXiv:2309.14322, section 2.2: there it is in units of the loss.
    """
    if not delta0 > 0:
        return "start_is_optimal"
    levels = np.minimum(gap, delta0).mean(axis=0)
    return float(log_weights(values) @ levels - levels.min()) / delta0
