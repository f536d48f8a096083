"""The state of a solver is a tree of arrays with the lanes last, and of plain numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from builders import constants_of, linear_problem, run, run_healthy, task
from own_solvers import NestedState

from lrbench.errors import ContractError
from lrbench.objective.minibatches import Minibatches
from lrbench.results import Status
from lrbench.solvers.state import check_state, keep_lanes, leaves


class Pair(NamedTuple):
    """Two parts of a state."""

    first: Any
    second: Any


ROW, TABLE = np.arange(3.0), np.arange(12.0).reshape(4, 3)

ACCEPTED = {
    "an array": ROW,
    "a NamedTuple": Pair(ROW, TABLE),
    "a tuple": (ROW, (TABLE, ROW)),
    "a list of pairs": [(ROW, TABLE), (ROW, TABLE)],
    "a dict": {"a": ROW, "b": {"c": TABLE}},
    "a mixture": Pair([{"a": ROW}], (TABLE, Pair(ROW, []))),
    "an int": (ROW, 7),
    "a float": [ROW, 0.5],
    "a bool": {"a": ROW, "started": False},
    "a number of NumPy": (np.float64(2.5), np.array(4.5)),
    "a text or nothing": (ROW, "word", None),
    "nothing at all": (),
}

REFUSED = {
    "lanes first": (TABLE.T, r"state has shape \(3, 4\)"),
    "a list of wrong shape": ([ROW, np.ones(4)], r"state\[1\] has shape \(4,\)"),
    "in a pair": ([(ROW, ROW), (ROW, np.ones((3, 2)))], r"state\[1\]\[1\] has shape \(3, 2\)"),
    "in a dict": ({"a": {"b": np.ones(1)}}, r"state\['a'\]\['b'\] has shape \(1,\)"),
    "in a NamedTuple": (Pair(ROW, [np.ones(2)]), r"state\.second\[0\] has shape \(2,\)"),
    "an object": (Pair(ROW, object()), r"state\.second is a object"),
    "a set": ([ROW, {1.0, 2.0}], r"state\[1\] is a set"),
    "a generator": ((ROW, (x for x in ROW)), r"state\[1\] is a generator"),
}


@pytest.mark.parametrize("state", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_tree_is_accepted(state: Any) -> None:
    check_state(NestedState(), state, 3)


@pytest.mark.parametrize(("state", "place"), REFUSED.values(), ids=REFUSED.keys())
def test_another_state_is_refused_by_its_place(state: Any, place: str) -> None:
    with pytest.raises(ContractError, match=rf"^nested-state: {place}[^.]*\.$"):
        check_state(NestedState(), state, 3)


@pytest.mark.parametrize("state", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_lanes_are_kept_in_every_array_and_in_nothing_else(state: Any) -> None:
    kept = keep_lanes(state, np.array([True, False, True]))
    assert type(kept) is type(state)
    before, after = dict(leaves(state)), dict(leaves(kept))
    assert before.keys() == after.keys()
    for place, leaf in before.items():
        if isinstance(leaf, np.ndarray) and leaf.ndim:
            np.testing.assert_array_equal(after[place], leaf[..., [0, 2]])
        else:
            assert after[place] is leaf


@pytest.mark.parametrize("batch", [None, Minibatches(24, 7, "replacement", seed=5)], ids=str)
def test_a_solver_with_such_a_state_goes_on_without_a_lane(batch: Minibatches | None) -> None:
    problem = linear_problem("squared", 24, 3, w0=np.ones(3), seed=8)
    rates = np.array([0.4, 1e3, 0.3, 3e3, 0.2]) / constants_of(problem, None).L
    runs = run_healthy(task(problem, NestedState(), rates.tolist(), 200, batch=batch))
    assert [r.status is Status.DIVERGED for r in runs] == [False, True, False, True, False]
    for k in (0, 2, 4):
        (alone,) = run_healthy(task(problem, NestedState(), [rates[k]], 200, batch=batch))
        np.testing.assert_allclose(runs[k].iterates["last"], alone.iterates["last"], rtol=1e-9)


class WithASet(NestedState):
    """A solver whose state has a set."""

    def init(self, W: Any, lr0: Any, facts: Any) -> Any:
        return super().init(W, lr0, facts) | {"seen": set()}


def test_the_engine_refuses_another_state_before_the_first_step() -> None:
    runs = run(task(linear_problem("squared"), WithASet(), [0.1, 0.2], 5))
    for r in runs:
        assert (r.status, r.status_at) == (Status.FAILED, 0)
        assert r.error is not None
        assert r.error.startswith("ContractError: nested-state: state['seen'] is a set")
