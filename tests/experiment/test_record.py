"""Loops outside lrbench, recorded: the same numbers as of its own runs, and what is not known."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from builders import linear_problem
from jsonschema import Draft202012Validator
from shipped_problems import LINEAR

import lrbench
from lrbench.arrays import PerLane, Vector
from lrbench.config.plain import plain
from lrbench.errors import RefutedError, UsageError
from lrbench.objective import meter
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.penalties.box import Box
from lrbench.problem_files import load_spec, with_overrides
from lrbench.results import Result, Run, Status, Verdict
from lrbench.results.result import SCHEMA
from lrbench.solvers import SOLVERS
from lrbench.solvers.base import Facts, Solver, Step

W0 = np.array([0.3, -0.7, 1.1])

KNOWN = (
    *("iteration", "passes", "objective", "suboptimality", "suboptimality_average"),
    *("suboptimality_best", "grad_norm_sq", "min_grad_norm_sq", "lr", "distance"),
    *("distance_max", "sum_grad_norm_sq", "sum_lr_grad_norm_sq", "sum_lr", "stable_sum_lr"),
    *("short_sum_lr", "regret", "stable_from", "stable_distance", "short_from"),
    *("short_distance", "log_contraction", "log_factor"),
)


def smooth(**options: Any) -> Any:
    return linear_problem("logistic", 30, 3, weight=0.1, w0=W0, seed=2, **options)


def descent(pb: Any, rates: Any, project: Any = lambda w: w) -> Iterator[Vector]:
    """Yield w_0 and the iterates of gradient descent, the same array changed in place."""
    w = pb.w0
    yield w
    for lr in rates:
        w -= lr * pb.gradient(w)
        w[:] = project(w)
        yield w


def recorded(problem: Any, iterates: Any, rates: Any = None, **options: Any) -> Result:
    """Record iterates, with a rate for each step after w_0, if they are given."""
    recorder = lrbench.record(problem, solver="by-hand", **options)
    for t, w in enumerate(iterates):
        lr = None if rates is None or t == 0 else rates[t - 1]
        recorder(w, lr=lr)
    return recorder.result()


def record_all(recorder: Any, iterates: Any) -> None:
    for w in iterates:
        recorder(w)


def the_run(result: Result) -> Run:
    (run,) = result.problems[0].runs
    return run


def verdicts(result: Result) -> dict[str, Verdict]:
    return {v.theorem: v for v in result.problems[0].verdicts}


def assert_same(a: Run, b: Run, columns: Any = KNOWN) -> None:
    assert (a.status, a.status_at) == (b.status, b.status_at)
    for name in columns:
        np.testing.assert_allclose(
            a.trace[name], b.trace[name], rtol=1e-9, atol=1e-13, err_msg=name
        )


@pytest.mark.parametrize("lr", [0.05, 1.7, 4.4, 9.5])
@pytest.mark.parametrize("n_steps", [1, 2, 31, 32, 33, 173])
def test_a_loop_of_gradient_descent_is_the_run_of_gd(lr: float, n_steps: int) -> None:
    problem = smooth()
    own = lrbench.run(problem, solvers="gd", lr0=lr, iterations=n_steps)
    pb = lrbench.load_problem(problem)
    result = recorded(pb, descent(pb, [lr] * n_steps), lr=lr)
    run = the_run(result)
    assert_same(run, the_run(own))
    for name in ("last", "average", "best"):
        np.testing.assert_allclose(run.iterates[name], the_run(own).iterates[name], rtol=1e-10)
    expected, measured = verdicts(own), verdicts(result)
    assert measured.keys() == {"C2'", *expected}
    for key, verdict in expected.items():
        found = measured[key]
        assert (found.applies, found.bound_verdict, found.order_verdict) == (
            verdict.applies,
            verdict.bound_verdict,
            verdict.order_verdict,
        ), key
        np.testing.assert_allclose(found.bound, verdict.bound, rtol=1e-8, atol=1e-13)
    assert (run.lr0, run.solver.name, run.setting, run.sampling) == (lr, "by-hand", "batch", None)


def test_rates_of_any_kind_are_judged_by_the_theorems_on_any_rates() -> None:
    problem, lr0 = smooth(), 25.0
    pb = lrbench.load_problem(problem)
    w, b = pb.w0, 1.0 / lr0
    iterates, rates = [w], []
    for _ in range(300):
        g = pb.gradient(w)
        b += float(g @ g) / b
        rates.append(1.0 / b)
        w = w - g / b
        iterates.append(w)
    result = recorded(problem, iterates, rates, lr0=lr0)
    own = lrbench.run(problem, solvers="wngrad", lr0=lr0, iterations=300)
    assert_same(the_run(result), the_run(own))
    measured, expected = verdicts(result), verdicts(own)
    assert [*measured] == ["C2'", "C6", "C6'", "C7"]
    for key, verdict in measured.items():
        assert verdict.applies
        assert verdict.bound_verdict == expected[key].bound_verdict == "pass"
        np.testing.assert_allclose(verdict.bound, expected[key].bound, rtol=1e-9)


@dataclass(frozen=True)
class Listed(Solver):
    """Gradient descent with rates in units of lr0 that come within the limits, and leave them."""

    name = "listed"

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> tuple[PerLane, int]:
        return lr0, 0

    def step(self, W: Iterate, state: tuple[PerLane, int], oracle: Oracle) -> Step:
        lr0, t = state
        lr = lr0 * self.factor(t)
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, (lr0, t + 1))

    @staticmethod
    def factor(t: int) -> float:
        """Return the rate of step t: about 0.4, 0.9, 1.2 or 1.9."""
        return (0.4, 1.9, 1.2, 0.9, 1.6, 0.7)[(t // 7 + t // 23) % 6] * (1 + 1e-3 * t)


def test_the_sums_are_those_of_the_engine_whatever_limits_the_rates_pass() -> None:
    problem, n_steps = smooth(), 150
    pb = lrbench.load_problem(problem)
    lr0 = 1.0 / pb.constants.L
    own = the_run(lrbench.run(problem, solvers=[Listed()], lr0=lr0, iterations=n_steps))
    rates = [lr0 * Listed.factor(t) for t in range(n_steps)]
    assert_same(the_run(recorded(pb, descent(pb, rates), rates)), own)
    assert len(set(own.trace["short_from"])) > 5


def test_the_bound_c2_is_that_of_the_iterates_whatever_made_them() -> None:
    problem, rng = smooth(), np.random.default_rng(5)
    pb = lrbench.load_problem(problem)
    w_star: Any = pb.w_star
    iterates = [pb.w0, *(w_star + rng.standard_normal((77, 3)) / np.arange(1, 78)[:, None])]
    result = recorded(problem, iterates)
    verdict = verdicts(result)["C2'"]
    X, y = problem.data.X, problem.y
    L = np.linalg.eigvalsh(X.T @ X / len(y)).max() / 4 + 0.1
    assert abs(pb.constants.L - L) < 1e-9 * L
    slopes, squares = [], []
    for w in iterates:
        g = [
            0.1 * w[j]
            - sum(y_i * x_i[j] / (1 + math.exp(y_i * (x_i @ w))) for x_i, y_i in zip(X, y))  # noqa: B905
            / len(y)
            for j in range(3)
        ]
        slopes.append(sum(g[j] * (w[j] - w_star[j]) for j in range(3)))
        squares.append(sum(g_j**2 for g_j in g))
    for T, bound, metric in zip(verdict.iteration, verdict.bound, verdict.metric, strict=True):
        expected = (math.fsum(slopes[:T]) - math.fsum(squares[:T]) / (2 * L)) / T
        assert bound == pytest.approx(expected, rel=1e-6)
        mean = np.mean(iterates[:T], axis=0)
        assert metric == pytest.approx(pb.value(mean) - pb.constants.f_star, rel=1e-9)
    assert verdict.bound_verdict == "pass"
    assert verdicts(result)["C6"].reason == "the rate of the steps is not known"


@pytest.mark.parametrize("t", [0, 1, 30, 31, 32, 63, 99])
def test_a_step_that_is_none_along_the_gradient_is_noticed(t: int) -> None:
    problem = smooth()
    iterates = [w.copy() for w in descent(lrbench.load_problem(problem), [1.7] * 100)]
    rest = iterates[t + 1] * (1 + 1e-11)
    pb = lrbench.load_problem(problem)
    moved = iterates[: t + 1]
    for _ in range(t, 100):
        moved.append(rest)
        rest = rest - 1.7 * pb.gradient(rest)
    measured = verdicts(recorded(problem, moved, lr=1.7))
    assert measured["C2'"].bound_verdict == "pass"
    assert [*measured] == ["C2'", "C6", "C6'", "C7"]
    for key in ("C6", "C6'", "C7"):
        assert not measured[key].applies
        assert measured[key].reason.startswith(f"step {t} is not lr g: it ends ")


@pytest.mark.parametrize("name", LINEAR)
def test_steps_of_plain_products_are_known_on_every_problem(name: str) -> None:
    """The gradient is that of whole matrices: it differs from the recorder's by rounding."""
    pb = lrbench.load_problem(name)
    problem: Any = pb.prepared.problem
    X, p = problem.data.X, problem.n_penalised
    lr = 1.0 / pb.constants.L if math.isfinite(pb.constants.L) else 0.01
    recorder = lrbench.record(pb, solver="by-hand", lr=lr)
    w = pb.w0
    recorder(w)
    for _ in range(300):
        g = X.T @ problem.loss.derivative((X @ w)[:, None], problem.y)[:, 0] / problem.n_samples
        g[:p] += problem.penalty.gradient(w[:p, None])[:, 0]
        w = w - lr * g
        if problem.penalty.indicator:
            w[:p] = problem.penalty.prox(w[:p, None], np.ones(1))[:, 0]
        recorder(w)
    measured = verdicts(recorder.result())
    assert [v for v in measured.values() if v.bound_verdict == "fail"] == []
    steps = [h for v in measured.values() for h in v.hypotheses if h["name"] == "steps lr g"]
    assert [h["detail"] for h in steps if not h["holds"]] == []
    assert len(steps) > 3


