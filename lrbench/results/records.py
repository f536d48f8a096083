"""The records of a result: traces, runs and verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

from lrbench.config.plain import Form, Key, NumberOrNaN, plain
from lrbench.config.records import RecordError, reader
from lrbench.config.solver_spec import SolverSpec
from lrbench.results.equality import equal_by_content
from lrbench.results.lanes import Varied
from lrbench.results.saved_traces import MISSING
from lrbench.results.traces import Trace

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

METERED = ("sample_gradients", "sample_values", "prox_calls")
"""The calls of the oracle so far: gradients and values of single samples, and proxes.

Passes are the sum of the first two, relative to the number of samples."""

OUTPUT = ("objective_output", "suboptimality_output")
"""The columns of a trace whose solver has an answer of its own, which is not the last iterate."""

TESTED = ("test_loss", "test_accuracy")
"""The columns of a trace where samples are held out; the accuracy for two classes only."""

NORMALISED = ("v_norm_sq",)
"""The column of a trace on a normalised problem: the squared length of v."""

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
    "first_other_step",
)
"""The columns that certificates need beside `COLUMNS`. Further columns are the solver's state."""

LATER = ("suboptimality_best",)
"""Columns that version 1 of the format did not have from its first day."""


class _Checkpoints(TypedDict):
    """The column of a trace that holds integers."""

    iteration: Sequence[int]


def state_columns(names: Iterable[str]) -> list[str]:
    """Return those of the names of columns that are fields of a solver's state."""
    return [name for name in names if name not in COLUMNS + METERED + OUTPUT + TESTED + SUMMED]


def read_trace(value: Any) -> Trace:
    """Return the columns in JSON: those that every trace has, and whatever others there are.

    null stands for a trace that was not saved.
    """
    if value is None:
        return MISSING
    length = len(reader(_Checkpoints)(value)["iteration"])
    columns: dict[str, NDArray[np.float64]] = reader(dict[str, NDArray[np.float64]])(value)
    columns |= {name: np.full(length, np.nan) for name in LATER if name not in columns}
    for name in COLUMNS:
        if name not in columns:
            raise RecordError(f".{name} is missing")
    for name, column in columns.items():
        if len(column) != length:
            raise RecordError(f".{name} has {len(column)} numbers, not {length}")
    return {name: columns[name] for name in {**dict.fromkeys(COLUMNS), **columns}}


def plain_trace(trace: Trace) -> dict[str, Any]:
    """Return the columns for JSON; a run without a checkpoint has empty ones."""
    values = {name: plain(trace.get(name, [])) for name in {**dict.fromkeys(COLUMNS), **trace}}
    return values | {"iteration": [int(t) for t in values["iteration"]]}


def saved_trace(trace: Trace) -> dict[str, Any] | None:
    """Return what `plain_trace` does; None for a trace that is not saved."""
    return None if trace is MISSING else plain_trace(trace)


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Run(Varied):
    """One solver with one initial learning rate and one seed."""

    __eq__ = equal_by_content

    solver: SolverSpec
    over: Annotated[Mapping[str, float], Key(earlier=())] = field(default_factory=dict)
    setting: Literal["batch", "stochastic"]
    batch_size: int
    sampling: Literal["replacement", "reshuffle"] | None
    lr0: float | None
    """None where the method has no initial learning rate."""
    seed: int
    status: Status
    status_at: int
    """The iteration at which the status was reached."""
    error: str | None = None
    evaluation_seconds: Annotated[float, Key(earlier=0.0)] = 0.0
    """Seconds of evaluation at checkpoints, for all lanes of the seed; the clock excludes them."""
    trace: Annotated[Trace, Form(read_trace, saved_trace)] = field(repr=False)
    iterates: Annotated[Mapping[str, NDArray[np.float64]], Key(saved=False)] = field(
        default_factory=dict, repr=False
    )
    """The last, average and best iterate where the run ended, as weights: (n_features,) each, with
    a normalisation those of the linear problem."""

    @property
    def started(self) -> bool:
        """Whether the run has a row or a step; otherwise the command was stopped before it."""
        unstarted = self.status is Status.INTERRUPTED and self.status_at == 0
        if not unstarted:
            return True
        return self.trace is not MISSING and len(self.trace.get("iteration", ())) > 0

    def at_end(self, column: str) -> float | None:
        """Return the number of a column where the run ended; None if it has none.

        The rows after that only confirmed an arrival, or that there was none in the budget.
        """
        numbers = self.trace.get(column, ())
        if not len(numbers):
            return None
        rows = len(numbers)
        if self.status.good or self.status.exhausted:
            within = np.searchsorted(self.trace["iteration"], self.status_at, side="right")
            rows = max(int(within), 1)
        return float(numbers[rows - 1])


BoundKind: TypeAlias = Literal["certificate", "a-priori", "heuristic"]
FittedLaw: TypeAlias = Literal["power", "linear", "neither"]


class Law(TypedDict):
    """How fast a bound falls: of order T^value, or by the factor `value` in each step."""

    kind: Literal["power", "linear"]
    value: float


class HypothesisResult(TypedDict):
    """A hypothesis of a theorem, with its values on the problem."""

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True)
class Verdict(Varied):
    """One theorem beside the measurements of one solver and lr0, over all seeds."""

    solver: SolverSpec
    lr0: float | None
    theorem: str
    kind: BoundKind
    statement: str
    measure: str
    iterate: str
    consistency: Annotated[bool, Key(earlier=False)]
    """Whether the theorem holds for any sequence of gradients."""
    applies: bool
    reason: str
    """Why it does not apply, or why there is no verdict; else empty."""
    iteration: Sequence[int] = ()
    bound: Sequence[NumberOrNaN] = ()
    metric: Sequence[NumberOrNaN] = ()
    """Means over seeds."""
    metric_interval: Sequence[tuple[NumberOrNaN, NumberOrNaN]] | None = None
    bound_verdict: Literal["pass", "fail", "vacuous", "none"] = "none"
    informative_from: int | None = None
    order: Law | None = None
    measured_order: float | None = None
    order_interval: tuple[NumberOrNaN, NumberOrNaN] | None = None
    window: tuple[int, int] | None = None
    order_verdict: Literal["pass", "inconclusive", "none"] = "none"
    order_reason: Annotated[str, Key(earlier="")] = ""
    order_thirds: Annotated[tuple[float, float, float] | None, Key(earlier=None)] = None
    """The slopes in the three thirds of the window, of the kind of `order`."""
    other_order: Annotated[Law | None, Key(earlier=None)] = None
    """The fit of the other kind: a power beside a linear order, and the other way round."""
    rss_ratio: Annotated[float | None, Key(earlier=None)] = None
    """The residual sum of squares of the fitted power over that of the fitted exponential."""
    fitted_law: Annotated[FittedLaw | None, Key(earlier=None)] = None
    """The kind that fits decisively better."""
    floor_from: Annotated[int | None, Key(earlier=None)] = None
    """The first checkpoint from which on the metric is at its floor."""
    failed_at: Annotated[int | None, Key(earlier=None)] = None
    """The first checkpoint at which the bound was violated."""
    hypotheses: Annotated[Sequence[HypothesisResult], Key(earlier=())] = ()
    over: Annotated[Mapping[str, float], Key(earlier=())] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("bound", "metric", "metric_interval"):
            items = getattr(self, name)
            if items is not None and len(items) != len(self.iteration):
                raise ValueError(f"{name} has {len(items)} items, not {len(self.iteration)}")


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

    __eq__ = equal_by_content

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
