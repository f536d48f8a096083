"""What the sweeps of several problems say together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrbench.reports.advice import advised
from lrbench.reports.blocks import Block, Cell, Grid, line, short
from lrbench.reports.folding import Styled, folded_cells
from lrbench.reports.groups import rates
from lrbench.reports.sweep_table import decades
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Sensitivity
from lrbench.study import TAU, Profile, profiles


def profile_blocks(problems: Sequence[ProblemResult], view: View) -> Iterator[Block]:
    """Yield what is advised on each problem, and the performance profiles of all solvers."""
    head = f"all {len(problems)} problems"
    yield line(head, style="title", recurs=(head,))
    yield line("")
    yield line(
        "the solver advised, its best lr0, the passes to the target there, and its usable lr0:"
    )
    yield from _advised(problems, view)
    found = profiles(problems)
    yield line("")
    yield from _profile(
        found.tuned,
        "tuned: performance profiles (Dolan and More, 2002), the share of the problems that a"
        " solver with its best lr0 solves in at most tau times the fewest passes of all solvers",
        "problem",
    )
    yield line("")
    yield from _profile(
        found.untuned,
        "untuned: the same with every problem and lr0 of its grid as a case of its own; passes at"
        " that lr0 against the fewest of all solvers on that problem at their best lr0",
        "case",
    )


def _advised(problems: Sequence[ProblemResult], view: View) -> Iterator[Block]:
    taken = [None if p.sweep is None else advised(p.sweep) for p in problems]
    columns: list[Styled] = [
        ("solver", [Cell("-" if s is None else str(s.solver)) for s in taken]),
        ("lr0", [Cell(_lr0(s)) for s in taken]),
        ("passes", [Cell("never" if s is None else short(s.best_passes)) for s in taken]),
        ("decades", [Cell("-" if s is None else decades(s)) for s in taken]),
    ]
    first = ("problem", [Cell(p.name) for p in problems])
    left = frozenset({"problem", "solver"})
    yield from folded_cells(first, [[column] for column in columns], view.width, left)


def _lr0(s: Sensitivity | None) -> str:
    return "-" if s is None or s.best_lr0 is None else rates(s.lr0)[s.best_lr0]


def _profile(found: Profile, about: str, what: str) -> Iterator[Block]:
    many = f"{found.n_instances} {what}s"
    pieces = [about, many]
    if found.unsolved:
        pieces.append(f"{found.unsolved} of them unsolved by all and counted as such")
    yield line(*pieces[:-1], pieces[-1] + ":")
    heads = [f"tau = {tau:g}" if math.isfinite(tau) else "ever" for tau in (*TAU, math.inf)]
    rows = [
        [Cell(name), *(Cell(f"{share:.2f}") for share in (*shares, found.solved[name]))]
        for name, shares in found.shares.items()
    ]
    yield Grid(("solver", *heads), rows, frozenset({0}))
