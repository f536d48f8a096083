"""A whole `run`: problems x solvers x seeds, measured and judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from lrbench import engine
from lrbench.cachedir import cache_dir
from lrbench.constants import Sampling
from lrbench.control import Control
from lrbench.data.scaling import affine
from lrbench.describe import environment, header
from lrbench.errors import LrbenchError, RefutedError, UsageError, shown
from lrbench.grid import Rate
from lrbench.minibatches import Minibatches
from lrbench.optimum import discard
from lrbench.oracle import Ball
from lrbench.plan import DEFAULT_SOLVERS, Plan
from lrbench.prepare import Prepared, prepare
from lrbench.results import FeatureMap, ProblemResult, Result, Run, Verdict
from lrbench.spec import ProblemSpec, load_spec, training
from lrbench.task import Budget, Task, log_spaced
from lrbench.verdicts import judge_all


def run(
    problems: str | Path | ProblemSpec | Iterable[str | Path | ProblemSpec],
    *,
    solvers: str | Sequence[str] = DEFAULT_SOLVERS,
    lr0: float | str | Rate | Iterable[float | str | Rate] = (1.0,),
    batch_size: int | None = None,
    iterations: int | None = None,
    passes: float | None = None,
    target: float | None = None,
    timeout: float | None = None,
    sampling: Sampling = "replacement",
    radius: float | None = None,
    f_star: float | None = None,
    seed: int = 0,
    replicates: int = 1,
    checkpoints_per_decade: int = 12,
    threads: int = 1,
) -> Result:
    """Run solvers on problems and put theory beside the measurements.

    Parameters
    ----------
    problems
        Names of shipped problems, paths of TOML files, or checked specifications; one or many.
        `lrbench.spec.spec_from_data` makes a specification of a data file.
    solvers
        ``NAME`` or ``NAME[key=value,...]``.
    lr0
        Initial learning rates: positive numbers, or texts as on the command line: ``"0.1/L"``,
        ``"1e-4:1e4:17"``.
    batch_size
        None for full batches.
    iterations, passes
        The budget: one of them or neither (1000 iterations; with minibatches 10 passes).
    target
        A run ends at the first checkpoint with a suboptimality of at most this.
    timeout
        Seconds for everything.
    sampling
        How minibatches are drawn.
    radius
        Of the ball around the start that the iterates are projected on; None without one.
    f_star
        Taken as the minimum instead of a certified one; there is no minimiser then.
    seed, replicates
        Seeds seed, seed + 1, …, seed + replicates - 1.
    checkpoints_per_decade
        Rows of the trace for each factor 10 in T.
    threads
        BLAS threads.

    Returns
    -------
    Result
        With every run that was started; `failures` names the problems that could not be run.

    Raises
    ------
    UsageError
        If a name or an option is wrong: then nothing was run.

    Examples
    --------
    >>> import lrbench
    >>> result = lrbench.run("log-spectrum", solvers=["gd"], lr0=["1/L"], iterations=10)
    >>> result.problems[0].runs[0].status
    <Status.COMPLETED: 'completed'>
    """
    specs = _specs(problems)
    plan = Plan(
        solvers=solvers,
        lr0=lr0,
        batch_size=batch_size,
        iterations=iterations,
        passes=passes,
        target=target,
        timeout=timeout,
        sampling=sampling,
        radius=radius,
        f_star=f_star,
        seed=seed,
        replicates=replicates,
        checkpoints_per_decade=checkpoints_per_decade,
        threads=threads,
    )
    return carry_out(plan, specs, Control(timeout))


def _specs(problems: Any) -> list[ProblemSpec]:
    """Return the specifications of one problem or many; raise `UsageError` for anything else."""
    kinds = (str, Path, ProblemSpec)
    many = [problems] if isinstance(problems, kinds) else problems
    if not isinstance(many, Iterable) or not (found := list(many)):
        raise UsageError(f"{shown(problems)} names no problem.", "give a name, as in 'logreg'.")
    for problem in found:
        if not isinstance(problem, kinds):
            raise UsageError(f"{shown(problem)} is not a problem.", "give a name, as in 'logreg'.")
    return [p if isinstance(p, ProblemSpec) else load_spec(p) for p in found]


def carry_out(
    plan: Plan, specs: Sequence[ProblemSpec], control: Control, command: Sequence[str] = ()
) -> Result:
    """Run a plan on checked problems.

    Parameters
    ----------
    plan, specs
        What to run on what.
    control
        Stops the run early and hears of its progress.
    command
        What the result records as the command line.

    Raises
    ------
    UsageError
        If the plan does not fit one of the problems: then nothing was run.
    """
    cache = cache_dir()
    results: list[ProblemResult] = []
    failures: list[tuple[str, LrbenchError]] = []
    with threadpool_limits(plan.threads, "blas"):
        ready: list[Prepared] = []
        for spec in specs:
            try:
                ready.append(prepare(spec, plan, cache, control))
            except UsageError:
                raise
            except LrbenchError as error:
                failures.append((spec.name, error))
        control.total = sum(plan.steps(p.problem.n_samples) for p in ready) * plan.bundles
        if ready:
            control.keep_results()
        for prepared in ready:
            try:
                results.append(_run_problem(prepared, plan, cache, control))
            except LrbenchError as error:
                failures.append((prepared.problem.name, error))
    return Result(tuple(command), environment(plan.threads), tuple(results), tuple(failures))


def _run_problem(p: Prepared, plan: Plan, cache: Path, control: Control) -> ProblemResult:
    try:
        runs = tuple(_runs(p, plan, control))
    except RefutedError:
        if p.constants.f_star_certified:
            discard(p.problem, cache)
        raise
    return ProblemResult(
        p.problem.name,
        header(p.problem, p.constants, plan.radius, plan.target),
        runs,
        tuple(_verdicts(p, runs, plan)),
        features=FeatureMap(*affine(training(p.spec).X, p.spec.scale)),
    )


def _runs(p: Prepared, plan: Plan, control: Control) -> Iterator[Run]:
    problem, steps = p.problem, plan.steps(p.problem.n_samples)
    checkpoints = log_spaced(steps, plan.checkpoints_per_decade)
    for seed in plan.seeds:
        minibatches = None
        if plan.batch_size is not None:
            minibatches = Minibatches(problem.n_samples, plan.batch_size, plan.sampling, seed)
        for solver, spec in plan.built:
            control.phase(f"{problem.name}: {spec}, seed {seed}")
            task = Task(
                problem=problem,
                constants=p.constants,
                w_star=p.optimum.w_star,
                solver=solver,
                spec=spec,
                lr0=np.array(p.lr0),
                minibatches=minibatches,
                ball=None if plan.radius is None else Ball(problem.w0, plan.radius),
                budget=Budget(steps, checkpoints, plan.target),
                seed=seed,
            )
            yield from engine.unstarted(task) if control.stopped else engine.run(task, control)
            control.finished(steps)


def _verdicts(p: Prepared, runs: Sequence[Run], plan: Plan) -> Iterator[Verdict]:
    seeds: dict[tuple[str, float], list[Run]] = {}
    for run in runs:
        if run.trace:
            seeds.setdefault((str(run.solver), run.lr0), []).append(run)
    for (_, lr0), mine in seeds.items():
        yield from judge_all(mine, p.setting(plan, mine[0].solver, lr0))
