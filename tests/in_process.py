"""A command that runs in this process, with its exit code and what it writes, outside a test."""

from __future__ import annotations

import contextlib
import io

from conftest import Outcome

from lrbench.cli.main import main


def invoke(*args: str) -> Outcome:
    """Run `lrbench ARGS`, and return its exit code, stdout and stderr."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(args))
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Outcome(code, out.getvalue(), err.getvalue())
