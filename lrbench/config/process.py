"""State of the whole process that a call changes for a while, although other threads may run.

To save such a state, change it and restore it is right in one thread only. Of two calls that
overlap, the second one saves what the first one has set, and so leaves it behind.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class SharedChange:
    """A change that is in force while any thread is in a block of it.

    The first thread makes it, and the last one undoes it.

    Parameters
    ----------
    make
        Makes the change, and returns the function that undoes it.
    """

    def __init__(self, make: Callable[[], Callable[[], object]]) -> None:
        self._make = make
        self._undo: Callable[[], object] = lambda: None
        self._blocks = 0
        self._lock = threading.RLock()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Keep the change in force in the block."""
        with self._lock:
            if not self._blocks:
                self._undo = self._make()
            self._blocks += 1
        try:
            yield
        finally:
            with self._lock:
                self._blocks -= 1
                if not self._blocks:
                    self._undo()


def _keep_filters() -> Callable[[], object]:
    block = warnings.catch_warnings()
    block.__enter__()
    return lambda: block.__exit__(None, None, None)


_FILTERS = SharedChange(_keep_filters)


@contextmanager
def ignored_warnings(*categories: type[Warning], message: str = "") -> Iterator[None]:
    """Ignore these warnings in the block, if their text begins with the expression `message`."""
    with _FILTERS():
        for category in categories or (Warning,):
            warnings.filterwarnings("ignore", message, category)
        yield


_CLAIMED = threading.Condition()
_CLAIMS: dict[int, int] = {}
"""Thread -> the number of BLAS threads that it needs."""
_BEFORE: dict[tuple[str, int | None], tuple[Any, int]] = {}
"""(file of a BLAS, thread) -> the library, and its number of threads before. The thread is None
where the number is one for the whole process."""


@contextmanager
def blas_threads(n: int) -> Iterator[None]:
    """Let BLAS use `n` threads in the block, on which the last bits of products depend.

    Most libraries have one number for the whole process. A thread that needs another one than that
    of the threads that are in such a block therefore waits until they have left it. The last thread
    restores what was there before.
    """
    me = threading.get_ident()
    before = _CLAIMS.get(me)
    try:
        _claim(me, n)
        yield
    finally:
        with _CLAIMED:
            if before is None:
                _CLAIMS.pop(me, None)
                _restore(me)
                if not _CLAIMS:
                    _restore(None)
                _CLAIMED.notify_all()
            elif before != n:
                _claim(me, before)


def _claim(me: int, n: int) -> None:
    from threadpoolctl import ThreadpoolController  # not for commands that run nothing

    with _CLAIMED:
        if _CLAIMS.get(me) != n:
            # While it waits it holds nothing, so that no two threads wait for each other.
            _CLAIMS.pop(me, None)
            _CLAIMED.notify_all()
            _CLAIMED.wait_for(lambda: all(claim == n for claim in _CLAIMS.values()))
            _CLAIMS[me] = n
        # Also within a block with the same number: a BLAS may have been loaded since.
        for library in ThreadpoolController().select(user_api="blas").lib_controllers:
            own = me if getattr(library, "threading_layer", "") == "openmp" else None
            _BEFORE.setdefault((library.filepath, own), (library, library.num_threads))
            _set_threads(library, n)


def _restore(thread: int | None) -> None:
    for key in [key for key in _BEFORE if key[1] == thread]:
        _set_threads(*_BEFORE.pop(key))


def _set_threads(library: Any, n: int) -> None:
    library.set_num_threads(n)
    # In newer versions of threadpoolctl the first thread that sets a number is the only one whose
    # numbers are set, until it gives this up.
    if give_up := getattr(library, "clear_controlling_thread", None):
        give_up()


_TORCH = threading.RLock()


@contextmanager
def one_torch_thread(torch: Any) -> Iterator[None]:
    """Let torch use one thread in the block, so that the bits do not depend on the machine.

    Threads are in such blocks one after the other: a part of the number belongs to the process, and
    a part to each thread, so that there is no common state that the last one could restore.
    """
    with _TORCH:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)
