r"""What a dual point that is not quite feasible costs, where no penalty holds the coefficients.

Without a penalty, inf F >= -mean phi*(u) needs X^T u = 0, which rounding never meets. The rest is

.. math:: \langle u, X w \rangle \le \varepsilon \, \|S X w\|_2, \qquad
    \varepsilon = \|T^\top X^\top u\|_2 / \sqrt{1 - \rho}, \qquad
    \|T^\top X^\top S^2 X T - I\|_2 \le \rho < 1,

for every w, every diagonal S that is positive where u is not 0, and every T for which S X T has the
range of S X: it depends on the scores alone. These are bounded wherever F(w) <= F at the point
that was computed. T need not be accurate, for rho is measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lrbench.arrays import PerSample
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.base import COLLINEAR, NOT_CONVERGED, UNDETERMINED
from lrbench.optimum.basis import Basis, column_basis
from lrbench.optimum.double_double import transposed_product
from lrbench.optimum.point import EPS
from lrbench.optimum.preconditioned import Preconditioned
from lrbench.optimum.row_space import DIRECT

ROOT = math.sqrt(2.0) * (1.0 + 1e-12)
"""The largest ratio of a number and the power of two next to it."""


@dataclass(frozen=True)
class Charge:
    """A bound on |mean u_i x_i'w| over all w that are no worse than the point computed."""

    bound: float
    obstacle: str = ""
    """Why it is infinite; empty if it is not."""
    presumed: int = 0
    """How many columns were taken as dependent because they agree with others to 25 digits."""


def presumption(n_columns: int) -> str:
    """Return what a certificate says of columns that were taken as dependent."""
    columns = "1 column" if n_columns == 1 else f"{n_columns} columns"
    return f"{columns} taken as dependent on others to 25 digits"


def charge(objective: LinearObjective, u: PerSample, value: float) -> Charge:
    """Return a bound on mean u_i x_i'w over all w with F(w) <= `value`.

    Parameters
    ----------
    objective
        An objective without a penalty.
    u
        Slopes in the domain of the conjugate, (n_samples,), none of them so small beside the others
        that its square underflows.
    value
        F at a known point, rounded up.
    """
    source = objective.source if isinstance(objective, Preconditioned) else objective
    n, d = source.data.shape
    if not math.isfinite(value) or not np.isfinite(u).all():
        return Charge(math.inf, NOT_CONVERGED)
    loss, y = objective.loss, objective.y
    infima = -float(loss.conjugate(np.zeros(n), y).sum())
    excess = max(0.0, n * value - infima) + 8.0 * EPS * (abs(n * value) + abs(infima))
    norm = loss.score_norm(y, excess)
    # Where some score is held on one side only, u itself has to hold it on the other.
    two_sided = math.isfinite(norm)
    weights, unit = (None, 1.0) if two_sided else _weights(u)
    if two_sided and isinstance(objective, Preconditioned):
        basis: Basis | None = objective.basis
    elif d > DIRECT:
        return Charge(math.inf, f"more than {DIRECT} columns without a penalty")
    else:
        basis = column_basis(source.data, weights)
    if basis is None:
        return Charge(math.inf, COLLINEAR)
    epsilon = _epsilon(source, u, basis) / unit
    if two_sided:
        bound = epsilon * norm
    else:
        slack = 1.0 - ROOT * epsilon
        if slack <= 0.0:
            return Charge(math.inf, UNDETERMINED)
        bound = 2.0 * ROOT * epsilon * loss.product_bound(u, y, excess) / slack
    return Charge(bound / n * (1.0 + 64.0 * EPS), "", basis.presumed)


def _epsilon(objective: LinearObjective, u: PerSample, basis: Basis) -> float:
    """Return |T^T X^T u| / sqrt(1 - rho), rounded up."""
    q, error = transposed_product(objective.data.X, u)
    size = np.abs(basis.high)
    product = np.abs(basis.high.T @ q + basis.low.T @ q) + size.T @ error
    product += (len(q) + 4) * EPS * (size.T @ np.abs(q))
    return float(np.linalg.norm(product)) / math.sqrt(1.0 - basis.rho) * (1.0 + len(q) * EPS)


def _weights(u: PerSample) -> tuple[PerSample, float]:
    """Return for every slope the power of two next to it over that of the largest, and the latter.

    It is 0 where the slope is.
    """
    exponent = np.round(np.log2(np.abs(np.where(u != 0.0, u, 1.0))))
    largest = exponent[u != 0.0].max(initial=-1022.0)
    return np.where(u != 0.0, np.exp2(exponent - largest), 0.0), float(np.exp2(largest))
