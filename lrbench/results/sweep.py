"""How sensitive solvers are to the initial learning rate, as a sweep found it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lrbench.config.solver_spec import SolverSpec


@dataclass(frozen=True)
class Factor:
    """What an lr0 of 10^power times the best one costs, relative to the best one."""

    power: int
    factor: float | None
    """Passes over `best_passes`, interpolated; inf where it never came there, None where that is
    not known: off the grid, or where no run is finished."""

    @property
    def on_grid(self) -> bool:
        """Whether such an lr0 lies within the grid, and runs there are finished."""
        return self.factor is not None


@dataclass(frozen=True)
class Sensitivity:
    """One solver over a grid of initial learning rates.

    All figures are of the runs that are finished: that came to the target, went to the end of their
    budget, stalled or diverged. An lr0 without any is unknown.
    """

    solver: SolverSpec
    lr0: Sequence[float] = field(repr=False)
    """The grid, ascending."""
    passes: Sequence[float] = field(repr=False)
    """To the target, for each lr0, medians over seeds; inf where most of them never came there, and
    where none is finished."""
    reached: Sequence[int] = field(repr=False)
    """How many seeds came to the target, for each lr0."""
    finished: Sequence[int] = field(repr=False)
    """How many seeds are finished, for each lr0; where it is 0 nothing is known."""
    n_seeds: int
    best_lr0: float | None
    """The lr0 of the fewest passes, amid those that tie; None where none came to the target."""
    best_passes: float
    """The passes there; inf where none came to the target."""
    usable: tuple[float, float] | None
    """The widest run of neighbouring lr0 that all come to the target, ends included."""
    usable_decades: float
    """Its width in factors of 10; 0 where it is one lr0 or none."""
    usable_interval: tuple[float, float] | None
    """95 % interval of that width over seeds; None with one seed."""
    at_edge: tuple[bool, bool]
    """Whether the usable range begins, and ends, where the grid does: then it may be wider."""
    factors: Sequence[Factor]
    """The price of a wrong lr0: a hundredth, a tenth, ten and a hundred times the best one."""
    statuses: Mapping[str, int]
    """Status -> how many runs ended so, of all lr0 and seeds."""
    missing: int
    """Runs that were cut short, failed or never began, and are not known to reach the target."""
    final_lr_L: float | None
    """The last lr at the best lr0, in units of 1/L; None where either is unknown."""

    @property
    def unknown(self) -> Sequence[float]:
        """The lr0 of which no run is finished: with any, the usable range may be wider."""
        return tuple(v for v, n in zip(self.lr0, self.finished, strict=True) if not n)


@dataclass(frozen=True)
class Sweep:
    """The sensitivity of every solver on one problem."""

    target: float
    """F - f* that a run has to come down to."""
    iterations: int | None
    """The budget of each run; None where every run ended early."""
    solvers: Sequence[Sensitivity]

    @property
    def missing(self) -> int:
        """The runs that are missing, over all solvers: then figures are of what there is."""
        return sum(s.missing for s in self.solvers)

    def of(self, solver: str) -> Sensitivity:
        """Return what is known of one solver, by its name as in tables or without parameters.

        Raises
        ------
        KeyError
            If there is no such solver, or there are several; it gives the names there are.
        """
        found = [s for s in self.solvers if str(s.solver) == solver]
        found = found or [s for s in self.solvers if s.solver.name == solver]
        if len(found) != 1:
            which = f"several solvers are {solver!r}" if found else f"there is no {solver!r}"
            names = ", ".join(str(s.solver) for s in found or self.solvers)
            raise KeyError(f"{which} in this sweep: take one of {names}")
        return found[0]
