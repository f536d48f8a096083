"""The runner of scalar steps: compiled gradients and descents, with the solver's rule between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Index, PerLane, take
from lrbench.engine.library_runner import TRACKER_ROWS, LibraryRunner
from lrbench.engine.runner import Leg
from lrbench.kernels.codes import FIRST_ASCENT, N_NUMBERS, OBJECTIVE, PRODUCT, StepPart
from lrbench.kernels.parts import PartedSteps
from lrbench.solvers.scalar_step import OpaqueIterate, ScalarOracle
from lrbench.solvers.state import check_state

LR, GRAD_NORM_SQ, SLOPE = 2, 3, 4
"""The rows of these numbers: see `lrbench.kernels.codes.N_STEP_ROWS`."""

LOAD, STORE, ACCUMULATE, DESCEND, INNER, VALUES = (
    int(part)
    for part in (
        StepPart.LOAD,
        StepPart.STORE,
        StepPart.ACCUMULATE,
        StepPart.DESCEND,
        StepPart.INNER,
        StepPart.ADD_VALUES,
    )
)

GRADIENT = int(StepPart.ADD_ROWS | StepPart.FINISH)


class StepStoppedError(BaseException):
    """The run is to stop within a step; no `Exception`, which a solver may catch."""


class ScalarRunner(LibraryRunner):
    """The runner of scalar steps.

    A step of W - lr g and the next gradient are one call: the lanes stay in the workspace of the
    compiled steps for a leg.
    """

    def start(self) -> None:
        """Give the solver the varied hyper-parameters, and make its state."""
        self._descended = self.lr
        """The rates of the last descent, NaN before it."""
        super().start()

    def go(self, until: int, stop: Callable[[int], bool]) -> Leg:
        """Take steps until `until` are done, `stop` returns True, or a lane has diverged."""
        self._checked = self.t if self._checks and until != self._leg_end else -1
        self._leg_end, self._stop = until, stop
        self._clock.steps.start()
        self._load()
        try:
            return self._steps(until)
        except StepStoppedError:
            return Leg(self.t, stopped=True)
        finally:
            self._store()
            self._clock.steps.stop()

    def _load(self) -> None:
        """Begin a leg: take the lanes to the workspace with the first call."""
        self._numbers = np.zeros((N_NUMBERS, len(self.lr)))
        self._numbers[TRACKER_ROWS] = self.tracker.numbers()
        self._numbers[FIRST_ASCENT] = np.inf
        self._zeros = np.zeros(len(self.lr))
        fields = {
            **self._tracker_fields,
            **self._batches.fields(self.W),
            "numbers": self._numbers,
            "diverged": np.full(len(self.lr), -1, dtype=np.int64),
        }
        self._parts = PartedSteps(self._library, fields, self._batches.seeds())
        self._pending = LOAD
        self._drawn: NDArray[np.int64] | None = None
        self._n_drawn = self._n_used = 0

    def _store(self) -> None:
        """End a leg: take the step that is due, and the lanes from the workspace."""
        self._parts.make(self._pending | STORE, self.t - 1)
        self._batches.visited(self._n_used)
        self.tracker.take_numbers(self.t - 1, self._descended, self._numbers[TRACKER_ROWS])
        if np.isfinite(first := self._numbers[FIRST_ASCENT].min()):
            self.tracker.note_other_step(int(first))

    def _steps(self, until: int) -> Leg:
        W, oracle = OpaqueIterate(), ScalarOracle(self.solver.name, self)
        step, lr_row, norms = self.solver.step, self._numbers[LR], self._numbers[GRAD_NORM_SQ]
        for t in range(self.t, until):
            self.t = t
            if self._stop(t):
                return Leg(t, stopped=True)
            self._begun = False
            if self._n_used == self._n_drawn:
                self._draw(until - t)
            oracle.begin(W)
            taken = step(W, self.state, cast("Any", oracle))
            self._check_step(taken, W)
            _, self.lr, self.state = taken
            if t == 0:
                check_state(self.solver, self.state, len(self._lr0))
            self._n_used += 1
            if not oracle.end(self.lr):
                self._make(0)  # at rest
                continue
            lr_row[:] = self.lr
            self._descended = lr_row.copy()
            self._pending = DESCEND
            # 0 times inf or NaN is NaN.
            if norms.dot(self._zeros) != 0.0:
                self.t = t + 1
                return Leg(self.t, ~np.isfinite(norms))
        self.t = until
        return Leg(until)

    def _draw(self, n_steps: int) -> None:
        """Get the samples of at most so many next steps."""
        self._batches.visited(self._n_used)
        fields, self._n_drawn = self._batches.samples(n_steps)
        self._n_used, self._drawn = 0, None
        if fields:
            self._drawn = cast("NDArray[np.int64]", fields["samples"])
            self._address = self._drawn.ctypes.data
            self._parts.set_field("sample_stride", self._drawn[0].size)

    def _make(self, parts: int) -> None:
        """Make some parts of the present step, after what is due."""
        if not self._begun:
            parts |= self._pending | ACCUMULATE
            self._begun, self._pending = True, 0
            self.n_summed = self.t + 1
        address = None
        if self._drawn is not None:
            address = self._address + self._n_used * self.size * self._drawn.itemsize
        if not self._parts.make(parts, self.t - 1, address, self._stop):
            raise StepStoppedError

    def grad_norm_sq(self) -> PerLane:
        """Return |g|^2."""
        self._sampler.meter.sample_gradients += self.size
        if self.t != self._checked:
            self._make(GRADIENT)
        else:
            self._make_checked()
        return self._row(GRAD_NORM_SQ)

    def _make_checked(self) -> None:
        """Make a gradient, and check that it is a subgradient."""
        self._checked = -1
        if self._shared.w_star is None:
            return self._make(GRADIENT)
        G = np.zeros_like(self.W)
        self._parts.set_field("gradient", G)
        self._make(GRADIENT)
        self._parts.set_field("gradient", None)
        self._clock.steps.stop()
        with self._clock.evaluating():
            oracle = self._batches.oracle()
            assert oracle is not None
            # The first step of the leg: W is what the lanes were taken from.
            checked = self._check(oracle, self.W, G, self._numbers[SLOPE])
        self._clock.steps.start()
        if not checked:
            raise StepStoppedError
        return None

    def product(self) -> PerLane:
        """Return <g, w>."""
        self._make(INNER)
        return self._row(PRODUCT)

    def objective(self) -> PerLane:
        """Return the minibatch's objective."""
        self._sampler.meter.sample_values += self.size
        self._make(VALUES)
        return self._row(OBJECTIVE)

    def _row(self, row: int) -> PerLane:
        """Return a copy of some numbers of all lanes, which a rule may keep or change."""
        copy: PerLane = self._numbers[row].copy()
        return copy

    def draw(self, sample: Callable[[np.random.Generator], Any]) -> NDArray[Any]:
        """Return random numbers with the lanes as the last axis."""
        return self._batches.draw(sample)

    def keep(self, lanes: Index) -> None:
        """Drop all lanes but these."""
        super().keep(lanes)
        self._descended = take(self._descended, lanes)
