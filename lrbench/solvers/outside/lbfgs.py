"""L-BFGS-B of SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from lrbench.arrays import Vector
from lrbench.solvers.base import check_whole
from lrbench.solvers.outside.base import Objective, OutsideSolver


@dataclass(frozen=True)
class LBFGS(OutsideSolver):
    r"""L-BFGS-B of SciPy: a quasi-Newton method with limited memory and a line search.

    .. math:: w_{t+1} = w_t - a_t H_t \nabla F(w_t)

    with H_t from the last `memory` steps and changes of the gradient, and a_t from a line search.

    Parameters
    ----------
    memory
        The number of steps that H_t is made from, a whole number >= 1.

    Raises
    ------
    UsageError
        If memory is not a whole number >= 1.

    Notes
    -----
    It runs in the variables :math:`w / \sqrt{\mathrm{lr0}}`, in which SciPy's first trial step has
    length 1 where there are no bounds: lr0 is the square of the length of the first step that is
    tried. Later steps make their own scale. SciPy's own tests of convergence are off, so that a run
    ends with its budget or where the line search finds no lower value. A box is a constraint that
    it knows; where F is not smooth nothing is known of it, and it may stop early. No learning rate
    is reported. An iteration costs one gradient for each point of its line search.

    References
    ----------
    Byrd, Lu, Nocedal, Zhu, A limited memory algorithm for bound constrained optimization, SIAM J.
    Sci. Comput. 16, 1995.
    """

    name = "outside:lbfgs"
    step_cost = "1 or more gradients"
    state_size = "20 d"
    papers = ("byrd1995",)
    lr0_means = "the square of the length of the first trial step"

    memory: float = 10.0

    def __post_init__(self) -> None:
        check_whole(self, "memory")

    def load(self) -> None:
        import scipy.optimize  # noqa: F401

    def solve(
        self,
        objective: Objective,
        w0: Vector,
        lr0: float,
        iterations: int,
        record: Callable[[Vector], None],
    ) -> None:
        from scipy.optimize import Bounds, minimize

        unit = math.sqrt(lr0)
        lower, upper = objective.bounds

        def scaled(v: Vector) -> tuple[float, Vector]:
            value, gradient = objective.value_and_gradient(v * unit)
            return value, gradient * unit

        minimize(
            scaled,
            w0 / unit,
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(lower / unit, upper / unit),
            callback=lambda v: record(v * unit),
            options={
                "maxiter": iterations,
                "maxfun": 10**15,
                "maxcor": int(self.memory),
                "ftol": 0.0,
                "gtol": 0.0,
            },
        )
