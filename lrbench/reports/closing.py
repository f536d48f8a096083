"""The line that answers the question: which solver and lr0 came to the target first."""

from __future__ import annotations

from lrbench.reports.blocks import Line, gap, line, number
from lrbench.reports.groups import f_star_error, learning_rate_texts
from lrbench.results import ProblemResult
from lrbench.results.ranking import DEFAULT_SHARE, Lane, first_to, lowest


def closing_line(problem: ProblemResult) -> Line | None:
    """Return who reached the target in the fewest passes, None where nothing was run.

    Passes are those of the first checkpoint at or below the target: the median over seeds, a seed
    that never came there counting as infinity. Who ended lowest is said, too, if it is another.
    """
    if not problem.groups:
        return None
    whole = all(run.started for run in problem.runs)
    text, *more = _answer(problem)
    if not whole:
        text = f"Of what ran: {text[0].lower()}{text[1:]}"
    return line(text, *more, style="title")


def _answer(problem: ProblemResult) -> list[str]:
    constants, target = problem.header["constants"], problem.header.get("target")
    wanted = f"F - f* <= {number(target)}"
    if target is None:
        target = DEFAULT_SHARE * constants["delta0"]
        wanted = f"{DEFAULT_SHARE:.0%} of F(w_0) - f*"
    first, passes = first_to(problem.groups, target)
    best, level = lowest(problem.groups)
    error = f_star_error(problem)
    at = gap(level, error) if level < error else number(level)
    if first:
        pieces = [f"First to {wanted}: {_named(problem, first[0])}", f"after {_count(passes)}"]
        if others := len(first) - 1:
            pieces.append(f"as did {others} other{'s' * (others > 1)}")
        if best is not None and best != first[0]:
            pieces[-1] += f"; lowest at the end: {_named(problem, best)}"
            pieces.append(f"at {at}")
        return pieces
    if best is None or not level < constants["delta0"]:
        return ["None came below F(w_0) - f*"]
    return [f"None came to {wanted}; the nearest is {_named(problem, best)}", f"at {at}"]


def _count(passes: float) -> str:
    return f"{number(passes)} pass{'es' * (passes != 1)}"


def _named(problem: ProblemResult, lane: Lane) -> str:
    texts = learning_rate_texts([lr0 for _, lr0 in problem.groups])
    return f"{lane[0]}, lr0 = {texts[lane[1]]}"
