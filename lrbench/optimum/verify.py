"""The check of an optimum that was read back, in one pass over the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lrbench.objective.linear.matrix import row_range, transpose
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.base import Optimum
from lrbench.optimum.point import EPS

if TYPE_CHECKING:
    from lrbench.objective.linear.matrix import Matrix

PIECE = 1 << 16
"""The number of entries whose absolute values are in memory at a time; they fit into a cache."""

SLACK = 2.0
"""The factor that the duality gap may have over the error: the two are rounded differently."""


def verified(objective: LinearObjective, optimum: Optimum) -> bool:
    r"""Return whether F at w_star and the dual point show that `optimum` is right.

    With q = X^T u / n, for any w and any u in the domain of the conjugate,

    .. math:: F(w) - \inf F \le \frac1n \sum_i (\varphi(z_i) + \varphi^*(u_i) - u_i z_i)
        + R(w) + R^*(-q_{pen}) + \langle q_{pen}, w_{pen} \rangle
        \quad\text{if}\quad q_j = 0 \text{ on every unpenalised coordinate } j.

    Parameters
    ----------
    objective
        F.
    optimum
        An optimum with its dual point, whoever wrote it.

    Notes
    -----
    F(w_star) must be f_star, and the right-hand side at most `SLACK` times the error, both but for
    the rounding of F and of the products. What rounding leaves of q where it must be 0 is allowed;
    what is beyond that costs its norm times 1 + |w|. Where there is no minimiser, f_star must not
    lie outside the interval from D(u) to D(u) + error; nothing then shows that F comes so near to
    it. The curvature is not verified: that takes a decomposition of X.
    """
    u, f_star, error, n = optimum.dual, optimum.f_star, optimum.f_star_error, objective.n_samples
    # Of NaN every comparison is False, here and below.
    if u is None or u.shape != (n,) or not (error >= 0 and abs(f_star) < np.inf):
        return False
    w, loss, y, X = optimum.w_star, objective.loss, objective.y, objective.data.X
    z = X @ (np.zeros(objective.n_features) if w is None else w)
    conjugate, slopes = loss.conjugate(u, y), np.abs(loss.derivative(z, y))
    q = X.T @ u / n
    size, in_scores = np.zeros_like(q), 0.0
    for rows, entries in _sizes(X):
        size += transpose(entries) @ np.abs(u[rows]) / n
        in_scores += 0.0 if w is None else float(slopes[rows] @ (entries @ np.abs(w))) / n
    pen = slice(0, objective.n_penalised)
    V, beyond = np.zeros_like(q), -q
    V[pen] = np.clip(-q[pen], *objective.penalty.slopes(objective.n_penalised))
    beyond -= V
    excess = np.maximum(np.abs(beyond) - (n + 64) * EPS * size, 0.0)
    support = float(objective.penalty.conjugate(V[pen, None])[0])
    lower = -float(np.mean(conjugate)) - support
    rounding = 4 * EPS * (abs(f_star) + float(np.mean(np.abs(conjugate))) + abs(support))
    if w is None:
        inside = -rounding <= f_star - lower <= SLACK * error + rounding
        return inside and float(np.linalg.norm(excess)) <= SLACK * error
    primal = loss.value(z, y)
    penalty = float(objective.penalty.value(w[pen, None])[0])
    f = float(np.mean(primal)) + penalty
    # The rounding of z_i is some eps |x_i|'|w|, and F changes with z_i by its slope over n.
    rounding += 4 * EPS * float(np.mean(np.abs(primal)) + penalty + np.abs(V) @ np.abs(w))
    rounding += 16 * EPS * in_scores
    gap = float(np.mean(primal + conjugate - u * z)) + penalty + support - float(V @ w)
    gap += float(np.linalg.norm(excess)) * (1 + float(np.linalg.norm(w)))
    return abs(f - f_star) <= rounding and gap <= SLACK * error + rounding


def _sizes(X: Matrix) -> Iterator[tuple[slice, Any]]:
    """Yield rows of X and the absolute values of their entries, `PIECE` entries or so at a time."""
    n_samples, nnz = X.shape[0], X.size
    step = max(1, PIECE * n_samples // max(1, nnz))
    for start in range(0, n_samples, step):
        rows = slice(start, min(start + step, n_samples))
        entries = row_range(X, rows)
        if isinstance(entries, np.ndarray):
            yield rows, np.abs(entries)
        else:
            entries.data = np.abs(entries.data)
            yield rows, entries
