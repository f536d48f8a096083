"""The notes of a page on solvers that own their loop."""

from __future__ import annotations

from collections.abc import Iterator

from lrbench.reports.blocks import Block, line
from lrbench.results import ProblemResult
from lrbench.verdicts.outside import registered_facts


def outside_notes(problem: ProblemResult) -> Iterator[Block]:
    """Yield for each outside solver how it is traced, and what its passes are."""
    names = dict.fromkeys(run.solver.name for run in problem.runs)
    notes = [(name, facts) for name in names if (facts := registered_facts(name))]
    if notes:
        yield line("")
    for name, (traced, pass_means) in notes:
        yield line(f"{name} owns its loop: traced {traced}", f"a pass is {pass_means}", note=True)
