"""What the outside solvers of scikit-learn have in common: an estimator, which is fitted."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from lrbench.arrays import Vector
from lrbench.config.process import ignored_warnings
from lrbench.objective.about import LinearModel
from lrbench.objective.problem import Problem
from lrbench.solvers.outside.base import Refit, RefittedSolver

SEEDS = 2**32
"""scikit-learn takes seeds below this."""


class EstimatorSolver(RefittedSolver):
    """An estimator of scikit-learn that minimises F itself, with lrbench's weights.

    Its own tests of convergence are off. An intercept is the estimator's, without a penalty.
    """

    distribution = "scikit-learn"
    losses: ClassVar[tuple[str, ...]]
    """The losses that it minimises, as they are called in problem files."""
    penalties: ClassVar[tuple[str, ...]]
    """The penalties that it takes, likewise; ``"none"`` for none."""
    plain: ClassVar[bool] = False
    """Whether it starts at 0 and would penalise an intercept."""
    column_major: ClassVar[bool] = False
    """Whether it wants X in Fortran order or in CSC form."""

    def load(self) -> None:
        import sklearn.linear_model  # noqa: F401

    def unmet(self, problem: Problem) -> list[str]:
        model = problem.facts().linear
        if model is None:
            return ["a linear model"]
        penalty = "none" if model.penalty.vanishes else model.penalty.name
        wanted = []
        if model.loss.name not in self.losses:
            wanted.append(f"loss = {' or '.join(self.losses)}")
        if penalty not in self.penalties:
            wanted.append(f"penalty = {' or '.join(self.penalties)}")
        if self.plain and model.intercept:
            wanted.append("intercept = false")
        if self.plain and problem.w0.any():
            wanted.append("start = zeros")
        return wanted

    @abstractmethod
    def estimator(self, model: LinearModel, lr0: float | None) -> Any:
        """Return the estimator whose objective is a multiple of F, without a budget."""

    def cost(self, iterations: int, n_features: int) -> int:
        """Return the passes of a run."""
        del n_features
        return iterations

    def prepare(
        self, model: LinearModel, w0: Vector, lr0: float | None, seed: int
    ) -> Callable[[int], Refit]:
        """Return the function that fits the estimator; X is brought into its form here."""
        n_samples, n_features = model.X.shape
        slopes = n_features - model.intercept
        X = _in_form(model.X, slopes, self.column_major)

        def fit(iterations: int) -> Refit:
            estimator = self.estimator(model, lr0)
            estimator.set_params(
                fit_intercept=model.intercept, max_iter=iterations, random_state=seed % SEEDS
            )
            if not self.plain:
                estimator.set_params(warm_start=True)
                start = w0.copy()  # some estimators write to it
                classes = model.loss.task == "binary"
                estimator.coef_ = start[None, :slopes] if classes else start[:slopes]
                estimator.intercept_ = start[slopes:] if model.intercept else np.zeros(1)
            w = np.full(n_features, np.nan)
            if _fitted(estimator, X, model.y):
                w[:slopes] = np.ravel(estimator.coef_)
                w[slopes:] = np.ravel(estimator.intercept_)[: model.intercept]
                iterations = int(np.max(estimator.n_iter_))
            return Refit(w, iterations, n_samples * self.cost(iterations, n_features))

        return fit


def _in_form(X: Any, columns: int, column_major: bool) -> Any:
    """Return the first columns of X in the form that no estimator copies."""
    if isinstance(X, np.ndarray):
        return np.require(X[:, :columns], requirements="F" if column_major else "C")
    from scipy.sparse import csc_matrix, csr_matrix

    matrix = (csc_matrix if column_major else csr_matrix)(X[:, :columns])
    if matrix.nnz < 2**31:  # some estimators take no other indices
        matrix.indices = matrix.indices.astype(np.int32, copy=False)
        matrix.indptr = matrix.indptr.astype(np.int32, copy=False)
    matrix.sort_indices()
    return matrix


def _fitted(estimator: Any, X: Any, y: Vector) -> bool:
    """Fit the estimator; return False where it overflows.

    It does not warn that its budget ends before it has converged, nor of a system without a
    solution, after which it goes on in another way.
    """
    from scipy.linalg import LinAlgWarning
    from sklearn.exceptions import ConvergenceWarning

    with ignored_warnings(ConvergenceWarning, LinAlgWarning, RuntimeWarning):
        try:
            estimator.fit(X, y)
        except ValueError as error:
            if "overflow" not in str(error):
                raise
            return False
    return True