def test_steps_with_momentum_have_no_theorem_on_the_rate() -> None:
    pb = lrbench.load_problem(smooth())
    w = before = pb.w0
    iterates = [w]
    for _ in range(60):
        w, before = w - 0.5 * pb.gradient(w) + 0.8 * (w - before), w
        iterates.append(w)
    measured = verdicts(recorded(pb, iterates, lr=0.5))
    assert [k for k, v in measured.items() if v.applies] == ["C2'"]
    assert measured["C6"].reason.startswith("step 1 is not lr g")


def test_a_loop_in_single_precision_is_measured_and_no_gradient_descent() -> None:
    pb = lrbench.load_problem("logreg")
    w = pb.w0.astype(np.float32)
    iterates = [w]
    for _ in range(50):
        w = (w - np.float32(0.9) * pb.gradient(w)).astype(np.float32)
        iterates.append(w)
    result = recorded(pb, iterates, lr=0.9)
    own = lrbench.run("logreg", solvers="gd", lr0=0.9, iterations=50)
    a, b = (the_run(r).trace["suboptimality"] for r in (result, own))
    np.testing.assert_allclose(a, b, rtol=1e-4)
    assert verdicts(result)["C2'"].applies
    assert "is not lr g" in verdicts(result)["C6"].reason


def test_a_start_rounded_to_single_precision_is_a_start_and_no_w0_of_a_theorem() -> None:
    problem = smooth()
    w = W0.astype(np.float32).astype(float)
    pb = lrbench.load_problem(problem)
    iterates = [w]
    for _ in range(20):
        iterates.append(iterates[-1] - 0.5 * pb.gradient(iterates[-1]))
    measured = verdicts(recorded(problem, iterates, lr=0.5))
    assert measured["C6"].reason == "w_0 is rounded to single precision"
    assert measured["C2'"].bound_verdict == "pass"


