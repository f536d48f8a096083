"""A result as JSON lines, with a line for each run."""

from __future__ import annotations

import json
from typing import TextIO

from lrbench.config.plain import plain
from lrbench.reports.view import View
from lrbench.results import Result


def write(result: Result, out: TextIO, view: View) -> None:
    """Write each run as one line, with the name and the fingerprint of its problem."""
    for problem in result.problems:
        labels = {"problem": problem.name, "fingerprint": problem.header.fingerprint}
        for run in problem.runs:
            out.write(json.dumps(labels | plain(run), allow_nan=False) + "\n")
