"""The check of an optimum that was read back, in one pass over the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lrbench.arrays import PerSample
from lrbench.objective.linear.matrix import row_range, transpose
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum.base import Optimum
from lrbench.optimum.plausible import plausible_curvature, plausible_distance
from lrbench.optimum.point import EPS

if TYPE_CHECKING:
    from lrbench.arrays import Matrix

PIECE = 1 << 18
"""The entries whose absolute values are in memory at a time: 2 MiB, which fit into a cache."""

SLACK = 2.0
"""The factor that the duality gap may have over the error: the two are rounded differently."""

LOOSE = 1e3
"""The factor that the error may have over the duality gap and its rounding, where no obstacle is
named: the error has allowances that are not computed again."""


def verified(objective: LinearProblem, optimum: Optimum) -> bool:
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
    it. The other constants are held against what is cheap to compute (`lrbench.optimum.plausible`).
    """
    u, f_star, error, n = optimum.dual, optimum.f_star, optimum.f_star_error, objective.n_samples
    # Of NaN every comparison is False, here and below.
    if u is None or u.shape != (n,) or not (error >= 0 and abs(f_star) < np.inf):
        return False
    w, loss, y, X = optimum.w_star, objective.loss, objective.y, objective.data.X
    z = X @ (np.zeros(objective.n_features) if w is None else w)
    conjugate, slopes = loss.conjugate(u, y), loss.derivative(z, y)
    if not np.isfinite(conjugate).all():
        return False  # outside the domain u bounds nothing, and rounding has no size
    # The slopes at w_star are the dual point of many an optimum: then one product serves both.
    duals = u[:, None] if w is None or np.array_equal(u, slopes) else np.stack([u, slopes], axis=1)
    q = X.T @ u / n
    sizes, row_norms_sq = np.zeros((len(q), duals.shape[1])), np.empty(n)
    for rows, entries in _sizes(X):
        sizes += transpose(entries) @ np.abs(duals[rows]) / n
        row_norms_sq[rows] = _squares(entries)
    size = sizes[:, 0]
    images = [(size, X @ size)] if w is None else [(size, X @ size), (w, z)]
    if not plausible_curvature(objective, optimum.curvature, row_norms_sq, images):
        return False
    pen = slice(0, objective.n_penalised)
    V, beyond = np.zeros_like(q), -q
    V[pen] = np.clip(-q[pen], *objective.penalty.slopes(objective.n_penalised))
    beyond -= V
    excess = np.maximum(np.abs(beyond) - (n + 64) * EPS * size, 0.0)
    support = float(objective.penalty.conjugate(V[pen, None])[0])
    lower = -float(np.mean(conjugate)) - support
    rounding = 4 * EPS * (abs(f_star) + float(np.mean(np.abs(conjugate))) + abs(support))
    outside = float(np.linalg.norm(excess))
    if w is None:
        gap = f_star - lower
        inside = -rounding <= gap <= SLACK * error + rounding and outside <= SLACK * error
        return inside and _tight(optimum, max(0.0, gap) + outside + rounding)
    primal = loss.value(z, y)
    penalty = float(objective.penalty.value(w[pen, None])[0])
    f = float(np.mean(primal)) + penalty
    # The rounding of z_i is some eps |x_i|'|w|, and F changes with z_i by its slope over n.
    rounding += 4 * EPS * float(np.mean(np.abs(primal)) + penalty + np.abs(V) @ np.abs(w))
    rounding += 16 * EPS * float(sizes[:, -1] @ np.abs(w))
    gap = float(np.mean(primal + conjugate - u * z)) + penalty + support - float(V @ w)
    gap += outside * (1 + float(np.linalg.norm(w)))
    if not (abs(f - f_star) <= rounding and gap <= SLACK * error + rounding):
        return False
    known = max(0.0, gap) + rounding
    if not _tight(optimum, known):
        # The error is at least what the rounding of the data changes: few optima have more of that.
        from lrbench.optimum.dependence import data_rounding

        if not _tight(optimum, known + data_rounding(objective, w)):
            return False
    if optimum.distance_error is None:
        return True
    gradient = q if duals.shape[1] == 1 else X.T @ slopes / n
    return plausible_distance(objective, optimum, w, gradient, sizes[:, -1], row_norms_sq)


def _tight(optimum: Optimum, gap: float) -> bool:
    """Return whether the error is not much larger than the gap with its rounding."""
    return bool(optimum.obstacle) or optimum.f_star_error <= LOOSE * gap


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


def _squares(entries: Any) -> PerSample:
    """Return the sums of squares of the rows of `entries`, which may be overwritten."""
    if isinstance(entries, np.ndarray):
        squares: PerSample = np.einsum("ij,ij->i", entries, entries)
    else:
        entries.data *= entries.data
        squares = np.asarray(entries @ np.ones(entries.shape[1]))
    return squares
