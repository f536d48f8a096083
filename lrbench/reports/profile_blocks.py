"""What the sweeps of several problems say together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrbench.reports.advice import advised, passes_of_grid
from lrbench.reports.blocks import Block, Grid, TableCell, line, short_number
from lrbench.reports.folding import Styled, folded_cells
from lrbench.reports.groups import learning_rate_texts
from lrbench.reports.sweep_table import decades_text
from lrbench.reports.view import View
from lrbench.results import TAU, ProblemResult, Profile, Sensitivity, comparable, profiles
from lrbench.study import safest


def profile_blocks(problems: Sequence[ProblemResult], view: View) -> Iterator[Block]:
    """Yield what is advised on each problem, and the performance profiles of all solvers."""
    each_once = comparable(problems)
    head = f"all {len(problems)} {'problems' if each_once else 'sweeps'}"
    yield line(head, style="title", recurs=(head,))
    yield line("")
    yield line(
        "the solver and the lr0 advised, the passes to the target there, and its usable lr0:"
    )
    yield from _advised(problems, view)
    yield line("")
    yield line("how many decades of lr0 are usable, and the passes at the best lr0 (never: -):")
    yield from _decades(problems, view)
    if not each_once:
        yield line("")
        yield line("no performance profiles, as some of these sweeps are of the same problem")
        return
    found = profiles(problems)
    yield line("")
    if missing := sum(p.sweep.missing for p in problems if p.sweep is not None):
        many = "1 run is" if missing == 1 else f"{missing} runs are"
        yield line(f"{many} missing: what is not finished counts as unsolved", style="warn")
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
    lr0 = [None if s is None else safest(s) for s in taken]
    columns: list[Styled] = [
        ("solver", [TableCell("-" if s is None else str(s.solver)) for s in taken]),
        ("lr0", [_lr0(s, at) for s, at in zip(taken, lr0, strict=True)]),
        ("passes", [_passes(p, s, at) for p, s, at in zip(problems, taken, lr0, strict=True)]),
        ("decades", [TableCell("-" if s is None else decades_text(s)) for s in taken]),
    ]
    first = ("problem", [TableCell(p.name) for p in problems])
    left = frozenset({"problem", "solver"})
    yield from folded_cells(first, [[column] for column in columns], view.width, left)


def _decades(problems: Sequence[ProblemResult], view: View) -> Iterator[Block]:
    """Yield a row for each solver and a column for each problem."""
    swept = [(p.name, p.sweep) for p in problems if p.sweep is not None]
    names = list(dict.fromkeys(str(s.solver) for _, sweep in swept for s in sweep.solvers))
    columns: list[Styled] = []
    for problem, sweep in swept:
        found = {str(s.solver): s for s in sweep.solvers}
        columns.append((problem, [_usable(found.get(name)) for name in names]))
    first = ("solver", [TableCell(name) for name in names])
    yield from folded_cells(
        first, [[column] for column in columns], view.width, frozenset({"solver"})
    )


def _usable(s: Sensitivity | None) -> TableCell:
    if s is None or s.usable is None:
        return TableCell("-")
    return TableCell(f"{decades_text(s)} ({short_number(s.best_passes)})")


def _lr0(s: Sensitivity | None, lr0: float | None) -> TableCell:
    return (
        TableCell("-") if s is None or lr0 is None else TableCell(learning_rate_texts(s.lr0)[lr0])
    )


def _passes(p: ProblemResult, s: Sensitivity | None, lr0: float | None) -> TableCell:
    if s is not None and lr0 is not None:
        return TableCell(short_number(passes_of_grid(s, lr0)))
    return TableCell("?" if p.sweep is None or p.sweep.missing else "never")


def _profile(found: Profile, about: str, what: str) -> Iterator[Block]:
    many = f"{found.n_instances} {what}s"
    pieces = [about, many]
    if found.unsolved:
        pieces.append(f"{found.unsolved} of them unsolved by all and counted as such")
    yield line(*pieces[:-1], pieces[-1] + ":")
    heads = [f"tau = {tau:g}" if math.isfinite(tau) else "ever" for tau in (*TAU, math.inf)]
    rows = [
        [TableCell(name), *(TableCell(f"{share:.2f}") for share in (*shares, found.solved[name]))]
        for name, shares in found.shares.items()
    ]
    yield Grid(("solver", *heads), rows, frozenset({0}))
