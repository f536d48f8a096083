"""A problem as functions of one iterate, and the function `lrbench.load_problem`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lrbench.arrays import Index, Lanes, Vector
from lrbench.cache.folder import cache_dir
from lrbench.config.keywords import names_keywords
from lrbench.config.values import as_integer, as_number, checked, checked_seed
from lrbench.config.vectors import as_vector
from lrbench.engine.control import Control
from lrbench.errors import UsageError, quoted
from lrbench.objective.constants import Constants
from lrbench.objective.minibatches import STREAM, DrawnMinibatch
from lrbench.objective.oracle import Oracle
from lrbench.objective.problem import Problem, Sampler
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import Prepared, prepare
from lrbench.problem_files import ProblemSpec, build_problem, load_specs, with_overrides

ALL: Index = np.empty(0, dtype=np.intp)
"""No samples in particular."""


class LoadedProblem:
    """A problem as functions of one iterate w, (n_features,), in float64.

    An iterate is whatever `numpy.asarray` reads, or a tensor of torch, which is detached. Every
    function raises `UsageError` for one of another shape, or that does not hold real numbers.

    Parameters
    ----------
    source
        The specification, or a problem that was made in Python.
    f_star
        A minimum of F to use instead of a certified one; None to have it certified.
    """

    def __init__(self, source: ProblemSpec | Problem, f_star: float | None = None) -> None:
        self.source, self.f_star = source, f_star
        self._problem: Problem = (
            build_problem(source) if isinstance(source, ProblemSpec) else source
        )
        self._samplers: dict[int, tuple[Sampler, Index]] = {}
        """The size of a minibatch, 0 for all samples -> its sampler, and where its samples are."""

    def __repr__(self) -> str:
        """Return the name and the shape."""
        return f"LoadedProblem({self.name!r}: {self.n_samples} x {self.n_features})"

    @property
    def name(self) -> str:
        """The name in every table."""
        return self._problem.name

    @property
    def n_samples(self) -> int:
        """The number of terms of the sum."""
        return self._problem.n_samples

    @property
    def n_features(self) -> int:
        """The dimension of w, the intercept included."""
        return self._problem.n_features

    @property
    def w0(self) -> Vector:
        """A copy of the starting point, (n_features,)."""
        return self._problem.w0.copy()

    @cached_property
    @names_keywords("f_star")
    def prepared(self) -> Prepared:
        """The problem with its optimum, certified or read from the cache when first asked for.

        Raises
        ------
        OptimumError
            If f_star is not certified.
        """
        return self.prepared_for(Plan(solvers="gd", f_star=self.f_star))

    def prepared_for(self, plan: Plan) -> Prepared:
        """Return the problem ready for a plan.

        Raises
        ------
        UsageError
            If the plan does not fit.
        OptimumError
            If f_star is not certified.
        """
        return prepare(self.source, plan, cache_dir(), Control())

    @property
    def constants(self) -> Constants:
        """L, mu, f_star with the bound on its error, and what else theorems use.

        Raises
        ------
        OptimumError
            If f_star is not certified.
        """
        return self.prepared.constants

    @property
    def w_star(self) -> Vector | None:
        """A copy of the computed minimiser, (n_features,); None where there is none.

        Raises
        ------
        OptimumError
            If f_star is not certified.
        """
        w_star = self.prepared.optimum.w_star
        return None if w_star is None else w_star.copy()

    def value(self, w: Any) -> float:
        """Return F(w); inf outside of a constraint."""
        return float(self._problem.value(self._lane(w))[0])

    def gradient(self, w: Any) -> Vector:
        """Return the gradient of F at w, (n_features,): a subgradient where F is not smooth.

        A constraint adds nothing to it.
        """
        W = self._lane(w)
        with np.errstate(over="ignore"):  # an exponential of inf has the derivative 0
            return self._oracle(W).gradient(W).dense()[:, 0]

    def loss_gradient(self, w: Any) -> Vector:
        """Return the gradient of the mean loss at w, without the penalty, (n_features,).

        A proximal step is ``prox(w - lr * loss_gradient(w), lr)``.
        """
        W = self._lane(w)
        with np.errstate(over="ignore"):
            return self._oracle(W).loss_gradient(W).dense()[:, 0]

    def stochastic_gradient(self, w: Any, rng: np.random.Generator, batch_size: int) -> Vector:
        """Return the gradient of F on a minibatch of independent samples, (n_features,).

        Parameters
        ----------
        w
            The iterate.
        rng
            The random numbers, of which it takes `batch_size`.
        batch_size
            The size of the minibatch, at most n_samples.

        Raises
        ------
        UsageError
            If the size is no whole number from 1 to n_samples, or `rng` is no generator.
        """
        size = as_integer(batch_size, 1, self.n_samples)
        if size is None:
            raise UsageError(
                f"batch_size {quoted(batch_size)} is not a whole number from 1 to"
                f" {self.n_samples}, the samples of {self.name}.",
                "give such a number.",
            )
        if not isinstance(rng, np.random.Generator):
            raise UsageError(
                f"rng is {quoted(rng)}, and no generator of random numbers.",
                "give numpy.random.default_rng(0), or the minibatch_rng(seed) of the problem.",
            )
        W = self._lane(w)  # before random numbers are used up
        samples = rng.integers(0, self.n_samples, size=size, dtype=np.intp)
        with np.errstate(over="ignore"):
            return self._oracle(W, samples).gradient(W).dense()[:, 0]

    def minibatch_rng(self, seed: int) -> np.random.Generator:
        """Return the random numbers from which lrbench draws the minibatches of a seed.

        With these, `stochastic_gradient` uses the same samples in its t-th call as the t-th step of
        `lrbench.run` with this seed, this size, and replacement.

        Raises
        ------
        UsageError
            If `seed` is no whole number from 0 on.
        """
        number = checked_seed(seed, "the seed")
        return np.random.default_rng(np.random.SeedSequence(number, spawn_key=STREAM))

    def prox(self, w: Any, lr: float) -> Vector:
        """Return argmin_u R(u) + |u - w|^2 / (2 lr), (n_features,): of a constraint the projection.

        R is the penalty, which leaves an intercept alone.

        Raises
        ------
        UsageError
            If `lr` is no positive number.
        """
        rate = as_number(lr)
        if rate is None or not 0.0 < rate < np.inf:
            raise UsageError(f"lr {quoted(lr)} is not a positive number.", "give one, as 0.1.")
        W = self._lane(w)
        moved: Lanes = self._oracle(W).prox(W, np.array([rate]))
        return moved[:, 0]

    def _lane(self, w: Any) -> Lanes:
        """Return an iterate as the single column of a new array."""
        return as_vector(w, self.n_features, self.name)[:, None].copy()

    def _oracle(self, W: Lanes, drawn: Index = ALL) -> Oracle:
        """Return the oracle of these samples, or of all, for a step from `W`."""
        size = len(drawn)
        if size not in self._samplers:  # its iterates take longer than a small gradient
            samples = np.empty(size, dtype=np.intp)
            minibatch = DrawnMinibatch(self.n_samples, size, "replacement", 0, samples)
            sampler = self._problem.sampler(
                None, None, [minibatch] if size else [], dense_iterates=True
            )
            sampler.iterates.start(1)
            self._samplers[size] = sampler, samples
        sampler, samples = self._samplers[size]
        samples[:] = drawn
        oracle = next(sampler.oracles(lambda W, gradient: None))
        oracle.begin(W)
        return oracle


@names_keywords()
def load_problem(
    problem: str | Path | ProblemSpec | Problem,
    *,
    f_star: float | None = None,
    reparam: str | None = None,
) -> LoadedProblem:
    """Load a problem as functions of one iterate, for a loop of your own.

    Parameters
    ----------
    problem
        As for `lrbench.run`: one name, path, specification or object.
    f_star
        A minimum of F to use instead of a certified one; None to have it certified when it is
        first asked for.
    reparam
        The normalisation in whose variables it is written, as for `--reparam`:
        ``"weight-norm"``, ``"batch-norm[scale=fixed,gamma=2]"``; None for those that it has.

    Returns
    -------
    LoadedProblem
        It has `value`, `gradient`, `stochastic_gradient`, `prox`, `constants`, `w_star`, `w0`,
        `n_samples`, `n_features` and `name`.

    Raises
    ------
    UsageError
        If there is no such problem, or it has no such variables.
    DataError
        If its data are missing or bad.

    Examples
    --------
    >>> import lrbench
    >>> pb = lrbench.load_problem("log-spectrum")
    >>> w = pb.w0 - pb.gradient(pb.w0) / pb.constants.L
    >>> pb.value(w) < pb.value(pb.w0)
    True
    """
    sources = load_specs(problem)
    if len(sources) != 1:
        raise UsageError(f"{len(sources)} problems are given to load.", "load one at a time.")
    (source,) = sources
    if reparam is not None:
        if not isinstance(source, ProblemSpec):
            raise UsageError(
                f"{source.name} was made in Python, and reparam is of the linear models of files.",
                "leave reparam out.",
            )
        source = with_overrides(source, reparam=checked(reparam, "reparam", str))
    return LoadedProblem(source, f_star)
