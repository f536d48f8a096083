"""A plan: the solvers, learning rates, setting and budget to run on every problem."""

from __future__ import annotations

import math
import typing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lrbench.config.decimals import decimal
from lrbench.config.learning_rates import LearningRate, learning_rates
from lrbench.config.solver_spec import SolverSpec
from lrbench.config.values import as_integer, as_number
from lrbench.engine.budget import Budget, checkpoint_grid
from lrbench.errors import UsageError, quoted
from lrbench.objective.constants import Sampling
from lrbench.results.ranking import DEFAULT_SHARE
from lrbench.solvers.base import Solver
from lrbench.solvers.build import build_solver as build_solver

DEFAULT_SOLVERS = ("wngrad", "adagrad-norm", "sgd")
DEFAULT_ITERATIONS = 1000
DEFAULT_PASSES = 10.0
DEFAULT_SWEEP = "1e-4:1e4:33"
"""The initial learning rates of a sweep."""

FIRST_SHARE = 0.1
"""The first checkpoint of a stochastic sweep after w_0, in passes: a checkpoint costs a pass."""

LANE_MULTIPLE = 8
"""The lanes of a sweep are padded to a multiple of this, so that none depends on its neighbours."""

MOST_STEPS = 10**15
INTEGERS = {
    "batch_size": (1, 2**62),
    "iterations": (1, MOST_STEPS),
    "replicates": (1, 10**6),
    "seed": (0, 2**62),
    "checkpoints_per_decade": (1, 1000),
    "threads": (1, 1024),
    "lane_block": (LANE_MULTIPLE, 10**6),
}
"""The options that are whole numbers, with their ranges."""


