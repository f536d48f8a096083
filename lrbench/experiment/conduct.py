"""A whole plan carried out: problems x solvers x seeds, measured and judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from threadpoolctl import threadpool_limits

from lrbench.cache.folder import cache_dir
from lrbench.data.scaling import affine
from lrbench.engine.control import Control
from lrbench.errors import LrbenchError, RefutedError, UsageError
from lrbench.experiment.jobs import Executor, Job, SharedProblem
from lrbench.experiment.jobs.blocks import jobs_of
from lrbench.experiment.jobs.here import Here
from lrbench.experiment.store import Cell, Store
from lrbench.experiment.store.cells import experiment_id
from lrbench.optimum import discard_optimum
from lrbench.plan.header import environment, header
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import Prepared, prepare
from lrbench.problem_files import ProblemSpec, training
from lrbench.results import FeatureMap, ProblemResult, Result, Run, Verdict
from lrbench.study import analyse
from lrbench.verdicts import judge_theorems


def run_plan(
    plan: Plan,
    specs: Sequence[ProblemSpec],
    control: Control,
    command: Sequence[str] = (),
    *,
    executor: Executor | None = None,
    store: Store | None = None,
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
    executor
        Where the work is done; None for this process.
    store
        Where finished cells are kept, and taken from instead of run again; None for nowhere.

    Raises
    ------
    UsageError
        If the plan does not fit one of the problems: then nothing was run.
    """
    cache = cache_dir()
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
        if ready:
            control.keep_results()
        work = Work(plan, ready, store)
        work.go(executor or Here(), control)
        results = []
        for place, p in enumerate(ready):
            why = work.errors.get(place)
            if why is None:
                results.append(measured(p, plan, work.runs(place)))
                continue
            failures.append((p.problem.name, why))
            if isinstance(why, RefutedError) and p.constants.f_star_certified:
                discard_optimum(p.problem, cache)
    return Result(tuple(command), environment(plan.threads), tuple(results), tuple(failures))


def cells(p: Prepared, plan: Plan) -> Iterator[Cell]:
    """Yield the cells of a plan on one problem: seed by seed, solver by solver."""
    for seed in plan.seeds:
        for solver in range(len(plan.built)):
            for lr0 in p.lr0:
                yield Cell(solver, seed, lr0)


def n_stored(p: Prepared, plan: Plan, store: Store) -> int:
    """Return how many cells of a plan on one problem are in a store."""
    return len(store.find(experiment_id(p.problem, p.constants, plan), plan.built, cells(p, plan)))


class Work:
    """The cells of a plan on all problems: found in the store, or run.

    Parameters
    ----------
    plan, ready
        What to run on which problems.
    store
        Where finished cells are kept and looked for; None for nowhere.
    """

    def __init__(self, plan: Plan, ready: Sequence[Prepared], store: Store | None = None) -> None:
        self._plan = plan
        self._ready = ready
        self._store = store
        self._found: list[dict[Cell, Run]] = [{} for _ in ready]
        self._ids = [
            experiment_id(p.problem, p.constants, plan) for p in ready if store is not None
        ]
        self.errors: dict[int, LrbenchError] = {}
        """Problems that cannot go on, by their place, and why."""

    def go(self, executor: Executor, control: Control) -> None:
        """Run what is not in the store."""
        jobs: list[Job] = []
        for place, p in enumerate(self._ready):
            self._look_up(place, p)
            jobs += jobs_of(
                p,
                place,
                self._plan,
                list(self._missing(place)),
                workers=executor.workers,
                keep_iterates=not self._plan.sweep,
            )
        jobs = [replace(job, number=number) for number, job in enumerate(jobs)]
        shared_problems = [
            SharedProblem(p.problem, p.constants, p.optimum.w_star) for p in self._ready
        ]
        control.total = sum(job.budget.iterations for job in jobs)
        for job, outcome in executor(jobs, shared_problems, control):
            if isinstance(outcome, LrbenchError):
                self.errors.setdefault(job.problem_index, outcome)
                continue
            solver = next(k for k, (_, s) in enumerate(self._plan.built) if s == job.spec)
            self._found[job.problem_index].update({Cell(solver, r.seed, r.lr0): r for r in outcome})
            if self._store is not None:
                self._store.put(self._ids[job.problem_index], job.solver, outcome)

    def runs(self, place: int) -> tuple[Run, ...]:
        """Return the runs on one problem: seed by seed, solver by solver."""
        return tuple(self._found[place][cell] for cell in cells(self._ready[place], self._plan))

    def _look_up(self, place: int, p: Prepared) -> None:
        if self._store is None:
            return
        plan, experiment, name = self._plan, self._ids[place], p.problem.name
        steps = plan.steps(p.problem.n_samples)
        self._store.declare(experiment, name, _header(p, plan), steps, sweep=plan.sweep)
        self._found[place].update(self._store.find(experiment, plan.built, cells(p, plan)))

    def _missing(self, place: int) -> Iterator[tuple[int, int, list[float]]]:
        n_solver_seeds: dict[tuple[int, int], list[float]] = {}
        for cell in cells(self._ready[place], self._plan):
            if cell not in self._found[place]:
                n_solver_seeds.setdefault((cell.solver, cell.seed), []).append(cell.lr0)
        for (solver, seed), lr0 in n_solver_seeds.items():
            yield solver, seed, lr0


def _header(p: Prepared, plan: Plan) -> Mapping[str, object]:
    return header(p.problem, p.constants, plan.radius, plan.target_on(p.constants.delta0))


def measured(p: Prepared, plan: Plan, runs: Sequence[Run]) -> ProblemResult:
    """Return what is known of one problem after its runs."""
    result = ProblemResult(
        p.problem.name,
        _header(p, plan),
        tuple(runs),
        tuple(_verdicts(p, runs, plan)),
        features=FeatureMap(*affine(training(p.spec).X, p.spec.scale)),
    )
    if not plan.sweep:
        return result
    return replace(result, sweep=analyse(result, iterations=plan.steps(p.problem.n_samples)))


def _verdicts(p: Prepared, runs: Sequence[Run], plan: Plan) -> Iterator[Verdict]:
    seeds: dict[tuple[str, float], list[Run]] = {}
    for run in runs:
        if run.trace:
            seeds.setdefault((str(run.solver), run.lr0), []).append(run)
    for (_, lr0), mine in seeds.items():
        yield from judge_theorems(mine, p.setting(plan, mine[0].solver, lr0))
