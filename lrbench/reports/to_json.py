"""A result as JSON, in the published format."""

from __future__ import annotations

from typing import TextIO

from lrbench.results import Result


def write(result: Result, out: TextIO, color: bool | None = None) -> None:
    """Write the result as one JSON object, full precision; never in colour."""
    out.write(result.to_json() + "\n")
