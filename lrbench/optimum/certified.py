"""The certified minimum of a problem: kept between runs, or computed."""

from __future__ import annotations

import contextlib
from pathlib import Path

from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.problem import Problem, Reparametrised
from lrbench.optimum.base import Optimum
from lrbench.optimum.cache import load_optimum, optimum_path, save_optimum
from lrbench.optimum.other import of_infimum, own_optimum


def find_optimum(problem: Problem, *, cache: Path | None) -> Optimum:
    """Return the certified minimum of `problem`; of one that is not linear, what itself knows.

    In the variables of a normalisation, which reach every weight vector, inf F is that of the
    linear problem.

    Parameters
    ----------
    cache
        The folder of lrbench's cache; None to compute the minimum without a cache.

    Raises
    ------
    OptimumError
        No reference solver can handle the loss, or the minimiser is not finite.

    Notes
    -----
    The reference solver is never a first-order method. Smooth problems are solved by Newton's
    method, with a factorised Hessian if min(n_samples, n_features) <= 3000 and by conjugate
    gradients otherwise. Its first step is the closed form of least squares, and the others refine
    it. If there are several minimisers, the result is the one nearest to w_0, in the variables in
    which it is computed. Problems with kinks or constraints are solved by an interior point method,
    which returns any of several minimisers.

    An optimum from the cache is verified (`lrbench.optimum.verify`). One that is damaged, or that
    the data refute, is computed again.
    """
    if isinstance(problem, Reparametrised) and problem.equivalent is not None:
        return of_infimum(find_optimum(problem.equivalent, cache=cache))
    if not isinstance(problem, LinearProblem):
        return own_optimum(problem)
    path = optimum_path(problem, cache)
    optimum = load_optimum(path, problem) if path else None
    if optimum is None:
        from lrbench.optimum.find import computed  # many modules, of which most runs need none

        optimum = computed(problem)
        if path:
            save_optimum(path, optimum)
    return optimum


def discard_optimum(problem: Problem, cache: Path | None) -> None:
    """Delete the cached optimum of `problem`, if there is one, after a run has refuted it."""
    if isinstance(problem, Reparametrised):
        problem = problem.plain
    path = optimum_path(problem, cache) if isinstance(problem, LinearProblem) else None
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
