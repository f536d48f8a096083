"""What a command finds out: traces, runs, verdicts, and the result that is saved."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lrbench.errors import LrbenchError

if TYPE_CHECKING:
    from lrbench.solvers.base import SolverSpec

FORMAT = "lrbench-result"
VERSION = 1
SCHEMA = Path(__file__).with_name("result.schema.json")

Trace: TypeAlias = dict[str, NDArray[np.float64]]
"""Column name -> one number a checkpoint; all of one length, NaN where there is no number.

Row T is the state after T steps: `objective` and `grad_norm_sq` at w_T, `lr` the rate of the last
step; averages, sums and minima are over t < T.
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


class Status(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    REACHED_TARGET = "reached_target"
    DIVERGED = "diverged"
    STALLED = "stalled"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


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
    trace: Trace
    error: str | None = None
    iterates: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """The last, average and best iterate where the run ended, (n_features,) each; not saved."""
    evaluation_seconds: float = 0.0
    """Evaluation at checkpoints, for the whole bundle of lanes; outside the clock."""


Kind: TypeAlias = Literal["certificate", "a-priori", "heuristic"]


@dataclass(frozen=True)
class Verdict:
    """One theorem beside the measurements of one solver and lr0, over all seeds."""

    solver: SolverSpec
    lr0: float
    theorem: str
    kind: Kind
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
    failed_at: int | None = None
    """The first checkpoint at which the bound was violated."""
    hypotheses: Sequence[Mapping[str, str | bool]] = ()


@dataclass(frozen=True)
class ProblemResult:
    """All runs and verdicts on one problem."""

    name: str
    header: Mapping[str, Any]
    """What the JSON says of the problem itself, `constants` included."""
    runs: Sequence[Run]
    verdicts: Sequence[Verdict]


@dataclass(frozen=True)
class Result:
    """What `lrbench run` found, on every problem."""

    command: Sequence[str]
    environment: Mapping[str, Any]
    problems: Sequence[ProblemResult]
    failures: Sequence[tuple[str, LrbenchError]] = ()
    """Problems that could not be run, and why; not saved."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result in the published format: plain lists, null for no number."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "command": list(self.command),
            "environment": dict(self.environment),
            "problems": [_problem(p) for p in self.problems],
        }

    def to_json(self) -> str:
        """Return the result as JSON text, full precision."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)


def _problem(p: ProblemResult) -> dict[str, Any]:
    return {
        "name": p.name,
        **plain(p.header),
        "runs": [_run(r) for r in p.runs],
        "verdicts": [_verdict(v) for v in p.verdicts],
    }


def _solver(s: SolverSpec) -> dict[str, Any]:
    return {"name": s.name, "params": dict(s.params)}


def _run(r: Run) -> dict[str, Any]:
    trace = {name: plain(r.trace.get(name, [])) for name in {**dict.fromkeys(COLUMNS), **r.trace}}
    return {
        "solver": _solver(r.solver),
        "setting": r.setting,
        "batch_size": r.batch_size,
        "sampling": r.sampling,
        "lr0": r.lr0,
        "seed": r.seed,
        "status": str(r.status),
        "status_at": r.status_at,
        "error": r.error,
        "evaluation_seconds": r.evaluation_seconds,
        "trace": trace | {"iteration": [int(t) for t in trace["iteration"]]},
    }


def _verdict(v: Verdict) -> dict[str, Any]:
    out: dict[str, Any] = {"solver": _solver(v.solver)}
    for name in v.__dataclass_fields__:
        if name != "solver":
            out[name] = plain(getattr(v, name))
    return out


def plain(value: Any) -> Any:
    """Return `value` in JSON's own types; NaN and infinities become null."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value
