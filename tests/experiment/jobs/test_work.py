"""One job, whatever its solver does."""

from __future__ import annotations

import numpy as np
import pytest
from builders import plain_lanes
from job_problems import Touchy, plan

from lrbench.config.solver_spec import SolverSpec
from lrbench.engine.control import Control
from lrbench.engine.job import SeedLanes
from lrbench.experiment.jobs import Job, SharedProblem
from lrbench.experiment.jobs.base import run_job
from lrbench.experiment.jobs.blocks import jobs_of
from lrbench.plan.prepare import prepare
from lrbench.problem_files import load_spec
from lrbench.results import Run, Status


@pytest.mark.parametrize("limit", [0.0, 3.0, np.inf])
def test_a_seed_that_fails_takes_no_other_with_it(limit: float) -> None:
    made = plan(batch_size=4, passes=2.0)
    p = prepare(load_spec("logreg"), made, None, Control())
    shared = SharedProblem(p.problem, p.constants, p.optimum.w_star)
    wanted = [(0, seed, plain_lanes([3.0])) for seed in range(8)]
    (job, *_) = jobs_of(p, 0, made, wanted, workers=1, keep_iterates=False)
    lanes = tuple(SeedLanes(seed, (3.0,)) for seed in range(8))

    def ran(*some: SeedLanes) -> list[tuple[int, Status, str | None, int]]:
        touchy = Touchy(limit)
        mine = Job(**{**vars(job), "lanes": some, "solver": touchy, "spec": SolverSpec("touchy")})
        runs = run_job(mine, shared, lambda t: False)
        assert isinstance(runs, list)
        assert all(isinstance(r, Run) for r in runs)
        return [(r.seed, r.status, r.error, r.status_at) for r in runs]

    together = ran(*lanes)
    assert together == [run for one in lanes for run in ran(one)]
    failed = sum(status is Status.FAILED for _, status, _, _ in together)
    assert failed == {0.0: 8, np.inf: 0}.get(limit, failed)
    if limit == 3.0:
        assert 0 < failed < 8
