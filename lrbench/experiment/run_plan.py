"""Runs of a plan: problems x solvers x seeds, run, analysed and judged."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lrbench.cache.folder import cache_dir
from lrbench.config.prints import prints_to_stderr
from lrbench.config.process import blas_threads
from lrbench.config.solver_spec import SolverSpec
from lrbench.data.scaling import affine
from lrbench.engine.columns import rounded_up
from lrbench.engine.control import Control
from lrbench.engine.runners import numpy_cause, planned_sampler
from lrbench.errors import LrbenchError, Note, OptimumError, RefutedError, UsageError, WorkersError
from lrbench.experiment.jobs import Executor, Serial
from lrbench.experiment.judgeable import check_judgeable
from lrbench.experiment.work import Work, header_of
from lrbench.objective.problem import Problem
from lrbench.optimum import discard_optimum
from lrbench.plan.lanes import Lane
from lrbench.plan.needs import check_needs
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import Prepared, prepare
from lrbench.problem_files import ProblemSpec, training
from lrbench.results import FeatureMap, ProblemResult, Result, Run, Verdict, environment
from lrbench.results.selection import notable_lanes
from lrbench.solvers.base import Solver
from lrbench.verdicts import judge_theorems

if TYPE_CHECKING:
    from lrbench.experiment.store import Store

OVERTIME_SECONDS = 5.0
"""The time that verdicts may take after the command was stopped."""


@prints_to_stderr()
def run_plan(
    plan: Plan,
    specs: Sequence[ProblemSpec | Problem],
    control: Control,
    command: Sequence[str] = (),
    *,
    executor: Executor | None = None,
    store: Store | None = None,
    strict: bool = False,
) -> Result:
    """Run a plan on problems; those that cannot be run are failures of the result.

    Parameters
    ----------
    plan
        The solvers, learning rates, setting and budget.
    specs
        The problems, or their specifications.
    control
        Stops the runs early, and is told of their progress.
    command
        What the result records as the command line.
    executor
        What runs the jobs; None runs them in this process.
    store
        The store that finished cells are written to; those in it already are not run again. None
        for no store.
    strict
        Whether a plan of which nothing can be judged is refused where F is not convex.

    Raises
    ------
    UsageError
        If the plan does not fit one of the problems, a solver needs what a problem does not have,
        or nothing can be judged that should be. Nothing has been run then.
    """
    cache = cache_dir()
    failures: list[tuple[str, LrbenchError]] = []
    with blas_threads(plan.threads):
        ready: list[Prepared] = []
        uncertified: list[str] = []
        for spec in specs:
            try:
                ready.append(prepare(spec, plan, cache, control))
            except UsageError:  # the command is wrong: nothing is run on the other problems either
                raise
            except LrbenchError as error:
                failures.append((spec.name, error))
                uncertified += [spec.name] if isinstance(error, OptimumError) else []
        check_needs(plan, ready, uncertified)
        if strict:
            check_judgeable(plan, ready)
        if plan.runner == "compiled" and (causes := numpy_steps(plan, ready)):
            warnings.warn(
                f"for all --runner compiled, NumPy makes the steps {causes}", Note, stacklevel=2
            )
        if ready:  # from now on a signal must not lose what is finished
            control.keep_results()
        work = Work(plan, ready, store)
        try:
            work.go(executor or Serial(), control)
            while not control.stopped and work.widen():
                work.go(executor or Serial(), control)
        except WorkersError as error:  # what was finished before is shown
            failures.append(("workers", error))
        if work.store_error is not None:
            failures.append(("store", work.store_error))
        results = []
        for index, p in enumerate(work.ready):
            cause = work.errors.get(index)
            if cause is None:
                results.append(measured(p, plan, work.runs(index), control))
                continue
            # A refuted f_star of --f-star says nothing against the certificate in the cache.
            if isinstance(cause, RefutedError) and p.constants.f_star_certified:
                discard_optimum(p.problem, cache)
                if p.spec is None:
                    cause = RefutedError(cause.message, "correct the reference of the problem.")
            failures.append((p.problem.name, cause))
    runner = "compiled" if any(_has_compiled_steps(plan, p) for p in work.ready) else "numpy"
    return Result(
        tuple(command), environment(plan.threads, runner), tuple(results), tuple(failures)
    )


def _has_compiled_steps(plan: Plan, p: Prepared) -> bool:
    """Return whether a solver of the plan makes compiled steps on a problem."""
    own = zip(plan.built, p.lanes, strict=True)
    return plan.compiled and any(
        not _numpy_cause(plan, p, solver, lanes) for (solver, _), lanes in own
    )


def numpy_steps(plan: Plan, ready: Sequence[Prepared]) -> str:
    """Return the solvers and problems on which NumPy makes the steps, with the causes."""
    names: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for p in ready:
        for (solver, spec), lanes in zip(plan.built, p.lanes, strict=True):
            # A solver that owns its loop has no steps to speak of.
            if not solver.outside and (cause := _numpy_cause(plan, p, solver, lanes)):
                solvers, problems = names.setdefault(cause, ({}, {}))
                solvers[str(spec)] = problems[p.problem.name] = None
    return "; ".join(
        f"of {', '.join(solvers)} on {', '.join(problems)} ({cause})"
        for cause, (solvers, problems) in names.items()
    )


def _numpy_cause(plan: Plan, p: Prepared, solver: Solver, lanes: Sequence[Lane]) -> str:
    setting = (plan.batch_size, plan.sampling, plan.radius)
    sampler = planned_sampler(p.problem, *setting, dense_iterates=solver.dense_iterates)
    lr0 = np.array([lane.lr0 for lane in lanes], dtype=np.float64)  # None becomes NaN
    return numpy_cause(solver, sampler, np.resize(lr0, rounded_up(len(lr0), plan.pad_to)))


def features_of(p: Prepared) -> FeatureMap | None:
    """Return how the columns of X were scaled; None for what is no model of a file."""
    if p.spec is None:
        return None
    return FeatureMap(*affine(training(p.spec).X, p.spec.scale))


def measured(p: Prepared, plan: Plan, runs: Sequence[Run], control: Control) -> ProblemResult:
    """Return the result on one problem: its runs, verdicts and, of a sweep, sensitivities.

    Of more than a thousand lanes those of `notable_lanes` are judged, and after a stop those for
    which `OVERTIME_SECONDS` suffice.
    """
    result = ProblemResult(
        p.problem.name,
        header_of(p, plan),
        tuple(runs),
        (),
        features=features_of(p),
        layers=p.problem.facts().layers,
        classes=p.problem.facts().classes,
    )
    result = replace(result, verdicts=tuple(_verdicts(p, result, plan, control)))
    if not plan.sweep:
        return result
    from lrbench.experiment.proved import proved_over_grid
    from lrbench.study import with_sweeps

    steps, targets = plan.steps(p.problem.n_samples), plan.targets_on(p.constants.delta0)
    proved = dict(proved_over_grid(result, p.setting(plan, SolverSpec(""), 1.0)))
    return with_sweeps(result, targets, steps, plan.arrival, proved, plan.iterations_at)


def _verdicts(
    p: Prepared, result: ProblemResult, plan: Plan, control: Control
) -> Iterator[Verdict]:
    for lane in notable_lanes(result):
        seeds = [run for run in result.groups[lane] if run.trace]
        if control.overtime >= OVERTIME_SECONDS:
            return
        if seeds:
            yield from judge_theorems(seeds, p.setting(plan, seeds[0].solver, seeds[0].lr0))
