"""What code of the user prints goes to stderr: stdout is for results."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def prints_to_stderr() -> Iterator[None]:
    """Send to stderr what is printed in the block, or by the function that this decorates.

    It stands wherever code of the user may run in this process: where it is imported, where its
    classes are made, and where steps, estimates, checks and verdicts call them.
    """
    with contextlib.redirect_stdout(sys.stderr):
        yield
