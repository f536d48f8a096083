"""The functions `lrbench.run` and `lrbench.sweep`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias, Unpack

from lrbench.config.keywords import names_keywords
from lrbench.engine.control import Control
from lrbench.experiment.jobs import choose
from lrbench.experiment.run_plan import run_plan
from lrbench.experiment.store import store_at
from lrbench.objective.problem import Problem
from lrbench.plan.options import PlanOptions, takes_options
from lrbench.plan.plan import Plan
from lrbench.problem_files import ProblemSpec, load_specs
from lrbench.results import ArrivalRule, Result

AnyProblem: TypeAlias = str | Path | ProblemSpec | Problem
Problems: TypeAlias = AnyProblem | Iterable[AnyProblem]


@names_keywords()
@takes_options
def run(problems: Problems, *, jobs: int | None = None, **options: Unpack[PlanOptions]) -> Result:
    """Run solvers on problems, and compare the measurements with theory.

    Parameters
    ----------
    problems
        Names of shipped problems, paths of TOML files, checked specifications, or objects that
        have the methods of `lrbench.objective.problem.Problem`; one or several.
        `lrbench.spec_from_data` makes a specification of a data file. An object runs
        in worker processes only if it can be pickled and its facts have a fingerprint.
    jobs
        Worker processes; None for the value of ``LRBENCH_JOBS``, or no worker if it is not set.
    solvers
        ``NAME`` or ``NAME[key=value,...]``.
    lr0
        Initial learning rates: positive numbers, or texts as on the command line, such as
        ``"0.1/L"`` or ``"1e-4:1e4:17"``; None for 1. A solver whose method has none, such as
        ``"dog"``, runs once a seed whatever they are.
    over
        What varies instead of the learning rate: ``"eta=1e-3:1e3:25"`` or ``{"eta": [1, 10]}`` for
        a parameter of the solvers, ``"scale=0.1:10:9"`` for the free scale of each; two of them for
        a grid, whose first one is the axis along which ranges are measured. While the free scale of
        a solver varies, `lr0` stands for its other published parameters.
    batch_size
        None for full batches.
    iterations, passes
        The budget: at most one of them. Without either it is 1000 iterations, or 10 passes with
        minibatches.
    target
        A run ends at the first checkpoint with a suboptimality of at most this: a number, or a
        share of F(w_0) - f* such as ``"1%"``.
    timeout
        Seconds for the whole call.
    sampling
        ``"replacement"`` or ``"reshuffle"``: how minibatches are drawn.
    radius
        The radius of the ball around the start that the iterates are projected on; None for no
        ball.
    f_star
        A minimum of F to use instead of a certified one; there is then no minimiser.
    seed, replicates
        The seeds of the runs are seed, seed + 1, …, seed + replicates - 1.
    checkpoints_per_decade
        Rows of the trace for each factor of 10 in the iterations, beside the 1-2-5 series; None for
        12, and in a sweep for the looks that its rule of arrival has.
    threads
        BLAS threads.
    runner
        ``"numpy"`` or ``"compiled"``: what makes the steps; None for compiled steps where they were
        built. Where they are not possible NumPy makes the steps in any case.

    Returns
    -------
    Result
        Every run that was started; its `failures` are the problems that could not be run, such as
        those whose f_star is not certified (`OptimumError`).

    Raises
    ------
    UsageError
        If a name or an option is wrong; nothing has been run then.

    Examples
    --------
    >>> import lrbench
    >>> result = lrbench.run("log-spectrum", solvers=["gd"], lr0=["1/L"], iterations=10)
    >>> result.problems[0].runs[0].status
    <Status.COMPLETED: 'completed'>
    """
    specs, plan = load_specs(problems), Plan(**options)
    return run_plan(plan, specs, Control(plan.timeout), executor=choose(jobs))


@names_keywords()
@takes_options
def sweep(
    problems: Problems,
    *,
    jobs: int | None = None,
    executor: str = "loky",
    scheduler: str | None = None,
    store: str | Path | None = None,
    arrival: ArrivalRule = "confirmed",
    lane_block: int | None = None,
    at: str | Sequence[int] | None = None,
    **options: Unpack[PlanOptions],
) -> Result:
    """Measure how sensitive solvers are to the initial learning rate, or to what else varies.

    Parameters
    ----------
    problems
        As for `run`.
    jobs
        Worker processes; None for the value of ``LRBENCH_JOBS``, or one for each processor if it is
        not set. They are started only if the work takes more than a few seconds.
    executor, scheduler
        ``"loky"``, or ``"dask"`` with the address of a running scheduler.
    store
        An SQLite file that keeps each finished cell. Cells that it already has are not run again.
    arrival
        When a run has arrived at the target. ``"first"``: at its first checkpoint at or below the
        target. ``"confirmed"``: at the first look T at which it is there, and so is its mean
        suboptimality over [T, 2 T]; to know this it may go on to twice its budget. ``"end"``: at
        the first look from which on it stays there; every run then uses its whole budget.
    lane_block
        The most lanes that run together, a multiple of 8; None for as many as fit into memory, and
        for several seeds as many as fit into the cache. No number of the result depends on it.
    at
        Iterations T, or a text such as ``"10,2000"``. Every run goes on to the last of them, also
        one that reached the target, and F - f* after T steps is part of the sensitivities. Without
        another budget the last T is the budget. None for no such T.
    options
        Those of `run`. Without `lr0` it is 1e-4:1e4:33. `target` is the suboptimality F - f* at
        which a run must arrive; None for 1 % of F(w_0) - f*. With several, as in ``"10%,1%"``, a
        run ends by the least of them, and there is a result for each.

    Returns
    -------
    Result
        `Result.problems[k].sweep` has the sensitivity of each solver to lr0, for the first target,
        and `Result.problems[k].runs` its runs. `Result.problems[k].sweeps` has that for each of
        several targets.

    Raises
    ------
    UsageError
        If a name or an option is wrong; nothing has been run then.

    Examples
    --------
    >>> import lrbench
    >>> result = lrbench.sweep("log-spectrum", solvers=["gd"], lr0="0.01/L:100/L:5", jobs=1)
    >>> [s.best_lr0 for s in result.problems[0].sweep.solvers]
    [0.99...]
    """
    specs = load_specs(problems)
    plan = Plan(**options, sweep=True, arrival=arrival, lane_block=lane_block, at=at)
    workers = choose(jobs, executor, scheduler, default=0)
    with store_at(store) as opened:
        return run_plan(plan, specs, Control(plan.timeout), executor=workers, store=opened)
