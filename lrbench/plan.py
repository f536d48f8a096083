"""What to run on every problem, checked when it is made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lrbench.constants import Sampling
from lrbench.errors import UsageError
from lrbench.grid import Rate, rates
from lrbench.solver_spec import SolverSpec
from lrbench.solvers.base import Solver
from lrbench.solvers.build import build as build_solver

DEFAULT_SOLVERS = ("wngrad", "adagrad-norm", "sgd")
DEFAULT_ITERATIONS = 1000
DEFAULT_PASSES = 10.0


@dataclass(frozen=True)
class Plan:
    """What to run on every problem; checked when it is made.

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
        Seconds for everything.
    sampling
        How minibatches are drawn.
    radius
        Of the ball around the start that the iterates are projected on; None without one.
    f_star
        Taken as the minimum; None to have it certified.
    seed, replicates
        Seeds seed, seed + 1, …, seed + replicates - 1.
    checkpoints_per_decade
        Rows of the trace for each factor 10 in T.
    threads
        BLAS threads.

    Raises
    ------
    UsageError
        For a value that makes no sense.
    """

    solvers: Sequence[str] = DEFAULT_SOLVERS
    lr0: Sequence[float | str | Rate] = (1.0,)
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
    built: Sequence[tuple[Solver, SolverSpec]] = field(init=False)
    rates: Sequence[Rate] = field(init=False)

    def __post_init__(self) -> None:
        built = {str(spec): (solver, spec) for solver, spec in map(build_solver, self.solvers)}
        object.__setattr__(self, "built", tuple(built.values()))
        object.__setattr__(self, "rates", tuple(rates(self.lr0)))
        if not self.rates:
            raise UsageError("there is no initial learning rate.", "give --lr0, as in --lr0 1.")
        for name in ("batch_size", "replicates", "checkpoints_per_decade", "threads"):
            _require(name, getattr(self, name), lambda v: v >= 1, "at least 1")
        _require("seed", self.seed, lambda v: v >= 0, "0 or more")
        _require("iterations", self.iterations, lambda v: v >= 1, "at least 1")
        for name in ("passes", "timeout", "radius", "target"):
            _require(name, getattr(self, name), lambda v: 0 < v < math.inf, "a positive number")
        _require("f_star", self.f_star, math.isfinite, "a number")
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
    def bundles(self) -> int:
        """The number of engine runs for one problem: solvers x seeds."""
        return len(self.built) * self.replicates

    def steps(self, n_samples: int) -> int:
        """Return the number of steps T that the budget allows."""
        if self.iterations is not None:
            return self.iterations
        if self.passes is None and self.batch_size is None:
            return DEFAULT_ITERATIONS
        size = n_samples if self.batch_size is None else self.batch_size
        passes = DEFAULT_PASSES if self.passes is None else self.passes
        return max(1, math.ceil(passes * n_samples / size - 1e-9))


def _require(name: str, value: Any, holds: Any, what: str) -> None:
    if value is not None and not holds(value):
        option = "--" + name.replace("_", "-")
        raise UsageError(f"{option} {value} is not {what}.", f"give {option} {what}.")
