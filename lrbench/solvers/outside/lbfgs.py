"""L-BFGS-B of SciPy."""

from __future__ import annotations

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
    It has no initial learning rate and no free scale: SciPy's first trial step has length 1 where
    there are no bounds, and later steps make their own scale. SciPy's own tests of convergence are
    off, so that a run ends with its budget or where the line search finds no lower value. A box is
    a constraint that it knows; where F is not smooth nothing is known of it, and it may stop early.
    No learning rate is reported. An iteration costs one gradient for each point of its line search.

    References
    ----------
    Byrd, Lu, Nocedal, Zhu, A limited memory algorithm for bound constrained optimization, SIAM J.
    Sci. Comput. 16, 1995.
    """

    name = "outside:lbfgs"
    step_cost = "1 or more gradients"
    state_size = "20 d"
    papers = ("byrd1995",)
    scale = ""
    has_lr0 = False

    memory: float = 10.0

    def __post_init__(self) -> None:
        check_whole(self, "memory")

    def load(self) -> None:
        import scipy.optimize  # noqa: F401

    def solve(
        self,
        objective: Objective,
        w0: Vector,
        lr0: float | None,
        iterations: int,
        record: Callable[[Vector], None],
    ) -> None:
        from scipy.optimize import Bounds, minimize

        minimize(
            objective.value_and_gradient,
            w0,
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(*objective.bounds),
            callback=lambda w: record(w),
            options={
                "maxiter": iterations,
                "maxfun": 10**15,
                "maxcor": int(self.memory),
                "ftol": 0.0,
                "gtol": 0.0,
            },
        )
