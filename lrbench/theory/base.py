"""What a theorem is: a guarantee that knows when it holds."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lrbench.objective.constants import Constants, Sampling

Measure: TypeAlias = Literal["suboptimality", "grad_norm_sq"]
IterateName: TypeAlias = Literal["last", "average", "best", "min"]
Numbers: TypeAlias = NDArray[np.float64]
"""(n_checkpoints,): one number a checkpoint."""
Columns: TypeAlias = Mapping[str, Numbers]
"""The trace of a run: column -> one number a checkpoint (see `lrbench.results.Trace`)."""

COLUMN: dict[tuple[str, str], str] = {
    ("suboptimality", "last"): "suboptimality",
    ("suboptimality", "average"): "suboptimality_average",
    ("suboptimality", "best"): "suboptimality_best",
    ("grad_norm_sq", "last"): "grad_norm_sq",
    ("grad_norm_sq", "min"): "min_grad_norm_sq",
}
"""(measure, iterate) -> the column of the trace that is compared with the bound."""


@dataclass(frozen=True)
class Setting:
    """All that a theorem may know before the run."""

    constants: Constants
    lr0: float
    params: Mapping[str, float | str]
    """The solver's parameters, defaults included."""
    batch: bool
    """Whether every step uses the whole gradient."""
    batch_size: int
    sampling: Sampling | None
    radius: float | None
    """Of the ball around the start; None without one."""
    smooth: bool = True
    """Whether loss and penalty are smooth and the penalty is no indicator."""
    not_smooth: str = ""
    """Why it is not `smooth`: ``"the hinge loss is not smooth"``; empty where it is."""
    diameter: float | None = None
    """Of the set of an indicator penalty; None without one, or where the set is unbounded."""


@dataclass(frozen=True)
class Hypothesis:
    """A condition of a theorem, checked."""

    name: str
    holds: bool
    detail: str
    """Its values, and by how much it fails: ``"b_1 = 11.3 >= L = 0.85"``."""


FULL_BATCHES = "full batches"
MINIBATCHES = "minibatches"
ROUGH_STEPS = "nonsmooth or minibatches"
OF_SETTING = frozenset({FULL_BATCHES, MINIBATCHES, ROUGH_STEPS})
"""Names of the hypotheses that tell theorems for another setting apart."""


@dataclass(frozen=True)
class Order:
    """The rate in T that the theorem proves.

    ``power``: the measure falls like T^value (value < 0); ``linear``: the logarithm of the measure
    falls by ``value`` (< 0) a step.
    """

    kind: Literal["power", "linear"]
    value: float


class Theorem(ABC):
    """A guarantee: when these hypotheses hold, the measure of the iterate is at most the bound.

    One subclass of `Certificate` or `APriori` a theorem; the class docstring carries statement,
    source and proof idea.
    """

    key: ClassVar[str]
    """``"W3"``: as in the documentation."""
    kind: ClassVar[Literal["certificate", "a-priori"]]
    """A certificate is computed from the run itself, an a-priori bound before it."""
    statement: ClassVar[str]
    """One line of plain ASCII mathematics."""
    measure: ClassVar[Measure]
    iterate: ClassVar[IterateName]
    reference: ClassVar[str]
    """Where it is proved, in words."""
    cite: ClassVar[tuple[str, ...]] = ()
    """Keys of the papers in ``references.bib``; none for a proof of this project alone."""
    sharpness: ClassVar[str] = ""
    rests_on_L: ClassVar[bool] = True
    """Whether the bound is only as certain as the constant L."""
    rate: ClassVar[Order | None] = None
    """The rate that it proves, where that is the same in every setting."""
    any_steps: ClassVar[bool] = False
    """Whether it holds whatever the steps: a diverged run then violates nothing."""
    consistency: ClassVar[bool] = False
    """Whether it holds for any sequence of gradients: a check of the recursion, not of F."""
    silent: ClassVar[str] = "the bound says nothing yet"
    """Why the bound may say nothing although the hypotheses hold."""
    columns: ClassVar[tuple[str, ...]] = ()
    """The columns of the trace that a certificate reads."""

    @abstractmethod
    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return every hypothesis, checked against this setting."""

    @abstractmethod
    def bound(self, setting: Setting, T: Numbers, trace: Columns | None = None) -> Numbers:
        """Return the bound after T steps, shape of `T`; NaN where it says nothing (T = 0).

        Only called where all hypotheses hold. A certificate needs the `trace`, whose rows belong to
        the entries of `T`.
        """

    def order(self, setting: Setting) -> Order | None:
        """Return the rate that the theorem proves in this setting; None for none."""
        del setting
        return self.rate


class Certificate(Theorem):
    """A bound computed from the run itself."""

    kind = "certificate"

    @abstractmethod
    def certify(self, setting: Setting, T: Numbers, trace: Columns) -> Numbers:
        """Return the bound after T >= 1 steps, from the rows of `trace` that belong to them."""

    def bound(self, setting: Setting, T: Numbers, trace: Columns | None = None) -> Numbers:
        """Return the bound after T steps, shape of `T`; NaN where T = 0."""
        if trace is None:
            raise TypeError(f"{self.key} is a certificate: it needs the trace")
        out = np.full(T.shape, np.nan)
        run = T >= 1
        out[run] = self.certify(setting, T[run], {name: trace[name][run] for name in self.columns})
        return out


class APriori(Theorem):
    """A bound known before the run."""

    kind = "a-priori"

    @abstractmethod
    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return the bound after T >= 1 steps."""

    def bound(self, setting: Setting, T: Numbers, trace: Columns | None = None) -> Numbers:
        """Return the bound after T steps, shape of `T`; NaN where T = 0."""
        del trace
        out = np.full(T.shape, np.nan)
        run = T >= 1
        # Numbers beyond float64 are no bound: what overflows says nothing.
        with np.errstate(all="ignore"), contextlib.suppress(OverflowError):
            out[run] = self.formula(setting, T[run])
        return out
