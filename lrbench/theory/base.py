"""The base classes of theorems: a statement, its hypotheses and the bound that follows."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lrbench.objective.constants import Constants, Sampling

if TYPE_CHECKING:
    from lrbench.results.sweep import Measure

IterateName: TypeAlias = Literal["last", "average", "best", "output", "min"]
Numbers: TypeAlias = NDArray[np.float64]
"""One number for each checkpoint, (n_checkpoints,)."""
TraceColumns: TypeAlias = Mapping[str, Numbers]
"""The trace of a run: column -> one number for each checkpoint (see `lrbench.results.Trace`)."""

COLUMN: dict[tuple[str, str], str] = {
    ("suboptimality", "last"): "suboptimality",
    ("suboptimality", "average"): "suboptimality_average",
    ("suboptimality", "best"): "suboptimality_best",
    ("suboptimality", "output"): "suboptimality_output",
    ("grad_norm_sq", "last"): "grad_norm_sq",
    ("grad_norm_sq", "min"): "min_grad_norm_sq",
}
"""(measure, iterate) -> the column of the trace that is compared with the bound."""


@dataclass(frozen=True)
class Setting:
    """What is known before the run: the only input of hypotheses and a-priori bounds."""

    constants: Constants
    lr0: float
    """NaN where the method has no initial learning rate."""
    params: Mapping[str, float | str]
    """The solver's parameters, defaults included."""
    batch: bool
    """Whether every step uses the gradient on all samples."""
    batch_size: int
    sampling: Sampling | None
    radius: float | None
    """The radius of the ball around the start; None without one."""
    smooth: bool = True
    """Whether loss and penalty are smooth; an indicator penalty is not."""
    not_smooth: str = ""
    """Why `smooth` is False: ``"the hinge loss is not smooth"``; empty where it is True."""
    diameter: float | None = None
    """The diameter of an indicator penalty's set; None without one, or if it is unbounded."""
    convex: bool = True
    """Whether F is convex."""
    biased: str = ""
    """Why the gradients of minibatches are biased; empty where they are not."""
    horizon: int | None = None
    """The number of steps for which the run is planned; None if it is not known."""


class Hypothesis(NamedTuple):
    """A condition of a theorem, and whether it holds in a setting."""

    name: str
    holds: bool
    detail: str
    """The values that decide it: ``"b_1 = 11.3 >= L = 0.85"``."""


Conditions: TypeAlias = tuple[Callable[[Setting], Hypothesis], ...]
"""The checks of hypotheses, in the order of the reports."""

FULL_BATCHES = "full batches"
MINIBATCHES = "minibatches"
ROUGH_STEPS = "nonsmooth or minibatches"
OF_SETTING = frozenset({FULL_BATCHES, MINIBATCHES, ROUGH_STEPS})
"""Names of hypotheses that fail only because the theorem is about another kind of run.

Reports leave such a theorem out instead of listing it as not applicable.
"""


class Order(NamedTuple):
    """The rate in T that the theorem proves.

    ``power``: the measure falls like T^value (value < 0); ``linear``: the logarithm of the measure
    falls by ``value`` (< 0) a step.
    """

    kind: Literal["power", "linear"]
    value: float

    def __str__(self) -> str:
        """Return ``T^-0.5``, or ``e^(-9e-04 T)`` for a linear rate."""
        return f"T^{self.value:.2g}" if self.kind == "power" else f"e^({self.value:.0e} T)"


