"""A result with the run of a loop beside its own."""

from __future__ import annotations

from dataclasses import replace

from lrbench.config.plain import plain
from lrbench.errors import UsageError
from lrbench.results.lanes import lane_text
from lrbench.results.problem import ProblemResult
from lrbench.results.result import Result


def joined(result: Result, own: ProblemResult) -> Result:
    """Return the result with the run and the verdicts of `own`, which has one run.

    Raises
    ------
    UsageError
        If the result has no runs on this problem, or has this run, or others of its lane with other
        batches.
    """
    (run,) = own.runs
    for k, problem in enumerate(result.problems):
        same = problem.name == own.name and plain(problem.header) == plain(own.header)
        if not same or problem.sweep is not None:
            continue
        if any((r.lane, r.seed) == (run.lane, run.seed) for r in problem.runs):
            raise UsageError(
                f"the result has a run of {lane_text(*run.lane)} with seed {run.seed}.",
                "record it with another name, lr0 or seed.",
            )
        seeds = [r for r in problem.runs if r.lane == run.lane]
        if any((r.setting, r.batch_size) != (run.setting, run.batch_size) for r in seeds):
            raise UsageError(
                f"the result has a run of {lane_text(*run.lane)} with other batches.",
                "record it with another name or lr0.",
            )
        # Those on the other seeds do not hold for this one.
        verdicts = [v for v in problem.verdicts if v.lane != run.lane]
        with_run = replace(problem, runs=(*problem.runs, run), verdicts=(*verdicts, *own.verdicts))
        problems = [*result.problems]
        problems[k] = with_run
        return replace(result, problems=tuple(problems))
    raise UsageError(
        f"the result has no runs on {own.name} with its data, ball, target and f*.",
        "take that of lrbench.run with the same problem, radius and target.",
    )