def test_a_rate_that_one_call_lacks_is_not_known() -> None:
    pb = lrbench.load_problem(smooth())
    recorder = lrbench.record(pb, solver="by-hand")
    for t, w in enumerate(descent(pb, [0.5] * 9)):
        recorder(w, lr=None if t in (0, 5) else 0.5)
    measured = verdicts(recorder.result())
    assert [*measured] == ["C2'", "C6", "C6'", "C7"]
    assert measured["C6"].reason == "the rate of step 4 is not known"


def test_minibatches_are_those_of_a_seed_and_no_theorem_is_judged() -> None:
    problem = smooth()
    pb = lrbench.load_problem(problem)
    runs = lrbench.run(
        problem, solvers="sgd", lr0=0.3, batch_size=7, iterations=150, seed=11, replicates=2
    )
    for run in runs.problems[0].runs:
        rng, w = pb.minibatch_rng(run.seed), pb.w0
        iterates = [w]
        for _ in range(150):
            w = w - 0.3 * pb.stochastic_gradient(w, rng, 7)
            iterates.append(w)
        result = recorded(pb, iterates, lr=0.3, batch_size=7, seed=run.seed)
        columns = ("objective", "suboptimality_average", "passes", "lr", "distance", "sum_lr")
        assert_same(the_run(result), run, columns)
        measured = the_run(result)
        assert (measured.setting, measured.batch_size, measured.seed) == ("stochastic", 7, run.seed)
        assert np.isnan(measured.trace["regret"][1:]).all()
        (verdict,) = result.problems[0].verdicts
        assert (verdict.theorem, verdict.applies) == ("C2'", False)
        assert "the gradients of minibatches do not show in the iterates" in verdict.reason


