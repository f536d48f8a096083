"""Whatever write of the cache fails or is torn: every number is right, and nothing is believed."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from cached_run import TEXTS, constants
from conftest import Invoke
from faults import failing, nth

from lrbench.cache import source_hash as sources


@pytest.mark.slow
@pytest.mark.parametrize("silent", [False, True], ids=["fails", "is torn"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_write_of_parsed_data_and_optimum_costs_time_alone(
    name: str, silent: bool, tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / name
    data.write_text(TEXTS[name])

    def in_cache(folder: str) -> Path:
        monkeypatch.setenv("LRBENCH_CACHE_DIR", str(tmp_path / folder))
        return tmp_path / folder

    in_cache("whole")
    right = constants(invoke, data)
    for number in count(1):
        cache = in_cache(str(number))
        with failing(nth(number, silent=silent)) as faults:
            assert constants(invoke, data) == right
        assert list(cache.rglob("*.part")) == []
        assert constants(invoke, data) == right
        if not faults.failed:
            break
    assert number > (10 if silent else 20)
    kept = {p.suffix for p in cache.rglob("*") if p.is_file()}
    assert kept == {".npy", ".json", ".npz"}


@pytest.mark.parametrize("silent", [False, True], ids=["fails", "is torn"])
def test_a_write_of_the_hash_of_sources_costs_time_alone(
    silent: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [Path(sources.__file__)]
    right = sources._syntax_hash(files)
    for number in count(1):
        cache = tmp_path / str(number)
        monkeypatch.setenv("LRBENCH_CACHE_DIR", str(cache))
        with failing(nth(number, silent=silent)) as faults:
            assert sources._syntax_hash(files) == right
        assert sources._syntax_hash(files) == right
        assert len(list(cache.rglob("*.*"))) == 0
        if not faults.failed:
            break
    assert number == (2 if silent else 6)  # opened, written, flushed, synced, renamed
