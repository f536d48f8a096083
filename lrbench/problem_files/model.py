"""Specifications: the content of a problem file after its checks."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from lrbench.config.named import parse_named, value_text
from lrbench.data.load import DataName
from lrbench.errors import UsageError, quoted
from lrbench.losses import LOSSES

if TYPE_CHECKING:
    from lrbench.objective.network.architecture import NetworkForm
    from lrbench.objective.network.backend import TorchBackend
    from lrbench.objective.network.reparametrisation import Reparametrisation

PER_SAMPLE: Final = "1/n_samples"

OF_MAX: Final = "*max"
"""The end of a weight such as ``0.1*max``, a multiple of the largest useful weight."""

OF_RULE: Final = "lr0"
"""The word for a rate of some parameters that is that of the solver's rule."""

CLAIMED: Final = ("L", "L_max", "mu", "kappa", "G", "distance", "delta0", "noise_star", "f_star")
"""The constants that a problem file may state, which `lrbench check` verifies."""


class PenaltySpec(NamedTuple):
    """A penalty by name, its weight and its other parameters.

    Parameters
    ----------
    name
        The name in the registry.
    weight
        A number, ``"1/n_samples"``, or ``"0.1*max"`` for a multiple of the smallest weight at which
        w = 0 is optimal; None where the penalty has no weight.
    params
        All other parameters.
    """

    name: str
    weight: float | str | None = None
    params: tuple[tuple[str, float], ...] = ()

    def __str__(self) -> str:
        weight = [] if self.weight is None else [("weight", self.weight)]
        inside = ",".join(f"{k}={value_text(v)}" for k, v in (*weight, *self.params))
        return f"{self.name}[{inside}]" if inside else self.name


class StartSpec(NamedTuple):
    """The starting point: zeros, or `scale` times standard normal numbers from `seed`.

    That of a network is drawn by ``"he"`` or ``"glorot"``, which choose the scale.
    """

    name: Literal["zeros", "normal", "he", "glorot"] = "zeros"
    scale: float = 1.0
    seed: int = 0

    def __str__(self) -> str:
        if self.name == "zeros":
            return self.name
        if self.name != "normal":
            return f"{self.name}[seed={self.seed}]"
        return f"{self.name}[scale={value_text(self.scale)},seed={self.seed}]"


class Split(NamedTuple):
    """The fraction of the samples that is held out for testing, and the seed that chooses them."""

    fraction: float
    seed: int = 0


@dataclass(frozen=True)
class ProblemSpec:
    """The complete specification of a problem, with checked names and numbers.

    Parameters
    ----------
    name, title
        The names of the problem in tables and in reports.
    loss, penalty, start
        The parts of the objective and the starting point. The loss is a text with all its
        parameters: ``"hinge"``, ``"quantile[level=0.9]"``.
    data
        The name of the data.
    scale, intercept
        The scaling of X, and whether a column of ones is appended to X after it.
    positive
        The labels that count as +1; None for the larger one. Regression losses do not use it.
    test
        The data that are held out, or the fraction of the samples; None for nothing.
    claims
        (name, value) of constants that the file states; `lrbench check` verifies them.
    model
        The network; None for a linear model.
    reparametrisation
        The normalisation in whose variables the problem is written; None for the weights.
    backend
        What computes a network; None for NumPy.
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
    model: NetworkForm | None = None
    reparametrisation: Reparametrisation | None = None
    backend: TorchBackend | None = None

    @property
    def task(self) -> str:
        """The kind of targets of the loss: binary, regression or count; of networks, classes."""
        if self.model is not None:
            return "classes" if self.loss == "softmax" else "regression"
        return str(LOSSES.get(parse_named(self.loss)[0]).task)

    @property
    def binary(self) -> bool:
        """Whether the targets of the loss are labels -1 and +1."""
        return self.task == "binary"


def canonical(spec: ProblemSpec) -> str:
    """Return what defines the problem beside its data, as JSON with sorted keys.

    Names, titles, the place of the data, claims, held-out data and the backend are left out.
    Together with the content hash of the training data the text gives the fingerprint, which is the
    same for two ways to write the same problem.
    """
    penalty: dict[str, Any] = {"name": spec.penalty.name, "weight": spec.penalty.weight}
    if spec.penalty.params:  # no empty key: older fingerprints stay as they are
        penalty["params"] = dict(spec.penalty.params)
    keys = {
        "loss": spec.loss,
        "penalty": penalty,
        "start": spec.start._asdict(),
        "scale": spec.scale,
        "intercept": spec.intercept,
        "positive": sorted(spec.positive) if spec.positive and spec.binary else None,
    }
    if spec.model is not None:  # likewise
        keys["model"] = asdict(spec.model)
    if spec.reparametrisation is not None:  # likewise
        keys["reparametrisation"] = asdict(spec.reparametrisation)
    return json.dumps(keys, sort_keys=True)


def check_spec(value: object) -> None:
    """Raise `UsageError` for what is no specification."""
    if not isinstance(value, ProblemSpec):
        raise UsageError(
            f"{quoted(value)} is not the specification of a problem.",
            "load one by name or path: lrbench.load_spec('logreg').",
        )
