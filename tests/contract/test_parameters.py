"""Every number among the hyper-parameters of a solver may differ from lane to lane."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

import numpy as np
import pytest
from builders import (
    constants_of,
    every_variant,
    linear_problem,
    proximal_variants,
    run_healthy,
    task,
)

from lrbench.errors import UsageError
from lrbench.objective.minibatches import Minibatches
from lrbench.results import Run, Status
from lrbench.solvers.base import with_parameters

VALUES = (0.31, 0.07, 0.83, 0.52)
"""The values of the lanes, which are in the range of every hyper-parameter."""


def takes(solver: Any, key: str) -> bool:
    """Return whether this variant of a solver has the hyper-parameter."""
    try:
        dataclasses.replace(solver, **{key: VALUES[0]})
    except UsageError:
        return False
    return True


NUMBERS: list[tuple[Any, str]] = [
    (solver, field.name)
    for solver in [*every_variant(), *proximal_variants()]
    for field in dataclasses.fields(solver)
    if typing.get_type_hints(type(solver))[field.name] is float and takes(solver, field.name)
]
"""Every solver and every hyper-parameter of it that is a number."""


def test_every_number_is_taken_by_some_variant() -> None:
    fields = {(s.name, f.name, f.type) for s, _ in NUMBERS for f in dataclasses.fields(s)}
    numbers = {(name, key) for name, key, kind in fields if kind == "float"}
    assert numbers == {(solver.name, key) for solver, key in NUMBERS}


every_number = pytest.mark.parametrize(
    ("solver", "key"), NUMBERS, ids=[f"{solver}-{key}" for solver, key in NUMBERS]
)


def gaps(run: Run) -> Any:
    """Return F - f* of the solver's answer at every checkpoint."""
    return run.trace.get("suboptimality_output", run.trace["suboptimality"])


@every_number
@pytest.mark.parametrize("batch", [None, Minibatches(24, 7, "replacement", seed=5)], ids=str)
def test_lanes_with_their_own_values_equal_runs_with_each_value(
    solver: Any, key: str, batch: Minibatches | None
) -> None:
    """Padded on minibatches or in full batches: every number is tried with padding and without."""
    pad_to = (1, 8)[(NUMBERS.index((solver, key)) + (batch is None)) % 2]
    w0 = np.array([1.3, -0.4, 0.8])
    problem = linear_problem("logistic", 24, 3, weight=0.07, w0=w0, seed=8)
    rates = np.array([0.37, 0.74, 0.21, 0.53]) / constants_of(problem, None).L
    options: dict[str, Any] = {"batch": batch, "pad_to": pad_to}
    # Without an initial learning rate the free scale takes its place.
    scale = {} if solver.has_lr0 or key == solver.scale else {solver.scale: rates.tolist()}
    varied = {**scale, key: VALUES}
    lanes = (dict(zip(varied, lane, strict=True)) for lane in zip(*varied.values(), strict=True))
    singles = [dataclasses.replace(solver, **lane) for lane in lanes]

    def apart(target: float | None) -> list[Run]:
        return [
            run_healthy(task(problem, one, [lr0], 40, target=target, parameters={}, **options))[0]
            for one, lr0 in zip(singles, rates, strict=True)
        ]

    # The lane that is ahead after some steps ends there, and is dropped.
    best = [np.minimum.accumulate(gaps(run)) for run in apart(None)]
    lead = min(curve[13] for curve in best) * (1.0 + 1e-6)
    expected = apart(lead)
    ends = {run.status_at for run in expected}
    assert len(ends) > 1
    assert min(ends) <= 13
    work = task(problem, solver, rates.tolist(), 40, target=lead, parameters=varied, **options)
    for run, one in zip(run_healthy(work), expected, strict=True):
        assert (run.status, run.status_at) == (one.status, one.status_at)
        assert run.trace.keys() == one.trace.keys()
        np.testing.assert_allclose(
            run.iterates["last"], one.iterates["last"], rtol=1e-9, atol=1e-12
        )
        for column in ("lr", "objective", "sample_gradients", "sample_values", *solver.traced):
            np.testing.assert_allclose(run.trace[column], one.trace[column], rtol=1e-9)


@every_number
def test_the_values_matter(solver: Any, key: str) -> None:
    """Otherwise the comparison above would not see a lane with another lane's value."""
    problem = linear_problem("logistic", 24, 3, weight=0.07, w0=np.ones(3), seed=8)
    rates = [0.9 / constants_of(problem, None).L] * len(VALUES)
    batch = Minibatches(24, 7, "replacement", seed=5)
    work = task(problem, solver, rates, 40, batch=batch, parameters={key: VALUES})
    ends = {run.iterates["last"].tobytes() for run in run_healthy(work)}
    assert len(ends) >= len(VALUES) - 1


@every_number
def test_a_value_of_one_lane_that_is_out_of_range_is_refused(solver: Any, key: str) -> None:
    values = np.array([0.31, -2.0, 0.83])
    with pytest.raises(Exception, match=rf"{solver.name}: {key} = -2 "):
        with_parameters(solver, {key: values})


def test_a_lane_that_diverges_leaves_its_value_to_no_other() -> None:
    problem = linear_problem("squared", 24, 3, w0=np.ones(3), seed=8)
    rates = np.array([0.21, 1e3, 0.13]) / constants_of(problem, None).L
    lost = 0
    for solver, key in NUMBERS:
        if not solver.has_lr0:  # its lanes would differ in the free scale, too
            continue
        work = task(problem, solver, rates.tolist(), 150, parameters={key: VALUES[:3]})
        runs = run_healthy(work)
        lost += runs[1].status is Status.DIVERGED
        for k in (0, 2):
            one = dataclasses.replace(solver, **{key: VALUES[k]})
            (alone,) = run_healthy(task(problem, one, [rates[k]], 150))
            w = alone.iterates["last"]
            np.testing.assert_allclose(runs[k].iterates["last"], w, rtol=1e-7, atol=1e-12)
    assert lost > 4