def test_projected_steps_are_those_of_gd_in_the_ball() -> None:
    problem = smooth()
    radius = 1.05 * np.linalg.norm(lrbench.load_problem(problem).w_star - W0)

    def project(w: Vector) -> Vector:
        length = np.linalg.norm(w - W0)
        return w if length <= radius else W0 + (w - W0) * (radius / length)

    pb = lrbench.load_problem(problem)
    rates = [30.0] * 40
    result = recorded(pb, descent(pb, rates, project), lr=30.0, radius=float(radius))
    own = lrbench.run(problem, solvers="gd", lr0=30.0, iterations=40, radius=float(radius))
    assert_same(the_run(result), the_run(own))
    assert the_run(own).trace["distance"].max() > 0.5 * radius  # the ball was reached
    for key, verdict in verdicts(own).items():
        assert verdicts(result)[key].bound_verdict == verdict.bound_verdict, key


def test_steps_in_a_box_are_projected_and_an_iterate_outside_is_refused() -> None:
    problem = smooth(penalty=Box(lower=-0.9, upper=1.2))
    pb = lrbench.load_problem(problem)
    rates = [2.5] * 30
    iterates = [w.copy() for w in descent(pb, rates, lambda w: np.clip(w, -0.9, 1.2))]
    result = recorded(pb, iterates, lr=2.5)
    own = lrbench.run(problem, solvers="gd", lr0=2.5, iterations=30)
    assert_same(the_run(result), the_run(own))
    assert verdicts(result)["C4"].bound_verdict == verdicts(own)["C4"].bound_verdict == "pass"
    recorder = lrbench.record(pb, solver="by-hand", lr=2.5)
    iterates[13] = np.array([0.0, -0.95, 0.0])
    with pytest.raises(
        UsageError, match=r"step 13 is outside of the constraint of small, by 0\.05"
    ):
        record_all(recorder, iterates)
    for _ in range(100):  # it is refused from then on, whatever follows
        with pytest.raises(UsageError, match="step 13 is outside"):
            recorder(W0)
    with pytest.raises(UsageError, match="step 13 is outside"):
        recorder.result()


def test_an_iterate_outside_of_the_ball_is_refused() -> None:
    pb = lrbench.load_problem(smooth())
    radius = 1.1 * float(np.linalg.norm(pb.w_star - W0))
    recorder = lrbench.record(pb, solver="by-hand", radius=radius)
    recorder(W0)
    recorder(W0 + np.array([0.0, radius * (1 - 1e-12), 0.0]))
    with pytest.raises(UsageError, match="step 2 is outside of the constraint"):
        recorder(W0 + np.array([0.0, 1.2 * radius, 0.0]))


def test_one_iterate_in_several_steps_has_rows_and_no_average() -> None:
    problem = smooth()
    pb = lrbench.load_problem(problem)
    iterates = [w.copy() for w in descent(pb, [0.9] * 170)]
    full = the_run(recorded(pb, iterates, lr=0.9, checkpoints_per_decade=1000)).trace
    sparse = recorded(pb, iterates[::5], lr=0.9, every=5)
    run = the_run(sparse)
    assert (run.status, run.status_at) == (Status.COMPLETED, 170)
    T = run.trace["iteration"]
    assert set(T) <= set(range(0, 171, 5))
    assert {0, 5, 10, 20, 50, 100, 170} <= set(T)
    rows = np.searchsorted(full["iteration"], T)
    for name in ("passes", "objective", "grad_norm_sq", "distance"):
        a, b = run.trace[name], full[name][rows]
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-30, err_msg=name)
    for name in ("suboptimality_average", "regret", "sum_lr", "distance_max"):
        assert np.isnan(run.trace[name]).all()
    assert verdicts(sparse)["C2'"].reason == "one iterate in 5 is recorded"
    assert sorted(run.iterates) == ["best", "last"]


