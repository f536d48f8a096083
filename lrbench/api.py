"""What can be called from Python: `lrbench.run` and `lrbench.sweep`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lrbench.config.learning_rates import LearningRate
from lrbench.engine.control import Control
from lrbench.experiment.conduct import run_plan
from lrbench.experiment.jobs import choose
from lrbench.experiment.store import store_at
from lrbench.objective.constants import Sampling
from lrbench.plan.plan import DEFAULT_SOLVERS, DEFAULT_SWEEP, Plan
from lrbench.problem_files import ProblemSpec, load_specs
from lrbench.results import Result


def run(
    problems: str | Path | ProblemSpec | Iterable[str | Path | ProblemSpec],
    *,
    solvers: str | Sequence[str] = DEFAULT_SOLVERS,
    lr0: float | str | LearningRate | Iterable[float | str | LearningRate] = (1.0,),
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
    jobs: int | None = None,
) -> Result:
    """Run solvers on problems and put theory beside the measurements.

    Parameters
    ----------
    problems
        Names of shipped problems, paths of TOML files, or checked specifications; one or many.
        `lrbench.problem_files.spec_from_data` makes a specification of a data file.
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
    jobs
        Worker processes; None for ``LRBENCH_JOBS``, and without that for none.

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
    specs = load_specs(problems)
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
    return run_plan(plan, specs, Control(timeout), executor=choose(jobs))


def sweep(
    problems: str | Path | ProblemSpec | Iterable[str | Path | ProblemSpec],
    *,
    solvers: str | Sequence[str] = DEFAULT_SOLVERS,
    lr0: float | str | LearningRate | Iterable[float | str | LearningRate] = DEFAULT_SWEEP,
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
    jobs: int | None = None,
    executor: str = "loky",
    scheduler: str | None = None,
    store: str | Path | None = None,
    lane_block: int | None = None,
) -> Result:
    """Measure how sensitive solvers are to the initial learning rate.

    Parameters
    ----------
    problems, solvers, lr0, batch_size, iterations, passes, timeout, sampling, radius, f_star, seed
        As of `run`.
    replicates, checkpoints_per_decade, threads
        As of `run`.
    target
        F - f* that a run must come down to, and at which it ends; None for 1 % of F(w_0) - f*.
    jobs
        Worker processes; None for ``LRBENCH_JOBS``, and without that for as many as there are
        processors. They are started only if the work takes more than some seconds.
    executor, scheduler
        ``"loky"``, or ``"dask"`` with the address of a running scheduler.
    store
        An SQLite file where each finished cell is kept; what is there already is not run again.
    lane_block
        The most lanes that go through a problem together, a multiple of 8; None for as many as fit
        into memory, and of several seeds as many as stay in cache. No figure depends on it.

    Returns
    -------
    Result
        `Result.problems[k].sweep` says what was found; the runs are there, too.

    Raises
    ------
    UsageError
        If a name or an option is wrong: then nothing was run.

    Examples
    --------
    >>> import lrbench
    >>> result = lrbench.sweep("log-spectrum", solvers=["gd"], lr0="0.01/L:100/L:5", jobs=1)
    >>> [s.best_lr0 for s in result.problems[0].sweep.solvers]
    [0.99...]
    """
    specs = load_specs(problems)
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
        sweep=True,
        lane_block=lane_block,
    )
    chosen = choose(jobs, executor, scheduler, default=0)
    with store_at(store) as kept:
        return run_plan(plan, specs, Control(timeout), executor=chosen, store=kept)
