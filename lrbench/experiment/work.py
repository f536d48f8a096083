"""The cells of a plan on all problems: what is to be run, and what was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lrbench.config.solver_spec import SolverSpec
from lrbench.engine.control import Control
from lrbench.errors import LrbenchError
from lrbench.experiment.jobs import Executor, Job, JobOutcome, Serial, SharedProblem
from lrbench.experiment.jobs.base import sharing_obstacle, solver_obstacle
from lrbench.experiment.jobs.blocks import jobs_of
from lrbench.plan.auto_grid import next_exponents
from lrbench.plan.lanes import Cell, Lane, lane_of
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import Prepared, header
from lrbench.results import Header, ProblemResult, Run

if TYPE_CHECKING:
    from lrbench.experiment.store import Store


def cells(p: Prepared, plan: Plan) -> Iterator[Cell]:
    """Yield the cells of a plan on one problem: seed by seed, solver by solver."""
    for seed in plan.seeds:
        for solver in range(len(plan.built)):
            for lane in p.lanes[solver]:
                yield Cell(solver, seed, lane)


def n_stored(p: Prepared, plan: Plan, store: Store) -> int:
    """Return how many cells of a plan on one problem are in a store."""
    from lrbench.experiment.store.keys import experiment_id

    return len(
        store.find(
            experiment_id(p, plan),
            plan.built,
            cells(p, plan),
        )
    )


class Work:
    """The cells of a plan on all problems, read from the store or run.

    Parameters
    ----------
    plan
        The solvers, learning rates, setting and budget.
    ready
        The prepared problems.
    store
        The store that cells are read from and written to; None for no store.
    """

    def __init__(self, plan: Plan, ready: Sequence[Prepared], store: Store | None = None) -> None:
        self._plan = plan
        self.ready = list(ready)
        """The problems, with the lanes that were run so far."""
        self._store = store
        self._runs: list[dict[Cell, Run]] = [{} for _ in ready]
        self._ids: list[str] = []
        if store is not None:
            from lrbench.experiment.store.keys import experiment_id

            self._ids = [experiment_id(p, plan) for p in ready]
        self.errors: dict[int, LrbenchError] = {}
        """The errors of problems whose runs cannot go on, by the index of the problem."""
        self.store_error: LrbenchError | None = None
        """The error of the store from which on nothing more was written to it."""

    def go(self, executor: Executor, control: Control) -> None:
        """Read the cells that are in the store, and run the others."""
        jobs: list[Job] = []
        here = Serial()
        executors: list[Executor] = []
        stay = set() if isinstance(executor, Serial) else self._stay_here()
        for index, p in enumerate(self.ready):
            made_here = p.spec is None and not isinstance(executor, Serial)
            obstacle = sharing_obstacle(p.problem) if made_here else ""
            if obstacle:
                from lrbench.experiment.store import to_stderr

                to_stderr(f"{p.problem.name} runs in this process: {obstacle}.")
            executors.append(here if obstacle else executor)
            self._look_up(index, p)
            jobs += jobs_of(
                p,
                index,
                self._plan,
                list(self._missing(index)),
                workers=executors[index].workers,
                keep_iterates=not self._plan.sweep,
            )
        jobs = [replace(job, number=number) for number, job in enumerate(jobs)]
        shared_problems = [
            SharedProblem(p.problem, p.constants, p.optimum.w_star) for p in self.ready
        ]
        control.total += sum(job.budget.iterations for job in jobs)
        for each in dict.fromkeys([here, *executors] if stay else executors):
            own = [
                job
                for job in jobs
                if (here if str(job.spec) in stay else executors[job.problem_index]) is each
            ]
            for job, outcome in each(own, shared_problems, control):
                self._take(job, outcome)

    def _stay_here(self) -> set[str]:
        """Return the solvers that other processes cannot run, and say obstacle on stderr."""
        obstacles = {str(spec): solver_obstacle(solver) for solver, spec in self._plan.built}
        for spec, obstacle in obstacles.items():
            if obstacle:
                from lrbench.experiment.store import to_stderr

                to_stderr(f"{spec} runs in this process: {obstacle}.")
        return {spec for spec, obstacle in obstacles.items() if obstacle}

    def widen(self) -> bool:
        """Add the lanes that grids which find their ends need next; return whether there are any.

        They are chosen from the runs so far, problem by problem and solver by solver.
        """
        if not any(axes.auto for axes in self._plan.axes):
            return False  # the order of the lanes is that of the command
        changed = False
        for index, p in enumerate(self.ready):
            if index in self.errors:
                continue
            more = [
                self._next_lanes(index, solver) if axes.auto else ()
                for solver, axes in enumerate(self._plan.axes)
            ]
            lanes = (
                tuple(sorted((*a, *b), key=lambda lane: lane.over)) if b else a
                for a, b in zip(p.lanes, more, strict=True)
            )
            self.ready[index] = replace(p, lanes=tuple(lanes))
            changed |= any(more)
        return changed

    def _next_lanes(self, index: int, solver: int) -> tuple[Lane, ...]:
        """Return the lanes that the grid of a solver needs next."""
        p, axes = self.ready[index], self._plan.axes[solver]
        L = p.constants.L
        runs = [run for cell, run in self._runs[index].items() if cell.solver == solver]
        problem = ProblemResult(p.problem.name, header_of(p, self._plan), runs, ())
        steps = self._plan.steps(p.problem.n_samples)
        # What arrives at the least target arrives at the largest one, whose range is the widest.
        target = max(self._plan.targets_on(p.constants.delta0))
        from lrbench.study import analyse

        (s,) = analyse(problem, target, steps, self._plan.arrival).solvers
        exponents = {value: axes.exponent(value, L) for value in s.values}
        costs = {exponents[v]: passes for v, passes in zip(s.values, s.passes, strict=True)}
        gaps = {
            exponents[value]: gap
            for (_, value), gap in problem.final_gaps.items()
            if value is not None
        }
        return axes.of_exponents(next_exponents(costs, gaps), L)

    def _take(self, job: Job, outcome: JobOutcome) -> None:
        """Keep the runs of a job, and store them at once: a killed command loses no others."""
        if isinstance(outcome, LrbenchError):
            self.errors.setdefault(job.problem_index, outcome)
            return
        solver = next(k for k, (_, s) in enumerate(self._plan.built) if s == job.spec)
        self._runs[job.problem_index].update({Cell(solver, r.seed, lane_of(r)): r for r in outcome})
        if self._store is not None and self.store_error is None:
            try:
                self._store.put(self._ids[job.problem_index], job.solver, outcome)
            except LrbenchError as error:  # hours of runs are worth more than their store
                self.store_error = error
                self._store.note("nothing more is stored; the runs go on, and are shown.")

    def runs(self, index: int) -> tuple[Run, ...]:
        """Return the runs on one problem: seed by seed, solver by solver."""
        return tuple(self._runs[index][cell] for cell in cells(self.ready[index], self._plan))

    def _look_up(self, index: int, p: Prepared) -> None:
        if self._store is None:
            return
        plan, experiment, name = self._plan, self._ids[index], p.problem.name
        self._store.declare(
            experiment,
            name,
            header_of(p, plan),
            plan.steps(p.problem.n_samples),
            sweep=plan.sweep,
            arrival=plan.arrival,
            targets=plan.targets_on(p.constants.delta0),
            at=plan.iterations_at,
            setting=p.setting(plan, SolverSpec(""), 1.0),
        )
        self._runs[index].update(self._store.find(experiment, plan.built, cells(p, plan)))
        self._store.repair(experiment)

    def _missing(self, index: int) -> Iterator[tuple[int, int, list[Lane]]]:
        """Yield each solver and seed with the lanes that are not in the store."""
        missing: dict[tuple[int, int], list[Lane]] = {}
        for cell in cells(self.ready[index], self._plan):
            if cell not in self._runs[index]:
                missing.setdefault((cell.solver, cell.seed), []).append(cell.lane)
        for (solver, seed), lanes in missing.items():
            yield solver, seed, lanes


def header_of(p: Prepared, plan: Plan) -> Header:
    """Return the header of a prepared problem in the results of a plan."""
    target = plan.target_on(p.constants.delta0)
    return header(p.problem, p.constants, plan.radius, target, plan.target_measure)