def test_without_certificates_only_rows_are_evaluated() -> None:
    pb = lrbench.load_problem(smooth())
    iterates = [w.copy() for w in descent(pb, [0.9] * 100)]
    full, brief = (recorded(pb, iterates, lr=0.9, certificates=c) for c in (True, False))
    columns = ("suboptimality", "suboptimality_average", "grad_norm_sq", "distance_max", "sum_lr")
    assert_same(the_run(brief), the_run(full), columns)
    assert np.isnan(the_run(brief).trace["regret"][1:]).all()
    (verdict,) = brief.problems[0].verdicts
    assert verdict.reason == "certificates=False"


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("t", [0, 1, 2, 17, 34, 70])
@pytest.mark.parametrize("batch_size", [None, 4])
def test_an_iterate_that_is_not_finite_is_a_run_that_diverged(
    value: float, t: int, batch_size: int | None
) -> None:
    pb = lrbench.load_problem(smooth())
    recorder = lrbench.record(pb, solver="by-hand", lr=0.4, batch_size=batch_size)
    for k, w in enumerate(descent(pb, [0.4] * 100)):
        if k < t or k == 0:
            recorder(w)
        else:
            recorder(np.where([False, True, False], value, w))
    run = the_run(recorder.result())
    assert (run.status, run.status_at) == (Status.DIVERGED, max(t, 1))
    assert recorder.ended is Status.DIVERGED
    assert run.trace["iteration"][-1] < max(t, 1)
    assert np.isfinite(run.trace["objective"]).all()
    for verdict in recorder.result().problems[0].verdicts:  # the loop is at fault, no theorem
        assert verdict.bound_verdict in ("pass", "vacuous", "none")


@pytest.mark.parametrize("lr", [3.0e9, 1.0e160])
def test_an_overflow_of_gradient_descent_ends_where_the_run_of_gd_ends(lr: float) -> None:
    problem = linear_problem("squared", 20, 3, w0=W0, seed=4)
    own = lrbench.run(problem, solvers="gd", lr0=lr, iterations=60)
    pb = lrbench.load_problem(problem)
    with np.errstate(all="ignore"):
        result = recorded(pb, descent(pb, [lr] * 60), lr=lr)
    assert the_run(own).status is Status.DIVERGED
    assert_same(the_run(result), the_run(own), ("iteration", "objective", "grad_norm_sq"))
    for key, verdict in verdicts(own).items():
        assert verdicts(result)[key].bound_verdict == verdict.bound_verdict, key


def test_a_run_ends_at_the_target_and_what_follows_is_ignored() -> None:
    problem = smooth()
    own = lrbench.run(problem, solvers="gd", lr0=0.5, iterations=100, target="3%")
    pb = lrbench.load_problem(problem)
    recorder = lrbench.record(pb, solver="by-hand", lr=0.5, target="3%")
    calls = 0
    for w in descent(pb, [0.5] * 100):
        calls += recorder.ended is None
        recorder(w)
    assert the_run(own).status is Status.REACHED_TARGET
    assert calls == the_run(own).status_at + 1
    assert_same(the_run(recorder.result()), the_run(own))
    assert recorder.result().problems[0].header == own.problems[0].header


@pytest.mark.parametrize("target", ["loss=0.45", "accuracy=80%"])
def test_a_loop_ends_at_a_loss_or_an_accuracy_as_a_run_does(target: str) -> None:
    spec = with_overrides(load_spec("logreg"), test=0.3)
    with pytest.raises(UsageError, match=r"loss=0\.05 is below the minimum of logreg"):
        lrbench.record(spec, solver="by-hand", target="loss=0.05")
    own = lrbench.run(spec, solvers="gd", lr0=0.7, iterations=60, target=target)
    recorder = lrbench.record(spec, solver="by-hand", lr=0.7, target=target)
    for w in descent(recorder.problem, [0.7] * 60):
        recorder(w)
    assert the_run(own).status is Status.REACHED_TARGET
    assert the_run(recorder.result()).status_at == the_run(own).status_at > 0
    header = recorder.result().problems[0].header
    assert (header.target, header.target_measure) == (
        own.problems[0].header.target,
        own.problems[0].header.target_measure,
    )


