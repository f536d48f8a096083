"""Finding the first fault in LIBSVM text: slow, and used only after fast checks have failed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from lrbench.data.dataset import LARGEST
from lrbench.data.libsvm import ZeroBased
from lrbench.errors import quoted

MAX_FEATURES = 10**7
"""The largest index: a larger one is assumed to be a mistake, and w would need too much memory."""

FORM = "each line must be LABEL INDEX:VALUE INDEX:VALUE … with ascending indices."

OF_CSV = (
    "it looks like CSV: in Python, sklearn.datasets.dump_svmlight_file(X, y, 'people.svm') writes"
    " arrays as LIBSVM text."
)

CORRECT = "correct or remove that line."

FROM_ZERO = (
    'if its indices count from 0, give --zero-based yes, or zero_based = "yes" in the problem file.'
)

SHORT = "number the classes from 1 on; write a target with an exponent, as in 1.5e17."

LONG_INTEGER = re.compile(rb"[+-]?[0-9]{16,}(?:\.0*)?")
"""A label that may be another integer in float64, so that two classes would become one."""

QUERY = re.compile(rb"qid:[0-9]+")

TOKEN = re.compile(rb"\S+")


class Fault(NamedTuple):
    """A message such as ``"line 3: '2' is not index:value"``, and a hint."""

    message: str
    hint: str


UNKNOWN = Fault("it cannot be parsed", FORM)
"""The fault for text that the parser refuses and `find_fault` accepts, which should not exist."""


def find_fault(lines: Iterable[tuple[int, bytes]], zero_based: ZeroBased = "auto") -> Fault | None:
    """Return the first fault in the lines.

    Parameters
    ----------
    lines
        The number and the text of each line.
    zero_based
        With ``no``, index 0 is a fault.

    Returns
    -------
    Fault or None
        None if there is no fault.
    """
    for number, line in lines:
        content = line.partition(b"#")[0]
        if _is_binary(content):
            return Fault(f"line {number} holds binary data", FORM)
        # An iterator, because a list of all tokens takes many times the memory of a long line.
        fault = _fault((match[0] for match in TOKEN.finditer(content)), zero_based)
        if fault:
            csv = number == 1 and b"," in content and b":" not in content
            return Fault(f"line {number}: {fault.message}", OF_CSV if csv else fault.hint)
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
    """Return the first fault among the tokens of a line."""
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
    """Return the fault of a label, which may be the only token of its line."""
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
    digits = token.partition(b".")[0].lstrip(b"+-0")
    if LONG_INTEGER.fullmatch(token) and int(digits or b"0") != abs(int(label)):
        return Fault(
            f"the label {text} has more digits than float64, where it is {label:.0f}", SHORT
        )
    return None


def _feature(token: bytes, previous: int, zero_based: ZeroBased) -> tuple[int, Fault | None]:
    """Return the index of a token ``index:value`` and its fault, if there is one."""
    index_text, colon, value_text = token.partition(b":")
    index, value = _integer(index_text), _number(value_text)
    if not colon or index is None or value is None:
        return 0, Fault(f"{_show(token)} is not index:value", FORM)
    if not math.isfinite(value):
        return 0, Fault(f"the value in {_show(token)} is not finite", CORRECT)
    subject = f"the index in {_show(token)}"
    if index < 0:
        return 0, Fault(f"{subject} is negative", FORM)
    if index == 0 and zero_based == "no":
        return 0, Fault(f"{subject} is 0, but indices must count from 1", FROM_ZERO)
    if index > MAX_FEATURES:
        return 0, Fault(f"{subject} is above {MAX_FEATURES}", CORRECT)
    if index == previous:
        return 0, Fault(f"{subject} occurs twice", FORM)
    if index < previous:
        return 0, Fault(f"{subject} comes after {previous}, but indices must ascend", FORM)
    return index, None


def _integer(text: bytes) -> int | None:
    """Return an integer, or None; LIBSVM, unlike Python, does not allow underscores as in 1_000."""
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
