"""What refutes the constants of an optimum that was read back, as far as that is cheap to see."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.base import Curvature, Optimum
from lrbench.optimum.point import EPS
from lrbench.optimum.smoothness import smooth, smooth_part

TOLERANCE = 1e-9
"""The relative tolerance for numbers that are computed in another order than they once were."""


def plausible_curvature(
    objective: LinearObjective,
    c: Curvature,
    row_norms_sq: PerSample,
    images: Sequence[tuple[Vector, PerSample]],
) -> bool:
    r"""Return whether `c` keeps the bounds that a few products with X give.

    With s the smoothness of the loss and r that of the penalty, for any v,

    .. math:: \frac sn \max_i |x_i|^2, \; \frac sn \frac{|X v|^2}{|v|^2} \;\le\; L - r
        \;\le\; \frac sn |X|_F^2, \qquad L_{\max} = s \max_i |x_i|^2 + r.

    The Rayleigh quotient of v also bounds the mu of a loss with curvature above. With any other
    loss mu is that of the penalty.

    Parameters
    ----------
    row_norms_sq
        |x_i|^2, (n_samples,).
    images
        Pairs v, X v, of which v may be 0.
    """
    s, n, own = objective.loss.smoothness, objective.n_samples, objective.penalty.curvature
    least = 0.0 if objective.intercept else own
    if not math.isfinite(s):
        return c.L == c.L_max == math.inf and c.mu == c.mu_pl == least
    quotients = [s / n * float(z @ z) / float(v @ v) for v, z in images if v.any()]
    r, longest, mean = smooth_part(objective), float(row_norms_sq.max()), float(row_norms_sq.mean())
    low, high = max(s * longest / n, *quotients, 0.0) + r, s * mean + r
    # L is rounded up by more than TOLERANCE where there are many samples.
    if not low * (1 - TOLERANCE) <= c.L <= high * (1 + TOLERANCE + 8 * EPS * n):
        return False
    if not abs(c.L_max - s * longest - r) <= TOLERANCE * (s * longest + r):
        return False
    if not objective.loss.curvature:
        return c.mu == c.mu_pl == least
    most = min([c.L, *quotients]) * (1 + TOLERANCE) + own
    return least <= c.mu <= c.mu_pl <= c.L and c.mu <= most


def plausible_distance(
    objective: LinearObjective,
    optimum: Optimum,
    w: Vector,
    gradient: Vector,
    size: Vector,
    row_norms_sq: PerSample,
) -> bool:
    r"""Return whether the bound on the distance between w and the minimiser can be true.

    .. math:: \frac\mu2 |w - w_\star|^2 \le F(w) - \inf F, \qquad
        \mu |w - w_\star| \le |\nabla F(w)|

    Parameters
    ----------
    w
        The computed minimiser, (n_features,).
    gradient, size
        The gradient of the mean loss at w, and the sum of the absolute values of its terms,
        (n_features,) each.
    row_norms_sq
        |x_i|^2, (n_samples,).

    Notes
    -----
    A distance below both bounds is possible where the minimiser was computed in other variables.
    There the gradient is nothing but rounding, or the columns were centred, which takes an
    intercept.
    """
    D, mu, n = optimum.distance_error, optimum.curvature.mu, objective.n_samples
    if D is None:
        return True
    if not 0 <= D < math.inf:
        return False
    if mu == 0:  # that of a loss with curvature may be positive in other variables
        return objective.loss.curvature > 0
    by_value = math.sqrt(2 * optimum.f_star_error / mu)
    if not smooth(objective):
        return objective.intercept or by_value * (1 - TOLERANCE) <= D
    total, pen = gradient.copy(), slice(0, objective.n_penalised)
    ridge = objective.penalty.gradient(w[pen, None])[:, 0]
    total[pen] += ridge
    # That of the sums, and that of the scores: z_i is wrong by some eps |x_i| |w|.
    unit = (n + 64) * float(np.linalg.norm(size)) + 64 * float(np.linalg.norm(ridge))
    lengths = math.sqrt(float(row_norms_sq.max()) * float(row_norms_sq.mean()))
    unit += objective.loss.smoothness * (len(w) + 4) * lengths * float(np.linalg.norm(w))
    by_gradient = (float(np.linalg.norm(total)) - EPS * unit) / mu
    return min(by_value, by_gradient) * (1 - TOLERANCE) <= D