def test_a_loop_in_the_variables_of_a_normalisation() -> None:
    form = "weight-norm[seed=4]"
    problem = lrbench.load_problem("logreg", reparam=form)
    assert problem.n_features == 31
    own = lrbench.run(
        with_overrides(load_spec("logreg"), reparam=form), solvers="gd", lr0=0.9, iterations=12
    )
    recorder = lrbench.record(problem, solver="by-hand", lr=0.9)
    with pytest.raises(UsageError, match="the first iterate is not w_0 of logreg") as refused:
        recorder(np.ones(31))
    assert "load_problem(…, reparam='weight-norm[seed=4]').w0" in refused.value.hint
    for w in descent(problem, [0.9] * 12):
        recorder(w)
    assert_same(the_run(recorder.result()), the_run(own))
    with pytest.raises(UsageError, match="was made in Python"):
        lrbench.load_problem(smooth(), reparam=form)
    with pytest.raises(UsageError, match="no reparametrisation 'layer-norm'"):
        lrbench.load_problem("logreg", reparam="layer-norm")


@pytest.mark.parametrize("options", [{"lr": 0.8}, {"batch_size": 4}, {"every": 3}], ids=str)
def test_a_result_that_is_asked_for_along_the_run_changes_no_bit(options: dict[str, Any]) -> None:
    """The iterates of the result are evaluated with others than where nobody asks for it."""
    pb = lrbench.load_problem("logreg")
    iterates = [w.copy() for w in descent(pb, [0.8] * 90)]
    once = recorded(pb, iterates, **options)
    recorder = lrbench.record(pb, solver="by-hand", **options)
    every = options.get("every", 1)
    for t, w in enumerate(iterates):
        recorder(w)
        if t in (0, 3, 33, 89):
            assert the_run(recorder.result()).status_at == every * t
            assert the_run(recorder.result()).trace["iteration"][-1] == every * t
    run = the_run(recorder.result())
    for name in {*run.trace} - {"seconds"}:
        np.testing.assert_array_equal(run.trace[name], the_run(once).trace[name], err_msg=name)
    for name, w in run.iterates.items():
        np.testing.assert_array_equal(w, the_run(once).iterates[name])
    assert [plain(v) for v in recorder.result().problems[0].verdicts] == [
        plain(v) for v in once.problems[0].verdicts
    ]


def test_what_a_step_costs_is_what_the_user_says() -> None:
    pb = lrbench.load_problem(smooth())

    def passes(*costs: float | None, **options: Any) -> list[float]:
        recorder = lrbench.record(pb, solver="by-hand", **options)
        for t, w in enumerate(descent(pb, [0.8] * len(costs))):
            recorder(w, passes=None if t == 0 else costs[t - 1])
        return [*the_run(recorder.result()).trace["passes"]]

    assert passes(None, None) == [0, 1, 2]
    assert passes(None, 2.5, None) == [0, 1, 3.5, 4.5]
    assert passes(None, 0, passes_per_step=2) == [0, 2, 2]
    assert passes(None, None, batch_size=6) == pytest.approx([0, 0.2, 0.4])
    assert passes(None, None, batch_size=6, every=5) == pytest.approx([0, 1, 2])


