"""The small irregular problems on which contracts are checked."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.sparse import csr_array

from lrbench.arrays import PerSample, Vector
from lrbench.errors import ContractError
from lrbench.losses import LOSSES
from lrbench.objective.about import About
from lrbench.objective.constants import Constants
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.optimum import constants, find_optimum
from lrbench.penalties import PENALTIES
from lrbench.solvers.base import Solver

HORIZON = 3000
"""More steps than any contract takes."""

WIDE = "minibatches of wide sparse data"


@dataclass(frozen=True, eq=False)
class ContractCase:
    """A problem and a setting.

    Parameters
    ----------
    name
        What a sentence calls it.
    problem, batch
        The problem, and its minibatches; None for full batches.
    """

    name: str
    problem: LinearProblem
    batch: Minibatches | None = None

    @property
    def minibatches(self) -> list[Minibatches]:
        """The minibatches as a sampler takes them."""
        return [] if self.batch is None else [self.batch]

    def reordered(self, seed: int) -> tuple[ContractCase, Vector]:
        """Return the same problem with other rounding, and the order of its features.

        The samples have another order, too, if no minibatch is drawn from them.
        """
        problem, rng = self.problem, np.random.default_rng(seed)
        n = problem.n_penalised
        order = np.concatenate([rng.permutation(n), np.arange(n, problem.n_features)])
        rows = np.arange(problem.n_samples)
        rows = rng.permutation(rows) if self.batch is None else rows
        X = problem.data.X[rows][:, order]
        data = DataMatrix(np.ascontiguousarray(X) if isinstance(X, np.ndarray) else csr_array(X))
        other = dataclasses.replace(problem, data=data, y=problem.y[rows], w0=problem.w0[order])
        return ContractCase(self.name, other, self.batch), order


@contextlib.contextmanager
def on(case: ContractCase) -> Iterator[None]:
    """Add to errors of the block on which problem they came."""
    try:
        yield
    except ContractError:
        raise
    except Exception as error:
        hint = " (whose iterate is no array unless dense_gradient = True)"
        error.add_note(f"on {case.name}{hint if case.name == WIDE else ''}")
        raise


@cache
def cases() -> tuple[ContractCase, ...]:
    """Return the cases that steps are taken on.

    The wide data are so wide that a step visits touched columns only.
    """
    small, wide = _logistic(20, 4, intercept=True), _logistic(40, 4500, nnz=25)
    return (
        ContractCase("full batches", small),
        ContractCase("minibatches", small, Minibatches(20, 6, "replacement", seed=4)),
        ContractCase("reshuffled minibatches", small, Minibatches(20, 7, "reshuffle", seed=2)),
        ContractCase(WIDE, wide, Minibatches(40, 30, "replacement", seed=3)),
    )


@cache
def stationary_cases() -> tuple[ContractCase, ...]:
    """Return cases in which every gradient vanishes to the last bit at the start, the origin."""
    X = np.array([[1.0, 2.0, -3.0], [4.0, 0.0, 1.0]])
    signs, zeros = np.array([1.0, 1.0, -1.0, -1.0]), np.zeros(2)
    shrunk = _problem(X, zeros, "squared", weight=0.5)
    return (
        ContractCase("least squares", _problem(X, zeros, "squared")),
        ContractCase("ridge regression", shrunk),
        ContractCase("logistic regression", _problem(np.vstack([X, X]), signs, "logistic")),
        ContractCase("minibatches", shrunk, Minibatches(2, 1, "replacement", seed=0)),
    )


def _logistic(
    n_samples: int, n_features: int, *, intercept: bool = False, nnz: int = 0
) -> LinearProblem:
    """Return logistic regression with l2; in CSR form with `nnz` entries in a row."""
    rng = np.random.default_rng(n_features)
    X = rng.standard_normal((n_samples, n_features))
    if nnz:
        kept = np.argsort(rng.random(X.shape), axis=1) < nnz
        X[~kept] = 0.0
    scores = X @ rng.standard_normal(n_features) + rng.standard_normal(n_samples)
    if intercept:
        X = np.column_stack([X, np.ones(n_samples)])
    y = np.where(scores > 0.0, 1.0, -1.0)
    w0 = rng.standard_normal((X.shape[1],))
    return _problem(csr_array(X) if nnz else X, y, "logistic", 0.1, w0, intercept=intercept)


def _problem(
    X: np.ndarray | csr_array,
    y: PerSample,
    loss: str,
    weight: float = 0.0,
    w0: Vector | None = None,
    *,
    intercept: bool = False,
) -> LinearProblem:
    return LinearProblem(
        data=DataMatrix(X),
        y=y,
        loss=LOSSES.get(loss)(),
        penalty=PENALTIES.get("l2")(weight) if weight else PENALTIES.get("none")(),
        intercept=intercept,
        name="contract",
        w0=np.zeros(X.shape[1]) if w0 is None else w0,
        about=About("contract", "generated"),
    )


@cache
def constants_of(problem: LinearProblem) -> Constants:
    """Return the certified constants of a problem."""
    return constants(problem, find_optimum(problem, cache=None), radius=None)


def facts_of(problem: LinearProblem, solver: Solver) -> dict[str, float]:
    """Return the numbers that a solver needs of the problem and the budget."""
    numbers: dict[str, float] = {}
    for need in solver.needs:
        if need == "horizon":
            numbers[need] = float(HORIZON)
        elif need != "derivatives":
            numbers[need] = getattr(constants_of(problem), need)
    return numbers
