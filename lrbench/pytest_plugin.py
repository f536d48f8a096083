"""The pytest plugin: the fixture `lrbench`, short tracebacks, and the option that makes baselines.

pytest imports this module at every start, also of suites that never use it: nothing else of lrbench
is imported before a test asks for the fixture.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

OPTION = "--lrbench-update"

PACKAGE = __name__.partition(".")[0]


class Namespace:
    """The public names of `lrbench` for one test; `check` knows its folder.

    Parameters
    ----------
    folder
        The folder of the test file, where files of baselines are looked for.
    update
        Whether baselines are made anew.
    """

    def __init__(self, folder: Path, update: bool) -> None:
        self._folder, self._update = folder, update

    def __getattr__(self, name: str) -> Any:
        """Return a public name of lrbench, such as `run`."""
        return getattr(importlib.import_module(PACKAGE), name)

    def check(self, problem: Any, *, baseline: str | Path | None = None, **options: Any) -> Any:
        """Check convergence as `lrbench.check` does.

        Parameters
        ----------
        problem, options
            Those of `lrbench.check`.
        baseline
            The file of baselines, relative to the folder of the test file.
        """
        __tracebackhide__ = True
        if baseline is not None:
            update = options.pop("update", False) or self._update
            options |= {"baseline": self._folder / baseline, "update": update}
        return importlib.import_module(PACKAGE).check(problem, **options)


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
    return Namespace(request.path.parent, request.config.getoption(OPTION))


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
