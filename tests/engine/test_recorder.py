"""The rows of a bundle's trace, and how each lane ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import constants_of, linear_problem

from lrbench.engine.budget import Arrival
from lrbench.engine.recorder import Recorder
from lrbench.errors import ExitCode, RefutedError
from lrbench.results import Status

CONSTANTS = replace(constants_of(linear_problem(), None), f_star=0.0, f_star_error=0.0)


def filled(n_lanes: int = 1) -> Recorder:
    return Recorder(n_lanes, CONSTANTS)


def test_rows_belong_to_the_running_lanes() -> None:
    recorder = filled(3)
    recorder.write({"iteration": 0, "x": np.array([1.0, 2.0, 3.0])})
    recorder.end(1, Status.DIVERGED, 5, {})
    recorder.drop(np.array([False, True, False]))
    recorder.write({"iteration": 7, "x": np.array([10.0, 30.0])})
    recorder.end(1, Status.REACHED_TARGET, 7, {"last": np.ones(2)})
    recorder.end(0, Status.INTERRUPTED, 8, {})
    np.testing.assert_array_equal(recorder.trace(0)["x"], [1.0, 10.0])
    np.testing.assert_array_equal(recorder.trace(1)["x"], [2.0])
    np.testing.assert_array_equal(recorder.trace(2)["x"], [3.0, 30.0])
    np.testing.assert_array_equal(recorder.trace(2)["iteration"], [0.0, 7.0])
    assert [recorder.ended[k].status for k in range(3)] == [
        Status.INTERRUPTED,
        Status.DIVERGED,
        Status.REACHED_TARGET,
    ]
    assert [recorder.ended[k].iteration for k in range(3)] == [8, 5, 7]
    assert list(recorder.ended[2].iterates) == ["last"]


def test_a_retracted_row_is_not_in_the_trace_of_that_lane() -> None:
    recorder = filled(3)
    recorder.write({"x": np.array([1.0, 2.0, 3.0])})
    recorder.end(0, Status.DIVERGED, 0, {})
    recorder.drop(np.array([True, False, False]))
    recorder.write({"x": np.array([4.0, np.inf])})
    recorder.retract(np.array([False, True]))
    recorder.end(1, Status.DIVERGED, 1, {})
    recorder.end(0, Status.INTERRUPTED, 1, {})
    np.testing.assert_array_equal(recorder.trace(2)["x"], [3.0])
    np.testing.assert_array_equal(recorder.trace(1)["x"], [2.0, 4.0])


def test_whether_a_run_stalled_is_judged_by_its_budget_and_looks() -> None:
    for arrival, status in (
        (None, Status.COMPLETED),
        (Arrival("confirmed", [0.1], [0, 1, 2, 5, 10, 14]), Status.STALLED),
    ):
        recorder = Recorder(1, CONSTANTS, arrival)
        # At T = 3, which is no look, and past the budget of 10 it is lower.
        for t, gap in ((0, 1.0), (1, 0.5), (3, 0.2), (5, 0.5), (10, 0.5), (14, 0.1)):
            recorder.write({"iteration": t, "suboptimality": gap})
        recorder.end(0, Status.COMPLETED, 10, {})
        assert recorder.ended[0].status is status


UNITS = (1.0, 1e-8, 2.0**-60, 2.0**40)
"""Of F: a status does not depend on it."""


def ended(
    gaps: dict[int, float], f_star_error: float = 0.0, f_star: float = 0.0, unit: float = 1.0
) -> Status:
    """Return the status of a lane whose budget is used up after these suboptimalities."""
    constants = replace(
        CONSTANTS, f_star=f_star * unit, f_star_error=f_star_error * unit, delta0=gaps[0] * unit
    )
    recorder = Recorder(1, constants)
    for t, gap in gaps.items():
        recorder.write({"iteration": t, "suboptimality": np.array([gap * unit])})
    recorder.end(0, Status.COMPLETED, max(gaps), {})
    return recorder.ended[0].status


@pytest.mark.parametrize(
    ("gaps", "status"),
    [
        ({0: 1.0, 10: 1.0, 100: 1.0}, Status.STALLED),
        ({0: 1.0, 10: 0.5, 50: 0.4501, 100: 9.0}, Status.STALLED),
        ({0: 1.0, 10: 0.5, 50: 0.4499, 100: 9.0}, Status.COMPLETED),
        ({0: 1.0, 10: 0.5, 11: 0.1, 100: 0.5}, Status.COMPLETED),
        ({0: 1.0, 10: 0.1, 11: 0.5, 100: 0.5}, Status.STALLED),
        ({0: 1.0, 100: 0.95}, Status.STALLED),
        ({0: 1.0}, Status.COMPLETED),
        ({0: 0.0, 1: 0.0}, Status.COMPLETED),
        ({0: 1.0, 10: 1e-14, 100: 1e-14}, Status.COMPLETED),
        ({0: 1.0, 10: 1e-14, 100: 1.0}, Status.COMPLETED),
        ({0: 1.0, 10: 1e-12, 100: 1e-12}, Status.STALLED),
    ],
)
@pytest.mark.parametrize("unit", UNITS)
def test_stalled_if_the_last_nine_tenths_brought_almost_nothing(
    gaps: dict[int, float], status: Status, unit: float
) -> None:
    assert ended(gaps, unit=unit) is status


@pytest.mark.parametrize("unit", UNITS)
def test_at_the_floor_nothing_stalls(unit: float) -> None:
    gaps = {0: 1.0, 10: 9e-6, 100: 9e-6}
    assert ended(gaps, f_star_error=1e-6, unit=unit) is Status.COMPLETED
    assert ended(gaps, f_star_error=1e-7, unit=unit) is Status.STALLED
    flat = {0: 1.0, 10: 5e-11, 100: 5e-11}
    # |F(w_0)| + |f*| is 1999, 199, and 501 where it is F(w_0) that is large.
    assert ended(flat, f_star=-1000.0, unit=unit) is Status.COMPLETED
    assert ended(flat, f_star=-100.0, unit=unit) is Status.STALLED
    assert ended({**flat, 0: 501.0}, unit=unit) is Status.COMPLETED


def test_only_a_completed_run_stalls() -> None:
    recorder = filled()
    for t in (0, 10, 100):
        recorder.write({"iteration": t, "suboptimality": np.ones(1)})
    recorder.end(0, Status.INTERRUPTED, 100, {})
    assert recorder.ended[0].status is Status.INTERRUPTED


@pytest.mark.parametrize("unit", UNITS)
def test_an_objective_of_any_size_refutes_a_minimum_above_it(unit: float) -> None:
    constants = replace(CONSTANTS, f_star=3.0 * unit, f_star_error=0.5 * unit, delta0=unit)
    recorder = Recorder(1, constants)
    recorder.refute(1, np.array([2.5 * (1 - 1e-14) * unit]))
    with pytest.raises(RefutedError):
        recorder.refute(1, np.array([2.5 * (1 - 1e-12) * unit]))


def test_an_objective_below_the_certificate_refutes_it() -> None:
    recorder = Recorder(2, replace(CONSTANTS, f_star=3.0, f_star_error=0.5))
    none = np.full(2, np.nan)
    recorder.refute(0, np.array([2.5, 9.0]), none)
    recorder.refute(1, np.array([np.nan, np.inf]), none)
    recorder.refute(1, none[:0], none[:0])
    for objective, average in (([2.4, 9.0], none), ([4.0, np.nan], np.array([9.0, 2.4]))):
        with pytest.raises(RefutedError) as caught:
            recorder.refute(7, np.array(objective), average)
        assert "at iteration 7 the objective is 2.4" in caught.value.message
        assert caught.value.message.endswith("refuted.")
        assert caught.value.exit_code is ExitCode.WORLD
