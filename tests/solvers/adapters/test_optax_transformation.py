"""Transformations of optax as solvers: lanes, values, answers, and what surrounds them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import Array, linear_problem, run_healthy, task, walk_along

import lrbench
from lrbench.experiment.store.keys import source_of
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.plugins import packed
from lrbench.results import Status
from lrbench.solvers.adapters import base
from lrbench.solvers.base import Solver
from lrbench.solvers.build import build_solver, solver_class

optax = pytest.importorskip("optax")
jax = pytest.importorskip("jax")

RATES = np.array([0.02, 0.31, 0.07])

FUNCTION = '''\
import optax


def clipped(learning_rate, max_norm=1.0, shifts=(0.5, 2)):
    """SGD with clipped gradients."""
    if max_norm == 13:
        raise ArithmeticError("no luck")
    return optax.chain(optax.clip_by_global_norm(max_norm), optax.sgd(learning_rate))
'''


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with a transformation of the user."""
    path = tmp_path / "my_tx.py"
    path.write_text(FUNCTION)
    return path


def logistic() -> LinearProblem:
    w0 = np.array([0.3, -0.2, 0.5, 0.1])
    return linear_problem("logistic", 23, 4, weight=0.05, w0=w0, seed=2)


def own_loop(problem: LinearProblem, transformation: Any, steps: int) -> tuple[Array, Any]:
    """Return the iterates of a loop as the users of optax write it, with the gradients of JAX."""
    data: Any = problem.data.X
    with jax.enable_x64(True):
        X, y, w = (jax.numpy.asarray(a) for a in (data, problem.y, problem.w0))

        def F(w: Any) -> Any:
            return jax.nn.softplus(-y * (X @ w)).mean() + 0.025 * (w**2).sum()

        state, out = transformation.init(w), []
        for _ in range(steps):
            value, grad = jax.value_and_grad(F)(w)
            change, state = transformation.update(grad, state, w, value=value, grad=grad)
            w = optax.apply_updates(w, change)
            out.append(np.asarray(w))
    return np.array(out), state


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("amsgrad[b1=0.8]", {"b1": 0.8}),
        ("contrib.prodigy[beta1=0.8,beta2=0.95]", {"betas": (0.8, 0.95)}),
        ("polyak_sgd[f_min=0.1]", {"f_min": 0.1}),
        ("contrib.momo", {}),
        ("contrib.schedule_free_adamw[b1=0.8]", {"b1": 0.8}),
    ],
)
def test_the_iterates_are_those_of_a_loop_in_optax(text: str, arguments: dict[str, Any]) -> None:
    problem = logistic()
    solver, spec = build_solver(f"optax:{text}")
    assert str(spec) == f"optax:{text}"
    seen = [W.copy() for W, *_ in islice(walk_along(problem, solver, RATES), 10)]
    make = optax
    for name in text.partition("[")[0].split("."):
        make = getattr(make, name)
    for k, lr in enumerate(RATES.tolist()):
        expected, _ = own_loop(problem, make(lr, **arguments), 10)
        np.testing.assert_allclose(np.array(seen)[:, :, k], expected, rtol=1e-10, atol=1e-13)


def test_values_are_metered_where_they_are_needed() -> None:
    problem = logistic()
    batch = Minibatches(problem.n_samples, 5, "reshuffle", seed=3)
    for name, values in (("optax:polyak_sgd", 5 * 7), ("optax:sgd", 0)):
        solver, _ = build_solver(name)
        (lane,) = run_healthy(task(problem, solver, [0.1], 7, batch=batch))
        assert lane.trace["sample_values"][-1] == values
        assert lane.trace["sample_gradients"][-1] == 5 * 7


def test_the_answer_is_what_optax_evaluates() -> None:
    problem = logistic()
    solver, _ = build_solver("optax:contrib.schedule_free_sgd[b1=0.8]")
    runs = run_healthy(task(problem, solver, RATES.tolist(), 10))
    for lane, lr in zip(runs, RATES.tolist(), strict=True):
        make = optax.contrib.schedule_free_sgd(lr, b1=0.8)
        W, state = own_loop(problem, make, 10)
        with jax.enable_x64(True):
            x = np.asarray(optax.contrib.schedule_free_eval_params(state, W[-1]))
        expected = float(problem.value(x[:, None])[0])
        assert lane.trace["objective_output"][-1] == pytest.approx(expected, rel=1e-12)
        assert lane.trace["objective"][-1] != pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["optax:adam", "optax:contrib.schedule_free_sgd"])
def test_lanes_that_end_leave_the_others_as_they_were(name: str) -> None:
    problem, (solver, _) = logistic(), build_solver(name)
    rates = [0.02, 0.31, 0.07, 0.11, 0.4, 0.015]
    whole = run_healthy(task(problem, solver, rates, 30))
    target = float(np.median([np.min(lane.trace["suboptimality"]) for lane in whole]))
    ended = run_healthy(task(problem, solver, rates, 30, target=target))
    assert len({len(lane.trace["objective"]) for lane in ended}) > 2
    for one, other in zip(whole, ended, strict=True):
        expected = one.trace["objective"][: len(other.trace["objective"])]
        np.testing.assert_allclose(other.trace["objective"], expected, rtol=1e-12)


