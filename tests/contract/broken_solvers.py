"""Solvers each of which breaks a contract, and those that break one in another way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lrbench.arrays import norm_sq
from lrbench.solvers.base import Solver, Step
from lrbench.solvers.plugin import rate_rule


class Plain(Solver):
    """Gradient descent, which keeps all contracts."""

    def init(self, W: Any, lr0: Any, facts: Any) -> Any:
        return (lr0,)

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        (lr,) = state
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)


class Kept(NamedTuple):
    lr: Any
    before: Any


class RaisesLater(Plain):
    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        (lr,) = state
        if oracle.size == 6:
            raise RuntimeError("no minibatches of six")
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)


class ReturnsNothing(Plain):
    def step(self, W: Any, state: Any, oracle: Any) -> Any:
        (lr,) = state
        oracle.descend(W, lr, oracle.gradient(W))


class ScalarRate(Plain):
    def step(self, W: Any, state: Any, oracle: Any) -> Any:
        return Step(oracle.descend(W, 0.1, oracle.gradient(W)), 0.1, state)  # type: ignore[arg-type]


class TreatsItAsAnArray(Plain):
    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        (lr,) = state
        return Step(W - lr * oracle.gradient(W).dense(), lr, state)


class HasASet(Plain):
    def init(self, W: Any, lr0: Any, facts: Any) -> Any:
        return (lr0, {"words"})

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        return Step(oracle.descend(W, state[0], oracle.gradient(W)), state[0], state)


class LanesFirst(Plain):
    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr = state[0]
        g = oracle.gradient(W)
        return Step(oracle.descend(W, lr, g), lr, (lr, np.zeros((len(lr), 2))))


class KeepsTheIterate(Plain):
    dense_gradient = True

    def init(self, W: Any, lr0: Any, facts: Any) -> Any:
        return Kept(lr0, np.zeros_like(W))

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr = state.lr
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, Kept(lr, W))


class UsesAfter(Plain):
    dense_gradient = True

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        (lr,) = state
        g = oracle.gradient(W)
        W_next = oracle.descend(W, lr, g)
        return Step(W_next, lr, (lr * (1.0 + 1e-3 * np.abs(g.dense()).max(axis=0)),))


class WritesToRates(Plain):
    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        (lr,) = state
        lr *= 0.5
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr.copy(), state)


class SmallestRate(Plain):
    """All lanes go as far as the slowest."""

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr = np.full_like(state[0], state[0].min())
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)


class CoupledLater(Plain):
    """Lanes are coupled after a hundred steps only."""

    def init(self, W: Any, lr0: Any, facts: Any) -> Any:
        return lr0, 0

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr, t = state
        lr = np.full_like(lr, lr.mean()) if t == 100 else lr
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, (lr, t + 1))


class FirstLane(Plain):
    """The first lane is a special one where there are several."""

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr = state[0].copy()
        if len(lr) == 7:
            lr[0] *= 0.5
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)


class CountsLanes(Plain):
    """What belongs to a lane is not in the state."""

    def init(self, W: Any, lr0: Any, facts: Any) -> Any:
        object.__setattr__(self, "rates", lr0)
        return ()

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr = self.rates[: len(oracle.gradient(W).norm_sq())]  # type: ignore[attr-defined]
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)


@dataclass(frozen=True)
class BranchesOnAParameter(Plain):
    c: float = 1.0

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr = state[0] * self.c if self.c < 2.0 else state[0]
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)


@dataclass(frozen=True)
class FirstOfAParameter(Plain):
    c: float = 1.0

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr = state[0] * np.ravel(self.c)[0]
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)


class Drifts(Plain):
    """A step of unit length, whatever the gradient."""

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        g = oracle.gradient(W)
        D = state[0] * (0.1 + 0.0 * g.dense())
        return Step(oracle.move(W, D), state[0], state)


class Normalised(Plain):
    """0/0 at a zero gradient."""

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        g = oracle.gradient(W)
        lr = state[0] / np.sqrt(g.norm_sq())
        return Step(oracle.descend(W, lr, g), lr, state)


class NaNInTheState(Plain):
    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        g = oracle.gradient(W)
        share = 0.0 / g.norm_sq()
        return Step(oracle.descend(W, state[0], g), state[0], (state[0], share))


class OwnRandomNumbers(Plain):
    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr = state[0] * np.random.default_rng().uniform(0.5, 1.0)
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)


class RemembersRuns(Plain):
    """A list of the class goes on from run to run."""

    seen = []  # type: ignore[var-annotated] # noqa: RUF012

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        self.seen.append(1)
        lr = state[0] / len(self.seen)
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)


class AsksTheObjective(Plain):
    """The gradient is asked of the objective behind the oracle: it costs nothing."""

    dense_gradient = True

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        problem = oracle.run.objective
        return Step(oracle.move(W, state[0] * problem.loss_gradient(W)), state[0], state)


class AsksForTheMinimiser(Plain):
    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        g = oracle.gradient(W)
        lr = state[0] + 0.0 * g.inner_star()
        return Step(oracle.descend(W, lr, g), lr, state)


class EveryOtherGradient(Plain):
    """Every other step follows the old gradient, at no cost."""

    dense_gradient = True

    def init(self, W: Any, lr0: Any, facts: Any) -> Any:
        return lr0, np.zeros_like(W), 0

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr, g, t = state
        if t % 2 == 0:
            g = oracle.gradient(W).dense().copy()
        return Step(oracle.move(W, lr * g), lr, (lr, g, t + 1))


class KeepsTheOracle(Plain):
    first: ClassVar[Any]

    def init(self, W: Any, lr0: Any, facts: Any) -> Any:
        object.__setattr__(self, "first", None)
        return (lr0,)

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        if self.first is None:
            object.__setattr__(self, "first", oracle)
        g = self.first.gradient(W)
        return Step(oracle.descend(W, state[0], g), state[0], state)


class ReportsTwice(Plain):
    """The reported rate is twice the one that was used."""

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        (lr,) = state
        return Step(oracle.descend(W, 0.5 * lr, oracle.gradient(W)), lr, state)


class ReportsLater(Plain):
    """The rate is halved in place after the step."""

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr = state[0].copy()
        W = oracle.descend(W, lr, oracle.gradient(W))
        lr *= 0.5
        return Step(W, lr, state)


class ClaimsMomentum(Plain):
    """Momentum is no multiple of the gradient."""

    theorems = "scalar-step"
    dense_gradient = True

    def init(self, W: Any, lr0: Any, facts: Any) -> Any:
        return lr0, np.zeros_like(W)

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr, m = state
        m = 0.5 * m + oracle.gradient(W).dense()
        return Step(oracle.move(W, lr * m), lr, (lr, m))


class ClaimsAnotherRate(Plain):
    theorems = "scalar-step"

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        (lr,) = state
        return Step(oracle.descend(W, 0.5 * lr, oracle.gradient(W)), lr, state)


class ClaimsLookAhead(Plain):
    """The gradient is that at another point."""

    theorems = "scalar-step"
    dense_gradient = True

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        (lr,) = state
        g = oracle.gradient(0.9 * W)
        return Step(oracle.descend(W, lr, g), lr, state)


class DescendsTwice(Plain):
    """Two steps in one, of which the rate of one is reported."""

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        (lr,) = state
        W = oracle.descend(W, lr, oracle.gradient(W))
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)


class DescendsTwiceAndSaysSo(Plain):
    """Two steps in one, whose rate is that of both."""

    dense_gradient = True

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        (lr,) = state
        before, g = W.copy(), oracle.gradient(W)
        size = g.norm_sq()
        W = oracle.descend(W, lr, g)
        W = oracle.descend(W, lr, oracle.gradient(W))
        length = np.sqrt(norm_sq(before - W))
        rate = np.divide(length, np.sqrt(size), out=np.zeros_like(length), where=size > 1e-200)
        return Step(W, rate, state)


class MovesByItself(Plain):
    """No projection on a ball."""

    dense_gradient = True

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        (lr,) = state
        return Step(W - lr * oracle.gradient(W).dense(), lr, state)


class HasALock(Plain):
    def __init__(self) -> None:
        import threading

        object.__setattr__(self, "lock", threading.Lock())


class NegativeRate(Plain):
    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        lr = -state[0]
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)


class SaysScalar(Plain):
    scalar_step = True

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        g = oracle.gradient(W)
        lr = state[0] / (1.0 + np.sqrt(norm_sq(g.dense())))
        return Step(oracle.descend(W, lr, g), lr, state)


class OddOutput(Plain):
    def output(self, W: Any, state: Any) -> Any:
        return norm_sq(W)


@rate_rule
def scalar_rule(lr: Any, grad_norm_sq: Any) -> Any:
    return lr, 0.1


BROKEN: dict[type[Solver], tuple[str, str, str]] = {
    RaisesLater: ("runs", r"RuntimeError: no minibatches of six on minibatches\.$", "raise"),
    ReturnsNothing: ("runs", r"step returns nothing: return Step\(W, lr, state\)", "def step"),
    ScalarRate: ("runs", r"rates of a step have shape None, and not \(n_lanes,\) = \(7,\)",
                 "def step"),
    TreatsItAsAnArray: ("runs", "on minibatches of wide sparse data .* dense_gradient = True",
                        "return Step"),
    NegativeRate: ("runs", "rate of step 1 on full batches is negative", "def step"),
    SaysScalar: ("scalar-step", "a step asks its gradient for dense, and scalar_step says that it"
                 " does not: leave scalar_step out", "def step"),
    OddOutput: ("runs", r"output has shape \(7,\), and not that of W, \(5, 7\)", "def output"),
    HasASet: ("state-is-a-tree", r"state\[1\] is a set", "def init"),
    LanesFirst: ("state-is-a-tree", r"state\[1\] has shape \(7, 2\)", "def step"),
    KeepsTheIterate: ("keeps-copies", r"keeps an iterate in its state \(state.before\)",
                      "def step"),
    UsesAfter: ("keeps-copies", "step 2 on full batches uses an iterate or a gradient after",
                "def step"),
    WritesToRates: ("keeps-copies", "lr0 is written to", "def init"),
    SmallestRate: ("lane-alone", "on full batches the lane lr0 = 0.01 alone is another than beside"
                   " other lanes, from step 1 on", "def step"),
    CoupledLater: ("lane-alone", "from step 101 on", "def step"),
    FirstLane: ("lane-order", "the lane lr0 = 1 is another at another place, from step 1 on",
                "def step"),
    CountsLanes: ("lane-dropped", "a lane is another from step 11 on, after others were dropped"
                  " before step 11", "def step"),
    BranchesOnAParameter: ("lane-parameters", "the parameter c cannot be an array .* as --over c"
                           " gives it .ValueError: The truth value", "lr = state"),
    FirstOfAParameter: ("lane-parameters", "a lane whose c is one of several takes other steps",
                        "def step"),
    Drifts: ("stationary", "leaves a stationary point of least squares in step 1", "def step"),
    Normalised: ("zero-gradient", "the rate is inf in step 1 on least squares: avoid 0/0",
                 "def step"),
    NaNInTheState: ("zero-gradient", r"state\[1\] is nan in step 1", "def step"),
    OwnRandomNumbers: ("reproducible", "on full batches a run after another is not the same from"
                       " step 1 on: draw random numbers by oracle.draw", "def step"),
    RemembersRuns: ("reproducible", "a run after another is not the same from step 1 on",
                    "def step"),
    AsksTheObjective: ("metered", "step asks the oracle for run, which is none of its answers",
                       "def step"),
    AsksForTheMinimiser: ("metered", "asks a gradient for inner_star", "def step"),
    EveryOtherGradient: ("metered", "step 2 on full batches moves W and asks the oracle for"
                         " nothing", "def step"),
    KeepsTheOracle: ("metered", "step asks the oracle of another step", "def step"),
    ReportsTwice: ("rate", r"step 1 on full batches is not the one of the rate that it reports"
                   r" \(lr = 0.001, and W - 0.0005 g\)", "def step"),
    ReportsLater: ("rate", "is not the one of the rate that it reports", "def step"),
    DescendsTwice: ("rate", r"descends 2 times, and reports lr = 0.001, but ",
                    "def step"),
    ClaimsMomentum: ("claims", "step 2 on full batches is not W - lr g, so that C2' is violated",
                     "def step"),
    ClaimsAnotherRate: ("claims", r"is not W - lr g \(lr = 0.001, and W - 0.0005 g\), so that C2'",
                        "def step"),
    ClaimsLookAhead: ("claims", "step 1 on full batches does not follow the gradient at W, which"
                      " C2' is about", "def step"),
    MovesByItself: ("ball", "leaves the ball of --radius in step .* on full batches", "def step"),
    HasALock: ("worker", "cannot be pickled .*lock", "def __init__"),
}  # fmt: skip
"""The contract that each breaks, its sentence, and the text of the line to look at."""


class CountsOnItself(Plain):
    """A counter of the object goes on from run to run."""

    def step(self, W: Any, state: Any, oracle: Any) -> Step:
        object.__setattr__(self, "count", getattr(self, "count", 0) + 1)
        lr = state[0] / self.count  # type: ignore[attr-defined]
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)


class PlainTuple(Plain):
    """What a step returns need not be called `Step`."""

    def step(self, W: Any, state: Any, oracle: Any) -> Any:
        return oracle.descend(W, state[0], oracle.gradient(W)), state[0], state
