"""The least bounds on what ranks the runs: known before the run, and computed from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrbench.reports.blocks import TableCell, scientific
from lrbench.reports.groups import has_own_answer
from lrbench.results import BoundKind, Run, Verdict
from lrbench.theory.base import OF_SETTING


def bound_cells(
    kind: BoundKind,
    runs: Sequence[Run],
    verdicts: Sequence[Verdict],
    iterations: Sequence[int],
    start: float,
) -> list[TableCell] | None:
    """Return the least bound of a kind at some T, on the F - f* by which the runs are ranked.

    Parameters
    ----------
    kind
        ``"a-priori"`` or ``"certificate"``.
    runs
        The runs of one solver and lr0.
    verdicts
        The verdicts on them.
    iterations
        The T.
    start
        F(w_0) - f*: a bound that is not below it says no more than doing nothing.

    Returns
    -------
    A cell for each T, empty at T = 0, and ``"none"`` where no theorem applies or informs. None
    where no theorem of the kind is about this quantity of this solver, or f* is not known.
    """
    about = list(_about(kind, runs, verdicts))
    if not about or math.isnan(start):
        return None
    least = [_least(about, T, start) for T in iterations]
    return [
        TableCell("" if T == 0 else "none" if bound is None else scientific(bound), "dim")
        for T, bound in zip(iterations, least, strict=True)
    ]


def _about(kind: BoundKind, runs: Sequence[Run], verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """Yield the verdicts of a kind on the answer of the solver, whether or not they apply."""
    iterate = "output" if has_own_answer(runs) else "last"
    for v in verdicts:
        other_setting = any(h["name"] in OF_SETTING and not h["holds"] for h in v.hypotheses)
        on_answer = (v.kind, v.measure, v.iterate) == (kind, "suboptimality", iterate)
        if on_answer and not other_setting:
            yield v


def _least(verdicts: Sequence[Verdict], T: int, start: float) -> float | None:
    """Return the least bound at T that informs; None where there is none."""
    bounds = [
        v.bound[list(v.iteration).index(T)] for v in verdicts if v.applies and T in v.iteration
    ]
    return min((bound for bound in bounds if math.isfinite(bound) and bound < start), default=None)


def violated_at(
    runs: Sequence[Run], verdicts: Sequence[Verdict], iterations: Sequence[int]
) -> list[bool]:
    """Return for each T whether a bound on the answer of the solver was violated by then."""
    failed = [
        v.failed_at
        for kind in ("a-priori", "certificate")
        for v in _about(kind, runs, verdicts)
        if v.bound_verdict == "fail" and v.failed_at is not None
    ]
    return [any(at <= T for at in failed) for T in iterations]
