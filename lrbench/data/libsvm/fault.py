"""Finding the place at which text stops being LIBSVM text: slow, asked in doubt only."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal, NamedTuple, TypeAlias

from lrbench.data.dataset import LARGEST
from lrbench.errors import quoted

ZeroBased: TypeAlias = Literal["auto", "yes", "no"]
"""Whether indices count from 0; auto: if a 0 occurs anywhere in the file."""

MAX_FEATURES = 10**7
"""No index above this: a wider data set is a mistake in the file, and w would not fit."""

FORM = "each line must be LABEL INDEX:VALUE INDEX:VALUE … with ascending indices."

CORRECT = "correct or remove that line."

FROM_ZERO = (
    'its indices count from 0, perhaps: then give --zero-based yes, or zero_based = "yes" in the'
    " problem file."
)

QUERY = re.compile(rb"qid:[0-9]+")

TOKEN = re.compile(rb"\S+")


class Fault(NamedTuple):
    """What is wrong and where, ``"line 3: '2' is not index:value"``, and what to do."""

    what: str
    hint: str


UNKNOWN = Fault("it cannot be parsed", FORM)
"""What the parser refuses and `find_fault` does not: there should be nothing of the kind."""


def find_fault(lines: Iterable[tuple[int, bytes]], zero_based: ZeroBased = "auto") -> Fault | None:
    """Return the first fault.

    Parameters
    ----------
    lines
        The number and the text of each line.
    zero_based
        ``no``: index 0 is a fault.

    Returns
    -------
    Fault or None
        None if nothing is wrong.

    Notes
    -----
    Takes one token after the other: all those of a long line are many times as large as it is.
    """
    for number, line in lines:
        content = line.partition(b"#")[0]
        if _is_binary(content):
            return Fault(f"line {number} holds binary data", FORM)
        fault = _fault((match[0] for match in TOKEN.finditer(content)), zero_based)
        if fault:
            return Fault(f"line {number}: {fault.what}", fault.hint)
    return None


def _is_binary(line: bytes) -> bool:
    if b"\0" in line:
        return True
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False


def _fault(tokens: Iterator[bytes], zero_based: ZeroBased) -> Fault | None:
    """Return what is wrong in one line, split at blanks."""
    label, second = next(tokens, None), next(tokens, None)
    if label is None:
        return None
    if fault := _label_fault(label, alone=second is None):
        return fault
    if second is not None and second.startswith(b"qid"):
        if not QUERY.fullmatch(second):
            return Fault(f"{_show(second)} is not qid:NUMBER", CORRECT)
        second = None
    previous = -1
    for token in tokens if second is None else chain([second], tokens):
        previous, fault = _feature(token, previous, zero_based)
        if fault:
            return fault
    return None


def _label_fault(token: bytes, alone: bool) -> Fault | None:
    """Return what is wrong with a label, which may stand alone in its line."""
    text, label = _show(token), _number(token)
    if label is None:
        if not alone and b"," in token and None not in map(_number, token.split(b",", 2)[:2]):
            return Fault(
                f"{text} is more than one label, and multi-label data cannot be used", FORM
            )
        return Fault(f"{text} is not a number, as a label must be", FORM)
    if not math.isfinite(label):
        return Fault(f"the label {text} is not finite", CORRECT)
    if abs(label) > LARGEST:
        return Fault(f"the label {text} is too large to be squared", CORRECT)
    return None


def _feature(token: bytes, previous: int, zero_based: ZeroBased) -> tuple[int, Fault | None]:
    """Return the index of ``index:value`` and what is wrong with it."""
    left, colon, right = token.partition(b":")
    index, value = _integer(left), _number(right)
    if not colon or index is None or value is None:
        return 0, Fault(f"{_show(token)} is not index:value", FORM)
    if not math.isfinite(value):
        return 0, Fault(f"the value in {_show(token)} is not finite", CORRECT)
    place = f"the index in {_show(token)}"
    if index < 0:
        return 0, Fault(f"{place} is negative", FORM)
    if index == 0 and zero_based == "no":
        return 0, Fault(f"{place} is 0, but indices must count from 1", FROM_ZERO)
    if index > MAX_FEATURES:
        return 0, Fault(f"{place} is above {MAX_FEATURES}", CORRECT)
    if index == previous:
        return 0, Fault(f"{place} stands twice", FORM)
    if index < previous:
        return 0, Fault(f"{place} comes after {previous}, but indices must ascend", FORM)
    return index, None


def _integer(text: bytes) -> int | None:
    """Return a whole number; Python's underscores, as in 1_000, are none of LIBSVM's."""
    try:
        return None if b"_" in text else int(text)
    except ValueError:
        return None


def _number(text: bytes) -> float | None:
    try:
        return None if b"_" in text else float(text)
    except ValueError:
        return None


def _show(token: bytes) -> str:
    return quoted(token.decode(errors="replace"))
