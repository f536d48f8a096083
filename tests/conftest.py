"""Fixtures for every test: a cache of the tests' own, and real LIBSVM files if there are any.

With ``--each-value`` only those cases of a test run that have a value of some parameter first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from lrbench.cli.main import main

settings.register_profile(
    "untimed", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")  # no test fails because the machine is slow, or by chance


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--each-value",
        action="store_true",
        help="of each test, run only the cases that have a value of some parameter first",
    )


def with_each_value(items: Iterable[Any]) -> list[Any]:
    """Return the cases that have a value of a parameter which no earlier case of the test has."""
    seen: set[tuple[str, str, int]] = set()
    chosen = []
    for item in items:
        test = item.nodeid.partition("[")[0]
        case = getattr(item, "callspec", None)  # whose values are the same objects in every case
        values = {(test, key, id(value)) for key, value in case.params.items()} if case else set()
        if case is None or not values <= seen:
            chosen.append(item)
        seen |= values
    return chosen


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("each_value"):
        chosen = with_each_value(items)
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a contract test that may make compiled steps unmarked: it would not run without them."""

    def refuse() -> None:
        pytest.fail("it may make compiled steps: mark it with pytest.mark.compiled")

    with pytest.MonkeyPatch.context() as patch:
        if item.path.parent.name == "contract" and not item.get_closest_marker("compiled"):
            for module in ("plan.plan", "engine.runners"):
                patch.setattr(f"lrbench.{module}.library", refuse)
        yield


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Point the cache at a folder of this test session; no test touches the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRBENCH_CACHE_DIR", str(folder))
        patch.delenv("LRBENCH_DATA_DIR", raising=False)
        patch.setenv("LRBENCH_OFFLINE", "1")
        yield folder


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache folder, empty, of one test alone."""
    folder = tmp_path / "own-cache"
    monkeypatch.setenv("LRBENCH_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def libsvm_dir() -> Path:
    """Return the folder of real LIBSVM files that ``LRBENCH_TEST_DATA`` names; skip without it."""
    named = os.environ.get("LRBENCH_TEST_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("LRBENCH_TEST_DATA names no folder of LIBSVM files")
    return Path(named)


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Invoke = Callable[..., Outcome]


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Return a function that runs `lrbench ARGS` and returns exit code, stdout and stderr."""

    def run(*args: str) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            main(list(args))
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Outcome(ended.value.code, out, err)

    return run
