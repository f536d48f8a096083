"""The contracts of a solver, all of which the registered ones keep, too."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np

from lrbench.arrays import norm_sq
from lrbench.contract.guarded_oracle import GuardedOracle
from lrbench.contract.lanes import (
    RATES,
    check_alone,
    check_dropped,
    check_order,
    check_parameters,
)
from lrbench.contract.outcome import BrokenContractError, Contract
from lrbench.contract.problems import cases, facts_of, on
from lrbench.contract.rates import check_claims, check_rate
from lrbench.contract.scalar_step import check_scalar_step
from lrbench.contract.stationary import check_no_nan, check_stays
from lrbench.contract.steps import steps
from lrbench.contract.used_up import UsedUp
from lrbench.contract.worker import check_sent
from lrbench.errors import raised_by
from lrbench.objective.oracle import Ball
from lrbench.solvers.base import Solver
from lrbench.solvers.state import check_state, keep_lanes

STEPS = 30

RADIUS = 0.5
"""That of a ball which the steps of `RATES` leave if nothing holds them back."""


def check_runs(solver: Solver) -> None:
    """Check that steps are taken, with rates and an output of the right shapes.

    Raises
    ------
    BrokenContractError
        If a shape is another, or the rate of a finite step is no number or negative.
    """
    for case in cases():
        with on(case):
            for step in islice(steps(case, solver, RATES), STEPS):
                if np.any((step.lr < 0.0) | ~np.isfinite(step.lr), where=_finite(step.W)):
                    raise BrokenContractError(
                        f"the rate of step {step.t + 1} on {case.name} is negative or no finite"
                        " number, although the iterate is finite: return a rate >= 0."
                    )
            output = solver.output(step.W, step.state)
        if output is not None and np.shape(output) != step.W.shape:
            raise BrokenContractError(
                f"output has shape {np.shape(output)}, and not that of W, {step.W.shape}.",
                "output",
            )


def _finite(W: np.ndarray) -> Any:
    return np.isfinite(W).all(axis=0)


def check_tree(solver: Solver) -> None:
    """Check that the states are trees of arrays with the lanes last, and of plain numbers.

    Raises
    ------
    ContractError
        With the place of the first leaf that is neither.
    """
    n = len(RATES)
    for case in cases():
        with on(case):
            sampler = case.problem.sampler(
                None, None, case.minibatches, dense_iterates=solver.dense_iterates
            )
            state = solver.init(
                sampler.iterates.start(n), RATES.copy(), facts_of(case.problem, solver)
            )
            _check_state(solver, state, "init")
            for step in islice(steps(case, solver, RATES), 3):
                _check_state(solver, step.state, "step")


def _check_state(solver: Solver, state: Any, method: str) -> None:
    n = len(RATES)
    with raised_by(method):
        check_state(solver, state, n)
        check_state(solver, keep_lanes(state, np.arange(n) < 3), 3)


def check_copies(solver: Solver) -> None:
    """Check that nothing that the oracle uses up is kept, and lr0 is not written to.

    Raises
    ------
    ContractError
        If it is.
    """
    spoiling: Any = UsedUp(solver)
    for case in cases():
        with on(case):
            plain, checked = steps(case, solver, RATES), steps(case, spoiling, RATES)
            for step, other in islice(zip(plain, checked, strict=False), 12):
                if not (_same(step.W, other.W) and _same(step.lr, other.lr)):
                    raise BrokenContractError(
                        f"step {step.t + 1} on {case.name} uses an iterate or a gradient after the"
                        " oracle has used it up: take what is needed of it before, or a copy."
                    )
            if not _same(step.lr0, RATES):
                raise BrokenContractError("lr0 is written to: work on a copy of it.", "init")


def _same(first: Any, second: Any) -> bool:
    return np.array_equal(first, second, equal_nan=True)


def check_metered(solver: Solver) -> None:
    """Check that all that a step learns of F is asked of its own oracle, which meters it.

    Raises
    ------
    BrokenContractError
        If it is not.
    """
    for case in cases():
        guards: list[GuardedOracle] = []

        def guard(oracle: Any, guards: list[GuardedOracle] = guards) -> GuardedOracle:
            for earlier in guards:
                earlier.close()
            guards[:] = [GuardedOracle(oracle)]
            return guards[0]

        with on(case):
            for step in islice(steps(case, solver, RATES, guarded=guard), STEPS):
                if not np.any(step.cost) and not _same(step.W, step.before):
                    raise BrokenContractError(
                        f"step {step.t + 1} on {case.name} moves W and asks the oracle for nothing,"
                        " so that its cost is not metered: ask for oracle.gradient(W) in each"
                        " step."
                    )


def check_reproducible(solver: Solver) -> None:
    """Check that two runs give the same bits.

    Raises
    ------
    BrokenContractError
        If they do not.
    """
    for case in cases():
        with on(case):
            pairs = zip(steps(case, solver, RATES), steps(case, solver, RATES), strict=False)
            runs = [list(islice(steps(case, solver, RATES), STEPS)) for _ in range(2)]
            for first, second in zip(*runs, strict=True):
                if not (_same(first.lr, second.lr) and _same(first.before, second.before)):
                    _differ(case.name, first.t, "a run after another")
            for first, second in islice(pairs, STEPS):
                if not (_same(first.lr, second.lr) and _same(first.before, second.before)):
                    _differ(case.name, first.t, "a run beside another")


def _differ(case: str, t: int, what: str) -> None:
    raise BrokenContractError(
        f"on {case} {what} is not the same from step {t + 1} on: draw random numbers by"
        " oracle.draw, and keep everything in the state, nothing in the class or the module."
    )


def check_ball(solver: Solver) -> None:
    """Check that no iterate leaves a ball.

    Raises
    ------
    BrokenContractError
        If one does.
    """
    for case in cases()[:2]:
        centre = case.problem.w0
        with on(case):
            for step in islice(steps(case, solver, RATES, ball=Ball(centre, RADIUS)), STEPS):
                if np.any(np.sqrt(norm_sq(step.W - centre[:, None])) > RADIUS * (1.0 + 1e-14)):
                    raise BrokenContractError(
                        f"the iterate leaves the ball of --radius in step {step.t + 1} on"
                        f" {case.name}: move W by oracle.descend, oracle.move or oracle.prox alone,"
                        " which project it."
                    )


REPEATED = ("reproducible",)
"""What contracts rest on that compare a run with another one."""

TREE = "state-is-a-tree"
"""What contracts rest on in which lanes are dropped."""

SOLVER_CONTRACTS = (
    Contract("runs", "takes steps", check_runs),
    Contract(TREE, "the state is a tree with the lanes last", check_tree),
    Contract("keeps-copies", "keeps nothing that is used up", check_copies, REPEATED),
    Contract("lane-alone", "a lane alone is as beside others", check_alone, REPEATED),
    Contract("lane-order", "lanes may stand in any order", check_order, REPEATED),
    Contract("lane-dropped", "lanes may be dropped", check_dropped, (*REPEATED, TREE)),
    Contract(
        "lane-parameters",
        "parameters may differ from lane to lane",
        check_parameters,
        (*REPEATED, TREE),
    ),
    Contract("stationary", "stays at a stationary point", check_stays),
    Contract("zero-gradient", "no NaN at a zero gradient", check_no_nan),
    Contract("reproducible", "two runs are the same", check_reproducible),
    Contract("metered", "the cost is metered", check_metered),
    Contract("rate", "the rate is the one used", check_rate),
    Contract("claims", "the step is what its theorems are about", check_claims),
    Contract("scalar-step", "scalar_step is said of a scalar step alone", check_scalar_step),
    Contract("ball", "stays in the ball of --radius", check_ball),
    Contract("worker", "can be sent to a worker", check_sent),
)
"""The first one runs the solver at all."""
