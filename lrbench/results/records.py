"""The records of a result: traces, runs, verdicts, and all of one problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lrbench.config.solver_spec import SolverSpec
from lrbench.results.sweep import Sweep

Trace: TypeAlias = dict[str, NDArray[np.float64]]
"""Column name -> one number a checkpoint; all of one length, NaN where there is no number.

Row T is the state after T steps: `objective` and `grad_norm_sq` are taken at w_T, and `lr` is the
rate of the last step. Averages, sums and minima are over t < T.
"""

COLUMNS = (
    "iteration",
    "passes",
    "seconds",
    "objective",
    "suboptimality",
    "suboptimality_average",
    "suboptimality_best",
    "grad_norm_sq",
    "min_grad_norm_sq",
    "lr",
    "distance_max",
)
"""The columns that every trace has."""

TESTED = ("test_loss", "test_accuracy")
"""The columns of a trace where samples are held out; the accuracy for two classes only."""

SUMMED = (
    "sum_grad_norm_sq",
    "sum_lr_grad_norm_sq",
    "sum_lr",
    "stable_sum_lr",
    "short_sum_lr",
    "regret",
    "distance",
    "stable_from",
    "stable_distance",
    "short_from",
    "short_distance",
    "log_contraction",
    "log_factor",
    "regret_error",
    "subgradient_error",
    "average_error",
)
"""The columns that certificates need beside `COLUMNS`. Further columns are the solver's state."""


