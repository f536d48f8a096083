"""What a problem says of itself: its description, and all that is asked of it outside a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from lrbench.config.plain import Form, Key, plain

if TYPE_CHECKING:
    from lrbench.arrays import PerSample
    from lrbench.losses.base import Loss
    from lrbench.objective.network.architecture import Layer
    from lrbench.penalties.base import Penalty


@dataclass(frozen=True)
class AboutTest:
    """The description of the samples that are held out, for reports."""

    data: str
    n_samples: int
    fraction: float | None
    """Their fraction of all samples; None if they come from a data set of their own."""
    seed: int | None
    """The seed of their choice; None if they come from a data set of their own."""
    features_left_out: int
    """The number of their features that the training data do not have."""
    majority: Annotated[float | None, Key(earlier=None)] = None
    """The share of the larger of two classes; None where there are no classes."""

    def __post_init__(self) -> None:
        for name, least in (("n_samples", 1), ("features_left_out", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is too small")
        if self.majority is not None and not 0.5 <= self.majority <= 1.0:
            raise ValueError("majority is no share of the larger class")


def read_parameters(values: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the numbers amid the keys of a penalty in JSON; others are of later versions."""
    return {k: v for k, v in values.items() if v is None or type(v) in (int, float)}


@dataclass(frozen=True)
class PenaltyValues:
    """A penalty or constraint with its parameters."""

    name: str
    weight: float
    """0 for a constraint."""
    parameters: Annotated[
        Mapping[str, float | None], Key(inline=True), Form(read_parameters, plain)
    ]
    """Beside the weight; None and infinities for no bound."""


NO_PENALTY = PenaltyValues("none", 0.0, {})


@dataclass(frozen=True)
class About:
    """The description of a problem, for reports."""

    title: str
    data: str
    scale: str = "none"
    start: str = "zeros"
    model: str = ""
    """``"linear"``, or a network: ``"mlp[hidden=64x64,activation=relu]"``; empty for another."""
    labels: Mapping[str, str] | None = None
    """For two classes: ``{"+1": "malignant", "-1": "benign"}``."""
    classes: Sequence[str] = ()
    """The labels in the order of the outputs of a network; empty without classes."""
    fingerprint: str = ""
    """A hash of the training data and of the canonical specification."""
    test: AboutTest | None = None
    """None where nothing is held out."""


class LinearModel(NamedTuple):
    r"""What F is made of, for solvers of other libraries, which do not ask an oracle.

    .. math:: F(w) = \frac1n \sum_{i=1}^n \varphi(x_i^\top w, y_i) + R(w)
    """

    X: Any
    """(n_samples, n_features), an array or in CSR form; with an intercept its last column is ones.
    Not to be written to."""
    y: PerSample
    """Targets, (n_samples,); -1 and +1 for two classes."""
    loss: Loss
    penalty: Penalty
    intercept: bool
    """Whether the last coordinate is not penalised."""


@dataclass(frozen=True)
class AboutBackend:
    """What computed a network in the place of NumPy, for reports."""

    name: str
    version: str
    dtype: str
    """The numbers inside the network: ``"float64"`` or ``"float32"``."""
    device: str
    """Where they were: ``"cpu"`` or ``"cuda"``."""
    gradient_error: Annotated[float | None, Key(earlier=None)] = None
    """By how much the gradient of F at w_0 differs from that in float64, as a share of its length;
    None in float64."""


@dataclass(frozen=True)
class ProblemFacts(About):
    """All that is asked of a problem outside a run: by headers, estimates, checks and stores.

    A problem of its own kind may leave out whatever has a default here. Without a fingerprint it
    runs in this process only, and no store keeps its cells.
    """

    loss: str = ""
    """With its parameters: ``"quantile[level=0.9]"``; empty where there is no word for it."""
    penalty: PenaltyValues = NO_PENALTY
    penalised: bool = False
    """Whether the penalty is not 0 everywhere."""
    intercept: bool = False
    """Whether w has a coordinate that is not penalised, the last."""
    nnz: int | None = None
    """The number of entries of X that are not 0; None without an X."""
    digest: Callable[[], str] | None = None
    """Returns the SHA-256 of the problem as it was built, to the last bit and with the samples held
    out; None where the fingerprint covers all of that."""
    linear: LinearModel | None = None
    """X, y and the terms of F; None for a problem that is no linear model."""
    data_bytes: int = 0
    """The size of the data, held-out samples included."""
    work_bytes: int = 0
    """The size of the temporary arrays of an evaluation, which does not depend on the lanes."""
    convex: bool = False
    """Whether F is convex."""
    backend: AboutBackend | None = None
    """What computes the problem in the place of NumPy; None for NumPy."""
    reparametrisation: str = ""
    """The variables that take the place of the weights of a linear model; empty for none."""
    n_invariant: int = 0
    """The number of first coordinates of whose common length F does not depend; 0 for none."""
    biased: str = ""
    """Why the gradients of minibatches are biased; empty where they are not."""
    least_batch: int = 1
    """The least number of samples of a minibatch."""
    layers: Sequence[Layer] = ()
    """Those of a network, with the places of their parameters in an iterate."""
    parts: bool = False
    """Whether the parameters have parts, layers and units, by which a solver may have rates."""
    not_smooth: str = ""
    """Why F is not smooth or not unconstrained: ``"the hinge loss is not smooth"``; empty if it is
    both."""
    diameter: float | None = None
    """The diameter of the set of a constraint; None without one, or if it is unbounded."""
    bounds_alone: bool = True
    """Whether a constraint, if there is one, is nothing but bounds of the coordinates."""
    derivatives: bool = False
    """Whether oracles return the derivatives of the loss of single samples."""
    has_prox: bool = True
    """Whether the penalty, if there is one, is a function of w that has a prox."""
    ball_after_prox: bool = True
    """Whether the prox of the penalty and then the projection on a ball around w_0 is the prox of
    their sum."""
    seeds_together: bool = False
    """Whether a sampler takes the minibatches of several seeds, and is faster with them."""
