"""Losses and penalties each of which breaks a contract."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from own_parts import LogCosh, Sides

from lrbench.losses.base import Loss, column
from lrbench.losses.pieces import Pieces, one_kink
from lrbench.penalties.base import Penalty


class NoTask(LogCosh):
    task: ClassVar[Any] = "classification"


class NoMargin(LogCosh):
    """phi(z, y) is no function of yz."""

    margin = True


class OneAxis(LogCosh):
    def value(self, Z: Any, y: Any) -> Any:
        return super().value(Z, y).ravel()


class MeanOverLanes(LogCosh):
    def derivative(self, Z: Any, y: Any) -> Any:
        D = super().derivative(Z, y)
        return D if Z.ndim == 1 else 0.0 * D + D.mean(axis=1, keepdims=True)


class WritesToScores(LogCosh):
    def value(self, Z: Any, y: Any) -> Any:
        Z -= column(y, Z)
        return super().value(Z, 0.0 * y)


class DoubleDerivative(LogCosh):
    def derivative(self, Z: Any, y: Any) -> Any:
        return 2.0 * super().derivative(Z, y)


class ScaledOfAnother(LogCosh):
    def scaled_derivative(self, Z: Any, y: Any, factor: float) -> Any:
        return 1.1 * factor * self.derivative(Z, y)


class FlatSecond(LogCosh):
    def second_derivative(self, Z: Any, y: Any) -> Any:
        return 0.5 * super().second_derivative(Z, y)


class Cauchy(Loss):
    """log(1 + r^2) is not convex."""

    task = "regression"
    name = "cauchy"
    smoothness = 2.0
    lipschitz = 1.0

    def value(self, Z: Any, y: Any) -> Any:
        return np.log1p(np.square(Z - column(y, Z)))

    def derivative(self, Z: Any, y: Any) -> Any:
        R = Z - column(y, Z)
        return 2.0 * R / (1.0 + R * R)

    def second_derivative(self, Z: Any, y: Any) -> Any:
        R = Z - column(y, Z)
        return 2.0 * (1.0 - R * R) / np.square(1.0 + R * R)

    def conjugate(self, u: Any, y: Any) -> Any:
        return np.full_like(u, np.inf)


class LessSmooth(LogCosh):
    smoothness = 0.5


class LessSteep(LogCosh):
    lipschitz = 0.9


class TooCurved(LogCosh):
    curvature = 0.25


class Overflows(LogCosh):
    def value(self, Z: Any, y: Any) -> Any:
        return np.log(np.cosh(Z - column(y, Z)))


class SmallConjugate(LogCosh):
    def conjugate(self, u: Any, y: Any) -> Any:
        return super().conjugate(u, y) - 0.01


class LargeConjugate(LogCosh):
    def conjugate(self, u: Any, y: Any) -> Any:
        return super().conjugate(u, y) + 0.01


class NoSlopes(LogCosh):
    lipschitz = np.inf


class NoPieces(LogCosh):
    differentiable = False


class OtherPieces(LogCosh):
    def pieces(self, y: Any) -> Pieces:
        return one_kink(y, -1.0, 1.0)


class SmallScores(LogCosh):
    def score_norm(self, y: Any, excess: float) -> float:
        return 0.5 * excess


class HasALock(LogCosh):
    def __init__(self) -> None:
        self.lock = threading.Lock()


@dataclass(frozen=True)
class Ridge(Penalty):
    """A right penalty: l1 and a square."""

    name = "own-ridge"
    weight: float

    @property
    def l1(self) -> float:
        return 0.5 * self.weight

    @property
    def curvature(self) -> float:
        return self.weight


class NoName(Penalty):
    weight = 0.0
    name: ClassVar[Any] = 3


class SumOverLanes(Ridge):
    def value(self, W: Any) -> Any:
        return np.full(W.shape[1], super().value(W).sum())


class OneNumber(Ridge):
    def value(self, W: Any) -> Any:
        return super().value(W).sum()


class WritesToW(Ridge):
    def gradient(self, W: Any) -> Any:
        W *= self.curvature
        return W + self.l1 * np.sign(W)


class Cubic(Ridge):
    """Not l1 and a square."""

    def value(self, W: Any) -> Any:
        return self.weight * (np.abs(W) ** 3).sum(axis=0)


class HalfGradient(Ridge):
    def gradient(self, W: Any) -> Any:
        return 0.5 * super().gradient(W)


class ShortLipschitz(Ridge):
    def lipschitz(self, n_penalised: int) -> float:
        return self.l1


class NoThreshold(Ridge):
    """The prox of the square alone."""

    def prox(self, W: Any, lr: Any) -> Any:
        return W / (1.0 + lr * self.curvature)


class RoundedProx(Ridge):
    """A prox that is wrong only between the points of the draws."""

    def prox(self, W: Any, lr: Any) -> Any:
        P = super().prox(W, lr)
        return P + 0.01 * (len(W) == 1)


class OpenSides(Sides):
    """Finite outside of its set."""

    def value(self, W: Any) -> Any:
        return np.zeros(W.shape[1])


class ScaledConjugate(Ridge):
    def conjugate(self, V: Any) -> Any:
        return 1.1 * super().conjugate(V)


class OtherBounds(Sides):
    def bounds(self, n_penalised: int) -> Any:
        lower, upper = super().bounds(n_penalised)
        return lower, upper + 1.0

    def prox(self, W: Any, lr: Any) -> Any:
        lower, upper = super().bounds(len(W))
        return np.clip(W, lower[:, None], upper[:, None])

    def value(self, W: Any) -> Any:
        lower, upper = super().bounds(len(W))
        inside = (lower[:, None] <= W) & (upper[:, None] >= W)
        return np.where(inside.all(axis=0), 0.0, np.inf)


class ShortReach(Sides):
    def reach(self, w: Any) -> float:
        return 0.5 * super().reach(w)


@dataclass(frozen=True)
class LockedPenalty(Ridge):
    def __post_init__(self) -> None:
        object.__setattr__(self, "lock", threading.Lock())


BROKEN: dict[type, tuple[str, str, str]] = {
    NoTask: ("declared", r"task is none of binary, regression, count\.", "task:"),
    NoMargin: ("declared", r"margin = True, and phi\(z, y\) is not phi\(yz, 1\)", "margin ="),
    OneAxis: ("shapes", r"value returns shape \(28,\) for Z of \(7, 4\)", "def value"),
    MeanOverLanes: ("shapes", "derivative of a lane depends on other lanes", "def derivative"),
    WritesToScores: ("shapes", "value writes to its input", "def value"),
    DoubleDerivative: ("derivative", "the derivative is not that of the value", "def derivative"),
    ScaledOfAnother: ("derivative", "scaled_derivative is not `factor` times the derivative",
                      "def scaled_derivative"),
    FlatSecond: ("second-derivative", "the second derivative is not that of the derivative",
                 "def second_derivative"),
    Cauchy: ("convex", r"lies above a chord, so that the loss is not convex \(at z = ",
             "def value"),
    LessSmooth: ("constants", "the second derivative is 1, more than smoothness = 0.5",
                 "smoothness ="),
    LessSteep: ("constants", "the absolute derivative is 1, more than lipschitz = 0.9",
                "lipschitz ="),
    TooCurved: ("constants", "curvature = 0.25 is more than the second derivative", "curvature ="),
    Overflows: ("far-out", "value is infinite or NaN far out: avoid overflow", "def value"),
    SmallConjugate: ("conjugate", "the conjugate is less than u z", "def conjugate"),
    LargeConjugate: ("conjugate", "the conjugate is more than the supremum", "def conjugate"),
    NoSlopes: ("slopes", "slopes gives -inf for y = -2.3, which is not the limit -1", ""),
    NoPieces: ("pieces", "the loss is not differentiable and has no pieces", ""),
    OtherPieces: ("pieces", "the pieces do not add up to the value", "def pieces"),
    SmallScores: ("bounds", "the bound that follows from score_norm is", "def score_norm"),
    HasALock: ("worker", "cannot be pickled .*lock", "def __init__"),
    NoName: ("declared", "it has no name: write name = 'my-penalty'", "name:"),
    SumOverLanes: ("shapes", "value of a lane depends on other lanes", "def value"),
    OneNumber: ("shapes", r"value has shape \(\), not \(3,\)", "def value"),
    WritesToW: ("shapes", "gradient writes to its input", "def gradient"),
    Cubic: ("form", r"the value is not l1 \|w\|_1 \+ curvature \|w\|\^2 / 2 with l1 = 0.5",
            "def value"),
    HalfGradient: ("gradient", "it lies below the parabola of the curvature", "def gradient"),
    ShortLipschitz: ("constants", "a gradient is longer than lipschitz = 0.5", "def lipschitz"),
    NoThreshold: ("prox", "the prox is not the argmin of", "def prox"),
    RoundedProx: ("prox-grid", "the prox is .* and the best point of a grid", "def prox"),
    OpenSides: ("set", "the value is finite at a point that the prox moves", "def value"),
    ScaledConjugate: ("conjugate", "the conjugate is more than the supremum", "def conjugate"),
    OtherBounds: ("limits", "bounds or radius is not where the set ends", "def bounds"),
    ShortReach: ("distances", "reach is .* and two points of the set are", "def reach"),
    LockedPenalty: ("worker", "cannot be pickled .*lock", ""),
}  # fmt: skip
"""The contract that each breaks, its sentence, and the text of the line to look at."""
