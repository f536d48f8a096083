"""The runner whose steps are made by compiled code, many in one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lrbench.arrays import Lanes, Mask
from lrbench.engine.library_runner import TRACKER_ROWS, LibraryRunner
from lrbench.engine.runner import Leg
from lrbench.kernels.codes import N_NUMBERS, RuleCode, StepPart
from lrbench.kernels.parts import PartedSteps, rows_of_call
from lrbench.plugins import is_plugin
from lrbench.solvers.base import Solver
from lrbench.solvers.compiled import CompiledState

CALL_SECONDS = 0.02
"""A call makes so many steps that it takes about this long: a signal waits for its end."""

FIRST_ENTRIES = 1 << 16
"""The first call makes so many steps that their rows have about so many entries, each once for
every lane."""

ONE_STEP = int(
    StepPart.LOAD
    | StepPart.ACCUMULATE
    | StepPart.ADD_ROWS
    | StepPart.FINISH
    | StepPart.RULE
    | StepPart.STORE
)


def has_rule(solver: Solver) -> bool:
    """Return whether the rule of this solver is among the compiled ones."""
    own = type(solver)
    return not is_plugin(own) and own.compiled_rule is not Solver.compiled_rule


class CompiledRunner(LibraryRunner):
    """The runner of steps whose rule is compiled, too: many in one call."""

    def start(self) -> None:
        """Give the solver the varied hyper-parameters, and make its state."""
        fields: Mapping[str, Any] = self._batches.fields(self.W)
        of_step = fields["row_entries"] * self.size * len(self.lr)
        self._n_steps = max(1, FIRST_ENTRIES // int(of_step))
        super().start()

    def go(self, until: int, stop: Callable[[int], bool]) -> Leg:
        """Take steps until `until` are done, `stop` returns True, or a lane has diverged."""
        checked = self.t if self._checks and until != self._leg_end else -1
        self._leg_end, self._stop = until, stop
        while self.t < until:
            if stop(self.t):
                return Leg(self.t, stopped=True)
            if self.solver.compiled_rule(self.state, 1) is None:
                return super().go(until, stop)  # at rest to the end: no minibatch is asked for
            if self.t == checked:
                leg = self._checked_step(stop)
            else:
                leg = self._steps(min(until - self.t, self._n_steps), stop)
            if leg is not None:
                return leg
        return Leg(until)

    def _checked_step(self, stop: Callable[[int], bool]) -> Leg | None:
        """Make one step, and check that its gradient is a subgradient."""
        if self._shared.w_star is None:
            return self._steps(1, stop)
        with self._clock.evaluating():
            before = self._sampler.iterates.part(self.W, slice(None)).copy()
            oracle, G = self._batches.oracle(), np.zeros_like(before)
        assert oracle is not None
        if stop(self.t):  # many rows were gathered, or many coordinates copied
            return Leg(self.t, stopped=True)
        leg = self._steps(1, stop, G)
        if leg is not None and leg.stopped:
            return leg
        with self._clock.evaluating():
            checked = self._check(oracle, before, G, self.tracker.slope)
        return leg if checked else Leg(self.t, stopped=True)

    def _steps(
        self, n_steps: int, stop: Callable[[int], bool], gradient: Lanes | None = None
    ) -> Leg | None:
        """Make at most `n_steps` steps; return how the leg ended if lanes diverged.

        One step on so many rows that it takes long is made in parts, between which `stop` is asked:
        where it returns True there and the leg ends, the step is not made. The gradient of the last
        step is written to `gradient`.
        """
        watch, began = self._clock.steps, time.perf_counter()
        watch.start()
        batches = self._batches.fields(self.W)
        parted = "scales" not in batches and self.size > rows_of_call(batches)
        samples, n_steps = self._batches.samples(1 if parted else n_steps)
        rule = self.solver.compiled_rule(self.state, n_steps)
        assert rule is not None
        n_steps, state, factors = rule.n_steps, rule.state, rule.factors
        numbers = np.zeros((N_NUMBERS, len(self.lr)))
        numbers[0], numbers[1], numbers[2] = state.b, state.growth, self.lr
        numbers[TRACKER_ROWS] = self.tracker.numbers()
        for k, parameter in enumerate(rule.parameters):
            numbers[TRACKER_ROWS.stop + k] = parameter
        mean, square = self._of_features(state.mean), self._of_features(state.square)
        made = np.full(len(self.lr), -1, dtype=np.int64)
        moves = rule.code >= RuleCode.COORDINATES
        fields: dict[str, Any] = {
            **self._tracker_fields,
            **batches,
            **samples,
            "n_steps": n_steps,
            "rule": rule.code,
            "factors": factors,
            "factor_stride": 0 if factors is None else factors.shape[1],
            "lane_factors": factors is not None and factors.ndim == 3,
            "t": self.t,
            "numbers": numbers,
            "mean": mean if mean.size else None,
            "square": square if square.size else None,
            "gradient": gradient,
            "diverged": made,
        }
        if not parted:
            self._library.steps(fields, self._batches.seeds())
        elif not PartedSteps(self._library, fields, self._batches.seeds()).make(
            ONE_STEP, self.t, stop=stop
        ):
            watch.stop()
            return Leg(self.t, stopped=True)
        else:
            made[~np.isfinite(numbers[3])] = 1
        self._batches.visited(n_steps)
        self._batches.take(self.W, fields)
        after = CompiledState(numbers[0].copy(), numbers[1].copy(), mean, square)
        self.state = rule.after(after, n_steps)
        if moves:
            self.tracker.note_other_step(self.t)
        self.lr = numbers[2].copy()
        before, self.t = self.t, self.t + n_steps
        self.n_summed = self.t
        self._sampler.meter.sample_gradients += self.size * n_steps
        self.tracker.take_numbers(self.t - 1, self.lr, numbers[TRACKER_ROWS])
        watch.stop()
        self._learn(n_steps, time.perf_counter() - began)
        diverged: Mask = made >= 0
        if not diverged.any():
            return None
        # These have fewer iterates in their running sums than the others, whose number divides it.
        factor = np.where(diverged, self.n_summed / np.maximum(before + made, 1), 1.0)
        self._batches.scale_sums(self.W, factor)
        return Leg(self.t, diverged, at=before + made - 1)

    def _of_features(self, rows: Lanes) -> Lanes:
        """Return a copy of a part of a state, with a row for each feature; empty where it is."""
        return np.array(np.broadcast_to(rows, self.W.shape), order="C") if rows.size else rows

    def _learn(self, n_steps: int, seconds: float) -> None:
        """Choose the number of steps of the next call by the time that this one took."""
        if n_steps >= self._n_steps and seconds < CALL_SECONDS / 2:
            self._n_steps *= 2
        elif seconds > 2 * CALL_SECONDS:
            self._n_steps = max(1, self._n_steps // 2)
