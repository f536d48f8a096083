"""The errors of lrbench, each with a message, a hint and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit statuses of the command."""

    OK = 0
    FAILED = 1
    """A check failed, or a bound was violated under ``--strict``."""
    USAGE = 2
    """The command line, or a file in lrbench's own format, is wrong."""
    WORLD = 3
    """Data are missing or bad, the disk failed, a solver raised, or f* is not certified."""
    INTERNAL = 70
    """An exception that lrbench does not foresee: a fault of its own."""
    INTERRUPTED = 130


class Terminated(BaseException):
    """SIGTERM or SIGHUP came before there was any result.

    Like `KeyboardInterrupt` this is no `Exception`.

    Parameters
    ----------
    signal
        The number of the signal.
    """

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class LrbenchError(Exception):
    """An error that is reported to the user in two sentences, without a traceback.

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

    # Exceptions are pickled with `args`, which has the message only.
    def __reduce__(self) -> tuple[type[LrbenchError], tuple[str, str]]:
        return type(self), (self.message, self.hint)


class UsageError(LrbenchError):
    """The command line or a file in lrbench's own format is wrong."""

    exit_code = ExitCode.USAGE


class DataError(LrbenchError):
    """A data set is missing or cannot be used."""


class OptimumError(LrbenchError):
    """The minimiser could not be found or certified."""


class WorkersError(LrbenchError):
    """The workers of a cluster were lost; what was finished before is kept."""


class RefutedError(LrbenchError):
    """An objective was below f_star - error, which contradicts the certificate of f_star."""


class Note(UserWarning):
    """A warning of lrbench's own, which the command writes without the name of its class."""


MAX_QUOTED = 60
"""The most characters of a user's text that a message repeats."""

MAX_PATH = 250
"""The most characters of a path in a message: a shortened path is of little use."""


def quoted(value: object) -> str:
    """Return `value` in one short line: text in quotes, anything else as its ``repr``."""
    if isinstance(value, str):
        return repr(_shortened(value))
    try:
        return _shortened(" ".join(repr(value).split()))  # an array has several lines
    except ValueError:  # a whole number of more digits than Python writes
        return f"a very long {type(value).__name__}"


def quoted_path(path: object) -> str:
    """Return a path or a name without quotes, with unprintable characters as escapes."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(path))
    if len(text) <= MAX_PATH:
        return text
    half = MAX_PATH // 2
    return f"{text[:half]}…{text[-half:]}"


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}…"


class ContractError(Exception):
    """A solver breaks its contract; the message is one sentence for its author."""


@contextmanager
def raised_by(method: str) -> Iterator[None]:
    """Note in the errors of this block which method of a solver to look at: see `method_of`."""
    try:
        yield
    except Exception as error:
        vars(error)["method"] = method
        raise


def method_of(error: BaseException) -> str:
    """Return the method of a solver that an error is about: ``"step"`` unless it was noted."""
    method: str = getattr(error, "method", "step")
    return method
