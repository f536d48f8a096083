"""Calls to a cluster, each with a deadline, and the silence of the libraries that make them."""

from __future__ import annotations

import importlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

from lrbench.config.process import SharedChange
from lrbench.engine.control import Control

TICK_SECONDS = 0.05
"""The interval at which a call that has not answered is looked at."""

LOGGERS = ("distributed", "tornado", "asyncio")
"""The libraries whose own lines on stderr would stand beside the command's errors."""


class StoppedError(Exception):
    """The command was stopped while it waited for the cluster."""


class LostError(Exception):
    """The cluster does not answer, or has no worker left."""


def within(seconds: float, control: Control | None, call: Callable[[], Any]) -> Any:
    """Return what `call` returns, or raise what it raises.

    The call is made in another thread, which is left behind if it does not return.

    Parameters
    ----------
    seconds
        The time that the call may take.
    control
        Ends the wait when the command is stopped; None if it was stopped already.
    call
        The call.

    Raises
    ------
    TimeoutError
        If the time is up.
    StoppedError
        If the command is stopped.
    """
    answer: Future[Any] = Future()

    def make() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # it belongs to the thread that waits
            answer.set_exception(error)

    threading.Thread(target=make, daemon=True).start()
    deadline = time.monotonic() + seconds
    while not wait([answer], TICK_SECONDS).done:
        if control is not None and control(0):
            raise StoppedError
        if time.monotonic() >= deadline:
            raise TimeoutError
    return answer.result()


def _disable_loggers() -> Callable[[], None]:
    importlib.import_module("distributed")  # which gives its loggers their handlers
    names = [n for n in logging.root.manager.loggerDict if n.partition(".")[0] in LOGGERS]
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True

    def restore() -> None:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled

    return restore


quiet_loggers = SharedChange(_disable_loggers)
"""A block in which Dask and what it stands on write nothing to stderr."""
