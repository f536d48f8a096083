"""The JSON text of runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from lrbench.config.plain import plain, plain_fields
from lrbench.results.column_text import TraceShape, trace_texts
from lrbench.results.records import Run
from lrbench.results.saved_traces import MISSING

REMEMBERED = 64
"""The number of objects whose names and brackets are remembered: those of the present solvers."""

FIELDS = frozenset(field.name for field in dataclasses.fields(Run))

ENCODER = json.JSONEncoder(allow_nan=False)
"""The encoder of texts and constants."""


@dataclass(frozen=True, eq=False)  # the hash of an identity is fast
class Indentation:
    """Where JSON text breaks its lines.

    Parameters
    ----------
    depth
        The number of spaces before the last bracket, and one more before each item, as
        ``json.dumps`` has them with an indent of 1; None for text in one line.
    """

    depth: int | None

    @cached_property
    def inner(self) -> Indentation:
        """The indentation of the items of a list or an object."""
        return self if self.depth is None else Indentation(self.depth + 1)

    @cached_property
    def line_break(self) -> str:
        """What stands before the last bracket."""
        return "" if self.depth is None else "\n" + " " * self.depth

    @cached_property
    def _around(self) -> tuple[str, str, str]:
        """What stands before the first item, between two, and behind the last."""
        before = self.inner.line_break
        return before, f",{before or ' '}", self.line_break

    def list_text(self, items: Sequence[str], brackets: str = "[]") -> str:
        """Return the text of a list of these items, or of an object."""
        before, between, behind = self._around
        if not items:
            return brackets
        return f"{brackets[0]}{before}{between.join(items)}{behind}{brackets[1]}"


def run_texts(runs: Sequence[Run], indentation: Indentation) -> Iterator[str]:
    """Yield ``json.dumps(plain(run), allow_nan=False)`` of each run, indented so.

    Notes
    -----
    The encoder of Python 3.11 that indents is written in Python, and the one in C starts anew at
    each call: for short runs both take longer than the digits do. Here all names and brackets of an
    object are written together, and values that runs share once.
    """
    inner = indentation.inner
    shape_before, pieces = None, list[str]()
    # Key -> its value in the run before, and the text of this value.
    before: dict[str, tuple[Any, str]] = {}
    for run, (shape, numbers) in zip(runs, trace_texts(runs, "null"), strict=True):
        texts: dict[str, str] = {}
        if shape != shape_before:
            shape_before, pieces = shape, _trace_pieces(shape, inner)
        pieces[1::2] = numbers
        for key, value in plain_fields(run, unchanged=FIELDS).items():
            if key == "trace":
                texts[key] = "null" if run.trace is MISSING else "".join(pieces)
                continue
            if key not in before or before[key][0] is not value:
                before[key] = value, _text(plain(value), inner)
            texts[key] = before[key][1]
        yield _object_text(texts, indentation)


def _text(value: Any, indentation: Indentation) -> str:
    """Return the text of a value in JSON's own types."""
    if type(value) in (int, float):
        return repr(value)
    if isinstance(value, list):
        return indentation.list_text([_text(v, indentation.inner) for v in value])
    if isinstance(value, dict):
        return _object_text(
            {name: _text(v, indentation.inner) for name, v in value.items()}, indentation
        )
    return ENCODER.encode(value)


def _object_text(texts: Mapping[str, str], indentation: Indentation) -> str:
    """Return the text of an object with these texts of values."""
    return _template(tuple(texts), indentation) % tuple(texts.values())


@lru_cache(REMEMBERED)
def _template(names: tuple[str, ...], indentation: Indentation) -> str:
    """Return the text of an object with %s for each value."""
    quoted = [ENCODER.encode(name).replace("%", "%%") for name in names]
    return indentation.list_text([f"{name}: %s" for name in quoted], "{}")


def _trace_pieces(shape: TraceShape, indentation: Indentation) -> list[str]:
    """Return the text of a trace in pieces, of which every second one is the place of a number."""
    # JSON text has no NUL of its own.
    lists = [indentation.inner.list_text(["\0"] * length) for length in shape.lengths]
    text = _object_text(dict(zip(shape.columns, lists, strict=True)), indentation)
    others = text.split("\0")
    pieces = [""] * (2 * len(others) - 1)
    pieces[::2] = others
    return pieces
