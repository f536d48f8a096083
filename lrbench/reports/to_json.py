"""A result as JSON, in the published format."""

from __future__ import annotations

from typing import TextIO

from lrbench.reports.view import View
from lrbench.results import Result


def write(result: Result, out: TextIO, view: View) -> None:
    """Write the result as one JSON object, full precision; never in colour."""
    out.write(result.to_json() + "\n")
