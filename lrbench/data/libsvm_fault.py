"""Finding the place at which a file stops being LIBSVM text: slow, asked after a failure only."""

from __future__ import annotations

import math
from pathlib import Path

from lrbench.data.compressed import open_bytes
from lrbench.data.dataset import LARGEST
from lrbench.errors import shown

MAX_FEATURES = 10**7
"""No index above this: a wider data set is a mistake in the file, and w would not fit."""


def find_fault(path: Path) -> str | None:
    """Return what is wrong and where, ``"line 3: '2' is not index:value"``; None if nothing is."""
    with open_bytes(path) as file:
        for number, line in enumerate(file, start=1):
            parts = line.split(b"#")[0].split()
            if _is_binary(b" ".join(parts)):
                return f"line {number} holds binary data"
            fault = _fault(parts)
            if fault:
                return f"line {number}: {fault}"
    return None


def _is_binary(line: bytes) -> bool:
    if b"\0" in line:
        return True
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False


def _fault(parts: list[bytes]) -> str | None:
    """Return what is wrong in one line, split at blanks."""
    if not parts:
        return None
    fault = _label_fault(parts[0], alone=len(parts) == 1)
    if fault:
        return fault
    features = parts[2:] if len(parts) > 1 and parts[1].startswith(b"qid:") else parts[1:]
    previous = -1
    for token in features:
        index, fault = _feature(token, previous)
        if fault:
            return fault
        previous = index
    return None


def _label_fault(token: bytes, alone: bool) -> str | None:
    """Return what is wrong with a label, which may stand alone in its line."""
    label = _number(token)
    if label is None:
        if not alone and b"," in token and None not in map(_number, token.split(b",")):
            return f"{_show(token)} is more than one label, and multi-label data cannot be used"
        return f"{_show(token)} is not a number, as a label must be"
    if not math.isfinite(label):
        return f"the label {_show(token)} is not finite"
    if abs(label) > LARGEST:
        return f"the label {_show(token)} is too large to be squared"
    return None


def _feature(token: bytes, previous: int) -> tuple[int, str | None]:
    """Return the index of ``index:value`` and what is wrong with it."""
    left, colon, right = token.partition(b":")
    try:
        index = int(left)
    except ValueError:
        return 0, f"{_show(token)} is not index:value"
    value = _number(right)
    if not colon or value is None:
        return 0, f"{_show(token)} is not index:value"
    if not math.isfinite(value):
        return 0, f"the value in {_show(token)} is not finite"
    if index < 0:
        return 0, f"the index in {_show(token)} is negative"
    if index > MAX_FEATURES:
        return 0, f"the index in {_show(token)} is above {MAX_FEATURES}"
    if index == previous:
        return 0, f"the index in {_show(token)} stands twice"
    if index < previous:
        return 0, f"the index in {_show(token)} comes after {previous}, but indices must ascend"
    return index, None


def _number(text: bytes) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _show(token: bytes) -> str:
    return shown(token.decode(errors="replace"))