@dataclass(frozen=True)
class Plan:
    """What to run on every problem; the values are checked when a plan is made.

    Parameters
    ----------
    solvers
        ``NAME`` or ``NAME[key=value,...]``.
    lr0
        Initial learning rates: positive numbers, or texts with units of 1/L and ranges.
    batch_size
        None for full batches.
    iterations, passes
        The budget: one of them or neither (1000 iterations; stochastic: 10 passes).
    target
        A run ends at the first checkpoint with a suboptimality of at most this.
    timeout
        Seconds for all problems together.
    sampling
        How minibatches are drawn.
    radius
        The radius of the ball around the start onto which iterates are projected; None without one.
    f_star
        The value that is taken as the minimum; None to have it certified.
    seed, replicates
        The seeds are seed, seed + 1, …, seed + replicates - 1.
    checkpoints_per_decade
        Rows of the trace for each factor 10 in T.
    threads
        BLAS threads.
    sweep
        Whether the subject is the sensitivity to lr0: each run ends at the target, which is 1 % of
        F(w_0) - f* where none is given, and its bits do not depend on the other lr0.
    lane_block
        The largest number of lanes that run together in a sweep, a multiple of 8. None: as many as
        fit into memory, and of several seeds as many as stay in cache.

    Raises
    ------
    UsageError
        If a value is of the wrong type or out of range, or if two of them contradict each other.
    """

    solvers: str | Sequence[str] = DEFAULT_SOLVERS
    lr0: float | str | LearningRate | Iterable[float | str | LearningRate] = (1.0,)
    batch_size: int | None = None
    iterations: int | None = None
    passes: float | None = None
    target: float | None = None
    timeout: float | None = None
    sampling: Sampling = "replacement"
    radius: float | None = None
    f_star: float | None = None
    seed: int = 0
    replicates: int = 1
    checkpoints_per_decade: int = 12
    threads: int = 1
    sweep: bool = False
    lane_block: int | None = None
    built: Sequence[tuple[Solver, SolverSpec]] = field(init=False)
    learning_rates: Sequence[LearningRate] = field(init=False)

    def __post_init__(self) -> None:
        names = (self.solvers,) if isinstance(self.solvers, str) else self.solvers
        # By label, which drops a solver that is named twice.
        built = {str(spec): (solver, spec) for solver, spec in map(build_solver, _texts(names))}
        self._set("built", tuple(built.values()))
        self._set("learning_rates", tuple(learning_rates(self.lr0)))
        if not self.built:
            raise UsageError("there is no solver.", "give --solver, as in --solver wngrad.")
        if not self.learning_rates:
            raise UsageError("there is no initial learning rate.", "give --lr0, as in --lr0 1.")
        if self.sampling not in typing.get_args(Sampling):
            raise UsageError(
                f"--sampling {quoted(self.sampling)} is not known.",
                "choose replacement or reshuffle.",
            )
        for name, (low, high) in INTEGERS.items():
            self._set(name, _integer(name, getattr(self, name), low, high))
        for name in ("passes", "timeout", "radius", "target", "f_star"):
            self._set(name, _number(name, getattr(self, name), positive=name != "f_star"))
        if self.lane_block is not None and self.lane_block % LANE_MULTIPLE:
            raise UsageError(
                f"a block of {self.lane_block} lanes is no multiple of {LANE_MULTIPLE}.",
                f"give {LANE_MULTIPLE}, {2 * LANE_MULTIPLE}, …",
            )
        self._check_budget()

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # the dataclass is frozen

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
    def n_solver_seeds(self) -> int:
        """The number of solvers x seeds."""
        return len(self.built) * self.replicates

    @property
    def pad_to(self) -> int:
        """The number of lanes that run together is padded to a multiple of this."""
        return LANE_MULTIPLE if self.sweep else 1

    def target_on(self, delta0: float) -> float | None:
        """Return the suboptimality at which a run ends, where F(w_0) - f* is `delta0`."""
        return DEFAULT_SHARE * delta0 if self.sweep and self.target is None else self.target

    def budget(self, n_samples: int, delta0: float) -> Budget:
        """Return the length of a run, its target, and its checkpoints.

        In a stochastic sweep checkpoints cost more than steps. There F at the average is evaluated
        on the 1-2-5 series alone, and the norm of the full gradient is not evaluated.
        """
        steps, checkpoints = self.steps(n_samples), self.checkpoints(n_samples)
        target = self.target_on(delta0)
        if not self.sweep or self.batch_size is None:
            return Budget(steps, checkpoints, target)
        averages = sorted(set(checkpoint_grid(steps, 1)) & set(checkpoints))
        return Budget(steps, checkpoints, target, averages, gradients=False)

    def checkpoints(self, n_samples: int) -> list[int]:
        """Return the iterations after which the trace has a row."""
        steps = self.steps(n_samples)
        grid = checkpoint_grid(steps, self.checkpoints_per_decade)
        if not self.sweep or self.batch_size is None:
            return grid
        first = min(steps, math.ceil(FIRST_SHARE * n_samples / self.batch_size))
        return [t for t in grid if t == 0 or t >= first]

    def steps(self, n_samples: int) -> int:
        """Return the number of steps T that the budget allows."""
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


def _texts(values: Any) -> list[str]:
    """Return the names of solvers, or raise `UsageError`."""
    texts = list(values) if isinstance(values, Iterable) else [values]
    for value in texts:
        if not isinstance(value, str):
            raise UsageError(
                f"{quoted(value)} is not the name of a solver.", "give a text: 'wngrad'."
            )
    return texts


def _integer(name: str, value: Any, low: int, high: int) -> int | None:
    if value is None and name in ("batch_size", "iterations", "lane_block"):
        return None
    number = as_integer(value, low, high)
    if number is None:
        most = high if high < MOST_STEPS else format(high, ".0e")
        raise _wrong(name, value, f"a whole number from {low} to {most}")
    return number


def _number(name: str, value: Any, *, positive: bool) -> float | None:
    if value is None:
        return None
    number = decimal(value) if isinstance(value, str) else as_number(value)
    if number is None or not math.isfinite(number) or (positive and number <= 0):
        raise _wrong(name, value, "a positive number" if positive else "a number")
    return number


def _wrong(name: str, value: Any, kind: str) -> UsageError:
    option = "--" + name.replace("_", "-")
    text = quoted(value) if type(value) is int else str(value)  # it may have too many digits
    text = text if len(text) <= 40 else text[:37] + "..."
    return UsageError(f"{option} {text} is not {kind}.", f"{option} takes {kind}.")
