"""The cases that `--each-value` leaves of a test."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace
from typing import Any

from conftest import with_each_value

SOLVERS, SIZES, SEEDS = ("sgd", "adam", "dog"), (None, 7), (1, 2, 3, 5)


def case(test: str, **values: Any) -> Any:
    name = f"tests/test_it.py::{test}[{'-'.join(map(str, values.values()))}]"
    return SimpleNamespace(nodeid=name, callspec=SimpleNamespace(params=values))


def test_every_value_of_every_parameter_is_left_of_each_test() -> None:
    plain = [SimpleNamespace(nodeid=f"tests/test_it.py::test_{k}") for k in "ab"]
    items: list[Any] = [
        plain[0],
        *(
            case(test, solver=solver, size=size, seed=seed)
            for test in ("test_one", "test_other")
            for solver, size, seed in product(SOLVERS, SIZES, SEEDS)
        ),
        plain[1],
    ]
    left = with_each_value(items)
    assert [item for item in items if item in left] == left
    assert all(item in left for item in plain)
    assert len(left) == 2 + 2 * (len(SEEDS) + (len(SIZES) - 1) + (len(SOLVERS) - 1))
    for test in ("test_one", "test_other"):
        params = [item.callspec.params for item in left if f"{test}[" in item.nodeid]
        for key, values in (("solver", SOLVERS), ("size", SIZES), ("seed", SEEDS)):
            assert {param[key] for param in params} == set(values)
