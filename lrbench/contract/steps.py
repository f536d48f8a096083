"""The steps of a solver on a problem, without the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Lanes, Mask, PerLane, take
from lrbench.contract.outcome import BrokenContractError
from lrbench.contract.problems import ContractCase, facts_of
from lrbench.errors import raised_by
from lrbench.objective.meter import Count
from lrbench.objective.oracle import Ball, Gradient, Iterate, Oracle
from lrbench.solvers.base import Solver, Step, with_parameters
from lrbench.solvers.state import keep_lanes, step_fault

Path = NDArray[np.float64]
"""What each step leads to: (n_steps, n_features, n_lanes), or for rates (n_steps, n_lanes)."""


class TakenStep(NamedTuple):
    """A step that a solver has taken."""

    t: int
    """The number of steps before it."""
    before: Lanes
    """The iterates before it, a copy, (n_features, n_lanes)."""
    W: Lanes
    """The iterates after it."""
    lr: PerLane
    """The rates that it reports."""
    state: Any
    """The state after it."""
    asked: list[tuple[Lanes, Lanes]]
    """The points and the gradients there that it asked for, copies."""
    on_path: bool
    """Whether the oracle has taken it along the first gradient, and no constraint shortened it."""
    cost: Count
    """The gradients and values of samples that it asked for."""
    lr0: PerLane
    """The array of initial rates that `init` got, as it is now."""
    descents: int
    """How often it has asked the oracle to descend."""


class CountingOracle:
    """An oracle that counts how often it descends."""

    def __init__(self, oracle: Any) -> None:
        self._oracle, self.descents = oracle, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._oracle, name)

    def descend(self, W: Iterate, lr: PerLane, gradient: Gradient) -> Iterate:
        """Descend along a gradient."""
        self.descents += 1
        W_next: Iterate = self._oracle.descend(W, lr, gradient)
        return W_next


class Dropped(NamedTuple):
    """Lanes that are dropped before a step."""

    at: int
    keep: Mask


def begin(case: ContractCase, solver: Solver, W: Iterate, lr0: PerLane) -> Any:
    """Return the state of a solver before its first step."""
    with raised_by("init"):
        return solver.init(W, lr0, facts_of(case.problem, solver))


def steps(
    case: ContractCase,
    solver: Solver,
    lr0: PerLane,
    *,
    ball: Ball | None = None,
    dropped: Dropped | None = None,
    parameters: Mapping[str, PerLane] | None = None,
    guarded: Callable[[Any], Any] = lambda oracle: oracle,
) -> Iterator[TakenStep]:
    """Yield the steps of a solver, endlessly.

    Parameters
    ----------
    case
        The problem and its minibatches.
    solver
        The solver.
    lr0
        The initial learning rate of each lane, (n_lanes,).
    ball
        The constraint; None without one.
    dropped
        The lanes that are dropped; None for none.
    parameters
        Hyper-parameters with a value for each lane.
    guarded
        Called with the oracle of each step; returns the one that the solver gets.
    """
    asked: list[tuple[Lanes, Lanes]] = []
    values = dict(parameters or {})
    rule = with_parameters(solver, values)
    lr0, n_lanes = lr0.copy(), len(lr0)
    # Some point in place of a minimiser: no step may depend on it.
    sampler = case.problem.sampler(
        case.problem.w0 + 1.0, ball, case.minibatches, dense_iterates=solver.dense_iterates
    )
    iterates, meter = sampler.iterates, sampler.meter

    def observe(W: Iterate, gradient: Gradient) -> None:
        asked.append((iterates.part(W, slice(None)).copy(), gradient.dense().copy()))

    W = iterates.start(len(lr0))
    state = begin(case, rule, W, lr0)
    for t, oracle in enumerate(sampler.oracles(observe)):
        if dropped is not None and t == dropped.at:
            W, state = iterates.keep(W, dropped.keep), keep_lanes(state, dropped.keep)
            meter.keep(dropped.keep)
            n_lanes = int(dropped.keep.sum())
            rule = with_parameters(solver, {k: take(v, dropped.keep) for k, v in values.items()})
        asked.clear()
        iterates.accumulate(W)
        oracle.begin(W)
        before = iterates.part(W, slice(None)).copy()
        spent = meter.sample_gradients + meter.sample_values
        counting = CountingOracle(oracle)
        W, lr, state = checked_step(rule.step(W, state, guarded(counting)), W, n_lanes)
        cost = meter.sample_gradients + meter.sample_values - spent
        W_now = iterates.part(W, slice(None))
        made, descents = _made(oracle, W), counting.descents
        yield TakenStep(t, before, W_now, lr, state, list(asked), made, cost, lr0, descents)


def checked_step(returned: Any, before: Iterate, n_lanes: int) -> Step:
    """Return what a step has returned, a plain tuple too, as a `Step`.

    Raises
    ------
    BrokenContractError
        If it is none, or has an iterate or rates of another form.
    """
    if fault := step_fault(returned, before, n_lanes):
        raise BrokenContractError(f"{fault}.")
    return Step(*returned)


def _made(oracle: Oracle, W: Iterate) -> bool:
    """Return whether the oracle has made the iterate, along the first gradient."""
    return oracle.off_path is None and oracle.made is not None and oracle.made[0] is W


def path(
    case: ContractCase,
    solver: Solver,
    lr0: PerLane,
    n_steps: int,
    dropped: Dropped | None = None,
    parameters: Mapping[str, PerLane] | None = None,
) -> tuple[Path, Path]:
    """Return the iterates after each step, and the rates.

    Those of lanes that are dropped are left out of all steps.
    """
    taken = steps(case, solver, lr0, dropped=dropped, parameters=parameters)
    W, lr = [], []
    for step in islice(taken, n_steps):
        early = dropped is not None and step.t < dropped.at
        keep: Any = dropped.keep if early and dropped is not None else slice(None)
        W.append(step.W[:, keep].copy())
        lr.append(np.broadcast_to(step.lr, (step.W.shape[1],))[keep].copy())
    return np.array(W), np.array(lr)
