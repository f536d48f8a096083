"""A result as JSON lines, with a line for each run."""

from __future__ import annotations

import json
from typing import TextIO

from lrbench.reports.view import View
from lrbench.results import Result
from lrbench.results.run_text import Indentation, run_texts


def write(result: Result, out: TextIO, view: View) -> None:
    """Write each run as one line, with the name and the fingerprint of its problem."""
    for problem in result.with_traces(view.traces).problems:
        labels = {"problem": problem.name, "fingerprint": problem.header.fingerprint}
        start = json.dumps(labels).removesuffix("}") + ", "
        for run in run_texts(problem.runs, Indentation(None)):
            out.write(start + run.removeprefix("{") + "\n")
