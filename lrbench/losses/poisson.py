"""The Poisson loss."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lrbench.arrays import PerSample, Scores
from lrbench.losses.base import TargetKind, column


class Poisson:
    r"""The negative log-likelihood of Poisson counts with the log link.

    .. math:: \varphi(z, y) = e^z - yz

    The term log y! of the likelihood is left out, because it does not depend on z.

    Notes
    -----
    It is convex and infinitely differentiable, but neither its derivative nor its second derivative
    e^z is bounded: there is no L and no G. Theorems that rest on L do not apply, those that rest on
    G apply only inside a ball, and the certificates that use neither (C2, C3b) apply always. No
    constant learning rate is safe from every start: a step that is too long makes e^z overflow, and
    the lane is reported as diverged.
    """

    name: ClassVar[str] = "poisson"
    task: ClassVar[TargetKind] = "count"
    smoothness: ClassVar[float] = np.inf
    lipschitz: ClassVar[float] = np.inf

    def value(self, Z: Scores, y: PerSample) -> Scores:
        """Return exp(Z) - y Z; inf beyond a score of 709."""
        out = _exp(Z)
        out -= Z * column(y, Z)
        return out

    def magnitude(self, Z: Scores, y: PerSample) -> Scores:
        """Return exp(Z) + |y Z|: near z = log y the two terms of the value may cancel."""
        return _exp(Z) + np.abs(Z * column(y, Z))

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return exp(Z) - y."""
        out = _exp(Z)
        out -= column(y, Z)
        return out

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return exp(Z)."""
        return _exp(Z)

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        """Return p log p - p with p = u + y >= 0; inf for p < 0."""
        p = u + y
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(p > 0.0, p * np.log(p) - p, 0.0)
        return np.where(p < 0.0, np.inf, value)


def _exp(Z: Scores) -> Scores:
    with np.errstate(over="ignore"):
        out: Scores = np.exp(Z)
    return out
