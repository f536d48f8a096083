"""A solver that keeps what the oracle has used up is seen."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
from builders import linear_problem, walk_along

from lrbench.arrays import Lanes, PerLane
from lrbench.contract.used_up import UsedUp
from lrbench.errors import ContractError
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step
from lrbench.solvers.state import leaves

RATES = np.array([1e-3, 0.1, 0.7])


class Kept(NamedTuple):
    lr: PerLane
    kept: Any


@dataclass(frozen=True)
class Keeping(Solver):
    """Gradient descent that keeps something of each step."""

    what: str
    name = "keeping"

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Kept:
        kept = {"start": W, "start in part": W[1:]}.get(self.what, np.zeros_like(W))
        return Kept(lr0, {"previous": kept})

    def step(self, W: Iterate, state: Kept, oracle: Oracle) -> Step:
        g = oracle.gradient(W)
        copies = {"iterate copied": W.copy(), "gradient copied": g.dense().copy()}
        views: dict[str, Lanes] = {"iterate": W, "part": W[1:], "gradient": g.dense()}
        W_next = oracle.descend(W, state.lr, g)
        kept = {**copies, **views, "next": W_next}[self.what]
        return Step(W_next, state.lr, Kept(state.lr, {"previous": kept}))


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("start", "the starting point"),
        ("start in part", "the starting point"),
        ("iterate", "an iterate"),
        ("part", "an iterate"),
        ("gradient", "a gradient"),
        ("next", "the next iterate"),
    ],
)
def test_one_that_keeps_it_fails_with_a_sentence(what: str, named: str) -> None:
    solver: Any = UsedUp(Keeping(what))
    steps = walk_along(linear_problem(), solver, RATES)
    place = r"state\.kept\['previous'\]"
    with pytest.raises(ContractError, match=rf"keeping keeps {named} in .*{place}"):
        next(steps)


@pytest.mark.parametrize("what", ["iterate copied", "gradient copied"])
def test_one_that_keeps_a_copy_passes(what: str) -> None:
    solver: Any = UsedUp(Keeping(what))
    for W, *_ in itertools.islice(walk_along(linear_problem(), solver, RATES), 5):
        assert np.isfinite(W).all()


def test_leaves_have_the_names_of_their_places() -> None:
    state = Kept(np.zeros(2), [{"a": np.ones(1)}, (np.ones(3), 4)])
    assert [place for place, _ in leaves(state)] == [
        "state.lr",
        "state.kept[0]['a']",
        "state.kept[1][0]",
        "state.kept[1][1]",
    ]
