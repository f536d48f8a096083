"""The legend of the tables of sweeps: what each column, and each word in it, means."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lrbench.plan.lanes import second_scales
from lrbench.reports.blocks import Line, line
from lrbench.reports.groups import plural
from lrbench.reports.sweep_table import (
    INTERVAL,
    PASSED,
    PRICED,
    column_groups,
    cost_groups,
    lowest_heading,
    nobody_arrives,
)
from lrbench.results import Sensitivity, Sweep
from lrbench.results.lanes import varied


@dataclass(frozen=True)
class _Tables:
    """The tables of some sweeps."""

    name: str
    """What varies."""
    solvers: Sequence[Sensitivity]
    columns: frozenset[str]
    texts: frozenset[str]
    """The texts of all cells."""

    lowest: Sequence[str]
    """The headings of the lowest levels, where no solver arrives."""

    def legend(self, column: str, text: str) -> Iterator[str]:
        """Yield what a column means, if there is such a column."""
        if column in self.columns:
            yield f"{column}: {text}"

    @property
    def seeds(self) -> bool:
        """Whether there are several seeds."""
        return any(s.n_seeds > 1 for s in self.solvers)


def sweep_legend(sweeps: Sequence[Sweep], details: bool = False) -> Iterator[Line]:
    """Yield a line on each column of the tables, and on each mark that occurs in them.

    Parameters
    ----------
    sweeps
        Those whose tables are on the page.
    details
        Whether the tables of costs are among them.
    """
    groups = [group for sweep in sweeps for group in column_groups(sweep)]
    if details:
        groups += [group for sweep in sweeps for group in cost_groups(sweep)]
    columns = [column for group in groups for column in group]
    tables = _Tables(
        varied(sweeps),
        [s for sweep in sweeps for s in sweep.solvers],
        frozenset(title for title, _ in columns),
        frozenset(cell.text for _, cells in columns for cell in cells),
        list(dict.fromkeys(map(lowest_heading, filter(nobody_arrives, sweeps)))),
    )
    costs = _costs(tables) if details else ()
    for text in (*_findings(tables), *costs, *_marks(tables)):
        yield line(text, note=True)


def _findings(tables: _Tables) -> Iterator[str]:
    """Yield what the columns of the main table mean, in each of which more is better."""
    name, seeds = tables.name, tables.seeds
    if "of" in tables.columns:
        yield "of: the free scale of the solver, which varies; its other parameters are held"
        for solver, second in second_scales(s.solver.name for s in tables.solvers).items():
            yield f"{solver} has a second free scale, {second}: --over {second}"
    for ratio in dict.fromkeys(n for s in tables.solvers for n in s.second_axis if "/" in n):
        scale = ratio.partition("/")[2]
        yield f"{ratio} in brackets: the value of --lr0; the first lr is {scale} times it"
    only = "" if all(s.values for s in tables.solvers) else f", or of a run without {name}"
    yield from tables.legend(f"best {name}", "that of the fewest passes")
    yield from tables.legend(
        "speed (passes)",
        f"of the arrival at the target at the best {name}{only}, relative to the fastest solver,"
        " and the passes that it took",
    )
    yield from tables.legend("decades", "the width of the usable range in factors of ten")
    arrive = "most seeds arrive" if seeds else "the run arrives"
    yield from tables.legend("arrive", f"the share of the {plural(name)} at which {arrive}")
    most = "most seeds arrive" if seeds else "all arrive"
    yield from tables.legend(f"usable {name}", f"the widest range of the grid in which {most}")
    step = _step([s.values for s in tables.solvers])
    steps = f", in grid steps of {step:.2f}" if step else ""
    yield from tables.legend(INTERVAL, f"of the decades over seeds drawn again{steps}")
    if "x0.01" in tables.columns:
        relative = f"the speed at so many times the best {name}, relative to that at the best"
        yield f"x0.01 to x100: {relative}"
    for of in PRICED:
        worst = f"the least such speed from best / {of} to best * {of}"
        yield from tables.legend(f"within x{of}", worst)
    for heading in tables.lowest:
        yield f"{heading}: at any checkpoint of the runs"
    if tables.lowest and any(s.values for s in tables.solvers):
        yield f"at {name}: that of the run in which it was"
    unfinished = "finished " * any(s.missing for s in tables.solvers)
    yield from tables.legend("finite", f"the share of the {unfinished}runs that did not diverge")
    yield from tables.legend("lr L", f"the last lr at the best {name}, times L")


def _costs(tables: _Tables) -> Iterator[str]:
    """Yield what the columns of costs mean, in each of which less is better."""
    name = tables.name
    arrival = f"from the start to the arrival at the target, at the best {name}"
    yield from tables.legend("passes", arrival)
    drawn = f"how many {plural(name)} drawn at random bring one that arrives, in 90 % of cases"
    yield from tables.legend("draws", drawn)
    for of in PRICED:
        most = f"the most passes from best / {of} to best * {of}, over those at the best"
        yield from tables.legend(f"price x{of}", most)
    counts = sorted({s.n_seeds * len(s.lr0) for s in tables.solvers})
    yield f"diverged, stalled: runs that ended so, out of {' or '.join(map(str, counts))}"
    if "LR sens." in tables.columns:
        yield (
            "LR sens.: the mean loss over the grid after the whole budget, against the best value,"
            " in units of F(w_0) - f*"
        )
    if "exponent" in tables.columns:
        yield (
            f"exponent: the slope of log(F - f*), with p of log(passes), in log({name} / best)"
            " from a factor of 4 on; in brackets what is proved"
        )


def _marks(tables: _Tables) -> Iterator[str]:
    """Yield what the marks in the cells mean."""
    if any(text.rstrip(")").endswith(PASSED) for text in tables.texts):
        yield f"{PASSED}: at some {tables.name} it came there sooner, and did not stay (--details)"
    if any(text.startswith((">=", "<=")) for text in tables.texts):
        yield ">=, <=: may be more or less, at an end of the grid or beside an unknown one"
    if any(text.rstrip(PASSED) == "never" for text in tables.texts):
        yield "never: it does not arrive there"
    if "-" in tables.texts:
        yield "-: there is none, or it is withheld (--details)"
    if "off" in tables.texts:
        yield "off: beyond the grid"
    if "?" in tables.texts:
        yield "?: unknown, as no run there is finished"


def _step(grids: Sequence[Sequence[float]]) -> float | None:
    """Return the step of the grids in decades, or None if they have several."""
    # Rounded, as the steps of a logarithmic grid differ in their last bits.
    pairs = [pair for grid in grids for pair in itertools.pairwise(grid)]
    steps = {round(math.log10(b) - math.log10(a), 6) for a, b in pairs}
    return steps.pop() if len(steps) == 1 else None
