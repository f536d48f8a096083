r"""Whether lanes have arrived at a target, rather than passed through it, while they run.

A look is an iteration of `lrbench.config.looks.look_grid`; a gap is F - f* of the solver's answer.
By the rule ``"confirmed"`` a lane has arrived at the first look T within the budget with

.. math:: \mathrm{gap}(T) \le \mathrm{target}, \qquad
          \frac1T \int_T^{2T} \mathrm{gap}(t)\,dt \le \mathrm{target},

where the integral is the trapezoidal sum over the looks from T to 2 T. By the rule ``"end"`` it has
arrived at the first look from which on the gap is at or below the target at every look and at the
end of the budget. `lrbench.study.arrival` finds the same from the rows of a trace, by other code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane
from lrbench.engine.budget import Budget


class Arrivals(Protocol):
    """Follows the gaps of all running lanes from look to look."""

    arrived_at: PerLane
    """The iteration at which each running lane has arrived at the least target; NaN before."""

    def look(self, t: int, gap: PerLane) -> Mask:
        """Take the gaps of the running lanes at `t`; return which of them need not go on."""
        ...

    def keep(self, lanes: Index) -> None:
        """Go on with these of the running lanes."""
        ...


def arrivals(budget: Budget, n_lanes: int) -> Arrivals | None:
    """Return what follows the gaps of `n_lanes` lanes; None where runs end at a first hit."""
    if budget.arrival is None:
        return None
    return (Confirmed if budget.arrival.rule == "confirmed" else AtEnd)(budget, n_lanes)


@dataclass(eq=False)
class Candidates:
    """The lanes that may have arrived at one look T, until 2 T."""

    start: int
    integral: PerLane
    """Of the gap from T to the last look, (n_lanes,), or of each target where one is negative."""
    lanes: Mask
    """Which lanes may have arrived at T at which target, (n_targets, n_lanes)."""


class Confirmed:
    """The rule ``"confirmed"``."""

    def __init__(self, budget: Budget, n_lanes: int) -> None:
        assert budget.arrival is not None
        self._iterations, self._looks = budget.iterations, frozenset(budget.arrival.looks)
        self._stays = budget.arrival.stays
        self._targets: Lanes = np.array(budget.arrival.targets)[:, None]
        self._negative = self._targets < 0
        self._open: list[Candidates] = []
        self._resolved: Mask = np.zeros((len(self._targets), n_lanes), dtype=np.bool_)
        self._last = 0, np.zeros(n_lanes)
        self.arrived_at: PerLane = np.full(n_lanes, np.nan)

    def look(self, t: int, gap: PerLane) -> Mask:
        """Take the gaps of the running lanes at `t`; return which of them need not go on.

        Past the budget a lane goes on only as long as it may yet be found to have arrived within.
        """
        if t in self._looks:
            # Of a level of F below 0 the numbers below 0 count, too.
            low = np.where(self._negative, -np.inf, 0.0) if self._negative.any() else 0.0
            self._look(t, np.where(np.isfinite(gap), np.maximum(gap, low), np.inf))
        done: Mask = self._resolved[0]
        if t < self._iterations:
            return done & (not self._stays)
        hopeful = np.zeros_like(self._resolved)
        for look in self._open:
            hopeful |= look.lanes
        return done | ~(hopeful & ~self._resolved).any(axis=0)

    def _look(self, t: int, gap: PerLane) -> None:
        before, gap_before = self._last
        self._last = t, gap
        for look in self._open:
            look.integral += (t - before) * (gap_before / 2 + gap / 2)
            within = look.integral <= look.start * self._targets
            # Of numbers below 0 the whole sum alone tells.
            look.lanes &= within | (self._negative & (t < 2 * look.start))
        if t <= self._iterations:
            self._open.append(Candidates(t, np.zeros_like(gap), gap <= self._targets))
        if 2 * self._open[0].start == t:
            first = self._open.pop(0)
            self.arrived_at[first.lanes[0] & ~self._resolved[0]] = first.start
            self._resolved |= first.lanes

    def keep(self, lanes: Index) -> None:
        """Go on with these of the running lanes."""
        for look in self._open:
            look.integral = look.integral[..., lanes]
            look.lanes = look.lanes[:, lanes]
        self._resolved = self._resolved[:, lanes]
        self._last = self._last[0], self._last[1][..., lanes]
        self.arrived_at = self.arrived_at[lanes]


class AtEnd:
    """The rule ``"end"``: every lane uses its whole budget."""

    def __init__(self, budget: Budget, n_lanes: int) -> None:
        assert budget.arrival is not None
        self._iterations, self._target = budget.iterations, budget.arrival.targets[0]
        self._looks = frozenset(budget.arrival.looks)
        self.arrived_at: PerLane = np.full(n_lanes, np.nan)

    def look(self, t: int, gap: PerLane) -> Mask:
        """Take the gaps of the running lanes at `t`; return which of them need not go on."""
        below = gap <= self._target
        if t in self._looks:
            self.arrived_at[below & np.isnan(self.arrived_at)] = t
            self.arrived_at[~below] = np.nan
        return np.full(gap.shape, t == self._iterations)

    def keep(self, lanes: Index) -> None:
        """Go on with these of the running lanes."""
        self.arrived_at = self.arrived_at[lanes]
