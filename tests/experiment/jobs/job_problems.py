"""A small stochastic sweep, solvers that misbehave, and how two results are compared."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lrbench.arrays import PerLane
from lrbench.config.solver_spec import SolverSpec
from lrbench.engine.control import Control
from lrbench.experiment.jobs import Executor
from lrbench.experiment.jobs.processes import Processes
from lrbench.experiment.run_plan import run_plan
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.plan.plan import Plan
from lrbench.problem_files import load_spec
from lrbench.results import Result, Run
from lrbench.solvers.base import Facts, Solver, Step


class NoState(NamedTuple):
    lr: PerLane


@dataclass(frozen=True)
class Deadly(Solver):
    """Gradient descent that kills its process: always, or until its marker is there."""

    name = "deadly"

    parent: int
    marker: str = ""

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> NoState:
        return NoState(lr0)

    def step(self, W: Iterate, state: NoState, oracle: Oracle) -> Step:
        if os.getpid() != self.parent and not (self.marker and Path(self.marker).exists()):
            if self.marker:
                Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Step(oracle.descend(W, state.lr, oracle.gradient(W)), state.lr, state)


@dataclass(frozen=True)
class Touchy(Solver):
    """Gradient descent that raises, or kills its process, where one of its gradients is long."""

    name = "touchy"

    limit: float
    parent: int | None = None
    """Where it is given every other process is killed instead."""

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> NoState:
        return NoState(lr0)

    def step(self, W: Iterate, state: NoState, oracle: Oracle) -> Step:
        g = oracle.gradient(W)
        if np.any(g.norm_sq() > self.limit):
            if self.parent not in (None, os.getpid()):
                os.kill(os.getpid(), signal.SIGKILL)
            raise ArithmeticError("too long")
        return Step(oracle.descend(W, state.lr, g), state.lr, state)


@dataclass(frozen=True)
class Speaking(Deadly):
    """Gradient descent that says on stdout when a worker begins; it kills nobody."""

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> NoState:
        if os.getpid() != self.parent:
            os.write(1, b"working\n")
        return NoState(lr0)

    def step(self, W: Iterate, state: NoState, oracle: Oracle) -> Step:
        return Step(oracle.descend(W, state.lr, oracle.gradient(W)), state.lr, state)


@dataclass(frozen=True)
class Shielded(Speaking):
    """Gradient descent that fails in a process which Ctrl-C or SIGTERM would end."""

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> NoState:
        if os.getpid() != self.parent:
            if not {signal.SIGINT, signal.SIGTERM} <= signal.pthread_sigmask(signal.SIG_BLOCK, ()):
                raise RuntimeError("not from its first moment")
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
        return NoState(lr0)


def killed() -> None:
    """Kill the process that calls this."""
    os.kill(os.getpid(), signal.SIGKILL)


def endless() -> None:
    """Sweep in two workers for as long as they live."""
    the = with_deadly(plan(passes=1e6, target=1e-300), Speaking(os.getpid()))
    swept(the, Processes(2, patience=0.0))


def plan(**changes: Any) -> Plan:
    given: dict[str, Any] = {
        "solvers": ["wngrad", "sgd"],
        "lr0": "1e-2:1e3:11",
        "batch_size": 16,
        "passes": 2,
        "replicates": 2,
        "sweep": True,
    }
    return Plan(**given | changes)


def with_deadly(the: Plan, deadly: Deadly | Touchy) -> Plan:
    """Return a plan with one more solver, the deadly one, in its middle."""
    spec = SolverSpec("deadly", {}, ())
    built = [the.built[0], (deadly, spec), *the.built[1:]]
    object.__setattr__(the, "built", built)
    axes = [the.axes[0], the.axes[0]._replace(solver=deadly), *the.axes[1:]]
    object.__setattr__(the, "axes", axes)
    return the


def swept(the: Plan, executor: Executor | None = None, control: Control | None = None) -> Result:
    return run_plan(the, [load_spec("logreg")], control or Control(), executor=executor)


def by_cell(result: Result) -> dict[tuple[str, float | None, int], Run]:
    (problem,) = result.problems
    return {(str(r.solver), r.lr0, r.seed): r for r in problem.runs}


def assert_same_bits(a: Run, b: Run) -> None:
    """Check that two runs agree in all but the clock."""
    assert (a.status, a.status_at, a.error) == (b.status, b.status_at, b.error)
    assert a.trace.keys() == b.trace.keys()
    for name in a.trace.keys() - {"seconds"}:
        assert a.trace[name].tobytes() == b.trace[name].tobytes(), name


def assert_same(a: Result, b: Result, only: Sequence[str] | None = None) -> None:
    """Check that two results have the same cells with the same bits, in whatever order."""
    ours, theirs = by_cell(a), by_cell(b)
    if only is None:
        assert ours.keys() == theirs.keys()
    compared = [cell for cell in ours if only is None or cell[0] in only]
    assert compared
    for cell in compared:
        assert_same_bits(ours[cell], theirs[cell])


def finite(values: Any) -> bool:
    return bool(np.all(np.isfinite(values)))
