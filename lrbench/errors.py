"""The errors of lrbench: two sentences for a person and an exit code for a script."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command's exit status means."""

    OK = 0
    FAILED = 1
    """A check failed, or a bound was violated under ``--strict``."""
    USAGE = 2
    """The command line, or a file in lrbench's own format, is wrong."""
    WORLD = 3
    """Missing or bad data, the disk, a solver that raised, a refuted optimum."""
    INTERRUPTED = 130
    TERMINATED = 143


class LrbenchError(Exception):
    """A user's problem, said in two sentences.

    Parameters
    ----------
    message
        What is wrong: which file, line, option or value.
    hint
        What to do next.
    """

    exit_code = ExitCode.WORLD

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[LrbenchError], tuple[str, str]]:
        return type(self), (self.message, self.hint)


class UsageError(LrbenchError):
    """The command line or a file in lrbench's own format is wrong."""

    exit_code = ExitCode.USAGE


class DataError(LrbenchError):
    """A data set is missing or cannot be used."""


class OptimumError(LrbenchError):
    """The minimiser could not be found or certified."""


class RefutedError(LrbenchError):
    """An objective was seen below f_star - error, which a certificate forbids."""
