"""SGDClassifier and SGDRegressor of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from lrbench.objective.about import LinearModel
from lrbench.objective.problem import Problem
from lrbench.solvers.base import check_not_negative
from lrbench.solvers.outside.estimator import EstimatorSolver

PENALTY_NAMES = {(False, False): None, (False, True): "l2", (True, False): "l1"}
"""What scikit-learn calls a penalty, by whether it has l1 and l2; with both ``"elasticnet"``."""

LOSSES = {
    "logistic": ("log_loss", 1.0),
    "hinge": ("hinge", 1.0),
    "squared-hinge": ("squared_hinge", 2.0),
    "squared": ("squared_error", 1.0),
    "huber": ("huber", 1.0),
    "absolute": ("epsilon_insensitive", 1.0),
}
"""What scikit-learn calls a loss, and its loss as a multiple of lrbench's."""


class SGDSolver(EstimatorSolver):
    """Stochastic gradient descent of scikit-learn: single samples, reshuffled in every epoch."""

    state_size = "d"
    papers = ("bottou2010",)
    lr0_means = "eta0, the learning rate of the first step"
    pass_means = "an epoch, which is a step for each sample"
    penalties = ("none", "l2", "l1", "elastic-net")

    power_t: float

    def __post_init__(self) -> None:
        check_not_negative(self, "power_t")

    def settings(self, model: LinearModel, lr0: float | None) -> dict[str, Any]:
        """Return the parameters of the estimator, for F times the multiple of its loss."""
        assert lr0 is not None
        loss, multiple = LOSSES[model.loss.name]
        l1, l2 = model.penalty.l1, model.penalty.curvature
        penalty = PENALTY_NAMES.get((l1 > 0, l2 > 0), "elasticnet")
        return {
            "loss": loss,
            "penalty": penalty,
            "alpha": multiple * (l1 + l2),
            **({"l1_ratio": l1 / (l1 + l2)} if penalty == "elasticnet" else {}),
            "eta0": lr0 / multiple,
            "power_t": self.power_t,
            "tol": None,
        }


@dataclass(frozen=True)
class SGDClassification(SGDSolver):
    r"""SGDClassifier of scikit-learn: stochastic gradient descent on single samples.

    .. math:: w_{k+1} = w_k - \gamma_k g_{i_k}(w_k), \qquad \gamma_k = \mathrm{lr0} / k^p

    Parameters
    ----------
    schedule
        What scikit-learn calls learning_rate: ``"invscaling"`` as above, with k the number of the
        step; ``"constant"``; ``"optimal"``, the default of scikit-learn,
        gamma_k = 1 / (c (k_0 + k)) with c the weight of the penalty, in which lr0 has no effect.
    power_t
        p, a number >= 0.

    Raises
    ------
    UsageError
        If power_t is negative or not finite.

    Notes
    -----
    lr0 is eta0 for the losses logistic and hinge. The squared hinge of scikit-learn is twice that
    of lrbench: there eta0 is lr0 / 2 and alpha twice the weight, which are the same steps on F. An
    l1 penalty is applied by the cumulative penalty of Tsuruoka et al., which is no prox. An
    iteration is an epoch, in an order drawn by the seed of the run. Each row of the trace is a fit
    of its own from w_0 with that budget of epochs and the same seed: `partial_fit` would not do,
    because it begins every epoch with the same order. On sparse data the intercept moves by a
    hundredth of the step. Slopes beyond 1e12 are cut, so that a run with a far too high lr0 is
    stalled, seldom diverged.

    References
    ----------
    Bottou, Large-scale machine learning with stochastic gradient descent, COMPSTAT 2010.
    Tsuruoka, Tsujii, Ananiadou, Stochastic gradient descent training for L1-regularized log-linear
    models with cumulative penalty, ACL 2009.
    """

    name = "outside:sgd-classifier"
    losses = ("logistic", "hinge", "squared-hinge")

    schedule: Literal["invscaling", "constant", "optimal"] = "invscaling"
    power_t: float = 0.5

    def unmet(self, problem: Problem) -> list[str]:
        wanted = super().unmet(problem)
        model = problem.facts().linear
        if self.schedule == "optimal" and model and model.penalty.vanishes:
            wanted.append("a penalty for its schedule = optimal")
        return wanted

    def estimator(self, model: LinearModel, lr0: float | None) -> Any:
        from sklearn.linear_model import SGDClassifier

        return SGDClassifier(learning_rate=self.schedule, **self.settings(model, lr0))


@dataclass(frozen=True)
class SGDRegression(SGDSolver):
    r"""SGDRegressor of scikit-learn: stochastic gradient descent on single samples.

    .. math:: w_{k+1} = w_k - \gamma_k g_{i_k}(w_k), \qquad \gamma_k = \mathrm{lr0} / k^p

    Parameters
    ----------
    schedule
        What scikit-learn calls learning_rate: ``"invscaling"`` as above, with k the number of the
        step; ``"constant"``.
    power_t
        p, a number >= 0.

    Raises
    ------
    UsageError
        If power_t is negative or not finite.

    Notes
    -----
    lr0 is eta0. The absolute loss is its epsilon-insensitive loss with epsilon = 0. An l1 penalty
    is applied by the cumulative penalty of Tsuruoka et al., which is no prox. An iteration is an
    epoch, in an order drawn by the seed of the run. Each row of the trace is a fit of its own from
    w_0 with that budget of epochs and the same seed: `partial_fit` would not do, because it begins
    every epoch with the same order. On sparse data the intercept moves by a hundredth of the step.
    Slopes beyond 1e12 are cut, so that a run with a far too high lr0 is stalled, seldom diverged.

    References
    ----------
    Bottou, Large-scale machine learning with stochastic gradient descent, COMPSTAT 2010.
    Tsuruoka, Tsujii, Ananiadou, Stochastic gradient descent training for L1-regularized log-linear
    models with cumulative penalty, ACL 2009.
    """

    name = "outside:sgd-regressor"
    losses = ("squared", "huber", "absolute")

    schedule: Literal["invscaling", "constant"] = "invscaling"
    power_t: float = 0.25

    def estimator(self, model: LinearModel, lr0: float | None) -> Any:
        from sklearn.linear_model import SGDRegressor

        settings = self.settings(model, lr0)
        epsilon = getattr(model.loss, "threshold", 0.0)
        return SGDRegressor(learning_rate=self.schedule, epsilon=epsilon, **settings)
