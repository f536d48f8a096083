"""Signals that come before a command controls its runs: they end it, whenever they come."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from lrbench.errors import Terminated

AGAIN_SECONDS = 0.05
"""The time after which a signal is sent again that Python has ignored."""


@contextmanager
def ending_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `Terminated` in the block, and let no signal be ignored.

    Python ignores what is raised in a finaliser or in a callback of its imports, and so would
    ignore a Ctrl-C that comes while one runs. It is sent again then. A signal that the caller
    ignores, as under ``nohup``, or handles, stays so. Outside the main thread nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated(number)

    def unraisable(ignored: Any) -> None:
        number = {KeyboardInterrupt: signal.SIGINT}.get(ignored.exc_type)
        if isinstance(ignored.exc_value, Terminated):
            number = signal.Signals(ignored.exc_value.signal)
        if number is None:
            hook(ignored)
        else:
            threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), number)).start()

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {n: signal.signal(n, end) for n in numbers if signal.getsignal(n) is signal.SIG_DFL}
    hook, sys.unraisablehook = sys.unraisablehook, unraisable
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)
