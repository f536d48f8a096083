"""What is proved on a plan's problems before any run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from threadpoolctl import threadpool_limits

from lrbench.cache.folder import cache_dir
from lrbench.engine.control import Control
from lrbench.errors import LrbenchError, UsageError
from lrbench.plan.header import header
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import prepare
from lrbench.problem_files import ProblemSpec
from lrbench.theory.base import Setting
from lrbench.verdicts.before import bounds_before

FORMAT = "lrbench-theory"
VERSION = 1


def bounds_of_problems(
    specs: Iterable[ProblemSpec], plan: Plan, at: Sequence[int], every: bool
) -> tuple[list[dict[str, Any]], list[LrbenchError]]:
    """Return what is proved on every problem, and why problems were left out.

    Parameters
    ----------
    specs, plan
        Problems, solvers and learning rates.
    at
        The numbers of iterations T to evaluate bounds at.
    every
        Whether theorems for the other setting (full batches, minibatches) are told too.
    """
    told, failures = [], []
    with threadpool_limits(plan.threads, "blas"):
        for spec in specs:
            try:
                told.append(_tell_one(spec, plan, at, every))
            except UsageError:
                raise
            except LrbenchError as error:
                failures.append(error)
    return told, failures


def _tell_one(spec: ProblemSpec, plan: Plan, at: Sequence[int], every: bool) -> dict[str, Any]:
    ready = prepare(spec, plan, cache_dir(), Control())
    settings = []
    for _, solver in plan.built:
        for lr0 in ready.lr0:
            setting = ready.setting(plan, solver, lr0)
            settings.append(
                {
                    "title": (str(solver), *_title(setting)),
                    "solver": {"name": solver.name, "params": dict(solver.params)},
                    "setting": "batch" if setting.batch else "stochastic",
                    "batch_size": setting.batch_size,
                    "sampling": setting.sampling,
                    "lr0": lr0,
                    "theorems": bounds_before(solver.name, setting, at, every),
                }
            )
    return {
        "name": ready.problem.name,
        "header": header(ready.problem, ready.constants, plan.radius, plan.target),
        "settings": settings,
    }


def _title(setting: Setting) -> Iterator[str]:
    yield f"lr0 = {setting.lr0:g}"
    if setting.batch:
        yield "full batches"
    else:
        how = "with replacement" if setting.sampling == "replacement" else "reshuffled"
        yield f"batches of {setting.batch_size} {how}"
    if setting.radius is not None:
        yield f"ball of radius {setting.radius:g} around w_0"


def bounds_as_json(told: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what `bounds_of_problems` told in the shape of the JSON: headers inline, no titles."""
    problems = []
    for problem in told:
        settings = [{k: v for k, v in s.items() if k != "title"} for s in problem["settings"]]
        problems.append({"name": problem["name"], **problem["header"], "settings": settings})
    return {"format": FORMAT, "version": VERSION, "problems": problems}