def test_a_recorded_run_stands_beside_others(tmp_path: Path) -> None:
    pb = lrbench.load_problem("log-spectrum")
    own = lrbench.run("log-spectrum", solvers=["wngrad", "gd"], lr0="1/L", iterations=40)
    recorder = lrbench.record(pb, solver="by-hand[beta=0.5]", lr="1/L")
    lr = 1.0 / pb.constants.L
    for w in descent(pb, [lr] * 40):
        recorder(w)
    joined = recorder.result(beside=own)
    (problem,) = joined.problems
    assert [str(r.solver) for r in problem.runs] == [
        "wngrad[order=current]",
        "sgd",
        "by-hand[beta=0.5]",
    ]
    assert problem.runs[:2] == own.problems[0].runs
    alone = recorder.result()
    assert [v for v in problem.verdicts if v.solver.name == "by-hand"] == [
        *alone.problems[0].verdicts
    ]
    own.save(tmp_path / "own.json")
    loaded = recorder.result(beside=Result.load(tmp_path / "own.json"))
    assert loaded.to_json() == joined.to_json()
    with pytest.raises(UsageError, match=r"the result has a run of by-hand\[beta=0.5\], lr0"):
        recorder.result(beside=joined)
    with pytest.raises(UsageError, match="no runs on log-spectrum"):
        recorder.result(beside=lrbench.run("logreg", solvers="gd", iterations=2))


def test_what_the_recorder_computes_is_off_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = smooth()
    pb = lrbench.load_problem(problem)
    iterates = [w.copy() for w in descent(pb, [0.8] * 40)]
    recorder = lrbench.record(pb, solver="by-hand", lr=0.8)
    now = [0.0]

    def evaluate(self: Any, *args: Any, **options: Any) -> Any:
        now[0] += 1000.0
        return evaluated(self, *args, **options)

    evaluated = type(problem).value_and_gradient
    monkeypatch.setattr(type(problem), "value_and_gradient", evaluate)
    monkeypatch.setattr(meter, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    for t, w in enumerate(iterates):
        now[0] += t  # step t - 1 takes t seconds
        recorder(w)
        recorder.result()
    run = the_run(recorder.result())
    T = run.trace["iteration"]
    np.testing.assert_allclose(run.trace["seconds"], T * (T + 1) / 2, rtol=1e-9)
    assert run.evaluation_seconds >= 1000.0


def test_the_file_of_a_recorded_run_is_that_of_any_run(tmp_path: Path) -> None:
    pb = lrbench.load_problem(smooth())
    iterates = [w.copy() for w in descent(pb, [0.8] * 50)]
    for options in ({}, {"lr": 0.8}, {"batch_size": 3}, {"every": 3}, {"timed": False}):
        result = recorded(pb, iterates, **options)
        path = tmp_path / "r.json"
        result.save(path, force=True)
        Draft202012Validator(json.loads(SCHEMA.read_text())).validate(json.loads(path.read_text()))
        again = Result.load(path)
        assert again.to_json() == result.to_json()
        seconds = the_run(result).trace["seconds"]
        assert np.isnan(seconds).all() if "timed" in options else (np.diff(seconds) >= 0).all()
    assert lrbench.check(result, expect="bound[theorem=C2'] = pass").passed


def test_a_minimum_that_an_iterate_refutes_is_refused() -> None:
    pb = lrbench.load_problem(smooth())
    f_star = 0.9 * pb.value(W0)
    stated = lrbench.load_problem(pb.source, f_star=f_star)
    for recorder in (
        lrbench.record(pb.source, solver="by-hand", f_star=f_star),
        lrbench.record(pb, solver="by-hand", f_star=f_star),
        lrbench.record(stated, solver="by-hand"),
    ):
        with pytest.raises(RefutedError, match="below f_star="):
            record_all(recorder, descent(pb, [2.0] * 50))


@pytest.mark.parametrize("name", sorted({*SOLVERS, "gd", "GD", "nag", "WNGrad", "torch:x"}))
def test_a_recorded_loop_is_not_taken_for_a_solver_of_lrbench(name: str) -> None:
    with pytest.raises(UsageError, match="is a solver that lrbench runs itself") as refused:
        lrbench.record("logreg", solver=name)
    assert "give the loop a name of its own" in refused.value.hint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": ""}, "has no name"),
        ({"solver": 3}, "3 is not a text"),
        ({"lr": -1}, "lr=-1: -1 is not a positive number"),
        ({"lr": [0.1, 0.2]}, "2 rates are given"),
        ({"lr0": "1,2"}, "2 initial learning rates are given"),
        ({"batch_size": 0}, "batch_size=0 is not a whole number"),
        ({"batch_size": 31}, "batch_size=31 is more than the 30 samples"),
        ({"every": 0}, "every=0 is not a whole number"),
        ({"every": 1.5}, "every=1.5 is not a whole number"),
        ({"passes_per_step": 0}, "passes_per_step= is 0, not a positive number"),
        ({"radius": 1e-3}, "leaves out the minimiser"),
        ({"target": "x"}, "target"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        lrbench.record(smooth(), **{"solver": "by-hand", **options})


def test_a_wrong_call_is_refused_and_records_nothing() -> None:
    recorder = lrbench.record(smooth(), solver="by-hand")
    with pytest.raises(UsageError, match="nothing was recorded"):
        recorder.result()
    with pytest.raises(UsageError, match="the first iterate is not w_0 of small: it is 1"):
        recorder(np.zeros(3))
    with pytest.raises(UsageError, match="lr is given with w_0"):
        recorder(W0, lr=0.1)
    with pytest.raises(UsageError, match="passes is given with w_0"):
        recorder(W0, passes=1)
    recorder(W0)
    for wrong, message in (
        ({"lr": -0.1}, "lr -0.1 is not a number >= 0"),
        ({"lr": math.nan}, "lr nan is not a number"),
        ({"passes": "many"}, "passes 'many' is not a number"),
    ):
        with pytest.raises(UsageError, match=message):
            recorder(W0, **wrong)
    with pytest.raises(UsageError, match="shape"):
        recorder(np.zeros(4))
    run = the_run(recorder.result())
    assert (run.status, run.status_at, len(run.trace["iteration"])) == (Status.COMPLETED, 0, 1)


def test_seeds_of_one_name_are_not_judged_by_the_first_of_them() -> None:
    """The second one claims steps of 1/L, and takes others: alone it says so."""
    pb = lrbench.load_problem("logreg")
    results = []
    for seed, factor in enumerate((1.0, 0.01)):
        recorder = lrbench.record(pb, solver="mine", lr="1/L", seed=seed)
        w = pb.w0
        recorder(w)
        for _ in range(30):
            w = w - factor / pb.constants.L * pb.gradient(w)
            recorder(w)
        results.append(recorder)
    first = results[0].result()
    assert any(v.bound_verdict == "pass" for v in first.problems[0].verdicts)
    (problem,) = results[1].result(beside=first).problems
    assert [run.seed for run in problem.runs] == [0, 1]
    assert {v.bound_verdict for v in problem.verdicts} == {"none"}
    stochastic = lrbench.record(pb, solver="mine", lr="1/L", seed=7, batch_size=5)
    stochastic(pb.w0)
    with pytest.raises(UsageError, match="with other batches"):
        stochastic.result(beside=first)


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "a\x1b[31mb", "a\0b"])
def test_a_name_of_several_lines_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be printed"):
        lrbench.record("log-spectrum", solver=name)


