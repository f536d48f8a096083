"""Signals that Python would ignore."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lrbench.errors import Terminated

AGAIN_SECONDS = 0.05
"""The time after which a signal is sent again that was ignored."""


@contextmanager
def no_signal_ignored() -> Iterator[None]:
    """Send a signal again in the block if Python ignores what its handler raises.

    It does so in a finaliser and in a callback of its imports, and would lose a Ctrl-C that comes
    while one of them runs.
    """

    def unraisable(ignored: Any) -> None:
        number = signal.SIGINT if issubclass(ignored.exc_type, KeyboardInterrupt) else None
        if isinstance(ignored.exc_value, Terminated):
            number = signal.Signals(ignored.exc_value.signal)
        if number is None:
            hook(ignored)
        else:
            threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), number)).start()

    hook, sys.unraisablehook = sys.unraisablehook, unraisable
    try:
        yield
    finally:
        sys.unraisablehook = hook
