"""Whether iterates were made by steps along the gradient, and lie in the constraints."""

from __future__ import annotations

import math

import numpy as np

from lrbench.arrays import Lanes, PerLane, norm_sq
from lrbench.engine.job import SharedProblem
from lrbench.engine.tracker import EPS
from lrbench.objective.oracle import Ball

ROUNDINGS = 64.0
"""A step is one along the gradient if it is one up to so many roundings of its terms, and a few
more where many samples are added."""

TOLERANCE = 1e-9
"""How far an iterate may lie outside of a constraint, relative to its distance from the start."""


class GradientSteps:
    """The check that consecutive iterates are w and w - lr g, projected on the constraints.

    Parameters
    ----------
    shared
        The problem, whose penalty may be a constraint, and its constants.
    ball
        The ball that iterates are projected on; None for none.
    """

    def __init__(self, shared: SharedProblem, ball: Ball | None) -> None:
        problem, c, facts = shared.problem, shared.constants, shared.problem.facts()
        self.constrained = ball is not None or (facts.penalised and facts.penalty.weight == 0.0)
        """Whether there is a constraint."""
        if self.constrained:
            self._sampler = problem.sampler(None, ball, (), dense_iterates=True)
            self._oracles = self._sampler.oracles(lambda W, gradient: None)
        self._w0 = problem.w0
        # A gradient is known to the rounding of sqrt(2 L (|F(w_0)| + |f*|)). Without L, that at the
        # start is the only known scale.
        square = 2.0 * c.L * c.size
        self._scale = math.sqrt(square if math.isfinite(square) else c.grad_norm_sq0)
        self._factor = EPS * (ROUNDINGS + 4.0 * math.sqrt(problem.n_samples))
        self.fault = ""
        """Why the steps so far are not all known to be such steps; empty where they are."""

    def outside(self, W: Lanes) -> PerLane:
        """Return how far each column of `W` is outside of the constraints, 0 up to rounding."""
        off = np.sqrt(norm_sq(self._step(W, np.zeros_like(W)) - W))
        reach = np.sqrt(norm_sq(W - self._w0[:, None])) + np.linalg.norm(self._w0)
        return np.where(off > TOLERANCE * reach, off, 0.0)

    def verify(self, W: Lanes, G: Lanes, lr: PerLane, first: int) -> None:
        """Note the first step that is none along the gradient, unless there was one before.

        Parameters
        ----------
        W, G
            Consecutive iterates and the gradients at them, (n_features, n_steps + 1).
        lr
            The rate of each step, (n_steps,); NaN if it is not known.
        first
            The number of the first step.
        """
        if self.fault or not len(lr):
            return
        D = lr * G[:, :-1]
        ends = self._step(np.ascontiguousarray(W[:, :-1]), D)
        off, lengths = np.sqrt(norm_sq(ends - W[:, 1:])), np.sqrt(norm_sq(W))
        sizes = lengths[:-1] + lengths[1:] + np.sqrt(norm_sq(D)) + lr * self._scale
        close = np.isfinite(off) & (off <= self._factor * sizes)
        along = close | (ends == W[:, 1:]).all(axis=0)  # infinities are equal, too
        if along.all():
            return
        k = int(np.argmin(along))
        step = f"step {first + k}"
        if math.isnan(lr[k]):
            self.fault = f"the rate of {step if first + k else 'the steps'} is not known"
        else:
            self.fault = f"{step} is not lr g: it ends {off[k]:.1e} from there"

    def _step(self, W: Lanes, D: Lanes) -> Lanes:
        """Return W - D, projected on the constraints, shape of `W`."""
        if not self.constrained:
            return W - D
        self._sampler.iterates.start(W.shape[1])
        oracle, points = next(self._oracles), W.copy()
        oracle.begin(points)
        moved: Lanes = oracle.move(points, D)
        return moved