@pytest.mark.parametrize("flag", ["certificates", "timed"])
def test_flags_are_true_or_false(flag: str) -> None:
    for value in (3, None, "yes", 0.0):
        options: dict[str, Any] = {flag: value}
        with pytest.raises(UsageError, match=f"{flag} is .*neither True nor False"):
            lrbench.record("log-spectrum", solver="mine", **options)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_a_loop_in_half_precision_starts_from_w0_as_it_has_it(kind: str) -> None:
    torch = pytest.importorskip("torch")
    recorder = lrbench.record(smooth(), solver="mine", lr=0.1)
    rounded = torch.from_numpy(W0).to(getattr(torch, kind))
    assert not np.array_equal(rounded.double().numpy(), W0)
    recorder(rounded)
    recorder(rounded * 0.5)
    reasons = {v.theorem: v.reason for v in recorder.result().problems[0].verdicts}
    assert reasons["C6"] == "w_0 is rounded to half precision"
    with pytest.raises(UsageError, match="the first iterate is not w_0"):
        lrbench.record(smooth(), solver="mine")(rounded * 1.02)


@pytest.mark.parametrize("target", [0.5, "5%"])
def test_without_a_minimum_the_target_can_be_left_out(target: Any) -> None:
    with pytest.raises(UsageError, match=r"f\* of \S+ is not known") as refused:
        lrbench.record("mlp-digits-bn", solver="mine", lr=0.1, target=target)
    assert refused.value.hint.endswith("or leave the target out.")
    assert "sweep" not in refused.value.hint
    lrbench.record("mlp-digits-bn", solver="mine", lr=0.1)