class Theorem(ABC):
    """A guarantee: when these hypotheses hold, the measure of the iterate is at most the bound.

    Each theorem is a subclass of `Certificate` or `APriori`, whose docstring names the theorem and
    sketches its proof.
    """

    key: ClassVar[str]
    """The name of the theorem in the documentation: ``"W3"``."""
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
    conditions: ClassVar[Conditions]
    """The check of each hypothesis, which `hypotheses` evaluates."""
    rests_on_L: ClassVar[bool] = True
    """Whether the bound is only as certain as the constant L."""
    rate: ClassVar[Order | None] = None
    """The proved rate, where it is the same in every setting."""
    exponents: ClassVar[tuple[tuple[str, float], ...]] = ()
    """A parameter and the exponent of robustness over it, where that is the same in every setting:
    see `robustness_exponent`."""
    pathwise: ClassVar[bool] = False
    """Whether the proof bounds the regret, sum_(t<T) <g_t, x_t - x*> <= T times the bound, on every
    path: the expectation enters only where the regret is compared with F."""
    gradient_steps: ClassVar[bool] = True
    """Whether it is about steps w - lr g with g a gradient at w, before a projection."""
    any_steps: ClassVar[bool] = False
    """Whether it holds for steps of any length, so that a diverged run does not violate it."""
    consistency: ClassVar[bool] = False
    """Whether it holds for any sequence of gradients: it checks the recursion, not F."""
    silent: ClassVar[str] = "the bound says nothing yet"
    """Why the bound may be NaN although the hypotheses hold."""
    columns: ClassVar[tuple[str, ...]] = ()
    """The columns of the trace that a certificate reads."""

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return every hypothesis, checked in this setting."""
        return [condition(setting) for condition in self.conditions]

    @abstractmethod
    def bound(self, setting: Setting, T: Numbers, trace: TraceColumns | None = None) -> Numbers:
        """Return the bound after T steps, shape of `T`; NaN where it says nothing (T = 0).

        It is called only where all hypotheses hold. A certificate needs the `trace`, whose rows
        belong to the entries of `T`.
        """

    def order(self, setting: Setting) -> Order | None:
        """Return the rate that the theorem proves in this setting; None for none."""
        del setting
        return self.rate

    def robustness_exponent(self, setting: Setting, parameter: str) -> float | None:
        """Return e such that the bound, at a fixed T, grows like rho^e, logarithms left out.

        Here rho >= 1 is the value of a parameter divided by that at which the bound is least. The
        rest is held: over ``"eta"`` that is b_0, so that lr0 rises with eta. Where the bound comes
        near its value at the start, it may grow more slowly.

        Parameters
        ----------
        setting
            A setting in which every hypothesis holds.
        parameter
            ``"lr0"``, or the hyper-parameter whose value is too high.

        Returns
        -------
        exponent
            None where none is known, and where the theorem does not apply to high values.
        """
        del setting
        return dict(self.exponents).get(parameter)


class Certificate(Theorem):
    """A bound that is computed from the trace of the run."""

    kind = "certificate"

    @abstractmethod
    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return the bound after T >= 1 steps, from the rows of `trace` that belong to `T`."""

    def bound(self, setting: Setting, T: Numbers, trace: TraceColumns | None = None) -> Numbers:
        """Return the bound after T steps, shape of `T`; NaN where T = 0."""
        if trace is None:
            raise TypeError(f"{self.key} is a certificate: it needs the trace")
        bound = np.full(T.shape, np.nan)
        rows = T >= 1  # no theorem says anything before the first step
        columns = {name: trace[name][rows] for name in self.columns}
        bound[rows] = self.certify(setting, T[rows], columns)
        return bound


class APriori(Theorem):
    """A bound that is known before the run."""

    kind = "a-priori"

    @abstractmethod
    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return the bound after T >= 1 steps."""

    def bound(self, setting: Setting, T: Numbers, trace: TraceColumns | None = None) -> Numbers:
        """Return the bound after T steps, shape of `T`; NaN where T = 0."""
        del trace
        bound = np.full(T.shape, np.nan)
        rows = T >= 1
        # Extreme constants or lr0 overflow in the powers of a formula. That is no error and needs
        # no warning: a bound of inf or NaN proves nothing.
        with np.errstate(all="ignore"), contextlib.suppress(OverflowError):
            bound[rows] = self.formula(setting, T[rows])
        return bound
