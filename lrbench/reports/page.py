"""The page of a result: that of a run, or of a sweep, problem by problem."""

from __future__ import annotations

from collections.abc import Iterator

from lrbench.reports.blocks import Block, line
from lrbench.reports.profile_blocks import profile_blocks
from lrbench.reports.run_page import run_blocks
from lrbench.reports.sweep_page import sweep_blocks
from lrbench.reports.view import View
from lrbench.results import Result


def result_page(result: Result, view: View) -> Iterator[Block]:
    """Yield the blocks of the page: each problem, and what several sweeps say together."""
    for k, problem in enumerate(result.problems):
        if k:
            yield line("")
        if problem.sweep is None:
            yield from run_blocks(problem, view)
        else:
            yield from sweep_blocks(problem, problem.sweep, view)
    swept = [problem for problem in result.problems if problem.sweep is not None]
    if len(swept) > 1:
        yield line("")
        yield from profile_blocks(swept, view)
