"""The records of a result: runs and verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

from lrbench.config.plain import Form, Key, NumberOrNaN
from lrbench.config.solver_spec import SolverSpec
from lrbench.results.columns import read_trace, saved_trace
from lrbench.results.equality import equal_by_content
from lrbench.results.lanes import Varied
from lrbench.results.saved_traces import MISSING
from lrbench.results.traces import Trace


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
