"""Arrival at a target, while lanes run and from their traces, against exact fractions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from lrbench.config.looks import look_grid
from lrbench.config.solver_spec import SolverSpec
from lrbench.engine.arrival import arrivals
from lrbench.engine.budget import Arrival, Budget
from lrbench.results import ArrivalRule, Run, Status
from lrbench.study.arrival import passes_on_arrival

Curve = Mapping[int, float]
"""Look -> the gap there, on all looks up to twice the budget."""

TARGETS = (0.25, 1.0)


@pytest.mark.parametrize("n_samples", [1, 7, 569, 100_003])
@pytest.mark.parametrize("batch_size", [None, 1, 3, 64])
@pytest.mark.parametrize("iterations", [1, 3, 19, 1000, 10**15])
def test_looks_begin_at_a_quarter_pass_and_double(
    n_samples: int, batch_size: int | None, iterations: int
) -> None:
    looks = look_grid(n_samples, batch_size, iterations)
    assert looks == sorted(set(looks))
    quarter = 1 if batch_size is None else -(-n_samples // (4 * batch_size))
    assert looks[:2] == [0, min(quarter, iterations)]
    assert looks[-1] <= 2 * iterations
    assert {2 * t for t in looks if t <= iterations} <= set(looks)
    later = [t for t in looks if t >= 5]
    assert all(b <= math.ceil(1.25 * a) for a, b in itertools.pairwise(later))


def test_looks_do_not_depend_on_the_budget_but_for_their_end() -> None:
    short, long = look_grid(569, 8, 100), look_grid(569, 8, 10_000)
    assert long[: len(short)] == short
    assert look_grid(100, None, 10) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20]
    assert look_grid(112, 4, 20) == [0, 7, 8, 10, 11, 13, 14, 16, 20, 22, 26, 28, 32, 40]


def exact(gap: float) -> Fraction | None:
    return Fraction(max(gap, 0.0)) if math.isfinite(gap) else None


def arrival_of(curve: Curve, rule: ArrivalRule, target: float, budget: int) -> int | None:
    """Return the look at which a curve has arrived, word for word; `budget` is a look."""
    looks = sorted(curve)
    within = [t for t in looks if t <= budget]
    if rule == "first":
        return next((t for t in within if curve[t] <= target), None)
    if rule == "end":
        staying = [t for t in within if all(curve[u] <= target for u in within if u >= t)]
        return min(staying, default=None)
    for start in within:
        window = [t for t in looks if start <= t <= 2 * start]
        gaps = [exact(curve[t]) for t in window]
        if curve[start] > target or None in gaps:
            continue
        values = [gap for gap in gaps if gap is not None]
        integral = sum(
            (Fraction(b - a) * (x + y) / 2)
            for a, b, x, y in zip(window, window[1:], values, values[1:], strict=False)
        )
        if integral <= start * Fraction(target):
            return start
    return None


def watched(
    curves: Sequence[Curve], rule: ArrivalRule, budget: int, diverge: Sequence[int]
) -> list[Run]:
    """Return the runs that these curves give, ended as the engine ends lanes."""
    looks = sorted(curves[0])
    goal = Budget(budget, [0, budget], arrival=Arrival(rule, TARGETS, looks))
    follows = arrivals(goal, len(curves))
    assert follows is not None
    running = np.arange(len(curves))
    rows: list[list[tuple[int, float]]] = [[] for _ in curves]
    ends: dict[int, tuple[Status, int]] = {}
    for t in goal.rows:
        gap = np.array([curves[k][t] for k in running.tolist()])
        lost = np.array([diverge[k] for k in running.tolist()]) <= t
        for k, value, gone in zip(running, gap, lost, strict=True):
            if not gone:
                rows[k].append((t, float(value)))
        over = follows.look(t, np.where(lost, np.nan, gap)) & ~lost
        for k, done, gone, at in zip(running, over, lost, follows.arrived_at, strict=True):
            if gone:
                ends[int(k)] = Status.DIVERGED, t
            elif done:
                reached = not math.isnan(at)
                status = Status.REACHED_TARGET if reached else Status.COMPLETED
                ends[int(k)] = status, int(at) if reached else budget
        left = np.flatnonzero(~over & ~lost)
        running = running[left]
        follows.keep(left)
        if not len(running):
            break
    assert len(ends) == len(curves), "every lane ends by twice its budget"
    return [made_run(row, *ends[k]) for k, row in enumerate(rows)]


def made_run(rows: Sequence[tuple[int, float]], status: Status, at: int) -> Run:
    iteration = np.array([t for t, _ in rows], dtype=float)
    return Run(
        solver=SolverSpec("made", {}, ()),
        setting="batch",
        batch_size=1,
        sampling=None,
        lr0=1.0,
        seed=0,
        status=status,
        status_at=at,
        trace={
            "iteration": iteration,
            "passes": 3.0 * iteration,
            "suboptimality": np.array([gap for _, gap in rows]),
        },
    )


def passes_at(look: int | None) -> float:
    return math.inf if look is None else 3.0 * look


def random_curves(rng: np.random.Generator, looks: Sequence[int], n: int) -> list[Curve]:
    """Return irregular curves of dyadic gaps, whose sums are exact."""
    levels = np.array([0.0, -0.125, 0.125, 0.25, 0.25, 0.375, 0.5, 1.0, 1.0, 1.125, 4.0, 64.0])
    curves: list[Curve] = []
    for _ in range(n):
        size = len(looks)
        gaps: NDArray[np.float64] = rng.choice(levels, size)
        tail = rng.integers(0, size + 1)
        gaps[tail:] = rng.choice(
            [0.0, 0.125, 0.25, 0.5, 1.0], size - tail, p=[0.3, 0.3, 0.2, 0.1, 0.1]
        )
        if rng.random() < 0.3:
            gaps[rng.integers(0, size)] = np.inf
        curves.append(dict(zip(looks, gaps.tolist(), strict=True)))
    return curves


@pytest.mark.parametrize("rule", ["confirmed", "end"])
@pytest.mark.parametrize("batch_size", [None, 3])
def test_online_and_post_hoc_are_what_the_definition_says(
    rule: ArrivalRule, batch_size: int | None
) -> None:
    rng = np.random.default_rng(7)
    counts = dict.fromkeys((None, "some"), 0)
    for budget in (1, 4, 10, 40, 160):
        looks = look_grid(61, batch_size, budget)
        budget = max(t for t in looks if t <= budget)
        looks = look_grid(61, batch_size, budget)
        curves = random_curves(rng, looks, 150)
        diverge = [int(rng.choice(looks)) if rng.random() < 0.2 else 4 * budget for _ in curves]
        for curve, lost, run in zip(
            curves, diverge, watched(curves, rule, budget, diverge), strict=True
        ):
            seen = {t: math.inf if t >= lost else gap for t, gap in curve.items()}
            for target in TARGETS:
                expected = arrival_of(seen, rule, target, budget)
                counts["some" if expected else None] += 1
                got = passes_on_arrival(run, rule, target, budget, looks)
                assert got == passes_at(expected)
                hit = arrival_of(seen, "first", target, budget)
                assert passes_on_arrival(run, "first", target, budget, looks) == passes_at(hit)
            least = arrival_of(seen, rule, TARGETS[0], budget)
            assert (run.status is Status.REACHED_TARGET) == (least is not None)
            if run.status is Status.REACHED_TARGET:
                assert run.status_at == least
            if rule == "confirmed" and run.status is Status.REACHED_TARGET:
                assert run.trace["iteration"][-1] == 2 * run.status_at
    assert min(counts.values()) > 200


def one(gaps: Mapping[int, float], base: float, budget: int = 20, lost: int = 10**6) -> Run:
    """Return the run of one curve that is `base` but at some looks."""
    curve = {t: gaps.get(t, base) for t in look_grid(1, None, budget)}
    (run,) = watched([curve], "confirmed", budget, [lost])
    return run


def test_a_run_that_only_grazes_or_passes_through_has_not_arrived() -> None:
    # The target is 0.25. Passing through at T = 3, and 65 times the target right after it.
    before = {0: 50.0, 1: 9.0, 2: 4.0}
    run = one({**before, 3: 0.2, 4: 16.25, 5: 3.0, 6: 0.1}, 0.1)
    assert (run.status, run.status_at) == (Status.REACHED_TARGET, 6)
    # A mean of exactly the target is at the target; a graze of 1.2 times it for a while is, too.
    run = one(before, 0.25)
    assert (run.status, run.status_at) == (Status.REACHED_TARGET, 3)
    run = one({**before, 5: 0.3, 6: 0.125}, 0.125)
    assert (run.status, run.status_at) == (Status.REACHED_TARGET, 3)
    # Coming down to the target at one look again and again, and up between them.
    gaps = {t: (0.2 if k % 2 else 0.5) for k, t in enumerate(look_grid(1, None, 20))}
    run = one(gaps | before, 0.0)
    assert (run.status, run.status_at) == (Status.COMPLETED, 20)


def test_a_run_goes_on_past_its_budget_only_while_it_may_have_arrived() -> None:
    above = dict.fromkeys(look_grid(1, None, 20), 0.5)
    del above[20]
    # At the last look of the budget: confirmed at twice the budget.
    below = {t: gap for t, gap in above.items() if t < 20}
    run = one(below, 0.1)
    assert (run.status, run.status_at, run.trace["iteration"][-1]) == (
        Status.REACHED_TARGET,
        20,
        40,
    )
    # A dip at that look alone: given up once the mean cannot be at the target any more.
    run = one({**above, 20: 0.2}, 0.5)
    assert (run.status, run.status_at) == (Status.COMPLETED, 20)
    assert 20 < run.trace["iteration"][-1] < 40
    # Nothing in sight: it ends with its budget. (1.0, the other target, is not reached either.)
    run = one({}, 1.5)
    assert (run.status, run.status_at, run.trace["iteration"][-1]) == (Status.COMPLETED, 20, 20)


def test_a_divergence_before_2_T_undoes_an_arrival_at_T() -> None:
    below = {0: 50.0, 1: 9.0, 2: 4.0}
    run = one(below, 0.01, lost=6)
    assert (run.status, run.status_at) == (Status.DIVERGED, 6)
    looks = look_grid(1, None, 20)
    assert passes_on_arrival(run, "confirmed", 0.25, 20, looks) == math.inf
    assert passes_on_arrival(run, "first", 0.25, 20, looks) == 9.0
    (at_end,) = watched([dict.fromkeys(looks, 0.01)], "end", 20, [16])
    assert passes_on_arrival(at_end, "end", 0.25, 20, looks) == math.inf


@pytest.mark.parametrize("last", [0.2, 0.3])
def test_the_end_of_the_budget_counts_although_it_is_no_look(last: float) -> None:
    looks = look_grid(1, None, 21)
    goal = Budget(21, [0, 21], arrival=Arrival("end", [0.25], looks))
    follows = arrivals(goal, 1)
    assert follows is not None
    gaps = {t: 1.0 if t < 8 else 0.125 for t in goal.rows} | {21: last}
    over = [bool(follows.look(t, np.array([gap]))[0]) for t, gap in sorted(gaps.items())]
    assert over == [t == 21 for t in goal.rows]
    assert follows.arrived_at[0] == pytest.approx(8.0 if last < 0.25 else math.nan, nan_ok=True)
    run = made_run(sorted(gaps.items()), Status.COMPLETED, 21)
    passes = passes_on_arrival(run, "end", 0.25, 21, looks)
    assert passes == (24.0 if last < 0.25 else math.inf)


@pytest.mark.parametrize("rule", ["confirmed", "end"])
def test_what_an_interrupted_run_would_have_done_is_not_known(rule: ArrivalRule) -> None:
    looks = look_grid(1, None, 20)
    rows = [(t, 5.0 if t < 3 else 0.1) for t in looks if t <= 5]
    run = made_run(rows, Status.INTERRUPTED, 6)
    assert math.isnan(passes_on_arrival(run, rule, 0.25, 20, looks))
    assert math.isnan(passes_on_arrival(run, "first", 0.01, 20, looks))
    assert passes_on_arrival(run, "first", 0.25, 20, looks) == 9.0
    assert math.isnan(passes_on_arrival(made_run([], Status.INTERRUPTED, 0), rule, 1, 20, looks))
    done = made_run([*rows, (6, 0.1)], Status.INTERRUPTED, 7)
    known = 9.0 if rule == "confirmed" else math.nan
    assert passes_on_arrival(done, rule, 0.25, 20, looks) == pytest.approx(known, nan_ok=True)
    missing = made_run([(0, 1.0), (20, 0.1)], Status.COMPLETED, 20)
    with pytest.raises(ValueError, match="no row at T = 1"):
        passes_on_arrival(missing, rule, 0.25, 20, looks)
