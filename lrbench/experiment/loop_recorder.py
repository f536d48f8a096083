"""The recorder of one loop, which is called with its iterates."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from lrbench.arrays import Vector
from lrbench.cache.folder import cache_dir
from lrbench.config.keywords import names_keywords
from lrbench.config.learning_rates import LearningRate
from lrbench.config.solver_spec import SolverSpec
from lrbench.config.values import as_number
from lrbench.config.vectors import as_vector, rounded_precision
from lrbench.engine.budget import checkpoint_grid
from lrbench.engine.job import SharedProblem
from lrbench.engine.recorded import RecordedRun
from lrbench.errors import RefutedError, UsageError, quoted
from lrbench.experiment.loaded_problem import LoadedProblem
from lrbench.experiment.run_plan import features_of
from lrbench.objective.oracle import Ball
from lrbench.optimum import discard_optimum
from lrbench.plan.options import MOST_STEPS
from lrbench.plan.plan import CHECKPOINTS_PER_DECADE, Plan
from lrbench.plan.prepare import header
from lrbench.results import ProblemResult, Result, Run, Status, environment
from lrbench.results.joined import joined
from lrbench.verdicts.recorded import judge_recorded


class LoopRecorder:
    """Records the iterates of one loop; `lrbench.record` makes it.

    It is called with w_0, and with the iterate after each step. What it computes is off the clock
    of the run, which goes from the end of a call to the next one.
    """

    def __init__(
        self,
        problem: LoadedProblem,
        plan: Plan,
        solver: SolverSpec,
        lr: LearningRate | None,
        has_lr0: bool,
        passes_per_step: float,
        every: int,
        certificates: bool,
        timed: bool,
    ) -> None:
        self.problem = problem
        """The problem, as functions of one iterate."""
        self._plan, self._solver, self._every = plan, solver, every
        self._ready = p = problem.prepared_for(plan)
        if len(p.lanes[0]) > 1:
            raise UsageError(
                f"{len(p.lanes[0])} initial learning rates are given to record.",
                "record one run at a time.",
            )
        self._lr0 = p.lanes[0][0].lr0 if has_lr0 else None
        self._lr = math.nan if lr is None else lr.at(p.constants.L)
        self._rates: set[float] = set()
        """The rates of the steps so far, up to the second one."""
        self._passes = passes_per_step * every
        self._gradient_fault = (
            "the gradients of minibatches do not show in the iterates"
            if plan.batch_size is not None
            else f"one iterate in {every} is recorded"
            if every > 1
            else ""
            if certificates
            else "certificates=False"
        )
        shared = SharedProblem(p.problem, p.constants, p.optimum.w_star)
        per_decade = plan.checkpoints_per_decade or CHECKPOINTS_PER_DECADE
        self._run = RecordedRun(
            shared,
            None if plan.radius is None else Ball(p.problem.w0, plan.radius),
            checkpoint_grid(MOST_STEPS, per_decade),
            every=every,
            gradients=not self._gradient_fault,
            target=plan.target_on(p.constants.delta0),
            measure=plan.target_measure,
            timed=timed,
        )

    @names_keywords("f_star", "radius")
    def __call__(self, w: Any, *, lr: float | None = None, passes: float | None = None) -> None:
        """Record an iterate: w_0 in the first call, then the one after each step.

        Once the run has diverged or reached the target, calls do nothing.

        Parameters
        ----------
        w
            (n_features,): whatever `numpy.asarray` reads, or a tensor of torch, which is detached.
            NaN and infinities are a run that has diverged.
        lr
            The rate of the step that led to it; None for the one that `lrbench.record` was given.
        passes
            The passes over the data since the call before; None for those of `lrbench.record`.

        Raises
        ------
        UsageError
            If `w` is no array of (n_features,) real numbers, if the first one is not w_0, if an
            iterate is outside of the constraint, or if `lr` or `passes` is no number. An iterate
            outside is noticed when it is evaluated, which may be some calls later.
        RefutedError
            If F is below what the certificate of f_star allows, which is noticed likewise.
        """
        run = self._run
        run.watch.stop()
        point = as_vector(w, self.problem.n_features, self.problem.name)
        rate, cost = self._lr, self._passes
        if lr is not None:
            rate = _not_negative(lr, "lr")
        if passes is not None:
            cost = _not_negative(passes, "passes")
        if run.t < 0:
            self._check_start(point, lr, passes)
            rate, cost = math.nan, 0.0  # no step led there
        elif len(self._rates) < 2:
            self._rates.add(rate)
        try:
            run.record(point, rate, cost)
        except RefutedError:
            self._discard()
            raise
        run.watch.start()

    @property
    def ended(self) -> Status | None:
        """How the run has ended, diverged or at the target; None while it goes on.

        A divergence is noticed when the iterate is evaluated, which may be some calls later.
        """
        return None if self._run.end is None else self._run.end[0]

    @names_keywords("f_star", "radius")
    def result(self, beside: Result | None = None) -> Result:
        """Return the result so far; recording may go on.

        Parameters
        ----------
        beside
            A result of `lrbench.run` or of another recorder on this problem, to whose runs this one
            is added; None for a result of this run alone.

        Raises
        ------
        UsageError
            If nothing was recorded, if an iterate is outside of the constraint, or if `beside` is
            no result of runs on this problem, or has this run.
        RefutedError
            If F is below what the certificate of f_star allows.
        """
        if beside is not None and not isinstance(beside, Result):
            raise UsageError(
                f"beside is {quoted(beside)}, and no result.",
                "give that of lrbench.run, or of another recorder.",
            )
        if self._run.t < 0:
            raise UsageError(
                "nothing was recorded.", "call the recorder with w_0, and after each step."
            )
        with self._run.watch.paused():
            lanes = {r.lane for p in beside.problems for r in p.runs} if beside else set()
            own = self._own_result()
            if own.runs[0].lane in lanes:
                own = self._own_result("runs of several seeds, which are not judged together")
        if beside is not None:
            return joined(beside, own)
        blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        return Result((), environment(max(blas, default=1), "numpy"), (own,))

    def _own_result(self, obstacle: str = "") -> ProblemResult:
        """Return the problem with this run and its verdicts; an obstacle to judge it is in each."""
        recorded = self._run.copied()
        try:
            end, trace = recorded.ended_here()
        except RefutedError:
            self._discard()
            raise
        p, plan, batch = self._ready, self._plan, self._plan.batch_size is None
        run = Run(
            solver=self._solver,
            setting="batch" if batch else "stochastic",
            batch_size=plan.batch_size or p.problem.n_samples,
            sampling=None,
            lr0=self._lr0,
            seed=plan.seed,
            status=end.status,
            status_at=end.iteration,
            evaluation_seconds=self._run.evaluation_seconds,
            trace=trace,
            iterates=end.iterates,
        )
        setting = replace(
            # The parameters of a solver that lrbench does not know mean nothing to a theorem.
            p.setting(plan, SolverSpec(self._solver.name), self._lr0),
            sampling=None,
            horizon=None,
        )
        one_rate = len(self._rates) == 1 and not math.isnan(min(self._rates))
        verdicts = judge_recorded(
            run,
            setting,
            lr=min(self._rates) if one_rate and min(self._rates) > 0.0 else None,
            step_fault=obstacle or recorded.steps.fault,
            gradient_fault=obstacle or self._gradient_fault,
        )
        target = plan.target_on(p.constants.delta0)
        return ProblemResult(
            p.problem.name,
            header(p.problem, p.constants, plan.radius, target, plan.target_measure),
            (run,),
            tuple(verdicts),
            features=features_of(p),
            layers=p.problem.facts().layers,
            classes=p.problem.facts().classes,
        )

    def _start(self) -> str:
        """Return how w_0 is had in Python."""
        problem = self._ready.problem
        facts = problem.facts()
        if not facts.reparametrisation:
            return f"load_problem(…).w0 ({facts.start})"
        return f"load_problem(…, reparam={facts.reparametrisation!r}).w0"

    def _check_start(self, w: Vector, lr: float | None, passes: float | None) -> None:
        """Raise `UsageError` if the first iterate is not w_0, or has the rate or cost of a step."""
        w0 = self._ready.problem.w0
        if not np.array_equal(w, w0):
            # A loop in single precision starts from w_0 as it has it.
            if not (precision := rounded_precision(w, w0)):
                raise UsageError(
                    f"the first iterate is not w_0 of {self.problem.name}:"
                    f" it is {np.linalg.norm(w - w0):.2g} from there.",
                    f"record w_0 first, and start from it: it is {self._start()}.",
                )
            self._run.steps.fault = f"w_0 is rounded to {precision} precision"
        if lr is not None or passes is not None:
            raise UsageError(
                f"{'lr' if passes is None else 'passes'} is given with w_0, to which no step led.",
                "give it with the iterate after the step.",
            )

    def _discard(self) -> None:
        """Delete the cached optimum, which the run has refuted, unless the user gave f_star."""
        if self._ready.constants.f_star_certified:
            discard_optimum(self._ready.problem, cache_dir())


def _not_negative(value: Any, label: str) -> float:
    number = as_number(value)
    if number is None or not 0.0 <= number < math.inf:
        raise UsageError(f"{label} {quoted(value)} is not a number >= 0.", f"give {label} as such.")
    return number
