"""Parameters of solvers that are out of their range, and those that make one solver another."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from builders import linear_problem, walk_along

from lrbench.errors import UsageError
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
]


@pytest.mark.parametrize(("text", "message", "default"), REFUSED)
def test_a_parameter_out_of_range_is_refused(text: str, message: str, default: str) -> None:
    with pytest.raises(UsageError) as refused:
        build_solver(text)
    assert str(refused.value) == message
    assert refused.value.hint == f"leave it out for {default}."


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
