"""The contracts of a penalty, all of which the registered ones keep, too."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np

from lrbench.arrays import Lanes, PerLane, norm_sq
from lrbench.config.parameters import check_kept, check_remade
from lrbench.contract.outcome import BrokenContractError, Contract
from lrbench.contract.penalty_certificate import (
    check_conjugate,
    check_distances,
    check_limits,
    check_set,
)
from lrbench.contract.penalty_points import RATES, SHAPE, SIGNS, draws, inside, refuse
from lrbench.contract.worker import check_sent
from lrbench.errors import LrbenchError
from lrbench.penalties.base import Penalty

WEIGHTS = (1.0, 0.0, 0.03, 7.0)
SHARES = (0.5, 0.9)
"""Values of parameters beside the defaults, in units of them."""


def penalty_instances(cls: type) -> list[Any]:
    """Return the penalty with several weights where it must be given one, and other parameters."""
    fields = {f.name: f for f in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else {}
    needed = "weight" in fields and fields["weight"].default is dataclasses.MISSING
    numbers = {name: f.default for name, f in fields.items() if isinstance(f.default, float)}
    shares = SHARES if numbers else ()
    others = [{name: share * value for name, value in numbers.items()} for share in shares]
    penalties = [cls(WEIGHTS[0])] if needed else [cls()]
    check_remade(penalties[0], f"the penalty {cls.__name__}")
    combinations = itertools.product(WEIGHTS if needed else (None,), [{}, *others])
    for weight, parameters in itertools.islice(combinations, 1, None):  # the first one is made
        asked = parameters if weight is None else {"weight": weight, **parameters}
        try:
            penalty = cls(**asked)
        except (LrbenchError, ValueError):
            continue  # out of its range
        check_kept(penalty, asked, f"the penalty {cls.__name__}")
        penalties.append(penalty)
    return penalties


def check_declared(penalty: Penalty) -> None:
    """Check the name and the weight of a penalty.

    Raises
    ------
    BrokenContractError
        If one is missing.
    """
    if not isinstance(getattr(penalty, "name", None), str):
        raise BrokenContractError("it has no name: write name = 'my-penalty'.", "name")
    if not isinstance(getattr(penalty, "weight", None), int | float):
        raise BrokenContractError(
            "it has no weight: write weight: float, or weight = 0.0 for a constraint.", "weight"
        )


def check_shapes(penalty: Penalty) -> None:
    """Check that lanes are apart, and that the input is left alone.

    Raises
    ------
    BrokenContractError
        If a shape is another, a lane depends on another, or an input is written to.
    """
    W = np.random.default_rng(2).standard_normal(SHAPE)
    before = W.copy()
    for name, shape in (("value", SHAPE[1:]), ("conjugate", SHAPE[1:]), ("gradient", SHAPE),
                        ("prox", SHAPE)):  # fmt: skip
        rates = (RATES,) if name == "prox" else ()
        method = getattr(penalty, name)
        together = method(W, *rates)
        if not np.array_equal(W, before):
            raise BrokenContractError(f"{name} writes to its input: work on a copy.", name)
        if np.shape(together) != shape:
            raise BrokenContractError(f"{name} has shape {np.shape(together)}, not {shape}.", name)
        for k in range(SHAPE[1]):
            alone = method(W[:, k : k + 1], *(rate[k : k + 1] for rate in rates))
            if not np.allclose(alone, together[..., k : k + 1], rtol=1e-15, atol=0.0):
                raise BrokenContractError(
                    f"{name} of a lane depends on other lanes: compute it column by column.", name
                )


def check_form(penalty: Penalty, W: Lanes) -> None:
    """Check that without a set the penalty is made of l1 and a square.

    Raises
    ------
    BrokenContractError
        If it is not.
    """
    if not penalty.indicator:
        terms = penalty.l1 * np.abs(W).sum(axis=0) + 0.5 * penalty.curvature * norm_sq(W)
        refuse(
            np.abs(penalty.value(W) - terms) > 1e-13 * np.abs(terms),
            f"the value is not l1 |w|_1 + curvature |w|^2 / 2 with l1 = {penalty.l1:.3g} and"
            f" curvature = {penalty.curvature:.3g}: correct these factors",
            "value",
            w=W[:, 0],
        )
    if penalty.vanishes != (not penalty.indicator and not np.any(penalty.value(SIGNS))):
        raise BrokenContractError("vanishes is not whether it is 0 everywhere.", "vanishes")


def check_gradient(penalty: Penalty, W: Lanes, V: Lanes) -> None:
    """Check that the value lies above the parabola of the subgradient, and on it where smooth.

    Raises
    ------
    BrokenContractError
        If it does not.
    """
    W, V = inside(penalty, W), inside(penalty, V)
    D = V - W
    gradient = penalty.gradient(W)
    if penalty.indicator:
        refuse(gradient != 0.0, "the gradient of a constraint is not 0", "gradient", w=W[:, 0])
    first, second = (gradient * D).sum(axis=0), 0.5 * penalty.curvature * norm_sq(D)
    at_W, at_V = penalty.value(W), penalty.value(V)
    excess = at_V - at_W - first - second
    scale = 1.0 + np.abs(at_W) + np.abs(at_V) + np.abs(first) + second
    what = "the value is not that of the gradient: it lies below the parabola of the curvature"
    refuse(excess < -1e-13 * scale, what, "gradient", w=W[:, 0], v=V[:, 0])
    if math.isfinite(penalty.smoothness) and not penalty.indicator:
        what = "the value is not that of the gradient: it lies above the parabola of the curvature"
        refuse(excess > 1e-13 * scale, what, "gradient", w=W[:, 0], v=V[:, 0])


def check_constants(penalty: Penalty, W: Lanes, V: Lanes) -> None:
    """Check that lipschitz and smoothness are bounds.

    Raises
    ------
    BrokenContractError
        If one is exceeded.
    """
    G, H = penalty.gradient(W), penalty.gradient(V)
    length = np.sqrt(norm_sq(G))
    bound = penalty.lipschitz(SHAPE[0])
    what = f"a gradient is longer than lipschitz = {bound:.4g}"
    refuse(length > bound * (1 + 1e-14), what, "lipschitz", w=W[:, 0])
    if math.isfinite(penalty.smoothness):
        change, apart = np.sqrt(norm_sq(G - H)), np.sqrt(norm_sq(W - V))
        wrong = change > penalty.smoothness * apart * (1 + 1e-14) + 1e-13
        what = f"the gradient changes faster than smoothness = {penalty.smoothness:.4g}"
        refuse(wrong, what, "smoothness", w=W[:, 0], v=V[:, 0])
    if penalty.shrinks:
        what = "shrinks, and the gradient is not curvature times w"
        refuse(penalty.curvature * W != G, what, "shrinks", w=W[:, 0])


def check_prox(penalty: Penalty, W: Lanes, V: Lanes) -> None:
    """Check that no point is better than the prox.

    Raises
    ------
    BrokenContractError
        If one is. The objective of the prox is 1-strongly convex: it grows at least so away from
        its minimiser.
    """

    def objective(U: Lanes) -> PerLane:
        return RATES * penalty.value(U) + 0.5 * norm_sq(U - W)

    P = penalty.prox(W.copy(), RATES)
    for U in (V, inside(penalty, V), W):
        distance = 0.5 * norm_sq(U - P)
        least = -1e-11 * (1 + objective(inside(penalty, U)))
        better = ~(objective(U) - objective(P) - distance >= least)
        what = "the prox is not the argmin of lr R(v) + |v - w|^2 / 2: another point is better"
        refuse(better, what, "prox", w=W[:, better.argmax()], lr=RATES[better.argmax()])


def check_prox_on_grid(penalty: Penalty) -> None:
    """Check the prox of a single coefficient against the best of a fine grid.

    Raises
    ------
    BrokenContractError
        If it is another.
    """
    grid = np.linspace(-80.0, 80.0, 320_001)
    values = penalty.value(grid[None, :])
    for lr, w in itertools.product((0.01, 1.0, 8.0), (-70.0, -1.3, -0.02, 0.0, 0.4, 45.0)):
        with np.errstate(invalid="ignore"):
            best = grid[np.argmin(lr * values + 0.5 * (grid - w) ** 2)]
        prox = penalty.prox(np.array([[w]]), np.array([lr]))[0, 0]
        what = f"the prox is {prox:.4g}, and the best point of a grid {best:.4g}"
        refuse(not abs(prox - best) <= 5.1e-4, what, "prox", w=w, lr=lr)


def _drawn(check: Any) -> Any:
    """Return the check at all draws, of a check that takes a pair of points."""

    def check_all(penalty: Penalty) -> None:
        for W, V in draws():
            check(penalty, W, V)

    return check_all


PENALTY_CONTRACTS = (
    Contract("declared", "name and weight are declared", check_declared),
    Contract("shapes", "lanes are apart", check_shapes),
    Contract("form", "the value is made of l1 and a square",
             _drawn(lambda penalty, W, V: check_form(penalty, W))),
    Contract("gradient", "the gradient is that of the value", _drawn(check_gradient)),
    Contract("constants", "smoothness and lipschitz are bounds", _drawn(check_constants)),
    Contract("prox", "the prox is the argmin", _drawn(check_prox)),
    Contract("prox-grid", "the prox of a number is the best of a grid", check_prox_on_grid),
    Contract("set", "a constraint is 0 on its set and inf outside",
             _drawn(lambda penalty, W, V: check_set(penalty, W))),
    Contract("conjugate", "the conjugate is the supremum", _drawn(check_conjugate)),
    Contract("limits", "bounds, radius and slopes are where they end", check_limits),
    Contract("distances", "reach and diameter are not exceeded",
             _drawn(lambda penalty, W, V: check_distances(penalty, W))),
    Contract("worker", "can be sent to a worker", check_sent),
)  # fmt: skip
"""The first one says what the penalty is at all."""
