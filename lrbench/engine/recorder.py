"""The rows of the traces of all lanes, and how each lane ended."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Index, Mask, PerLane, Vector
from lrbench.engine.budget import Arrival
from lrbench.errors import RefutedError
from lrbench.objective.constants import FLOOR, Constants
from lrbench.objective.meter import Count
from lrbench.results import COLUMNS, METERED, SUMMED, Status, TableTrace, Trace

STALL_FACTOR = 0.9
"""A run is stalled if the least suboptimality of its last nine tenths is above this times that of
the first tenth."""


class End(NamedTuple):
    """How a lane ended."""

    status: Status
    iteration: int
    rows: int
    iterates: Mapping[str, Vector]


class MeasuredIterate(NamedTuple):
    """What a row of a single lane says of its iterate."""

    objective: float
    of_average: float
    """F at the average of the iterates; NaN where it is not known."""
    least: float
    """The least F at a row so far."""
    grad_norm_sq: float


def row_of_one(
    t: int, passes: float, seconds: float, measured: MeasuredIterate, f_star: float
) -> dict[str, PerLane | Count | float]:
    """Return the row of a single lane after `t` steps, with NaN for what is not measured."""
    return {
        **dict.fromkeys((*COLUMNS, *SUMMED, *METERED), math.nan),
        "iteration": t,
        "passes": passes,
        "seconds": seconds,
        "objective": measured.objective,
        "suboptimality": measured.objective - f_star,
        "suboptimality_average": measured.of_average - f_star,
        "suboptimality_best": measured.least - f_star,
        "grad_norm_sq": measured.grad_norm_sq,
    }


class Recorder:
    """The traces of all lanes that run together.

    Parameters
    ----------
    n_lanes
        The number of lanes at the start.
    constants
        Those of the problem, of which f_star and its error are used.
    arrival
        The looks of a sweep: the rows by which a run is judged to have stalled. None for all rows.
    """

    def __init__(self, n_lanes: int, constants: Constants, arrival: Arrival | None = None) -> None:
        self._n_lanes = n_lanes
        self._running: Index = np.arange(n_lanes)
        self.ended: dict[int, End] = {}
        self._constants = constants
        self._arrival = arrival
        self._rows = 0
        self._columns: dict[str, list[PerLane]] = {}
        self._retracted: set[int] = set()

    def write(self, row: Mapping[str, PerLane | Count | float]) -> None:
        """Append a row: a number for every running lane, or one for all; padding is ignored."""
        running, missing = self._running, np.full(self._n_lanes, np.nan)
        for name, value in row.items():
            # Lanes that have ended have NaN here, and `trace` leaves these rows out.
            full = missing.copy()
            full[running] = value[: len(running)] if isinstance(value, np.ndarray) else value
            self._columns.setdefault(name, []).append(full)
        self._rows += 1

    def retract(self, mask: Mask) -> None:
        """Take the last row back for the running lanes in `mask`, which is not finite there."""
        self._retracted.update(self._running[mask].tolist())

    def drop(self, mask: Mask) -> None:
        """Write no more rows for the running lanes in `mask`, which have ended."""
        self._running = self._running[~mask]

    def end(
        self, position: int, status: Status, iteration: int, iterates: Mapping[str, Vector]
    ) -> None:
        """End the running lane at this position among the running ones."""
        lane = int(self._running[position])
        rows = self._rows - (lane in self._retracted)
        if status is Status.COMPLETED and self._stalled(lane, rows, iteration):
            status = Status.STALLED
        self.ended[lane] = End(status, iteration, rows, iterates)

    def trace(self, lane: int) -> Trace:
        """Return the trace of a lane up to where it ended."""
        places, table = self._table
        return TableTrace(places, table[lane, :, : self.ended[lane].rows])

    @cached_property
    def _table(self) -> tuple[Mapping[str, int], NDArray[np.float64]]:
        """The place of each column, and (n_lanes, n_columns, n_rows); the rows are used up."""
        order = dict.fromkeys((*COLUMNS, *self._columns))
        places = {name: k for k, name in enumerate(n for n in order if n in self._columns)}
        # Traces are views: copies would need twice the memory while 100,000 lanes end together.
        table = np.empty((self._n_lanes, len(places), self._rows))
        for name, k in places.items():
            table[:, k] = np.transpose(self._columns.pop(name))
        return places, table

    def refute(self, t: int, *objectives: PerLane) -> None:
        """Raise `RefutedError` if an objective lies below what the certificate allows."""
        c = self._constants
        rounding = max(FLOOR * c.size, c.f_rounding)
        lowest = min(float(np.fmin.reduce(o, initial=np.inf)) for o in objectives)
        if not lowest < c.f_star - c.f_star_error - rounding:  # where f_star is not known, too
            return
        if not c.f_star_certified:
            raise RefutedError(
                f"at iteration {t} the objective is {lowest!r}, below --f-star {c.f_star!r}.",
                "give a lower one, or leave --f-star out to have the minimum certified.",
            )
        raise RefutedError(
            f"at iteration {t} the objective is {lowest!r}, below f_star - error ="
            f" {c.f_star - c.f_star_error!r} ({c.f_star_method}): the certificate is refuted.",
            "this is a fault of lrbench: its cached optimum is deleted, please report it.",
        )

    def _stalled(self, lane: int, rows: int, budget: int) -> bool:
        """Return whether the last nine tenths of the budget hardly lowered the suboptimality.

        Rows beyond the budget do not count, nor in a sweep those between two looks. Where f_star is
        not known, it is whether they did not lower the objective at all, beyond its rounding.
        """
        floor = self._constants.floor
        known = not math.isnan(self._constants.f_star)
        iteration = np.array([v[lane] for v in self._columns["iteration"][:rows]])
        name = "suboptimality" if known else "objective"
        rows_of = self._columns.get(f"{name}_output", self._columns[name])
        values = np.array([v[lane] for v in rows_of[:rows]])
        counts = iteration <= budget
        if self._arrival is not None:
            counts &= np.isin(iteration, [*self._arrival.looks, budget])
        iteration, values = iteration[counts], values[counts]
        early = iteration <= iteration[-1] / 10
        if early.all() or (known and values[-1] <= floor):
            return False
        late_best, early_best = values[~early].min(), values[early].min()
        if not known:
            return bool(late_best >= early_best - FLOOR * (abs(values[0]) + abs(early_best)))
        return bool(late_best > STALL_FACTOR * early_best and min(late_best, early_best) > floor)
