"""The trace of a lane in one array, beside a dict of its columns."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import lrbench
from lrbench.results import TableTrace

PLACES = {"iteration": 0, "objective": 1, "lr": 2}
TABLE = np.random.default_rng(5).standard_normal((4, 3, 6))


def agree(trace: TableTrace, columns: dict[str, np.ndarray]) -> None:
    assert list(trace) == [*trace.keys()] == [*columns]
    assert len(trace) == len(columns)
    assert bool(trace) == bool(columns)
    for (name, column), values in zip(trace.items(), trace.values(), strict=True):
        assert name in trace
        np.testing.assert_array_equal(column, columns[name])
        np.testing.assert_array_equal(values, columns[name])


@pytest.mark.parametrize("rows", [0, 1, 4, 6])
@pytest.mark.parametrize("lane", range(4))
def test_it_is_read_as_a_dict_is(lane: int, rows: int) -> None:
    trace = TableTrace(PLACES, TABLE[lane, :, :rows])
    columns = {name: TABLE[lane, k, :rows] for name, k in PLACES.items()}
    agree(trace, columns)
    agree(pickle.loads(pickle.dumps(trace)), columns)  # as workers send it
    assert trace.get("seconds") is None
    assert "seconds" not in trace
    with pytest.raises(KeyError, match="seconds"):
        trace["seconds"]
    changed, expected = trace | {"lr": np.ones(rows)}, columns | {"lr": np.ones(rows)}
    assert list(changed) == list(expected)
    np.testing.assert_array_equal(changed["lr"], 1.0)
    np.testing.assert_array_equal(changed["objective"], columns["objective"])


def test_lanes_that_end_at_different_steps_have_such_traces() -> None:
    result = lrbench.run("log-spectrum", solvers=["sgd"], lr0=[0.1, 30.0, 1e9], iterations=40)
    runs = result.problems[0].runs
    lengths = [len(run.trace["iteration"]) for run in runs]
    assert len(set(lengths)) > 1
    for run, length in zip(runs, lengths, strict=True):
        assert isinstance(run.trace, TableTrace)
        assert {len(column) for column in run.trace.values()} == {length}
        assert np.isfinite(run.trace["objective"]).all()
