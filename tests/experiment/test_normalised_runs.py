"""Runs on normalised problems: gradient descent is WNGrad on the sphere, and what else follows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Invoke

import lrbench
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.network.normalised import NormalisedProblem
from lrbench.problem_files import ProblemSpec, build_problem, load_spec, with_overrides
from lrbench.results import Run
from lrbench.solvers.build import build_solver
from lrbench.solvers.sgd import SGD
from lrbench.solvers.wngrad import WNGrad

SPHERE = "wngrad[order=lagged,sphere=true]"

RATES = [0.1, 1.0, 100.0]


def spec_of(form: str, **changes: Any) -> ProblemSpec:
    return with_overrides(load_spec("logreg"), reparam=form, **changes)


def runs_of(spec: ProblemSpec, solvers: Any, **options: Any) -> list[Run]:
    problem = lrbench.run(spec, solvers=solvers, **options).problems[0]
    assert [run.error for run in problem.runs if run.error] == []
    return [*problem.runs]


@pytest.mark.parametrize("batch_size", [None, 32])
@pytest.mark.parametrize(
    ("form", "intercept"),
    [
        ("weight-norm[scale=fixed,gamma=8.9]", False),
        ("weight-norm[scale=fixed,gamma=8.9,gamma_lr=1]", True),
        ("batch-norm[scale=fixed,gamma=3,gamma_lr=0.5]", False),
    ],
)
def test_gradient_descent_is_wngrad_on_the_sphere(
    form: str, intercept: bool, batch_size: int | None
) -> None:
    runs = runs_of(
        spec_of(form, intercept=intercept),
        ["gd", SPHERE],
        lr0=RATES,
        batch_size=batch_size,
        iterations=200,
    )
    for gd, other in zip(runs[:3], runs[3:], strict=True):
        assert gd.lr0 is not None
        np.testing.assert_allclose(gd.trace["v_norm_sq"] / gd.lr0, other.trace["b"], rtol=1e-13)
        np.testing.assert_allclose(other.trace["v_norm_sq"], 1.0, rtol=1e-14)
        np.testing.assert_allclose(gd.trace["objective"], other.trace["objective"], rtol=1e-9)
        np.testing.assert_allclose(
            other.trace["growth"], other.trace["b"] - 1 / gd.lr0, rtol=1e-7, atol=1e-12
        )


@pytest.mark.parametrize("form", ["weight-norm", "weight-norm[gamma_lr=0.7]", "batch-norm"])
@pytest.mark.parametrize("batch_size", [None, 32])
def test_with_gamma_learned_every_step_from_a_common_state_is_the_same(
    form: str, batch_size: int | None
) -> None:
    """Over many steps gamma may amplify rounding, at a rate at which it is not stable."""
    problem = build_problem(spec_of(form, intercept=True))
    assert isinstance(problem, NormalisedProblem)
    p, lr0 = problem.n_weights, np.array(RATES)
    batches = (
        [] if batch_size is None else [Minibatches(problem.n_samples, batch_size, "reshuffle", 4)]
    )
    samplers = [problem.sampler(None, None, batches) for _ in range(2)]
    gd, sphere = SGD(), WNGrad(order="lagged", sphere=True)
    W = samplers[0].iterates.start(3)
    samplers[1].iterates.start(3)
    state = gd.init(W, lr0, {})
    oracles = [sampler.oracles(lambda W, gradient: None) for sampler in samplers]
    for _ in range(60):
        length = np.linalg.norm(W[:p], axis=0)
        on_sphere = W.copy()
        on_sphere[:p] /= length
        of_sphere = sphere.init(on_sphere, lr0, {"n_invariant": p})._replace(b=length**2 / lr0)
        oracle, other = (next(each) for each in oracles)
        oracle.begin(W)
        other.begin(on_sphere)
        W, _, state = gd.step(W, state, oracle)
        moved, lr, of_sphere = sphere.step(on_sphere, of_sphere, other)
        np.testing.assert_allclose(lr, lr0 / length**2, rtol=1e-14)
        after = np.linalg.norm(W[:p], axis=0)
        np.testing.assert_allclose(of_sphere.b, after**2 / lr0, rtol=1e-14)
        np.testing.assert_allclose(moved[:p], W[:p] / after, rtol=0, atol=1e-14)
        np.testing.assert_allclose(moved[p:], W[p:], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("solver", ["gd", "wngrad", "adagrad-norm", "heavy-ball", "adam", "svrg"])
@pytest.mark.parametrize("batch_size", [None, 32])
def test_gamma_and_beta_have_their_own_rate(solver: str, batch_size: int | None) -> None:
    rate, form = 0.37, "weight-norm[gamma_lr=0.37]"
    problem = build_problem(spec_of(form, start="normal", intercept=True))
    assert isinstance(problem, NormalisedProblem)
    p = problem.n_weights
    batches = (
        [] if batch_size is None else [Minibatches(problem.n_samples, batch_size, "reshuffle", 4)]
    )
    sampler = problem.sampler(None, None, batches, dense_iterates=True)
    W = sampler.iterates.start(2)
    oracle = next(iter(sampler.oracles(lambda W, gradient: None)))
    oracle.begin(W)
    samples: Any = slice(None) if oracle.index is None else oracle.index
    rule, _ = build_solver(solver)
    state = rule.init(W, np.array([0.1, 3.0]), {})
    before = W.copy()
    after, *_ = rule.step(W, state, oracle)
    # Of the linear model, in plain NumPy: the derivative in gamma is <u, G>, that in beta is G_b.
    X, y = problem.data.X[samples], problem.y[samples]
    u, gamma, beta = before[:p, 0], before[p, 0], before[p + 1, 0]
    u = u / np.linalg.norm(u)
    w = np.append(gamma * u, beta)
    G = X.T @ (-y / (1 + np.exp(y * (X @ w)))) / len(y)
    G[:p] += problem.plain.penalty.curvature * w[:p]
    expected = [gamma - rate * (u @ G[:p]), beta - rate * G[p]]
    for lane in range(2):
        np.testing.assert_allclose(after[p:, lane], expected, rtol=1e-12)
    assert (after[:p] != before[:p]).all()


def test_the_rule_sees_v_alone_where_gamma_has_its_own_rate() -> None:
    (run,) = runs_of(spec_of("weight-norm[gamma_lr=1,seed=2]"), ["adagrad-norm"], iterations=1)
    # At gamma = 0 the gradient in v is 0, so that b stays, and gamma alone moves.
    assert run.trace["b"][1] == run.trace["b"][0] == 1.0
    assert run.trace["v_norm_sq"][1] == pytest.approx(1.0, rel=1e-15)
    assert run.trace["objective"][1] < run.trace["objective"][0]
    assert run.trace["min_grad_norm_sq"][1] == pytest.approx(run.trace["grad_norm_sq"][0])


@pytest.mark.parametrize("form", ["weight-norm", "batch-norm"])
def test_the_minimum_is_that_of_the_linear_problem(form: str) -> None:
    plain = lrbench.load_problem(spec_of("none", intercept=form == "batch-norm")).prepared
    normalised = lrbench.load_problem(spec_of(form)).prepared
    assert normalised.constants.f_star == plain.constants.f_star
    assert normalised.constants.f_star_error == plain.constants.f_star_error
    assert normalised.constants.delta0 == pytest.approx(plain.constants.delta0, rel=1e-13)
    assert not normalised.constants.attained
    assert np.isinf(normalised.constants.L)


def test_a_fixed_scale_has_no_minimum() -> None:
    constants = lrbench.load_problem(spec_of("weight-norm[scale=fixed]")).prepared.constants
    assert np.isnan(constants.f_star)
    assert constants.f_star_obstacle == "gamma is fixed"


def test_what_holds_of_any_run_speaks_and_nothing_else() -> None:
    result = lrbench.run(
        spec_of("weight-norm"), solvers=["wngrad", "adagrad-norm", "gd"], iterations=50
    )
    assert {v.theorem for v in result.problems[0].verdicts if v.applies} == {"C1", "C3a"}
    stochastic = lrbench.run(
        spec_of("batch-norm"), solvers=["wngrad"], batch_size=16, iterations=50, replicates=2
    )
    details = {h["detail"] for v in stochastic.problems[0].verdicts for h in v.hypotheses}
    assert "batch norm: the mean and the deviation are the minibatch's" in details


@pytest.mark.parametrize("normalised", ["--reparam", "--set"])
def test_a_minibatch_without_a_deviation_ends_the_runs_of_its_seed_alone(
    normalised: str, tmp_path: Path, invoke: Invoke
) -> None:
    # Few features, on which the lanes of all seeds go together, and rows that are often equal.
    rng = np.random.default_rng(6)
    rows = [f"{k % 2} 1:{1 + k % 5 * 0.3:.2f} 2:{1.5 + k % 3 * 0.7:.2f}" for k in range(40)]
    rows += [f"1 1:{a:.3f} 2:{b:.3f}" for a, b in rng.random((40, 2))]
    file = tmp_path / "rows.svm"
    file.write_text("\n".join(rows))
    problem: tuple[str, ...] = ("-d", str(file), "--reparam", "batch-norm")
    if normalised == "--set":
        problem = ("-p", "mlp-digits-bn", "-d", str(file), "--set", "model.hidden=[3]")
    command = (*("run", *problem, "-s", "gd", "--lr0", "1e-3,0.01", "--batch-size", "2"), "-q")
    done = invoke(*command, "-r", "6", "-n", "30", "--format", "json")
    assert done.code == 0, done.err
    runs = json.loads(done.out)["problems"][0]["runs"]
    statuses = [{r["status"] for r in runs if r["seed"] == seed} for seed in range(6)]
    assert {"diverged"} in statuses
    assert any("diverged" not in of_seed for of_seed in statuses)
    lost = statuses.index({"diverged"})
    page = invoke(*command, "--seed", str(lost), "-n", "30").out
    said = " ".join(page.split("Summary")[1].split())
    assert "Every run diverged; where all samples of a minibatch score alike" in said
    assert "--batch-size, or --sampling reshuffle" in said
    swept = invoke("sweep", *command[1:], "--seed", str(lost), "-n", "30", "--target", "loss=0.45")
    assert "--batch-size, or --sampling reshuffle" in " ".join(swept.out.split())


def test_weights_that_are_saved_are_those_of_the_linear_problem(tmp_path: Path) -> None:
    result = lrbench.run(spec_of("batch-norm", test=0.2), solvers=["gd"], iterations=100)
    run = result.save_weights(tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as saved:
        W, objective = saved["W"], saved["objective"]
    plain = build_problem(spec_of("none", intercept=True, test=0.2))
    assert plain.value(W[:, None])[0] == pytest.approx(float(objective), rel=1e-13)
    held_out = plain.measures(W[:, None])["test_loss"][0]
    assert run.trace["test_loss"][-1] == pytest.approx(held_out, rel=1e-12)


@pytest.mark.parametrize("batch_size", [None, 32])
def test_workers_and_stores_give_the_same_runs(batch_size: int | None, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "solvers": ["gd", "adagrad-norm"],
        "lr0": "0.1:10:3",
        "batch_size": batch_size,
        "iterations": 40,
        "replicates": 1 if batch_size is None else 3,
        "target": "5%",
    }
    spec = spec_of("weight-norm[gamma_lr=1]")
    whole = lrbench.sweep(spec, jobs=1, **options).problems[0]
    kept = [
        lrbench.sweep(spec, jobs=2, store=tmp_path / "cells.sqlite", **options).problems[0]
        for _ in range(2)
    ]
    other = lrbench.sweep(
        spec_of("weight-norm[gamma_lr=2]"), jobs=1, store=tmp_path / "cells.sqlite", **options
    ).problems[0]
    for problem in kept:
        for run, of_whole in zip(problem.runs, whole.runs, strict=True):
            np.testing.assert_array_equal(run.trace["objective"], of_whole.trace["objective"])
    assert (other.runs[0].trace["objective"] != whole.runs[0].trace["objective"]).any()


def test_the_page_shows_both_numbers_of_gradient_descent_alone(invoke: Invoke) -> None:
    common = ("run", "-p", "logreg", "--reparam", "weight-norm[scale=fixed,gamma=8.9]", "-n", "50")
    out = invoke(*common, "-s", "gd,heavy-ball", "-s", SPHERE, "--lr0", "0.1,100").out
    _, _, block = out.partition("|v_T|^2/lr0 of gd beside b_T of wngrad[order=lagged,sphere=true]")
    lines = block.split("Summary")[0].splitlines()
    rows = [line.split() for line in lines if line.strip()[:1].isdigit()]
    assert [row[:2] for row in rows] == [["0.1", "50"], ["100", "50"]]
    assert all(row[2] == row[3] and float(row[4]) <= 1e-13 for row in rows)
    out = invoke(*common, "-s", "heavy-ball,sgd-sqrt,adam", "-s", SPHERE).out
    assert "beside b_T" not in out
    saved = invoke(*common, "-s", "gd", "-s", SPHERE, "--format", "json").out
    assert '"reparametrisation": "weight-norm[scale=fixed,gamma=8.9]"' in saved


@pytest.mark.parametrize(
    ("options", "says", "hint"),
    [
        (
            ("-s", "fista"),
            "fista needs a convex F with a penalty of the iterate itself",
            "leave the solver out",
        ),
        (("--strict", "-s", "gd"), "--strict has nothing to judge", "leave --strict out"),
        (("--batch-size", "1"), "--batch-size 1 has no deviation", "give 2 or more"),
        (("--penalty", "ball"), "batch-norm and the ball", "take another penalty"),
        (("--radius", "3"), "v has minimisers of every length", "leave --radius out"),
    ],
)
def test_what_has_no_meaning_is_refused_before_the_run(
    options: tuple[str, ...], says: str, hint: str, invoke: Invoke
) -> None:
    refused = invoke("run", "-p", "logreg", "--reparam", "batch-norm", *options)
    assert (refused.code, refused.out) == (2, "")
    error, suggestion = refused.err.splitlines()
    assert says in error
    assert hint in suggestion


def test_a_sphere_needs_a_normalised_problem(invoke: Invoke) -> None:
    refused = invoke("run", "-p", "logreg", "-s", SPHERE)
    assert refused.code == 2
    assert "of whose length F does not depend" in refused.err
    assert "give --reparam weight-norm[scale=fixed]." in refused.err
    refused = invoke("run", "-p", "mlp-digits", "-s", SPHERE)
    assert "a network has scope=row with order=lagged instead." in refused.err
    assert invoke("run", "-p", "logreg", "-s", "wngrad[sphere=true]").code == 2


def test_a_check_makes_a_baseline_from_a_moved_start(tmp_path: Path, invoke: Invoke) -> None:
    config = tmp_path / "lrbench.toml"
    config.write_text(
        '[[check]]\nname = "normalised"\nproblem = "logreg"\nreparam = "weight-norm"\n'
        'solver = ["gd", "wngrad"]\nlr0 = "1"\niterations = 200\nbaseline = true\n'
        'expect = ["suboptimality <= 0.1"]\n',
        encoding="utf-8",
    )
    check = ("check", "--config", str(config))
    made = invoke(*check, "--update-baseline", "normalised")
    assert made.code == 0, made.err
    assert invoke(*check).code == 0
    text = config.read_text(encoding="utf-8").replace('"weight-norm"', '"weight-norm[seed=1]"')
    config.write_text(text, encoding="utf-8")
    assert invoke(*check).code != 0


@pytest.mark.slow
def test_normalisation_widens_the_usable_range_of_gradient_descent() -> None:
    """The decades of lr0 at which 1 % of F(w_0) - f* is arrived at, in 1000 steps."""
    L = lrbench.load_problem("logreg").prepared.constants.L
    at_least = {
        "none": {"gd": 0.75, "wngrad": 2.0, "adagrad-norm": 4.25},
        "weight-norm": {"gd": 2.0},
        f"weight-norm[gamma_lr={1 / L}]": {"gd": 5.0},
        "batch-norm": {"gd": 2.25},
    }
    for form, expected in at_least.items():
        sweep = lrbench.sweep(spec_of(form), solvers=[*expected], jobs=1).problems[0].sweep
        assert sweep is not None
        for solver, decades in zip(sweep.solvers, expected.values(), strict=True):
            assert solver.usable_decades >= decades - 1e-9
            if form == "none" and solver.solver.name != "adagrad-norm":
                assert solver.usable_decades == pytest.approx(decades)
