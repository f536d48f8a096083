"""Records of the measures of sensitivity: how much it costs not to know the best value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from lrbench.config.plain import Key, NumberOrInf

Reason: TypeAlias = Literal[
    "ended_early",
    "missing_runs",
    "none_arrives",
    "off_grid",
    "best_at_edge",
    "best_at_floor",
    "too_few_points",
    "start_is_optimal",
    "not_saved",
    "nothing_varies",
]
"""Why a measure is withheld; docs/reference/sensitivity.md says when."""

NumberOrWithheld: TypeAlias = Annotated[float | None, math.inf]
"""A number, infinite where the target is not reached; None where it is withheld. Both are null in
JSON, where the reason in `Measures.withheld` tells them apart."""

RATIOS = (10, 100)
"""The factors by which a value may be off, for the price of not knowing the best one."""

N_DRAWS = (1, 2, 4, 8)
"""The numbers of draws of which the best is expected."""

SINGLE = ("lr_sensitivity", "draws", "expected_best", "exponent")
"""The measures that are one value each; the prices are one for each of `RATIOS`."""


def price_key(ratio: float) -> str:
    """Return the name under which a price is withheld."""
    return f"price.{ratio:g}"


NOT_SAVED = tuple((name, "not_saved") for name in (*SINGLE, *map(price_key, RATIOS)))
"""What is withheld in a result of a version that had none of these measures, as pairs."""


@dataclass(frozen=True)
class Exponent:
    """The exponent of robustness: how fast a result gets worse as a value is too large.

    With rho = value / best it is the slope of a logarithm against log(rho), over rho >= 4.
    """

    of: Literal["gap", "passes"]
    """Whether it is the slope of log(F - f*) after a fixed number of steps, or of log(passes)."""
    measured: float
    """The mean of the slopes of the seeds."""
    interval: tuple[float, float] | None
    """95 % t-interval of that mean; None with one seed."""
    proved: float | None = None
    """The upper bound that a theorem gives for the same exponent; None without one."""


@dataclass(frozen=True)
class Measures:
    """The measures of sensitivity of one solver over a grid of values.

    `docs/reference/sensitivity.md` defines them exactly.
    """

    lr_sensitivity: Annotated[float | None, Key(earlier=None)]
    """The expected loss of a value drawn from the grid against the best one, over F(w_0) - f*."""
    price: Annotated[Mapping[str, NumberOrWithheld], Key(earlier=())]
    """Ratio -> the largest factor in passes for a value within that ratio of the best one."""
    draws: Annotated[NumberOrWithheld, Key(earlier=None)]
    """How many values drawn from the grid bring one that arrives, with a probability of 90 %."""
    expected_best: Annotated[Mapping[str, float] | None, Key(earlier=None)]
    """Number of draws -> the expected least F - f* after the whole budget."""
    exponent: Annotated[Exponent | None, Key(earlier=None)]
    """The exponent of robustness."""
    expected_running_time: Annotated[Sequence[NumberOrInf], Key(earlier=())] = field(repr=False)
    """For each value the passes of all seeds over the number of those that arrive; inf where none
    does, and where none is finished."""
    withheld: Annotated[Mapping[str, Reason], Key(earlier=NOT_SAVED)]
    """Measure, or ``"price.10"`` -> why it is withheld."""

    def __post_init__(self) -> None:
        # Of an earlier version both are pairs; of JSON every null was read as an infinity.
        withheld, price = dict(self.withheld), dict(self.price)
        for name in SINGLE:
            if name in withheld:
                object.__setattr__(self, name, None)
        prices = {
            f"{ratio}": None if price_key(ratio) in withheld else price.get(f"{ratio}")
            for ratio in RATIOS
        }
        object.__setattr__(self, "price", prices)
        object.__setattr__(self, "withheld", withheld)