def test_parameters_may_have_a_value_for_each_lane() -> None:
    problem, decays = logistic(), [0.5, 0.9, 0.99]
    solver, _ = build_solver("optax:contrib.prodigy")
    together = run_healthy(task(problem, solver, [1.0] * 3, 9, parameters={"beta1": decays}))
    for lane, beta1 in zip(together, decays, strict=True):
        alone, _ = build_solver(f"optax:contrib.prodigy[beta1={beta1}]")
        (expected,) = run_healthy(task(problem, alone, [1.0], 9))
        np.testing.assert_allclose(lane.iterates["last"], expected.iterates["last"], rtol=1e-11)


def test_jax_is_configured_as_it_was() -> None:
    solver, _ = build_solver("optax:adam")
    _, _, state, _ = next(walk_along(logistic(), solver, RATES))
    assert {leaf.dtype for leaf in state.leaves} == {np.dtype("float64"), np.dtype("int32")}
    assert not jax.config.jax_enable_x64
    assert jax.numpy.ones(2).dtype == np.float32


def test_keys_of_random_numbers_are_kept(file: Path) -> None:
    file.write_text(
        "import jax, optax\n"
        "def noisy(learning_rate, seed=3):\n"
        "    noise = optax.add_noise(eta=0.1, gamma=0.5, key=jax.random.key(seed))\n"
        "    return optax.chain(noise, optax.sgd(learning_rate))\n"
    )
    solver, _ = build_solver(f"optax:{file}:noisy")
    first, second = (
        [W.copy() for W, *_ in islice(walk_along(logistic(), solver, RATES), 4)] for _ in range(2)
    )
    without, _ = build_solver("optax:sgd")
    plain = [W.copy() for W, *_ in islice(walk_along(logistic(), without, RATES), 4)]
    noise = (np.array(first) - np.array(plain)) / RATES
    assert np.array_equal(first, second)
    assert np.abs(noise[0]).min() > 1e-4
    np.testing.assert_allclose(noise[0][:, 0], noise[0][:, 1], rtol=1e-10)
    assert not np.allclose(np.diff(noise, axis=0)[0], np.diff(noise, axis=0)[1])


def test_a_function_in_a_file_runs_beside_others(file: Path) -> None:
    name = f"optax:{file}:clipped"
    result = lrbench.run("logreg", solvers=["wngrad", name], lr0=[0.1, 1.0], iterations=8)
    assert [str(r.solver) for r in result.problems[0].runs[2:]] == [name, name]
    assert all(r.status is not Status.FAILED for r in result.problems[0].runs)
    solver, _ = build_solver(f"{name}[max_norm=2,shift2=3]")
    sent = packed(solver)
    file.unlink()
    assert vars(sent.unpacked(Solver))["max_norm"] == 2.0


def test_stored_cells_are_of_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = source_of(solver_class("optax:adam"))
    base.adapted.cache_clear()
    monkeypatch.setattr(base, "_version", lambda package: "7.1" if package == "jax" else "")
    assert source_of(solver_class("optax:adam")) != before
    base.adapted.cache_clear()


REFUSED = [
    ("optax:adem", "there is no 'adem' in optax."),
    ("optax:contrib.dogg", "there is no 'dogg' in optax.contrib."),
    ("optax:nowhere.adam", "nowhere is not installed, and solver optax:nowhere.adam needs it."),
    ("optax:ema", "optax:ema has the argument decay, which has no default."),
    ("optax:adam[b1=x]", "solver optax:adam: b1 cannot be 'x'."),
    (
        "optax:tree_utils",
        "tree_utils is of type module, and no function that makes a transformation of optax.",
    ),
    (
        "optax:constant_schedule",
        "optax:constant_schedule has the argument value, which has no default.",
    ),
    (
        "optax:lbfgs",
        "solver optax:lbfgs: TypeError: scale_by_zoom_linesearch.<locals>.update_fn() missing 1"
        " required keyword-only argument: 'value_fn'.",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_is_no_transformation_is_refused(text: str, message: str) -> None:
    with pytest.raises(lrbench.LrbenchError) as refused:
        build_solver(text)
    assert refused.value.message == message


def test_what_a_function_raises_is_said(file: Path) -> None:
    with pytest.raises(lrbench.LrbenchError, match=r"clipped: ArithmeticError: no luck\.$"):
        build_solver(f"optax:{file}:clipped[max_norm=13]")


def test_what_is_installed_is_listed(invoke: Any) -> None:
    outcome = invoke("list", "solvers", "optax")
    assert outcome.code == 0
    assert {"optax:adam", "optax:contrib.dog"} <= set(outcome.out.split())
    outcome = invoke("list", "solvers", "optax:contrib.dog")
    assert "scale: init_step2" in outcome.out
