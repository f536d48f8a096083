"""The linear problem: an objective with its name, its starting point and its description."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lrbench.arrays import NUMBER_BYTES, Lanes, PerLane, Vector
from lrbench.cache.content_hash import content_hash, digest, parameters_text
from lrbench.config.named import part_text
from lrbench.objective.about import About, LinearModel, PenaltyValues, ProblemFacts
from lrbench.objective.linear.held_out import LinearHeldOut
from lrbench.objective.linear.matrix import (
    BLOCK_ELEMENTS,
    CHUNK_BYTES,
    FEW_FEATURES,
    transpose,
)
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.linear.raw import Raw
from lrbench.objective.linear.sampler import linear_sampler
from lrbench.plugins import is_plugin, origin_of

if TYPE_CHECKING:
    from lrbench.objective.minibatches import Minibatches
    from lrbench.objective.oracle import Ball
    from lrbench.objective.problem import Sampler

BLOCK_ARRAYS = 4
"""Scores, derivatives and their temporaries: arrays of the size of a row block."""


@dataclass(frozen=True, eq=False)
class LinearProblem(LinearObjective):
    """A linear model with its name, its starting point and its description.

    Parameters
    ----------
    data, y, loss, penalty, intercept
        The objective: see `LinearObjective`.
    name
        The problem's name in every table.
    w0
        The starting point, (n_features,).
    about
        Its description in reports.
    test
        The samples that are held out; None for none.
    X_hash
        The content hash of the data set if X is its very array; empty if X was made from it.
    raw
        The data from which X was made; None where X is taken as exact.
    """

    name: str
    w0: Vector
    about: About
    test: LinearHeldOut | None = None
    X_hash: str = ""
    raw: Raw | None = None

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the problem as it was built, without the samples held out.

        It covers X, y and w_0 to the last bit, and the loss and the penalty with their parameters.
        Unlike ``about.fingerprint`` it does not depend on the specification, so that an optimum or
        a cell stored under it is not used after a change of the code that reads or scales data.
        """
        # Hashing X takes a second a gigabyte; where X is that of the data set, its hash is known.
        X = self.X_hash or content_hash(self.data.X)
        parts = f"{parameters_text(self.loss)}\n{parameters_text(self.penalty)}"
        for part in (self.loss, self.penalty):  # the name of one of the user may change its meaning
            if is_plugin(type(part)):
                parts += f"\n{origin_of(type(part)).source_hash}"
        text = f"{X}\n{digest(self.y)}\n{digest(self.w0)}\n{parts}\n{self.intercept}"
        return hashlib.sha256(text.encode()).hexdigest()

    def started_at(self, w0: Vector) -> LinearProblem:
        """Return the problem with another starting point."""
        return replace(self, w0=w0)

    def facts(self) -> ProblemFacts:
        """Return what is asked of the problem outside a run; the digest is computed if asked for.

        With an intercept, which is not penalised, no set is bounded. The prox of the penalty and
        then the projection on a ball is the prox of their sum where both shrink the same vector.
        That requires a ball around the origin, no other set than a ball, and with an intercept the
        l1 penalty alone.
        """
        penalty, about = self.penalty, self.about
        parameters = {k: v for k, v in asdict(cast("Any", penalty)).items() if k != "weight"}
        diameter = math.inf if self.intercept else penalty.diameter(self.n_penalised)
        other_set = penalty.indicator and math.isinf(penalty.radius)
        uneven = self.intercept and (penalty.curvature > 0 or penalty.indicator)
        return ProblemFacts(
            **vars(about),
            loss=part_text(self.loss),
            penalty=PenaltyValues(penalty.name, penalty.weight, parameters),
            penalised=not penalty.vanishes,
            intercept=self.intercept,
            nnz=self.data.nnz,
            digest=self._digest_with_test,
            linear=LinearModel(self.data.X, self.y, self.loss, penalty, self.intercept),
            data_bytes=self.nbytes + (0 if self.test is None else self.test.nbytes),
            work_bytes=BLOCK_ARRAYS * BLOCK_ELEMENTS * NUMBER_BYTES + CHUNK_BYTES,
            convex=True,
            not_smooth=self._reason_not_smooth(),
            diameter=diameter if math.isfinite(diameter) else None,
            bounds_alone=not (penalty.indicator and math.isfinite(penalty.radius)),
            derivatives=True,
            ball_after_prox=not (self.w0.any() or other_set or uneven),
            seeds_together=self.n_features <= FEW_FEATURES,
        )

    def _digest_with_test(self) -> str:
        if self.test is None:
            return self.digest
        return f"{self.digest} {content_hash(self.test.data.X, y=self.test.y)}"

    def _reason_not_smooth(self) -> str:
        loss, penalty = self.loss, self.penalty
        if not math.isfinite(loss.smoothness):
            # A differentiable loss may have a second derivative without a bound.
            return f"the {loss.name} loss {'has no L' if loss.differentiable else 'is not smooth'}"
        if penalty.indicator:
            return f"the {penalty.name} is a constraint"
        if math.isfinite(penalty.smoothness):
            return ""
        return f"the {penalty.name} penalty is not smooth"

    def hessian(self, w: Vector) -> Callable[[Vector], Vector]:
        """Return the function that multiplies a vector, (n_features,), by the Hessian of F at `w`.

        A loss counts with its second derivative, 0 at a kink; the l1 norm and indicators add 0.
        """
        X, XT = self.data.X, transpose(self.data.X)
        curvature = self.loss.second_derivative(X @ w, self.y) / self.n_samples
        shrink = np.zeros(self.n_features)
        shrink[: self.n_penalised] = self.penalty.curvature
        return lambda v: XT @ (curvature * (X @ v)) + shrink * v

    def measures(self, W: Lanes) -> dict[str, PerLane]:
        """Return the loss, and for two classes the accuracy, on the samples held out."""
        return {} if self.test is None else self.test.measures(W)

    def sampler(
        self,
        w_star: Vector | None,
        ball: Ball | None,
        minibatches: Sequence[Minibatches],
        *,
        dense_iterates: bool = False,
        seeds: Sequence[int] = (0,),
    ) -> Sampler:
        """Return the cheapest sampler for full batches, or for these minibatches."""
        return linear_sampler(
            self,
            self.w0,
            w_star,
            ball,
            minibatches,
            dense_iterates=dense_iterates,
            seeds=seeds,
        )
