"""Adaptive gradient descent without descent, AdGD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane, norm_sq
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step


class AdGDState(NamedTuple):
    """The state of AdGD; before the first step the arrays of the past have one row."""

    lr: PerLane
    """The last learning rate, (n_lanes,)."""
    growth: PerLane
    """The last rate over the one before, (n_lanes,)."""
    W: Lanes
    """The last iterate, (n_features, n_lanes)."""
    g: Lanes
    """The gradient there, (n_features, n_lanes)."""
    started: bool
    """Whether the first step is done."""


@dataclass(frozen=True)
class AdGD(Solver):
    r"""AdGD: the learning rate follows the local smoothness between two iterates.

    .. math::
        \mathrm{lr}_t &= \min\Bigl(\sqrt{1 + \theta_{t-1}}\; \mathrm{lr}_{t-1},
        \frac{\|w_t - w_{t-1}\|}{2 \|g_t - g_{t-1}\|}\Bigr), \qquad
        \theta_t = \mathrm{lr}_t / \mathrm{lr}_{t-1} \\
        w_{t+1} &= w_t - \mathrm{lr}_t\, g_t, \qquad \mathrm{lr}_0 = \mathrm{lr0}, \quad
        \theta_0 = \infty

    Notes
    -----
    It needs no constant: lr0 is the rate of the first step alone, which should be small, because
    later rates do not mend it at once. Where the iterate has not moved the rate stays as it is. On
    minibatches both gradients must be those of the same samples: the gradient at the last iterate
    is asked for again, and a step costs two. In full batches a step costs one gradient; the last
    iterate and the gradient there are kept.

    References
    ----------
    Malitsky, Mishchenko, Adaptive gradient descent without descent, ICML 2020, Algorithm 1 and,
    for minibatches, Algorithm 3 (arXiv:1910.09529).
    """

    name = "adgd"
    group = "parameter-free"
    step_cost = "2 gradients"
    state_size = "2 d"
    papers = ("malitsky2020",)
    theorems = "scalar-step"
    lr0_means = "the learning rate of the first step"
    dense_gradient = True

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> AdGDState:
        zeros = np.zeros((1, len(lr0)))
        return AdGDState(lr0, np.full_like(lr0, np.inf), zeros, zeros, False)

    def step(self, W: Iterate, state: AdGDState, oracle: Oracle) -> Step:
        gradient = oracle.gradient(W)
        g, W_now = gradient.dense().copy(), W.copy()
        lr, growth = state.lr, state.growth
        if state.started:
            before = state.g if oracle.index is None else oracle.gradient(state.W).dense()
            moved, turned = norm_sq(W_now - state.W), norm_sq(g - before)
            local = np.full_like(lr, np.inf)
            np.divide(0.5 * np.sqrt(moved), np.sqrt(turned), out=local, where=turned > 0.0)
            rate = np.minimum(np.sqrt(1.0 + growth) * lr, local)
            # Neither a point that does not move nor a first step without curvature sets a rate.
            kept = (moved == 0.0) | ~np.isfinite(rate)
            growth = np.where(kept, growth, rate / lr)
            lr = np.where(kept, lr, rate)
        return Step(oracle.descend(W, lr, gradient), lr, AdGDState(lr, growth, W_now, g, True))
