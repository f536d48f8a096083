"""Seeds of `lrbench run` that go together have the bits that they have alone."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from builders import Work, every_variant, linear_problem, run_healthy, task
from in_process import invoke
from threadpoolctl import threadpool_limits

from lrbench.engine.compiled import has_rule
from lrbench.engine.job import Job
from lrbench.experiment.jobs import blocks
from lrbench.kernels.library import library
from lrbench.objective.minibatches import Minibatches
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.results import Run

pytestmark = pytest.mark.skipif(library() is None, reason="no compiled steps were built")

WITH_RULE = [solver for solver in every_variant() if has_rule(solver)]

RATES = (0.03, 0.7, 400.0)
"""The last one diverges with a constant step, in other steps for other seeds."""


def bits(r: Run) -> dict[str, Any]:
    """Return everything that a run measured, but for its clock."""
    trace = {k: v.tobytes() for k, v in r.trace.items() if k != "seconds"}
    points = {f"point {k}": v.tobytes() for k, v in r.iterates.items()}
    return trace | points | {"end": (r.status, r.status_at)}


@pytest.mark.parametrize("solver", WITH_RULE, ids=str)
@pytest.mark.parametrize("density", [None, 0.3], ids=["dense", "csr"])
@pytest.mark.parametrize("n_lanes", [1, 2, 3])
def test_a_seed_beside_others_has_its_own_bits(
    solver: Any, density: float | None, n_lanes: int
) -> None:
    problem = linear_problem(
        "logistic", 300, 23, density=density, penalty=ElasticNet(0.01, l1_ratio=0.5), seed=3
    )
    batch = Minibatches(300, 5, "replacement", seed=1)
    marks = [0, 1, 2, 5, 11, 40, 97, 130]
    work = task(
        problem, solver, RATES[-n_lanes:], 130, checkpoints=marks, batch=batch,
        seeds=range(7), minimum=False, f_star=-1e9,
    ).on(w_star=np.linspace(-0.5, 0.7, 23)).changed(compiled=True)  # fmt: skip
    with threadpool_limits(1, "blas"):
        together = run_healthy(work)
        alone = [r for job in work.job.by_seed() for r in run_healthy(Work(job, work.shared))]
    assert len({r.trace["objective"][-1] for r in together}) == len(together)
    for r, other in zip(together, alone, strict=True):
        mine, expected = bits(r), bits(other)
        assert [key for key in mine if mine[key] != expected[key]] == [], (r.seed, r.lr0)


def test_a_run_has_the_same_json_with_seeds_together_and_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = "run -p logreg -s wngrad -s sgd --lr0 0.1 --lr0 1e5 --batch-size 9 -r 13 --passes 2"
    sizes: list[int] = []
    right = Job

    def noted(**fields: Any) -> Any:
        sizes.append(len(fields["lanes"]))
        return right(**fields)

    monkeypatch.setattr(blocks, "Job", noted)

    def runs() -> list[Any]:
        outcome = invoke(*command.split(), "--test", "0.2", "--format", "json")
        assert outcome.code == 0, outcome.err
        (problem,) = json.loads(outcome.out)["problems"]
        for each in problem["runs"]:
            del each["evaluation_seconds"], each["trace"]["seconds"]
        return [problem]

    together = runs()
    assert max(sizes) > 1
    monkeypatch.setattr(blocks, "shares_calls", lambda problem, plan, index: False)
    sizes.clear()
    assert runs() == together
    assert max(sizes) == 1
    assert {each["status"] for each in together[0]["runs"]} >= {"completed", "diverged"}
