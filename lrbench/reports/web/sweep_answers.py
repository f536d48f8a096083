"""The answers of a sweep: which solver, with what value, and the price of being wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrbench.reports.advice import advice_line
from lrbench.reports.blocks import Style, number, printable, short_number
from lrbench.reports.figures.labels import solver_labels
from lrbench.reports.groups import value_texts
from lrbench.reports.web.answers import (
    FACTORS,
    NEVER,
    POWERS,
    UNKNOWN,
    Answer,
    Answers,
    Price,
    passes_text,
    price,
)
from lrbench.results import Choice, ProblemResult, Sensitivity, Sweep
from lrbench.results.grid import cost_at
from lrbench.study import advise


def sweep_answers(problem: ProblemResult, sweep: Sweep) -> Answers:
    """Return which solver, with what value, and the price of a wrong one."""
    advice = advise(problem, sweep)
    sentence = ", ".join(advice_line(problem, sweep).pieces)
    choice = advice.choice
    if choice is None:
        short = f"none of {len(sweep.solvers)}" if len(sweep.solvers) > 1 else "not this one"
        return Answers([Answer("Which solver?", short, sentence, "warn")])
    texts, values = solver_labels(problem), value_texts(sweep.solvers)
    L = problem.header.constants.L

    def named(c: Choice) -> str:
        solver = printable(texts.get(str(c.solver), str(c.solver)))
        if c.value is None:
            return solver
        return f"{solver} at {c.parameter} = {values.get(c.value) or short_number(c.value)}"

    first = f"at the target after {passes_text(choice.passes)}"
    if advice.faster is not None:
        first += f"; {named(advice.faster)} needs {short_number(advice.faster.passes)}"
    which = Answer(
        "Which solver?", printable(texts.get(str(choice.solver), str(choice.solver))), first
    )
    s = next((s for s in sweep.solvers if s.solver == choice.solver), None)
    wrong = [Answer("At what price if I am wrong?", "none", f"it has no {sweep.parameter}", "good")]
    rate = Answer("With what rate?", "none to choose")
    if choice.value is not None and s is not None:
        rate = _rate(choice, L, values.get(choice.value) or short_number(choice.value))
        wrong = [_wrong(list(_prices(choice, s)))]
    if (wider := advice.wider) is not None:
        width = f"{'at least ' * wider.may_be_wider}{wider.usable_decades:.2f} decades are usable"
        width = width if wider.usable is not None else f"it has no {sweep.parameter} to choose"
        ratio = f", {wider.passes / choice.passes:.2g} times as many" if choice.passes else ""
        text = f"{width}; {passes_text(wider.passes)}{ratio}"
        wrong.append(Answer("Safer if the rate is a guess", named(wider), text))
    return Answers([which, rate, *wrong], [sentence])


def _rate(choice: Choice, L: float, text: str) -> Answer:
    """Return the advised value with its usable range; `text` is the value as text."""
    name, is_rate = printable(choice.parameter), choice.parameter == "lr0"
    assert choice.value is not None
    relative = f" = {number(choice.value * L, 2)}/L" if is_rate and 0 < L < math.inf else ""
    question = "With what rate?" if is_rate else f"With what {name}?"
    short, usable = f"{name} = {text}{relative}", ""
    if choice.usable is not None:
        low, high = map(short_number, choice.usable)
        decades = f"{'at least ' * choice.may_be_wider}{choice.usable_decades:.2f} decades"
        usable = f"usable from {low} to {high}, {decades}"
        usable = "no other value of the grid arrives" if low == high else usable
    return Answer(question, short, usable)


def _prices(choice: Choice, s: Sensitivity) -> Iterator[Price]:
    """Yield the passes at so many times the advised value, over those at it."""
    assert choice.value is not None
    logs = [math.log10(value) for value in s.values]
    known = zip(s.passes, s.finished, strict=True)
    costs = [passes if finished else math.nan for passes, finished in known]
    for power in POWERS:
        cost = cost_at(logs, costs, math.log10(choice.value) + power)
        yield price(FACTORS[power], cost / choice.passes if cost and choice.passes else cost)


def _wrong(prices: Sequence[Price]) -> Answer:
    """Return the price of a factor of ten, in a few words and a sentence, and how bad it is."""
    sides = {"too low": prices[1], "too high": prices[2]}
    never = [side for side, p in sides.items() if p.text == NEVER]
    unknown = [side for side, p in sides.items() if p.text == UNKNOWN]
    known = [p for p in sides.values() if p.text not in (NEVER, UNKNOWN)]
    if len(never) == 2:
        short = "10 times off never arrives"
    elif never:
        short = f"10 times {never[0]} never arrives"
    elif known:
        worst = max(known, key=lambda p: float(p.text))
        short = f"{worst.text} times the passes if 10 times off"
    else:
        short = "not known: the grid ends before"
    sentence = "passes at other values, over those at this one"
    if len(unknown) == 1:
        sentence += f"; the grid has no run 10 times {unknown[0]}"
    styles = {p.style for p in sides.values()}
    style: Style = "bad" if "bad" in styles else "warn" if styles & {"warn", "dim"} else "good"
    return Answer("At what price if I am wrong?", short, sentence, style, prices)
