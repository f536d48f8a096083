"""A plan: the solvers, learning rates, setting and budget to run on every problem."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lrbench.config.axes import AUTO, is_auto
from lrbench.config.learning_rates import LearningRate, learning_rates
from lrbench.config.looks import look_grid
from lrbench.config.prints import prints_to_stderr
from lrbench.config.solver_spec import SolverSpec
from lrbench.config.targets import Target, TargetMeasure, targets
from lrbench.engine.budget import Arrival, Budget, checkpoint_grid
from lrbench.errors import UsageError
from lrbench.kernels.library import absence, library
from lrbench.plan.axes import read_axes, solver_axes
from lrbench.plan.lanes import SolverAxes
from lrbench.plan.options import (
    DEFAULT_SWEEP,
    LANE_MULTIPLE,
    MOST_STEPS,
    OPTIONS,
    PlanValues,
    read_iterations,
)
from lrbench.plan.solvers import read_solvers
from lrbench.results.ranking import DEFAULT_SHARE
from lrbench.solvers.base import Solver

DEFAULT_ITERATIONS = 1000
DEFAULT_PASSES = 10.0

CHECKPOINTS_PER_DECADE = 12
"""The rows of a trace for each factor of 10 in T, where nothing else is looked at."""

FIRST_SHARE = 0.1
"""The first checkpoint of a stochastic sweep after w_0, in passes: a checkpoint costs a pass."""


@dataclass(frozen=True)
class Plan(PlanValues):
    """What to run on every problem; the values are checked when a plan is made.

    Beside the options of `lrbench.run` and those that only `lrbench.sweep` has it has `sweep`:
    whether the subject is the sensitivity to what varies. Each run then ends where it has arrived
    at the target, which is 1 % of F(w_0) - f* where none is given, and its bits do not depend on
    the other lanes. `arrival` is the rule of a sweep; the runs of other plans end at their first
    hit. With `at` no run ends before its budget does.

    Raises
    ------
    UsageError
        If a value is of the wrong type or out of range, or if two of them contradict each other.
    """

    built: Sequence[tuple[Solver, SolverSpec]] = field(init=False)
    axes: Sequence[SolverAxes] = field(init=False)
    """What varies over the lanes of each of them."""
    learning_rates: Sequence[LearningRate] = field(init=False)
    iterations_at: Sequence[int] = field(init=False)
    """Those of `at`, ascending; none without it."""
    targets: Sequence[Target] = field(init=False)

    @prints_to_stderr()
    def __post_init__(self) -> None:
        built = read_solvers(self.solvers)
        self._set("built", tuple((b.solver, b.spec) for b in built.values()))
        axes = read_axes(self.over, [b.solver for b in built.values()])
        default = DEFAULT_SWEEP if self.sweep and not axes else 1.0
        if self.lr0 is not None and "lr0" in [axis.parameter for axis in axes]:
            raise UsageError(
                "the initial learning rates are given twice, by --lr0 and by --over lr0.",
                "leave one of them out.",
            )
        has_rates = self.lr0 is not None
        lr0 = default if self.lr0 is None else self.lr0
        self._set("lr0", lr0)
        automatic = is_auto(lr0)
        self._set("learning_rates", () if automatic else tuple(learning_rates(lr0)))
        if not self.sweep and (automatic or any(axis.auto for axis in axes)):
            raise UsageError(f"{AUTO} is for a sweep, which has a target.", "give values.")
        if not self.built:
            raise UsageError("there is no solver.", "give --solver, as in --solver wngrad.")
        if not self.learning_rates and not automatic:
            raise UsageError("there is no initial learning rate.", "give --lr0, as in --lr0 1.")
        rates = self.learning_rates
        own = (solver_axes(b.solver, axes, rates, b.set_parameters) for b in built.values())
        self._set("axes", tuple(own))
        with_lr0 = [each for each in self.axes if each.solver.has_lr0]
        if has_rates and axes and with_lr0 and not any(each.follows for each in with_lr0):
            raise UsageError(
                "--lr0 has no effect: every solver varies lr0 by --over.", "leave --lr0 out."
            )
        for name, option in OPTIONS.items():
            self._set(name, option.checked(name, getattr(self, name)))
        self._set_targets()
        if self.lane_block is not None and self.lane_block % LANE_MULTIPLE:
            raise UsageError(
                f"a block of {self.lane_block} lanes is no multiple of {LANE_MULTIPLE}.",
                f"give {LANE_MULTIPLE}, {2 * LANE_MULTIPLE}, …",
            )
        if self.at is not None and not self.sweep:
            raise UsageError("--at is of a sweep: a run has a trace.", "leave it out, or sweep.")
        self._set("iterations_at", () if self.at is None else read_iterations(self.at))
        self._set("at", ",".join(map(str, self.iterations_at)) or None)
        self._check_budget()
        if self.runner == "compiled" and library() is None:
            raise UsageError(
                f"the compiled steps are not there: {absence()}.",
                "install lrbench with a C compiler at hand, or leave --runner out.",
            )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # the dataclass is frozen

    def _set_targets(self) -> None:
        """Set the targets and the rule of arrival, and the rows of the trace, which follow."""
        ends = () if self.target is None else tuple(targets(self.target))
        if self.target is not None and not ends:
            raise UsageError("there is no target.", "give --target, as in --target 1%.")
        if not self.sweep and len(ends) > 1:
            raise UsageError(
                f"a run ends at one target, and --target has {len(ends)}.",
                "give one of them, or sweep, which has a result for each.",
            )
        if not self.sweep and self.arrival not in (None, "first"):
            raise UsageError(
                f"the rule of arrival {self.arrival} is of a sweep: a run ends at its first hit.",
                "leave it out, or sweep.",
            )
        if len({target.measure for target in ends}) > 1:
            raise UsageError(
                f"--target {self.target} has levels of several measures.",
                "give those of one: 1%,0.1% or loss=0.1,loss=0.01 or accuracy=90%,accuracy=95%.",
            )
        self._set("target", ",".join(map(str, ends)) or None)
        self._set("targets", ends or (Target(100 * DEFAULT_SHARE, percent=True),) * self.sweep)
        self._set("arrival", self.arrival or ("confirmed" if self.sweep else "first"))
        if self.checkpoints_per_decade is None and self.arrival == "first":
            self._set("checkpoints_per_decade", CHECKPOINTS_PER_DECADE)

    def _check_budget(self) -> None:
        if self.iterations is not None and self.passes is not None:
            raise UsageError(
                "the budget is given twice, as iterations and as passes.",
                "give one of --iterations and --passes.",
            )
        if self.batch_size is None and self.replicates > 1:
            raise UsageError(
                f"full batches have no random part: {self.replicates} replicates would be equal.",
                "give --batch-size for the stochastic setting, or leave --replicates out.",
            )

    @property
    def seeds(self) -> range:
        """The seeds to run."""
        return range(self.seed, self.seed + self.replicates)

    @property
    def n_lanes(self) -> int:
        """The largest number of lanes of a solver and seed."""
        return max(axes.n_lanes for axes in self.axes)

    @property
    def n_cells(self) -> int:
        """The number of lanes of all solvers and seeds."""
        return sum(axes.n_lanes for axes in self.axes) * self.replicates

    @property
    def n_solver_seeds(self) -> int:
        """The number of solvers x seeds."""
        return len(self.built) * self.replicates

    @property
    def compiled(self) -> bool:
        """Whether compiled steps are used where they are possible."""
        return self.runner != "numpy" and library() is not None

    @property
    def pad_to(self) -> int:
        """The number of lanes that run together is padded to a multiple of this."""
        return LANE_MULTIPLE if self.sweep else 1

    @property
    def target_measure(self) -> TargetMeasure:
        """What is to come to the targets."""
        return next((target.measure for target in self.targets), "suboptimality")

    def targets_on(self, delta0: float) -> list[float]:
        """Return the levels to reach, as given, where F(w_0) - f* is `delta0`."""
        return list(dict.fromkeys(target.on(delta0) for target in self.targets))

    def target_on(self, delta0: float) -> float | None:
        """Return the level at which a run ends, where F(w_0) - f* is `delta0`."""
        known = [target for target in self.targets_on(delta0) if not math.isnan(target)]
        return min(known, default=None)

    def budget(self, n_samples: int, delta0: float) -> Budget:
        """Return the length of a run, its targets, and its checkpoints.

        In a stochastic sweep checkpoints cost more than steps. There F at the average is evaluated
        on the 1-2-5 series alone, and the norm of the full gradient is not evaluated.
        """
        steps, checkpoints = self.steps(n_samples), self.checkpoints(n_samples)
        # What is asked for after T steps is asked of every lane, also of those that arrived.
        stays = len(self.iterations_at) > 0
        stochastic_sweep = self.sweep and self.batch_size is not None
        averages = sorted(set(checkpoint_grid(steps, 1)) & set(checkpoints))
        arrival, levels = None, self.targets_on(delta0)
        known = not any(math.isnan(each) for each in levels)
        if self.arrival in ("confirmed", "end") and known:
            looks = look_grid(n_samples, self.batch_size, steps)
            arrival = Arrival(self.arrival, sorted(levels), looks, stays)
        return Budget(
            steps,
            checkpoints,
            self.target_on(delta0) if arrival is None and not stays else None,
            averages if stochastic_sweep else None,
            # What is shown after T steps where f* is not known.
            gradients=not stochastic_sweep or (math.isnan(delta0) and (stays or not known)),
            arrival=arrival,
            measure=self.target_measure,
        )

    def checkpoints(self, n_samples: int) -> list[int]:
        """Return the iterations after which the trace has a row, beside the looks of a sweep."""
        steps = self.steps(n_samples)
        grid = checkpoint_grid(steps, self.checkpoints_per_decade or 1)
        if self.sweep and self.batch_size is not None:
            first = min(steps, math.ceil(FIRST_SHARE * n_samples / self.batch_size))
            grid = [t for t in grid if t == 0 or t >= first]
        return sorted({*grid, *self.iterations_at})

    def steps(self, n_samples: int) -> int:
        """Return the number of steps T that the budget allows.

        Raises
        ------
        UsageError
            If a budget in passes is too large, or ends before the last of `iterations_at`.
        """
        last = max(self.iterations_at, default=0)
        if last and self.iterations is None and self.passes is None:
            return last
        steps = self._budgeted_steps(n_samples)
        if steps < last:
            raise UsageError(
                f"--at {last} is beyond the budget of {steps} iterations.",
                "give a larger budget, or none: it is then the last T of --at.",
            )
        return steps

    def _budgeted_steps(self, n_samples: int) -> int:
        if self.iterations is not None:
            return self.iterations
        if self.passes is None and self.batch_size is None:
            return DEFAULT_ITERATIONS
        size = n_samples if self.batch_size is None else self.batch_size
        passes = DEFAULT_PASSES if self.passes is None else self.passes
        steps = passes * n_samples / size
        if steps > MOST_STEPS:
            raise UsageError(
                f"--passes {passes:g} is more than {MOST_STEPS:.0e} steps.", "give fewer passes."
            )
        # Rounding in passes * n / size must not add a step to a whole number of them.
        return max(1, math.ceil(steps - 1e-9))
