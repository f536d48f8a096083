"""How a result is to be shown."""

from __future__ import annotations

from dataclasses import dataclass

from lrbench.reports.blocks import WIDTH


@dataclass(frozen=True)
class View:
    """What a reader asked to see.

    Parameters
    ----------
    color
        None: as the terminal, NO_COLOR and TERM say.
    details
        Every trajectory, too.
    columns
        The columns of the trace that trajectories show, by their names in JSON; None for a choice
        that fits 80 columns (CSV: all).
    timing
        Seconds, too; without them two runs print the same.
    width
        The columns of the page: wider tables are folded.
    bars
        Whether curves may be drawn with block characters; else with digits.
    """

    color: bool | None = None
    details: bool = False
    columns: tuple[str, ...] | None = None
    timing: bool = False
    width: int = WIDTH
    bars: bool = False

    @property
    def trajectories(self) -> bool:
        """Whether a page shows every trajectory: naming columns asks for it."""
        return self.details or self.columns is not None
