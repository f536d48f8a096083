"""One job, whatever its solver does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from job_problems import NoState, plan

from lrbench.arrays import PerLane
from lrbench.control import Control
from lrbench.jobs import Ground
from lrbench.jobs.base import Job, work
from lrbench.jobs.blocks import jobs_of
from lrbench.oracle import Iterate, Oracle
from lrbench.prepare import prepare
from lrbench.results import Run, Status
from lrbench.solver_spec import SolverSpec
from lrbench.solvers.base import Step
from lrbench.spec import load_spec


@dataclass(frozen=True)
class Touchy:
    """Gradient descent that raises where one of its gradients is long."""

    name: ClassVar[str] = "touchy"
    traced: ClassVar[tuple[str, ...]] = ()
    shown: ClassVar[tuple[str, ...]] = ()

    limit: float

    def init(self, W: Iterate, lr0: PerLane) -> NoState:
        return NoState(lr0)

    def step(self, W: Iterate, state: NoState, oracle: Oracle) -> Step:
        g = oracle.gradient(W)
        if np.any(g.norm_sq() > self.limit):
            raise ArithmeticError("too long")
        return Step(oracle.descend(W, state.lr, g), state.lr, state)


@pytest.mark.parametrize("limit", [0.0, 3.0, np.inf])
def test_a_seed_that_fails_takes_no_other_with_it(limit: float) -> None:
    made = plan(batch_size=4, passes=2.0)
    p = prepare(load_spec("logreg"), made, None, Control())
    ground = Ground(p.problem, p.constants, p.optimum.w_star)
    wanted = [(0, seed, [3.0]) for seed in range(8)]
    (job, *_) = jobs_of(p, 0, made, wanted, workers=1, iterates=False)
    lanes = tuple((seed, (3.0,)) for seed in range(8))

    def ran(*some: tuple[int, tuple[float, ...]]) -> list[tuple[int, Status, str | None, int]]:
        touchy = Touchy(limit)
        mine = Job(**{**vars(job), "lanes": some, "solver": touchy, "spec": SolverSpec("touchy")})
        runs = work(mine, ground, lambda t: False)
        assert isinstance(runs, list)
        assert all(isinstance(r, Run) for r in runs)
        return [(r.seed, r.status, r.error, r.status_at) for r in runs]

    together = ran(*lanes)
    assert together == [run for one in lanes for run in ran(one)]
    failed = sum(status is Status.FAILED for _, status, _, _ in together)
    assert failed == {0.0: 8, np.inf: 0}.get(limit, failed)
    if limit == 3.0:
        assert 0 < failed < 8
