"""What theorems prove about each method of a sweep over its grid."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from lrbench.results import ProblemResult, Run
from lrbench.results.ranking import answer_column
from lrbench.results.selection import notable_lanes
from lrbench.study.exponent import Proved
from lrbench.theory.base import Setting
from lrbench.verdicts.exponents import proved_exponent
from lrbench.verdicts.robustness import bounds_over_scale


def proved_over_grid(problem: ProblemResult, setting: Setting) -> Iterator[tuple[str, Proved]]:
    """Yield each method, as tables name it, with the exponents and bounds that are proved for it.

    Parameters
    ----------
    problem
        With all runs of a sweep. Of more than a thousand lanes the bounds of `notable_lanes` alone
        are judged.
    setting
        That of any of the runs; `horizon` is their budget.
    """
    methods: dict[str, list[Run]] = {}
    for run in problem.runs:
        methods.setdefault(str(run.method), []).append(run)
    judged: dict[str, set[float]] = {method: set() for method in methods}
    for method, value in notable_lanes(problem):
        judged[method].add(value or 0.0)
    for method, runs in methods.items():
        highest = max(runs, key=lambda run: run.value or 0.0)
        own = replace(setting, lr0=highest.lr0 or math.nan, params=highest.solver.params)
        answer = "output" if answer_column([highest]) == "suboptimality_output" else "last"
        exponent = proved_exponent(highest.solver.name, own, highest.parameter, answer)
        yield method, Proved(exponent, bounds_over_scale(runs, own, judged[method]))
