"""Parameters of solvers that are out of their range, and those that make one solver another."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from builders import linear_problem, walk_along

from lrbench.errors import UsageError
from lrbench.losses import LOSSES
from lrbench.penalties import PENALTIES
from lrbench.solvers import SOLVERS
from lrbench.solvers.build import build_solver
from lrbench.solvers.wn_adam import WNAdam
from lrbench.solvers.wngrad import WNGrad

REFUSED = [
    ("adam[beta1=1]", "solver adam: beta1 = 1 is not in [0, 1).", "beta1 = 0.9"),
    ("adam[beta2=-0.1]", "solver adam: beta2 = -0.1 is not in [0, 1).", "beta2 = 0.999"),
    ("adam[eps=0]", "solver adam: eps = 0 is not a positive number.", "eps = 1e-08"),
    ("adagrad[eps=-1]", "solver adagrad: eps = -1 is not a positive number.", "eps = 1e-10"),
    ("wn-adam[beta=1.5]", "solver wn-adam: beta = 1.5 is not in [0, 1).", "beta = 0.9"),
    ("adagrad-norm[eta=0]", "solver adagrad-norm: eta = 0 is not a positive number.", "eta = 1"),
    ("armijo[c=1]", "solver armijo: c = 1 is not in (0, 1).", "c = 0.5"),
    ("armijo[rho=0]", "solver armijo: rho = 0 is not in (0, 1).", "rho = 0.5"),
    (
        "adamw[weight_decay=-1]",
        "solver adamw: weight_decay = -1 is not a number >= 0.",
        "weight_decay = 0.01",
    ),
    (
        "outside:lbfgs[memory=2.5]",
        "solver outside:lbfgs: memory = 2.5 is not a whole number >= 1.",
        "memory = 10",
    ),
    (
        "sgd[schedule=poly,power=-1]",
        "solver sgd: power = -1 is not a positive number.",
        "power = 1",
    ),
    ("svrg[length=0]", "solver svrg: length = 0 is not a positive number.", "length = 2"),
]


@pytest.mark.parametrize(("text", "message", "default"), REFUSED)
def test_a_parameter_out_of_range_is_refused(text: str, message: str, default: str) -> None:
    with pytest.raises(UsageError) as refused:
        build_solver(text)
    assert str(refused.value) == message
    assert refused.value.hint == f"leave it out for {default}."


@pytest.mark.parametrize("schedule", ["constant", "sqrt", "linear", "cosine"])
def test_only_a_polynomial_schedule_has_a_power(schedule: str) -> None:
    with pytest.raises(UsageError) as refused:
        build_solver(f"sgd[schedule={schedule},power=2]")
    assert str(refused.value) == f"solver sgd: schedule={schedule} has no power."
    assert refused.value.hint == "leave the power out, or give schedule=poly."


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("sgd", "sgd"),
        ("sgd[schedule=constant]", "sgd"),
        ("sgd[schedule=linear]", "sgd[schedule=linear]"),
        ("sgd[power=2.5,schedule=poly]", "sgd[schedule=poly,power=2.5]"),
    ],
)
def test_a_schedule_is_part_of_the_label(typed: str, label: str) -> None:
    assert str(build_solver(typed)[1]) == label


@pytest.mark.parametrize("value", ["nan", "inf"])
@pytest.mark.parametrize("key", ["adam[beta1=%s]", "adam[eps=%s]", "wn-adam[beta=%s]"])
def test_what_is_no_number_is_refused(key: str, value: str) -> None:
    with pytest.raises(UsageError):
        build_solver(key % value)


def test_wn_adam_without_a_mean_is_wngrad() -> None:
    problem = linear_problem("logistic", 20, 4, w0=np.array([1.0, -1.0, 2.0, 0.5]))
    rates = np.array([0.01, 1.0, 100.0])
    walks = (walk_along(problem, solver, rates) for solver in (WNAdam(beta=0.0), WNGrad()))
    for (W, lr, *_), (V, rate, *_) in itertools.islice(zip(*walks, strict=True), 30):
        np.testing.assert_allclose(W, V, rtol=1e-12)
        np.testing.assert_allclose(lr, rate, rtol=1e-13)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("gd", "sgd"),
        ("GD", "sgd"),
        ("WNGrad", "wngrad"),
        ("WNGrad[order=lagged]", "wngrad"),
        ("wn_adam", "wn-adam"),
        ("AdaGradNorm", "adagrad-norm"),
        ("Adam", "adam"),
        ("AdamW", "adamw"),
        ("momentum", "heavy-ball"),
        ("HeavyBall", "heavy-ball"),
        ("nag", "nesterov"),
        ("sps", "polyak"),
        ("ScheduleFree", "schedule-free"),
        ("outside:LBFGS", "outside:lbfgs"),
    ],
)
def test_a_solver_is_known_by_other_spellings(typed: str, name: str) -> None:
    solver, spec = build_solver(typed)
    assert (solver.name, spec.name) == (name, name)


def test_no_two_parts_differ_in_spelling_only() -> None:
    for registry in (SOLVERS, LOSSES, PENALTIES):
        letters = [name.lower().replace("-", "").replace("_", "") for name in registry]
        assert len(set(letters)) == len(letters)
