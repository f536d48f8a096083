"""Errors in Python, which name keywords where those of the command name options."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from lrbench.config.registry import did_you_mean
from lrbench.config.synonyms import is_sentence, synonyms
from lrbench.errors import LrbenchError

P = ParamSpec("P")
R = TypeVar("R")

OPTION = re.compile(
    r"(?<![\w-])--(?P<name>[a-z][a-z0-9-]*[a-z0-9])"
    # A value begins with no letter, or is no word of a sentence, or what "is" says something of.
    r"( (?P<value>[^a-zA-Z\s]\S*|[A-Z]+\b|\w+[=:]\S+|(auto|dask|lr0|wngrad)\b|\w+(?= is\b|:)))?"
)
"""An option in a message, and its value if one follows."""

IN_COMMAND = ContextVar("in_command", default=False)
"""Whether errors are those of the command, which has options."""


@contextmanager
def options_in_errors() -> Iterator[None]:
    """Let the functions of Python name options in the block: the command calls some of them."""
    token = IN_COMMAND.set(True)
    try:
        yield
    finally:
        IN_COMMAND.reset(token)


def names_keywords(*names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let the errors of a function name its keywords, and these, in place of options.

    An unknown keyword is the `TypeError` of Python, with the most similar one.

    Parameters
    ----------
    names
        Keywords beside those of the function itself.
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters
        keywords = {*names, *parameters}
        open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())

        @functools.wraps(function)
        def calling(*args: P.args, **options: P.kwargs) -> R:
            __tracebackhide__ = True  # in pytest, as in the function
            for name in () if open_ended else options:
                if name not in parameters:
                    raise TypeError(
                        f"{function.__name__}() got an unexpected keyword argument {name!r}:"
                        f" {_keyword_hint(name, [p for p in parameters if p != 'self'])}"
                    )
            try:
                return function(*args, **options)
            except LrbenchError as error:
                if not IN_COMMAND.get():
                    error.message = in_keywords(error.message, keywords)
                    error.hint = in_keywords(error.hint, keywords)
                    error.args = (error.message,)
                raise

        return calling

    return decorated


def _keyword_hint(name: str, keywords: Collection[str]) -> str:
    """Return the hint for an unknown keyword: what the option of this name would be told."""
    for meant in synonyms("option", f"--{name}"):
        keyword = in_keywords(meant, keywords).removesuffix("=")
        if not is_sentence(meant) and keyword in keywords:
            return f"did you mean {keyword}?"
    return did_you_mean(name, keywords)


def in_keywords(text: str, keywords: Collection[str]) -> str:
    """Return a sentence with ``batch_size=0`` for ``--batch-size 0``, and ``radius=`` alone.

    Options that are none of the keywords stay.
    """

    def keyword(match: re.Match[str]) -> str:
        name = match["name"].replace("-", "_")
        name = next((each for each in (name, f"{name}s") if each in keywords), "")
        return f"{name}={match['value'] or ''}" if name else match[0]

    return OPTION.sub(keyword, text)