class Status(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    REACHED_TARGET = "reached_target"
    DIVERGED = "diverged"
    STALLED = "stalled"
    INTERRUPTED = "interrupted"
    FAILED = "failed"

    @property
    def lost(self) -> bool:
        """Whether such a run is never the best, whatever its last numbers are."""
        return self in (Status.DIVERGED, Status.FAILED)

    @property
    def unfinished(self) -> bool:
        """Whether such a run might have come further: what it did not reach is not known."""
        return self in (Status.INTERRUPTED, Status.FAILED)

    @property
    def good(self) -> bool:
        """Whether such a run used its budget, or did not need all of it."""
        return self in (Status.COMPLETED, Status.REACHED_TARGET)

    @property
    def exhausted(self) -> bool:
        """Whether such a run made every step of its budget."""
        return self in (Status.COMPLETED, Status.STALLED)


@dataclass(frozen=True)
class Run:
    """One solver with one initial learning rate and one seed."""

    solver: SolverSpec
    lr0: float
    setting: Literal["batch", "stochastic"]
    batch_size: int
    sampling: Literal["replacement", "reshuffle"] | None
    seed: int
    status: Status
    status_at: int
    """The iteration at which the status was reached."""
    trace: Trace = field(repr=False)
    error: str | None = None
    iterates: Mapping[str, NDArray[np.float64]] = field(default_factory=dict, repr=False)
    """The last, average and best iterate where the run ended, (n_features,) each; not saved."""
    evaluation_seconds: float = 0.0
    """Seconds of evaluation at checkpoints, for all lanes of the seed; the clock excludes them."""

    @property
    def started(self) -> bool:
        """Whether the run has a row or a step; otherwise the command was stopped before it."""
        unstarted = self.status is Status.INTERRUPTED and self.status_at == 0
        return not unstarted or len(self.trace.get("iteration", ())) > 0


BoundKind: TypeAlias = Literal["certificate", "a-priori", "heuristic"]
FittedLaw: TypeAlias = Literal["power", "linear", "neither"]


@dataclass(frozen=True)
class Verdict:
    """One theorem beside the measurements of one solver and lr0, over all seeds."""

    solver: SolverSpec
    lr0: float
    theorem: str
    kind: BoundKind
    statement: str
    measure: str
    iterate: str
    consistency: bool
    """Whether the theorem holds for any sequence of gradients."""
    applies: bool
    reason: str
    """Why it does not apply, or why there is no verdict; else empty."""
    iteration: Sequence[int] = ()
    bound: Sequence[float] = ()
    metric: Sequence[float] = ()
    """Means over seeds."""
    metric_interval: Sequence[tuple[float, float]] | None = None
    bound_verdict: Literal["pass", "fail", "vacuous", "none"] = "none"
    informative_from: int | None = None
    order: Mapping[str, float | str] | None = None
    measured_order: float | None = None
    order_interval: tuple[float, float] | None = None
    window: tuple[int, int] | None = None
    order_verdict: Literal["pass", "inconclusive", "none"] = "none"
    order_reason: str = ""
    order_thirds: tuple[float, float, float] | None = None
    """The slopes in the three thirds of the window, of the kind of `order`."""
    other_order: Mapping[str, float | str] | None = None
    """The fit of the other kind: a power beside a linear order, and the other way round."""
    rss_ratio: float | None = None
    """The residual sum of squares of the fitted power over that of the fitted exponential."""
    fitted_law: FittedLaw | None = None
    """The kind that fits decisively better."""
    floor_from: int | None = None
    """The first checkpoint from which on the metric is at its floor."""
    failed_at: int | None = None
    """The first checkpoint at which the bound was violated."""
    hypotheses: Sequence[Mapping[str, str | bool]] = ()


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """The scaling of the columns of X: x = (x_file - centre) / divisor, without the intercept.

    Parameters
    ----------
    centre
        (n_features,) without the intercept; None where nothing was subtracted.
    divisor
        (n_features,) without the intercept; None where nothing was divided.
    """

    centre: NDArray[np.float64] | None = None
    divisor: NDArray[np.float64] | None = None

    def undone(self, W: NDArray[np.float64], intercept: bool) -> tuple[NDArray[np.float64], float]:
        """Return (coef, c) for which ``X_file @ coef + c`` is the score ``X @ W``.

        Parameters
        ----------
        W
            The weights of the scaled columns, (n_features,).
        intercept
            Whether the last of them is the intercept.
        """
        coef, c = (W[:-1], float(W[-1])) if intercept else (W, 0.0)
        if self.divisor is not None:
            coef = coef / self.divisor
        # The centre is in the units of the file, so that it meets coef after the division.
        if self.centre is not None:
            c -= float(self.centre @ coef)
        return coef, c


@dataclass(frozen=True)
class ProblemResult:
    """All runs and verdicts on one problem."""

    name: str
    header: Mapping[str, Any] = field(repr=False)
    """What the JSON says of the problem itself, `constants` included."""
    runs: Sequence[Run] = field(repr=False)
    verdicts: Sequence[Verdict] = field(repr=False)
    features: FeatureMap | None = field(default=None, repr=False)
    """How the columns of X were scaled; not saved, and None where it is unknown."""
    sweep: Sweep | None = field(default=None, repr=False)
    """The sensitivity to lr0; of a sweep only."""

    @cached_property
    def groups(self) -> Mapping[tuple[str, float], Sequence[Run]]:
        """The runs that were started, over seeds, by (solver, lr0); solver by solver."""
        runs_of_solver: dict[str, dict[tuple[str, float], list[Run]]] = {}
        for run in self.runs:
            if run.started:
                key = (str(run.solver), run.lr0)
                runs_of_solver.setdefault(key[0], {}).setdefault(key, []).append(run)
        # Runs come seed by seed: a lane that first starts with a later seed still joins its solver.
        return {lane: runs for lanes in runs_of_solver.values() for lane, runs in lanes.items()}

    @cached_property
    def judged(self) -> Mapping[tuple[str, float], Sequence[Verdict]]:
        """The verdicts by (solver, lr0)."""
        verdicts: dict[tuple[str, float], list[Verdict]] = {}
        for verdict in self.verdicts:
            verdicts.setdefault((str(verdict.solver), verdict.lr0), []).append(verdict)
        return verdicts
