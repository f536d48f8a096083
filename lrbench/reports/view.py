"""How a result is to be shown: the options that all forms share."""

from __future__ import annotations

from dataclasses import dataclass

from lrbench.reports.blocks import WIDTH


@dataclass(frozen=True)
class View:
    """The options of a report.

    Parameters
    ----------
    color
        Whether to write in colour; None leaves it to the terminal, NO_COLOR and TERM.
    details
        Whether to show every trajectory, or every lr0 of a sweep.
    columns
        The columns of the trace that trajectories show, by their names in JSON; None for a choice
        that fits 80 columns (CSV: all).
    timing
        Whether to show seconds; without them the pages of two equal runs are equal.
    width
        The columns of the page; wider tables are folded.
    bars
        Whether curves may be drawn with block characters instead of digits.
    theory
        Whether to show each theorem, or in a sweep the bounds over what varies; None for the
        theorems of a run unless the page is `brief`, and the bounds of a sweep with its details.
    brief
        Whether the page is for a terminal: without what is not asked for, and with the options that
        ask for it.
    table
        What CSV holds: ``"trace"``, ``"verdicts"`` or ``"summary"``.
    traces
        What JSON holds of the traces: see `lrbench.results.Result.with_traces`.
    """

    color: bool | None = None
    details: bool = False
    columns: tuple[str, ...] | None = None
    timing: bool = False
    width: int = WIDTH
    bars: bool = False
    theory: bool | None = None
    brief: bool = False
    table: str = "trace"
    traces: str = "all"

    @property
    def theorems(self) -> bool:
        """Whether a page of runs shows each theorem."""
        return not self.brief if self.theory is None else self.theory

    @property
    def trajectories(self) -> bool:
        """Whether a page shows every trajectory, which naming columns asks for, too."""
        return self.details or self.columns is not None
