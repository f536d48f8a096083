"""Lasso and ElasticNet of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lrbench.objective.about import LinearModel
from lrbench.solvers.outside.estimator import EstimatorSolver


@dataclass(frozen=True)
class LassoDescent(EstimatorSolver):
    r"""Lasso of scikit-learn: coordinate descent on least squares with an l1 penalty.

    .. math:: w_j \leftarrow \mathrm{argmin}_{w_j} F(w), \qquad j = 1, 2, \dots \text{ in turn}

    Notes
    -----
    With the elastic net it is scikit-learn's ElasticNet, of which Lasso is the case without l2.
    lr0 has no effect. An iteration is a sweep over the coordinates, and counts as a pass: it costs
    as much as a gradient. Its residual at w_0, and the duality gaps by which newer versions leave
    out features, are not counted. An intercept is not stepped: the columns of X are centred, and it
    is the best one for the other coordinates, so that its start has no effect. Each row of the
    trace is a fit of its own from w_0 with that budget.

    References
    ----------
    Friedman, Hastie, Tibshirani, Regularization paths for generalized linear models via coordinate
    descent, J. Stat. Softw. 33, 2010.
    """

    name = "outside:lasso"
    state_size = "n + d"
    papers = ("friedman2010",)
    lr0_means = "without effect"
    pass_means = "a sweep over the coordinates"
    losses = ("squared",)
    penalties = ("l1", "elastic-net")
    column_major = True

    def estimator(self, model: LinearModel, lr0: float | None) -> Any:
        from sklearn.linear_model import ElasticNet

        del lr0
        l1, weight = model.penalty.l1, model.penalty.l1 + model.penalty.curvature
        return ElasticNet(alpha=weight, l1_ratio=l1 / weight, tol=0.0)
