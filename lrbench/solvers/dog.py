"""DoG, distance over gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane, norm_sq
from lrbench.objective.oracle import Gradient, Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step, check_positive


class DoGState(NamedTuple):
    """The state of DoG and of DoWG; every array but the points is (n_lanes,)."""

    factor: PerLane
    """The factor of every learning rate."""
    r_bar: PerLane
    """The largest distance from the start so far, at least r_eps (1 + |w_0|)."""
    root: PerLane
    """The root of the sum of |g|^2, with DoWG of r_bar^2 |g|^2, which may overflow itself."""
    weight: PerLane
    """The sum of the weights of the average."""
    W_0: Lanes
    """The starting point, (n_features, n_lanes)."""
    average: Lanes
    """The weighted average of the iterates, (n_features, n_lanes)."""


@dataclass(frozen=True)
class DoG(Solver):
    r"""DoG: the distance from the start over the root of the sum of squared gradients.

    .. math::
        \bar r_t &= \max\bigl(r_\varepsilon (1 + \|w_0\|), \max_{i \le t} \|w_i - w_0\|\bigr) \\
        w_{t+1} &= w_t - \mathrm{lr0}\, \frac{\bar r_t}{\sqrt{\sum_{i \le t} \|g_i\|^2}} \, g_t

    The method's answer is the weighted average

    .. math:: \sum_{t<T} \bar r_t w_t \Big/ \sum_{t<T} \bar r_t

    Parameters
    ----------
    r_eps
        The length of the first step relative to 1 + \|w_0\|, > 0.

    Raises
    ------
    UsageError
        If r_eps is not a positive number.

    Notes
    -----
    lr0 is the factor c of the paper, which proposes 1; the free scale is r_eps, on which the result
    depends logarithmically as long as it is too small. The authors' code has lr = lr0, reps_rel =
    r_eps, and adds eps = 1e-8 to the sum. Where all gradients so far are 0 the rate is 0. A step
    costs one gradient and O(n_features n_lanes).

    References
    ----------
    Ivgi, Hinder, Carmon, DoG is SGD's best friend: A parameter-free dynamic step size schedule,
    ICML 2023, equations (DoG) and (2) (arXiv:2302.12022).
    """

    name = "dog"
    group = "parameter-free"
    state_size = "2 d"
    papers = ("ivgi2023",)
    theorems = "dog"
    scale = "r_eps"
    lr0_means = "the factor of every learning rate, which is 1 in the paper"
    traced: ClassVar[tuple[str, ...]] = ("r_bar", "weight")
    dense_gradient = True

    r_eps: float = 1e-6

    def __post_init__(self) -> None:
        check_positive(self, "r_eps")

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> DoGState:
        zeros = np.zeros_like(lr0)
        r = self.r_eps * (1.0 + np.sqrt(norm_sq(W)))
        return DoGState(lr0, r, zeros, zeros, W.copy(), W.copy())

    def step(self, W: Iterate, state: DoGState, oracle: Oracle) -> Step:
        return along(W, state, oracle, oracle.gradient(W), state.r_bar)

    def output(self, W: Lanes, state: DoGState) -> Lanes:
        return state.average


def along(W: Iterate, state: DoGState, oracle: Oracle, g: Gradient, weight: PerLane) -> Step:
    """Return the step of DoG with these weights: r_bar, or r_bar^2 for DoWG.

    The rate is lr0 times the weight over the root of the sum of (weight / r_bar)^2 |g|^2.
    """
    root = np.hypot(state.root, weight / state.r_bar * np.sqrt(g.norm_sq()))
    lr = state.factor * np.divide(weight, root, out=np.zeros_like(root), where=root > 0.0)
    total = state.weight + weight
    average = state.average + weight / total * (W - state.average)
    W_next = oracle.descend(W, lr, g)
    r_bar = np.maximum(state.r_bar, np.sqrt(norm_sq(W_next - state.W_0)))
    return Step(W_next, lr, DoGState(state.factor, r_bar, root, total, state.W_0, average))
