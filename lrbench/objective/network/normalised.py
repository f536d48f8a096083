"""What problems with weight norm and with batch norm have in common."""

from __future__ import annotations

import copy
import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lrbench.arrays import Lanes, Mask, PerLane, Scores, Vector, norm_sq
from lrbench.errors import ContractError, UsageError
from lrbench.objective.about import ProblemFacts
from lrbench.objective.linear.full import DenseFullSampler
from lrbench.objective.linear.minibatch import DenseMinibatchSampler
from lrbench.objective.linear.oracle import LinearRun
from lrbench.objective.linear.plain import DenseIterates
from lrbench.objective.linear.sampler import gathers_dense
from lrbench.objective.network.oracles import NormalisedFullOracle, NormalisedOracle
from lrbench.objective.random_numbers import RandomNumbers
from lrbench.penalties.none import NoPenalty

if TYPE_CHECKING:
    from lrbench.objective.linear.problem import LinearProblem
    from lrbench.objective.meter import Stopwatch
    from lrbench.objective.minibatches import Minibatches
    from lrbench.objective.network.reparametrisation import Reparametrisation
    from lrbench.objective.oracle import Ball
    from lrbench.objective.problem import Sampler

STREAM = (3,)
"""The spawn key of v_0, which makes it independent of minibatches and solvers of the same seed."""

START_ROUNDING = 1e-12
"""The relative difference up to which a fixed gamma is that of a given start."""


