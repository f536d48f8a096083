"""The words of pages for the words of JSON: verdicts, how runs end, and the headings of tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

WordSubject: TypeAlias = Literal["bound", "order", "run", "check"]
"""What a word is about."""


class Word(NamedTuple):
    """A word of JSON and TOML, the word that pages have for it, and what both mean."""

    subject: WordSubject
    json: str
    """The word in JSON and TOML; several page words may share one."""
    page: str
    meaning: str
    """A full sentence."""


WORDS = (
    Word(
        "bound",
        "pass",
        "holds",
        "What was measured is at most the bound at every checkpoint, and the bound is below what"
        " doing nothing gives; with minibatches the mean over seeds is.",
    ),
    Word(
        "bound",
        "vacuous",
        "weak",
        "The bound holds, but it promises no more than doing nothing: at the last checkpoint it is"
        " not below the value at the start. It informs from a later T on, if ever.",
    ),
    Word(
        "bound",
        "fail",
        "VIOLATED",
        "What was measured is above the bound by more than rounding and the error of f*: the"
        " program, the problem's constants or the theorem is wrong. --strict makes it exit code 1.",
    ),
    Word(
        "bound",
        "none",
        "no verdict",
        "The theorem applies, and still nothing can be said: there is one seed where the bound is"
        " on an expectation, the mean over seeds is above it without a proof, the run overflowed,"
        " or L or f* is not known well enough.",
    ),
    Word(
        "bound",
        "inapplicable",
        "n/a",
        "A hypothesis of the theorem fails, so that it promises nothing here.",
    ),
    Word(
        "bound",
        "unknown",
        "not measured",
        "What the theorem bounds was not measured after so many steps: the run ended before, or is"
        " missing.",
    ),
    Word(
        "order",
        "pass",
        "as proved",
        "Over the last decade of T the measured quantity falls at least as fast as the theorem"
        " proves, in every third of it.",
    ),
    Word(
        "order",
        "inconclusive",
        "too early to tell",
        "Over the last decade of T the measured quantity falls more slowly than the theorem's"
        " order. The order is a statement about large T, so that this never counts as a failure:"
        " the bound itself may well hold.",
    ),
    Word(
        "order",
        "inconclusive",
        "not testable",
        "The proved factor a step is so near to 1 that over these steps a line in T cannot be told"
        " from a power of T: more iterations are needed.",
    ),
    Word(
        "order",
        "inconclusive",
        "at the floor",
        "The measured quantity has come down to rounding, or to the error of f*, where no law can"
        " be told from another.",
    ),
    Word(
        "order",
        "none",
        "no order",
        "There is no order to compare with: the theorem proves none, its bound is weak, or L is"
        " only estimated.",
    ),
    Word("run", "completed", "completed", "All steps of the budget were done."),
    Word(
        "run",
        "completed",
        "ended above its start",
        "All steps of the budget were done, and F is higher than it was at w_0.",
    ),
    Word(
        "run",
        "reached_target",
        "reached target",
        "F - f* came down to the target of --target, and the run ended there.",
    ),
    Word(
        "run",
        "stalled",
        "stalled",
        "All steps were done, and the last nine tenths of them brought F - f* hardly lower than the"
        " first tenth had: it swings, creeps, or has not begun to move.",
    ),
    Word(
        "run",
        "stalled",
        "stalled above its start",
        "All steps were done, F is higher than it was at w_0, and the last nine tenths of them"
        " brought it hardly lower than the first tenth had, if they did not raise it: as a rule the"
        " steps are too long.",
    ),
    Word(
        "run",
        "diverged",
        "DIVERGED",
        "The iterate, F or the rate left the range of numbers: the steps are far too long.",
    ),
    Word("run", "interrupted", "interrupted", "Ctrl-C, a signal or --timeout ended the run."),
    Word(
        "run",
        "failed",
        "FAILED",
        "The solver raised an exception, which the page names: it is a fault of the solver, and the"
        " other runs are not touched by it.",
    ),
    Word("check", "PASS", "PASS", "Every expectation of the check is met."),
    Word(
        "check",
        "FAIL",
        "FAIL",
        "An expectation is certainly not met, beyond rounding and the noise of the seeds; the exit"
        " code is 1.",
    ),
    Word(
        "check",
        "INCONCLUSIVE",
        "INCONCLUSIVE",
        "Whether an expectation is met cannot be told, such as where a bound is weak or a run was"
        " interrupted; the check fails unless allow_inconclusive is set.",
    ),
)
"""Every word that stands in a verdict or a status, the plain one of a JSON word first."""

HEADINGS: Mapping[str, str] = {
    "T": "The number of steps.",
    "promised": "The least bound at T that was known before the run, on the same quantity as the"
    " number on its left; none where no theorem applies, or where doing nothing gives as much.",
    "certified": "The least bound at T that is computed from the run itself, on the same quantity;"
    " none where no such certificate applies or informs.",
    "bound": "The theorem: lrbench list theorems states it, with its source.",
    "on": "What the theorem bounds: F - f* of the last iterate, of the average of all iterates, of"
    " the best one or of the solver's own answer, or the square of a gradient's norm.",
    "measured": "What the run has there; with several seeds the mean, and half the width of its"
    " 95 % interval.",
    "at most": "What the theorem allows: its bound after the same number of steps.",
    "used": "measured / at most: how much of what the theorem allows was needed; none where the"
    " bound is weak or there is no verdict.",
    "falls": "How fast what was measured falls over the last decade of T: like a power of T, or by"
    " a factor a step.",
    "proved": "How fast it falls at least by the theorem, once T is large.",
    "ended": "How the runs ended; with several seeds the worst of them.",
    "of start": "F - f* at the end over F(w_0) - f*.",
    "end lr": "The learning rate of the last step, in units of 1/L where L is known.",
    "bounds held": "How many of the theorems that apply and inform hold, or are VIOLATED; how many"
    " are weak; and how many are open, as nothing can be said of them.",
    "theorems": "The theorems that are known about a solver, by their keys.",
}
"""The headings of tables of runs and solvers, and a full sentence on each."""

PAGE_WORDS: Mapping[tuple[WordSubject, str], str] = {
    (word.subject, word.json): word.page for word in reversed(WORDS)
}
"""(subject, JSON word) -> its plain page word."""


def page_word(subject: WordSubject, json: str) -> str:
    """Return the word that pages have for a word of JSON; of an unknown one the word itself."""
    return PAGE_WORDS.get((subject, json), json)


def words_for(text: str) -> list[Word]:
    """Return the words that are called so in JSON or on a page, in any capitals."""
    wanted = " ".join(text.replace("_", " ").lower().split())
    return [
        word for word in WORDS if wanted in (word.json.replace("_", " ").lower(), word.page.lower())
    ]
