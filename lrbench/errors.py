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


class Terminated(BaseException):
    """SIGTERM came before there was anything to show; like `KeyboardInterrupt`, no `Exception`."""


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


SHOWN = 60
"""Characters of a user's text that a message repeats."""

SHOWN_PATH = 250
"""Characters of a path, which is of little use in part."""


def quoted(value: object) -> str:
    """Return `value` in one short line: a text in quotes, anything else as Python writes it."""
    if isinstance(value, str):
        return repr(_cut(value))
    try:
        return _cut(repr(value))
    except ValueError:  # a whole number of more digits than Python writes
        return f"a very long {type(value).__name__}"


def quoted_path(path: object) -> str:
    """Return a path or a name without quotes, what cannot be printed in it as escapes."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(path))
    if len(text) <= SHOWN_PATH:
        return text
    half = SHOWN_PATH // 2
    return f"{text[:half]}…{text[-half:]}"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
