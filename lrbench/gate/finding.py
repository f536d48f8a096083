"""What came of an expectation, and of a whole check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lrbench.errors import LrbenchError


class CheckVerdict(StrEnum):
    """What can come of an expectation."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class Trajectory:
    """What was measured beside the baseline."""

    what: str
    iteration: Sequence[int]
    measured: Sequence[float]
    baseline: Sequence[float]
    parts_at: int | None
    """The first checkpoint where they differ by more than the tolerance."""


@dataclass(frozen=True)
class Finding:
    """What came of one expectation for one solver and lr0."""

    expectation: str
    subject: str
    """The solver and lr0; empty for the problem as a whole."""
    verdict: CheckVerdict
    measured: str
    wanted: str
    reason: str = ""
    """In words; empty where the two numbers say it all."""
    trajectory: Trajectory | None = None

    def __str__(self) -> str:
        """Return one line: what was expected of what, the two numbers, the reason."""
        of = f" [{self.subject}]" if self.subject else ""
        why = f": {self.reason}" if self.reason else ""
        numbers = f"measured {self.measured}, wanted {self.wanted}"
        return f"{self.verdict} {self.expectation}{of}: {numbers}{why}"


@dataclass(frozen=True)
class Outcome:
    """What came of a check."""

    name: str
    about: str
    """The problem, the setting and the budget."""
    findings: Sequence[Finding] = field(repr=False)
    notes: Sequence[str] = field(default=(), repr=False)
    """What was not gated, and why."""
    allow_inconclusive: bool = False
    cause: LrbenchError | None = None
    """Why there is no finding: the problem could not be run, or there is no baseline."""

    @property
    def error(self) -> str:
        """What `cause` says; empty where the check was run."""
        return "" if self.cause is None else self.cause.message

    @property
    def hint(self) -> str:
        """What to do about it."""
        return "" if self.cause is None else self.cause.hint

    @property
    def verdict(self) -> CheckVerdict:
        """The worst of the findings; without any, inconclusive."""
        verdicts = {f.verdict for f in self.findings}
        if CheckVerdict.FAIL in verdicts:
            return CheckVerdict.FAIL
        if CheckVerdict.INCONCLUSIVE in verdicts or not verdicts or self.error:
            return CheckVerdict.INCONCLUSIVE
        return CheckVerdict.PASS

    @property
    def passed(self) -> bool:
        """Whether the check lets pass: what cannot be judged does not, unless that is allowed."""
        if self.error:
            return False
        allowed = self.allow_inconclusive and self.verdict is CheckVerdict.INCONCLUSIVE
        return self.verdict is CheckVerdict.PASS or allowed
