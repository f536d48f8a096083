"""What a problem file says, checked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from lrbench.config.named import parse_named, value_text
from lrbench.data.load import DataName
from lrbench.losses import LOSSES

PER_SAMPLE: Final = "1/n_samples"

OF_MAX: Final = "*max"
"""What follows the share in a weight such as ``0.1*max``."""


CLAIMED: Final = ("L", "L_max", "mu", "kappa", "G", "distance", "delta0", "noise_star", "f_star")
"""The constants that a problem file may state."""


@dataclass(frozen=True)
class PenaltySpec:
    """A penalty by name, its weight and its other parameters.

    Parameters
    ----------
    name
        In the registry.
    weight
        A number, ``"1/n_samples"``, or ``"0.1*max"`` for a share of the smallest weight at which
        w = 0 is optimal; None where the penalty has no weight.
    params
        The others, all of them.
    """

    name: str
    weight: float | str | None = None
    params: tuple[tuple[str, float], ...] = ()

    def __str__(self) -> str:
        given = [] if self.weight is None else [("weight", self.weight)]
        inside = ",".join(f"{k}={value_text(v)}" for k, v in (*given, *self.params))
        return f"{self.name}[{inside}]" if inside else self.name


@dataclass(frozen=True)
class StartSpec:
    """The starting point: zeros, or `scale` times standard normal numbers from `seed`."""

    name: Literal["zeros", "normal"] = "zeros"
    scale: float = 1.0
    seed: int = 0

    def __str__(self) -> str:
        if self.name == "zeros":
            return self.name
        return f"{self.name}[scale={value_text(self.scale)},seed={self.seed}]"


@dataclass(frozen=True)
class Split:
    """The share of the samples that is held out for testing, and the seed that chooses them."""

    fraction: float
    seed: int = 0


@dataclass(frozen=True)
class ProblemSpec:
    """A problem, said in full; every name in it is known and every number in its range.

    Parameters
    ----------
    name, title
        What tables and reports call it.
    loss, penalty, start
        The parts of the objective and the starting point. The loss is a text with all its
        parameters: ``"hinge"``, ``"quantile[level=0.9]"``.
    data
        Which data.
    scale, intercept
        What is done to X: scaled first, then a column of ones appended.
    positive
        The labels that count as +1; None: the larger one. Of no meaning to a regression loss.
    test
        What is held out: other data, or a share of the samples; None for nothing.
    claims
        (name, value) of constants that the file states; `lrbench check` verifies them.
    """

    name: str
    title: str
    loss: str
    penalty: PenaltySpec
    start: StartSpec
    data: DataName
    scale: str
    intercept: bool
    positive: tuple[str, ...] | None
    test: DataName | Split | None = None
    claims: tuple[tuple[str, float], ...] = ()

    @property
    def task(self) -> str:
        """What targets the loss wants: binary, regression, count."""
        return str(LOSSES.get(parse_named(self.loss)[0]).task)

    @property
    def binary(self) -> bool:
        """Whether the loss wants labels -1 and +1."""
        return self.task == "binary"


def canonical(spec: ProblemSpec) -> str:
    """Return what defines the problem beside its data, as JSON with sorted keys.

    Names, titles, the place of the data, claims and what is held out are left out: with the content
    hash of the training data it makes the fingerprint, which two ways to write the same problem
    share.
    """
    what = {
        "loss": spec.loss,
        "penalty": _penalty(spec.penalty),
        "start": asdict(spec.start),
        "scale": spec.scale,
        "intercept": spec.intercept,
        "positive": sorted(spec.positive) if spec.positive and spec.binary else None,
    }
    return json.dumps(what, sort_keys=True)


def _penalty(penalty: PenaltySpec) -> dict[str, Any]:
    said: dict[str, Any] = {"name": penalty.name, "weight": penalty.weight}
    return said | {"params": dict(penalty.params)} if penalty.params else said


def describe(loss: str, penalty: PenaltySpec, data: DataName) -> str:
    """Return the title of a problem that nobody gave one."""
    with_penalty = "" if penalty.name == "none" else f" with {penalty.name} penalty"
    return f"{loss} loss{with_penalty} on {data.stem}"
