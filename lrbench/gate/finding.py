"""Findings, the verdicts on single expectations, and the outcome of a whole check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lrbench.errors import LrbenchError


class CheckVerdict(StrEnum):
    """The verdict on an expectation or on a check."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


# The attributes of Trajectory and Finding are keys of the JSON of `lrbench check`.


@dataclass(frozen=True)
class Trajectory:
    """A measured quantity beside its baseline at the same checkpoints."""

    what: str
    """The quantity: a key of `lrbench.gate.baseline.COLUMNS`."""
    iteration: Sequence[int]
    measured: Sequence[float]
    baseline: Sequence[float]
    parts_at: int | None
    """The first checkpoint at which they differ by more than the tolerance; None if they agree."""


@dataclass(frozen=True)
class Finding:
    """The verdict on one expectation for one solver and lr0."""

    expectation: str
    subject: str
    """The solver and lr0, and the theorem if there is one; empty for the problem as a whole."""
    verdict: CheckVerdict
    measured: str
    wanted: str
    reason: str = ""
    """The reason in words; empty if the two numbers are enough."""
    trajectory: Trajectory | None = None

    def __str__(self) -> str:
        """Return one line: the expectation and its subject, the two numbers, the reason."""
        subject = f" [{self.subject}]" if self.subject else ""
        reason = f": {self.reason}" if self.reason else ""
        numbers = f"measured {self.measured}, wanted {self.wanted}"
        return f"{self.verdict} {self.expectation}{subject}: {numbers}{reason}"


@dataclass(frozen=True)
class CheckOutcome:
    """The outcome of a check."""

    name: str
    about: str
    """The problem, the setting and the budget."""
    findings: Sequence[Finding] = field(repr=False)
    notes: Sequence[str] = field(default=(), repr=False)
    """Notes on the runs that are not gated, with the reasons."""
    allow_inconclusive: bool = False
    cause: LrbenchError | None = None
    """The error that prevented the check, such as a missing baseline; None if it was run."""
    command: str = field(default="", repr=False)
    """The command line that shows the runs; empty where none does."""
    seconds: float = field(default=0.0, repr=False, compare=False)
    """The time that the check took."""

    @property
    def error(self) -> str:
        """The message of `cause`; empty if the check was run."""
        return "" if self.cause is None else self.cause.message

    @property
    def hint(self) -> str:
        """The hint of `cause`, which says what to do; empty if the check was run."""
        return "" if self.cause is None else self.cause.hint

    @property
    def see_runs(self) -> str:
        """What shows the runs, in one line; empty if no command does."""
        return f"to see the runs: {self.command}" if self.command else ""

    @property
    def verdict(self) -> CheckVerdict:
        """The worst verdict of the findings; inconclusive if there are none."""
        verdicts = {f.verdict for f in self.findings}
        if CheckVerdict.FAIL in verdicts:
            return CheckVerdict.FAIL
        if CheckVerdict.INCONCLUSIVE in verdicts or not verdicts or self.error:
            return CheckVerdict.INCONCLUSIVE
        return CheckVerdict.PASS

    @property
    def passed(self) -> bool:
        """Whether the check passes; an inconclusive one does only if that is allowed."""
        if self.error:
            return False
        allowed = self.allow_inconclusive and self.verdict is CheckVerdict.INCONCLUSIVE
        return self.verdict is CheckVerdict.PASS or allowed
