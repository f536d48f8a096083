"""The pytest plugin: the fixture `lrbench`, short tracebacks, and the option that makes baselines.

pytest imports this module at every start, also of suites that never use it: nothing else of lrbench
is imported before a test asks for the fixture.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

OPTION = "--lrbench-update"

PACKAGE = __name__.partition(".")[0]


class Namespace:
    """The public names of `lrbench` for one test; `check` knows the test."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        """Return a public name of lrbench, such as `run`."""
        return getattr(importlib.import_module(PACKAGE), name)

    def check(self, problem: Any, *, baseline: str | Path | None = None, **options: Any) -> Any:
        """Check convergence as `lrbench.check` does.

        A result that fails is saved in pytest's cache, and the message names the command that shows
        it.

        Parameters
        ----------
        problem, options
            Those of `lrbench.check`.
        baseline
            The file of baselines, relative to the folder of the test file.
        """
        from lrbench import check
        from lrbench.gate.assertion import SAVING

        __tracebackhide__ = True
        if baseline is not None:
            update = options.pop("update", False) or self._request.config.getoption(OPTION)
            options |= {"baseline": self._baseline(baseline), "update": update}
        token = SAVING.set(self._saved)
        try:
            return check(problem, **options)
        finally:
            SAVING.reset(token)

    def _baseline(self, baseline: Any) -> Any:
        is_path = isinstance(baseline, str | Path)
        return self._request.path.parent / baseline if is_path else baseline

    def _saved(self, result: Any) -> str:
        """Save a result in pytest's cache; return the command that shows it, empty if none does."""
        from lrbench.gate.assertion import saved_for_show

        # pytest has no cache with -p no:cacheprovider.
        cache = getattr(self._request.config, "cache", None)
        if cache is None:
            return ""
        name = re.sub(r"[^\w.-]+", "-", self._request.node.name).strip("-")
        try:
            path = Path(os.path.relpath(cache.mkdir(PACKAGE) / f"{name}.json"))
        except OSError:
            return ""
        return saved_for_show(result, path)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that makes baselines."""
    parser.getgroup(PACKAGE).addoption(
        OPTION,
        action="store_true",
        help="Make anew the baselines of the checks of the lrbench fixture.",
    )


@pytest.fixture
def lrbench(request: pytest.FixtureRequest) -> Namespace:
    """Return lrbench, with files of baselines beside the test file."""
    return Namespace(request)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Let the report of an error of lrbench end where the test calls it, and have the hint."""
    errors = sys.modules.get(f"{PACKAGE}.errors")
    error = None if call.excinfo is None else call.excinfo.value
    if errors is None or not isinstance(error, errors.LrbenchError):
        return
    if item.config.getoption("fulltrace"):
        return
    entry = error.__traceback__
    while entry is not None and entry.tb_next is not None:
        module = entry.tb_next.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] == PACKAGE:
            entry.tb_next = None
        entry = entry.tb_next
    error.__cause__, error.__suppress_context__ = None, True
    error.add_note(f"Hint: {error.hint}")
