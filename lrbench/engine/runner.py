"""Runners: the steps from one checkpoint to the next, a leg of the loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, equal, take
from lrbench.engine.clock import Clock
from lrbench.engine.job import Job, SharedProblem
from lrbench.engine.subgradients import subgradient_error
from lrbench.engine.tracker import Tracker
from lrbench.errors import ContractError, raised_by
from lrbench.objective.oracle import Gradient, Iterate, MinibatchValues
from lrbench.objective.problem import Sampler
from lrbench.solvers.base import with_parameters
from lrbench.solvers.state import check_state, keep_lanes, step_fault


class Leg(NamedTuple):
    """How far a runner came; its iterate, state, rates and sums are attributes of it."""

    t: int
    """The number of steps done."""
    diverged: Mask | None = None
    """The lanes, padding included, whose last gradient was not finite; None for no lane."""
    stopped: bool = False
    """Whether the leg ended because it was asked to stop."""
    at: Index | None = None
    """The step in which each lane diverged, where it is not the last one for all of them."""


class StepRunner:
    """The runner that calls the solver's step in Python, for all lanes at once.

    Parameters
    ----------
    job, shared
        What is run, and on which problem.
    sampler
        The iterates and oracles.
    lr0, parameters
        The initial learning rates and the varied hyper-parameters of the columns, (n_lanes,) each.
    clock
        Its stopwatch of steps runs while the solver does.
    """

    reuses_gradients = True
    """Whether the next step may take a gradient that is offered to the sampler."""

    def __init__(
        self,
        job: Job,
        shared: SharedProblem,
        sampler: Sampler,
        lr0: PerLane,
        parameters: Mapping[str, PerLane],
        clock: Clock,
    ) -> None:
        self._job, self._shared = job, shared
        self._sampler, self._clock = sampler, clock
        self._parameters = parameters
        self.solver = job.solver
        self.t = 0
        """The number of steps done, also where a step raises."""
        self.n_summed = 0
        """The number of iterates in the running sum."""
        self.looks_elsewhere = False
        """Whether a step has taken its first gradient at another point than the iterate."""
        c = shared.constants
        # The gradients of a proximal solver are those of the loss, and taken at other points.
        checked = None if self.solver.proximal else sampler.iterates
        self.tracker = Tracker(
            len(lr0), shared.problem.w0, shared.w_star, c.L, c.mu or c.mu_pl, checked
        )
        """The sums and extremes that certificates need."""
        self._checks = checked is not None and job.batch_size is not None
        self._checked_oracle: MinibatchValues | None = None
        """The oracle of a step whose gradient is checked, until that gradient is observed."""
        self.check_stopped = False
        """Whether the run was to stop before a check was finished: no row follows that step."""
        self._oracles = sampler.oracles(self._observe)
        self.W: Iterate = sampler.iterates.start(len(lr0))
        """The present iterate."""
        self.lr: PerLane = np.full(len(lr0), np.nan)
        """The learning rate of the last step, (n_lanes,); NaN before it."""
        self.state: Any = None
        """The solver's state."""
        self._lr0 = lr0
        self._leg_end = -1

    def start(self) -> None:
        """Give the solver the varied hyper-parameters, and make its state.

        Raises
        ------
        ContractError
            If it is no tree of arrays with the lanes last and plain numbers.
        """
        self.solver = with_parameters(self._job.solver, self._parameters)
        with raised_by("init"):
            self.state = self.solver.init(self.W, self._lr0, self._facts())
            check_state(self.solver, self.state, len(self._lr0))

    def _facts(self) -> dict[str, float]:
        """Return the numbers that the solver needs."""
        c = self._shared.constants
        known = {"f_star": c.f_star, "L": c.L, "L_max": c.L_max, "mu": c.mu}
        known["horizon"] = self._job.budget.iterations
        known["n_invariant"] = self._shared.problem.facts().n_invariant
        return {name: known[name] for name in self.solver.needs if name in known}

    def go(self, until: int, stop: Callable[[int], bool]) -> Leg:
        """Take steps until `until` are done, `stop` returns True, or a lane has diverged.

        `stop` is asked at least every 0.1 s.
        """
        iterates, tracker, watch = self._sampler.iterates, self.tracker, self._clock.steps
        step = self.solver.step
        # Not anew where a leg goes on without a lane: what is checked does not depend on it.
        checked = self.t if self._checks and until != self._leg_end else -1
        self._leg_end, self._stop = until, stop
        for t in range(self.t, until):
            self.t = t
            if stop(t):
                return Leg(t, stopped=True)
            # Before the step: the average of the theorems is that of w_0, ..., w_{T-1}.
            iterates.accumulate(self.W)
            self.n_summed = t + 1
            watch.start()
            oracle = next(self._oracles)
            if t == checked and isinstance(oracle, MinibatchValues):
                self._checked_oracle = oracle
            oracle.begin(self.W)
            before = self.W
            taken = step(self.W, self.state, oracle)
            watch.stop()
            self._check_step(taken, before)
            self.W, self.lr, self.state = taken
            if t == 0:
                check_state(self.solver, self.state, len(self._lr0))
            if tracker.awaits_gradient and self.W is before and not self.lr.any():
                tracker.rest(t, self.W)
                continue
            off_path, made = oracle.off_path, oracle.made
            if not oracle.descended:  # then every lane is off the path
                tracker.note_other_step(t)
            elif made is None or made[0] is not self.W or not equal(made[1], self.lr):
                off_path = np.ones(len(self.lr), dtype=np.bool_)  # changed after the descent
                tracker.note_other_step(t)
            # Not `dense`, which computes anew what every lane carries by recurrences.
            W = None if off_path is None else iterates.part(self.W, slice(None))
            diverged = tracker.advance(t, self.lr, W, off_path)
            if self.check_stopped:
                self.t = t + 1
                return Leg(self.t, stopped=True)
            if diverged is not None:
                self.t = t + 1
                return Leg(self.t, diverged)
        self.t = until
        return Leg(until)

    def _check_step(self, taken: Any, before: Iterate) -> None:
        """Raise `ContractError` unless a step returned what it must."""
        if fault := step_fault(taken, before, len(self.lr)):
            raise ContractError(f"{self.solver.name}: {fault}.")

    def _observe(self, W: Iterate, gradient: Gradient) -> None:
        """Let the tracker measure a gradient off the clock, except for its norm."""
        watch = self._clock.steps
        gradient.norm_sq()  # on the clock, because adaptive solvers ask for it
        watch.stop()
        self.looks_elsewhere |= W is not self.W and self.tracker.awaits_gradient
        self.tracker.observe(W, gradient)
        if self._checked_oracle is not None and self._shared.w_star is not None:
            oracle, self._checked_oracle = self._checked_oracle, None
            with self._clock.evaluating():
                W_now = self._sampler.iterates.part(W, slice(None))
                self._check(oracle, W_now, gradient.dense(), self.tracker.slope)
        watch.start()

    def _check(self, oracle: MinibatchValues, W: Lanes, G: Lanes, slope: PerLane) -> bool:
        """Check that `G` is a subgradient at `W`; return False where the run is to stop before.

        Nothing is noted then, and the run has no row after its last whole leg.
        """
        w_star, t = self._shared.w_star, self.t
        assert w_star is not None
        error = subgradient_error(oracle, W, G, slope, w_star, lambda: self._stop(t))
        self.check_stopped = error is None
        if error is None:
            return False
        self.tracker.add_subgradient_error(error)
        return True

    def close(self) -> None:
        """End the steps.

        The oracles and the runner refer to each other, and with them all arrays of the lanes would
        stay until the collector comes, which may be many jobs later.
        """
        self._checked_oracle = None
        del self._oracles, self._sampler

    def keep(self, lanes: Index) -> None:
        """Drop all lanes but these."""
        self.W = self._sampler.iterates.keep(self.W, lanes)
        self._sampler.meter.keep(lanes)
        self.state = keep_lanes(self.state, lanes)
        self.lr = take(self.lr, lanes)
        self._parameters = {name: take(v, lanes) for name, v in self._parameters.items()}
        self.solver = with_parameters(self._job.solver, self._parameters)
        self.tracker.keep(lanes)