class NormalisedProblem(ABC):
    r"""A linear problem in the variables (v, gamma, beta), where F does not see \|v\|.

    The rows of an iterate are v, (n_weights,), then gamma if it is learned, then beta if the linear
    problem has an intercept, which beta takes the place of. The penalty is that of the weights.

    Parameters
    ----------
    plain
        The linear problem.
    form
        The normalisation.

    Raises
    ------
    UsageError
        If the penalty is a constraint, gamma is held at another number than that of a start other
        than 0, or nothing has the rate `gamma_lr`.
    """

    penalty = NoPenalty()
    """That of an iterate itself: the penalty of the weights is part of F."""
    oracle: ClassVar[type[NormalisedOracle[Any]]]
    """The oracle of minibatches."""
    least_batch = 1
    """The least number of samples of a minibatch."""
    biased = ""
    """Why the gradients of minibatches are biased; empty where they are not."""

    def __init__(self, plain: LinearProblem, form: Reparametrisation) -> None:
        self.plain: LinearProblem = plain
        self.form = form
        # The names by which oracles know an objective.
        self.name, self.data, self.y, self.loss = plain.name, plain.data, plain.y, plain.loss
        self.n_samples, self.n_weights = plain.n_samples, plain.n_penalised
        self.has_shift = plain.intercept
        if plain.penalty.indicator:
            raise UsageError(
                f"{form.name} and the {plain.penalty.name} of {plain.name} do not go together: the"
                " projection would be one of the weights, which are no variables here.",
                "take another penalty, such as l2, or leave --reparam out.",
            )
        if form.gamma_lr is not None and not (form.learned or self.has_shift):
            raise UsageError(
                f"{form.name}: gamma is fixed and {plain.name} has no intercept, so that nothing"
                " has the rate gamma_lr.",
                "leave gamma_lr out.",
            )
        self.w0 = self._start()

    @property
    def n_features(self) -> int:
        """The number of rows of an iterate."""
        return self.n_weights + self.form.learned + self.has_shift

    @property
    def bounds(self) -> tuple[Vector, Vector]:
        """The least and the largest value of every coordinate: there are none."""
        unbounded = np.full(self.n_features, np.inf)
        return -unbounded, unbounded

    @property
    def equivalent(self) -> LinearProblem | None:
        """The linear problem with the same infimum; None where gamma is fixed."""
        return self.plain if self.form.learned else None

    def gamma(self, W: Lanes) -> PerLane:
        """Return gamma of every column of `W`, (n_lanes,)."""
        if not self.form.learned:
            return np.full(W.shape[1], self.form.gamma)
        gamma: PerLane = W[self.n_weights]
        return gamma

    @abstractmethod
    def weights(self, W: Lanes) -> Lanes:
        """Return the weights of the linear problem that has the same scores, intercept last."""

    @abstractmethod
    def value(self, W: Lanes) -> PerLane:
        """Return F of every column of `W`, (n_lanes,)."""

    @abstractmethod
    def value_and_gradient(self, W: Lanes, watch: Stopwatch | None = None) -> tuple[PerLane, Lanes]:
        """Return F and its gradient for every column; a running `watch` pauses for the values."""

    @abstractmethod
    def loss_gradient(self, W: Lanes) -> Lanes:
        """Return the gradient of F, the penalty included, for every column of `W`."""

    @abstractmethod
    def size_and_shift(self, w: Vector) -> tuple[float, float]:
        """Return gamma and beta for weights other than 0, (n_features,) of the linear problem.

        The number for a beta where there is none has no meaning.
        """

    def _start(self) -> Vector:
        """Return (v_0, gamma_0, beta_0) of the start w_0 of the linear problem."""
        start, form = self.plain.w0, self.form
        v, gamma, beta = start[: self.n_weights], 0.0, float(start[-1])
        if v.any():
            gamma, beta = self.size_and_shift(start)
            if not (form.learned or math.isclose(gamma, form.gamma, rel_tol=START_ROUNDING)):
                raise UsageError(
                    f"{form.name}: gamma is fixed at {form.gamma:g}, and the start"
                    f" {self.plain.about.start} of {self.name} has {gamma!r}.",
                    f"give gamma={gamma!r}, or the start zeros.",
                )
        else:
            numbers = np.random.default_rng(np.random.SeedSequence(form.seed, spawn_key=STREAM))
            v = numbers.standard_normal(len(v))
        v = v / np.linalg.norm(v)
        return np.array([*v, *[gamma] * form.learned, *[beta] * self.has_shift])

    def started_at(self, w0: Vector) -> NormalisedProblem:
        """Return the problem with another starting point, (n_features,) in its own variables."""
        other = copy.copy(self)
        other.w0 = w0
        return other

    def facts(self) -> ProblemFacts:
        """Return what is asked of the problem outside a run."""
        plain = self.plain.facts()
        return replace(
            plain,
            reparametrisation=str(self.form),
            n_invariant=self.n_weights,
            nnz=None,
            digest=self._digest,
            linear=None,
            convex=False,
            biased=self.biased,
            least_batch=self.least_batch,
            diameter=None,
            derivatives=False,
            has_prox=False,
            ball_after_prox=True,
        )

    def _digest(self) -> str:
        of_plain = self.plain.facts().digest
        assert of_plain is not None
        text = f"{of_plain()}\n{self.form!r}\n{self.w0.tobytes().hex()}"
        return hashlib.sha256(text.encode()).hexdigest()

    def measures(self, W: Lanes) -> Mapping[str, PerLane]:
        """Return the squared length of v, and what the linear problem measures at the weights."""
        held_out = {} if self.plain.test is None else self.plain.measures(self.weights(W))
        return {**held_out, "v_norm_sq": norm_sq(W[: self.n_weights])}

    def sampler(
        self,
        w_star: Vector | None,
        ball: Ball | None,
        minibatches: Sequence[Minibatches],
        *,
        dense_iterates: bool = False,
        seeds: Sequence[int] = (0,),
    ) -> Sampler:
        """Return the sampler for full batches, or for these minibatches."""
        del dense_iterates
        run = LinearRun(self, w_star, ball, DenseIterates(self.w0), RandomNumbers(seeds))
        if not minibatches:
            return DenseFullSampler(run, NormalisedFullOracle)
        dense = gathers_dense(self.data, minibatches[0].batch_size)
        return DenseMinibatchSampler(run, minibatches, dense=dense, oracle=self.oracle)

    # Of the objective of an oracle. The penalty is part of the values and gradients above, because
    # its gradient, too, goes through the weights.

    def mean_loss(self, W: Lanes) -> PerLane:
        """Return F of every column of `W`, (n_lanes,)."""
        return self.value(W)

    def finite_penalty(self, W: Lanes) -> PerLane:
        """Return zeros: the penalty is part of `mean_loss`."""
        return np.zeros(W.shape[1])

    def add_penalty_gradient(self, G: Lanes, W: Lanes) -> None:
        """Add nothing: the penalty is part of the gradient already."""
        del G, W

    def confine(self, W: Lanes) -> Mask | None:
        """Return None: there is no constraint."""
        del W
        return None

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Raise `ContractError`: the penalty is no function of the variables alone."""
        raise ContractError(f"the penalty of {self.name} has no prox with {self.form.name}.")

    def derivatives(self, W: Lanes) -> Scores:
        """Raise `ContractError`: oracles have no derivatives in scores here."""
        raise ContractError(f"{self.name} has no derivatives of samples with {self.form.name}.")

    combine = derivatives
