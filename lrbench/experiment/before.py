"""Bounds that theorems give for a plan before any run, as `lrbench theory` prints them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lrbench.cache.folder import cache_dir
from lrbench.config.plain import plain
from lrbench.config.prints import prints_to_stderr
from lrbench.config.process import blas_threads
from lrbench.engine.control import Control
from lrbench.engine.job import hyper_parameters
from lrbench.errors import LrbenchError, UsageError
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import header, prepare
from lrbench.problem_files import ProblemSpec
from lrbench.theory.base import Setting
from lrbench.verdicts.before import bounds_before
from lrbench.verdicts.method_names import MethodNames

FORMAT = "lrbench-theory"
VERSION = 1


@prints_to_stderr()
def bounds_of_problems(
    specs: Iterable[ProblemSpec], plan: Plan, iterations: Sequence[int], every: bool
) -> tuple[list[dict[str, Any]], list[LrbenchError]]:
    """Return the bounds on every problem, and the errors of problems that were left out.

    Parameters
    ----------
    specs, plan
        Problems, solvers and learning rates.
    iterations
        The numbers of iterations T at which bounds are evaluated.
    every
        Whether theorems for the other setting (full batches, minibatches) are included.

    Raises
    ------
    UsageError
        If the plan does not fit one of the problems.
    """
    problems, failures = [], []
    with blas_threads(plan.threads):
        for spec in specs:
            try:
                problems.append(_bounds(spec, plan, iterations, every))
            except UsageError:
                raise
            except LrbenchError as error:
                failures.append(error)
    return problems, failures


def _bounds(
    spec: ProblemSpec, plan: Plan, iterations: Sequence[int], every: bool
) -> dict[str, Any]:
    ready = prepare(spec, plan, cache_dir(), Control(), needs_f_star=False)
    settings = []
    solvers = [
        built.at(hyper_parameters(dict(lane.over)))
        for (_, built), lanes in zip(plan.built, ready.lanes, strict=True)
        for lane in lanes
    ]
    names = MethodNames(solvers, plan.batch_size is None)
    for (_, built), lanes in zip(plan.built, ready.lanes, strict=True):
        for lane in lanes:
            solver, lr0 = built.at(hyper_parameters(dict(lane.over))), lane.lr0
            # No run is planned: the longest that is asked for is the horizon of a schedule.
            setting = replace(ready.setting(plan, solver, lr0), horizon=max(iterations))
            settings.append(
                {
                    "title": (str(names.spec(solver)), *_title(setting)),
                    "solver": {"name": solver.name, "params": dict(solver.params)},
                    "setting": "batch" if setting.batch else "stochastic",
                    "batch_size": setting.batch_size,
                    "sampling": setting.sampling,
                    "lr0": lr0,
                    "theorems": bounds_before(solver.name, setting, iterations, every),
                }
            )
    return {
        "name": ready.problem.name,
        "header": header(
            ready.problem,
            ready.constants,
            plan.radius,
            plan.target_on(ready.constants.delta0),
        ),
        "hint": ready.not_certified.hint if ready.not_certified else "",
        "settings": settings,
    }


def _title(setting: Setting) -> Iterator[str]:
    if not math.isnan(setting.lr0):
        yield f"lr0 = {setting.lr0:g}"
    if setting.batch:
        yield "full batches"
    else:
        sampling = "with replacement" if setting.sampling == "replacement" else "reshuffled"
        yield f"batches of {setting.batch_size} {sampling}"
    if setting.radius is not None:
        yield f"ball of radius {setting.radius:g} around w_0"


def bounds_as_json(problems: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the bounds of `bounds_of_problems` as in the JSON: headers inline, no titles."""
    objects = []
    for problem in problems:
        settings = [{k: v for k, v in s.items() if k != "title"} for s in problem["settings"]]
        objects.append({"name": problem["name"], **plain(problem["header"]), "settings": settings})
    return {"format": FORMAT, "version": VERSION, "problems": objects}
