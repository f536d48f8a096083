"""DoWG, distance over weighted gradients."""

from __future__ import annotations

from dataclasses import dataclass

from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Step
from lrbench.solvers.dog import DoG, DoGState, along


@dataclass(frozen=True)
class DoWG(DoG):
    r"""DoWG: as DoG, with squared gradients that are weighted by the distance from the start.

    .. math::
        \bar r_t &= \max\bigl(r_\varepsilon (1 + \|w_0\|), \max_{i \le t} \|w_i - w_0\|\bigr) \\
        v_t &= v_{t-1} + \bar r_t^2 \|g_t\|^2, \quad v_{-1} = 0 \\
        w_{t+1} &= w_t - \mathrm{lr0}\, \frac{\bar r_t^2}{\sqrt{v_t}} \, g_t

    The method's answer is the weighted average

    .. math:: \sum_{t<T} \bar r_t^2 w_t \Big/ \sum_{t<T} \bar r_t^2

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
    In the paper lr0 = 1, and r_eps stands for r_eps (1 + \|w_0\|). Where all gradients so far are 0
    the rate is 0. A step costs one gradient and O(n_features n_lanes).

    References
    ----------
    Khaled, Mishchenko, Jin, DoWG unleashed: An efficient universal parameter-free gradient descent
    method, NeurIPS 2023, Algorithm 1 (arXiv:2305.16284).
    """

    name = "dowg"
    group = "parameter-free"
    state_size = "2 d"
    papers = ("khaled2023",)
    theorems = "dowg"
    traced = ("r_bar", "weight", "root")

    def step(self, W: Iterate, state: DoGState, oracle: Oracle) -> Step:
        return along(W, state, oracle, oracle.gradient(W), state.r_bar * state.r_bar)
