"""A whole `run`: problems x solvers x seeds, measured and judged."""

from __future__ import annotations

import importlib.metadata
import math
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from lrbench import __version__, engine
from lrbench.cachedir import cache_dir
from lrbench.constants import Constants
from lrbench.control import Control
from lrbench.errors import LrbenchError, RefutedError, UsageError
from lrbench.minibatches import Minibatches
from lrbench.optimum import Optimum, constants, discard, find
from lrbench.oracle import Ball
from lrbench.plan import Plan
from lrbench.problem import LinearProblem
from lrbench.results import ProblemResult, Result, Run
from lrbench.spec import ProblemSpec, load_spec
from lrbench.spec import build as build_problem
from lrbench.theory.base import Setting
from lrbench.verdicts import judge_all


def run(
    problems: str | Path | ProblemSpec | Iterable[str | Path | ProblemSpec],
    *,
    control: Control | None = None,
    command: Sequence[str] = (),
    cache: Path | None = None,
    **options: Any,
) -> Result:
    """Run solvers on problems and put theory beside the measurements.

    Parameters
    ----------
    problems
        Names of shipped problems, paths of TOML files, or checked specifications; one or many.
    control
        Stops the run early and hears of its progress.
    command
        What the result records as the command line.
    cache
        The folder of cached optima; None for the user's.
    **options
        The fields of `Plan`.

    Returns
    -------
    Result
        With every run that was started; `failures` names the problems that could not be run.

    Raises
    ------
    UsageError
        If a name or an option is wrong: then nothing was run.
    """
    many = [problems] if isinstance(problems, str | Path | ProblemSpec) else list(problems)
    specs = [p if isinstance(p, ProblemSpec) else load_spec(p) for p in many]
    plan = Plan(**options)
    control = control or Control(plan.timeout)
    results: list[ProblemResult] = []
    failures: list[tuple[str, LrbenchError]] = []
    with threadpool_limits(plan.threads, "blas"):
        for spec in specs:
            try:
                results.append(_run_problem(spec, plan, control, cache or cache_dir()))
            except UsageError:
                raise
            except LrbenchError as error:
                failures.append((spec.name, error))
            if control.stopped:
                break
    return Result(tuple(command), environment(plan.threads), tuple(results), tuple(failures))


def _run_problem(spec: ProblemSpec, plan: Plan, control: Control, cache: Path) -> ProblemResult:
    control.phase(f"reading {spec.name}")
    problem = build_problem(spec)
    if plan.batch_size is not None and plan.batch_size > problem.n_samples:
        raise UsageError(
            f"--batch-size {plan.batch_size} is more than the {problem.n_samples} samples of"
            f" {problem.name}.",
            "give a smaller one, or full.",
        )
    control.phase(f"certifying the optimum of {spec.name}")
    optimum = find(problem, cache=cache)
    known = constants(problem, optimum, radius=plan.radius)
    _check_ball(plan.radius, known, problem)
    try:
        runs = _run_all(problem, optimum, known, plan, control)
    except RefutedError:
        discard(problem, cache)
        raise
    return ProblemResult(
        problem.name,
        header(problem, known, plan.radius),
        tuple(runs),
        tuple(_verdicts(runs, known, plan, problem)),
    )


def _check_ball(radius: float | None, known: Constants, problem: LinearProblem) -> None:
    """Refuse a ball that leaves the minimiser out: that would be another problem."""
    if radius is None:
        return
    if known.distance is None:
        raise UsageError(
            f"--radius {radius:g} makes another problem of {problem.name}, whose infimum is not"
            " attained.",
            "leave --radius out, or add a penalty.",
        )
    if radius < known.distance:
        raise UsageError(
            f"--radius {radius:g} leaves out the minimiser of {problem.name}, which is"
            f" {known.distance:.6g} from the start.",
            f"give --radius {math.ceil(known.distance * 100) / 100:g} or more.",
        )


def _run_all(
    problem: LinearProblem, optimum: Optimum, known: Constants, plan: Plan, control: Control
) -> list[Run]:
    steps = plan.steps(problem.n_samples)
    budget = engine.Budget(
        steps, engine.log_spaced(steps, plan.checkpoints_per_decade), plan.target
    )
    ball = None if plan.radius is None else Ball(problem.w0, plan.radius)
    control.total += steps * len(plan.built) * plan.replicates
    runs: list[Run] = []
    for seed in range(plan.seed, plan.seed + plan.replicates):
        minibatches = None
        if plan.batch_size is not None:
            minibatches = Minibatches(problem.n_samples, plan.batch_size, plan.sampling, seed)
        for solver, spec in plan.built:
            if control.stopped:
                return runs
            control.phase(f"{problem.name}: {spec}, seed {seed}")
            task = engine.Task(
                problem=problem,
                constants=known,
                w_star=optimum.w_star,
                solver=solver,
                spec=spec,
                lr0=np.array(plan.lr0),
                minibatches=minibatches,
                ball=ball,
                budget=budget,
                seed=seed,
            )
            runs += engine.run(task, control)
            control.finished(steps)
    return runs


def _verdicts(runs: Sequence[Run], known: Constants, plan: Plan, problem: LinearProblem) -> Any:
    for _, spec in plan.built:
        for lr0 in plan.lr0:
            mine = [r for r in runs if r.solver == spec and r.lr0 == lr0]
            judged = [r for r in mine if len(r.trace.get("iteration", ())) > 0]
            if judged:
                setting = Setting(
                    constants=known,
                    lr0=lr0,
                    params=spec.params,
                    batch=plan.batch_size is None,
                    batch_size=plan.batch_size or problem.n_samples,
                    sampling=None if plan.batch_size is None else plan.sampling,
                    radius=plan.radius,
                )
                yield from judge_all(judged, setting)


def header(problem: LinearProblem, known: Constants, radius: float | None) -> dict[str, Any]:
    """Return what a saved result says of the problem itself."""
    about = problem.about
    return {
        "title": about.title,
        "fingerprint": about.fingerprint,
        "data": about.data,
        "n_samples": problem.n_samples,
        "n_features": problem.n_features,
        "nnz": problem.data.nnz,
        "loss": problem.loss.name,
        "penalty": {"name": problem.penalty.name, "weight": problem.penalty.weight},
        "scale": about.scale,
        "intercept": problem.intercept,
        "labels": None if about.labels is None else dict(about.labels),
        "start": about.start,
        "radius": radius,
        "constants": asdict(known) | {"kappa": known.kappa},
    }


def environment(threads: int) -> dict[str, Any]:
    """Return what the figures of a result depend on."""
    return {
        "lrbench": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": importlib.metadata.version("scipy"),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "threads": threads,
    }
