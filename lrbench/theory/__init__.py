"""Theorems, one file a family, and which of them speak of which solver.

A new theorem costs its class and one line here.
"""

from __future__ import annotations

from lrbench.theory import (
    adagrad_norm,
    adagrad_norm_batch,
    adagrad_norm_certificates,
    adagrad_norm_stochastic,
    bounded_gradients,
    constant_step,
    fixed_steps,
    last_iterate,
    proximal,
    regret,
    sgd,
    sgd_sqrt,
    wngrad,
    wngrad_batch,
    wngrad_certificates,
    wngrad_stochastic,
)
from lrbench.theory.base import Theorem

THEOREMS: dict[str, tuple[Theorem, ...]] = {
    "wngrad": (
        wngrad_certificates.SmallestGradient(),
        wngrad_certificates.AverageIterate(),
        regret.Regret(),
        last_iterate.Contraction(wngrad.stable),
        last_iterate.LastIterate(),
        wngrad_batch.SmallestGradient(),
        wngrad_batch.AverageIterate(),
        wngrad_batch.LastIterate(),
        wngrad_batch.LinearLastIterate(),
        wngrad_stochastic.AverageIterate(),
        wngrad_stochastic.NoiseAdaptive(),
        bounded_gradients.WNGrad(),
    ),
    "adagrad-norm": (
        adagrad_norm_certificates.SmallestGradient(),
        adagrad_norm_certificates.AverageIterate(),
        regret.Regret(),
        last_iterate.Contraction(adagrad_norm.stable),
        last_iterate.LastIterate(),
        adagrad_norm_batch.AverageIterate(),
        adagrad_norm_batch.SmallestGradient(),
        adagrad_norm_stochastic.AverageIterate(),
        adagrad_norm_stochastic.NoiseAdaptive(),
        adagrad_norm_batch.LastIterate(),
        adagrad_norm_batch.LinearLastIterate(),
        bounded_gradients.AdaGradNorm(),
    ),
    "sgd": (
        fixed_steps.FixedSteps(),
        last_iterate.Contraction(constant_step.stable),
        last_iterate.LastIterate(constant_step.stable),
        constant_step.LastIterate(),
        constant_step.StronglyConvex(),
        constant_step.Linear(),
        constant_step.LastGradient(),
        constant_step.SmallestGradient(),
        sgd.AverageIterate(),
        sgd.LastIterate(),
        sgd.SmoothTerms(),
    ),
    "sgd-sqrt": (
        last_iterate.Contraction(constant_step.stable),
        last_iterate.LastIterate(constant_step.stable),
        sgd_sqrt.AverageIterate(),
        bounded_gradients.FallingSteps(),
    ),
    "ista": (proximal.LastIterate(), proximal.StronglyConvex()),
    "fista": (proximal.Accelerated(),),
}
"""Solver -> the theorems that speak of it: certificates first, then a-priori bounds."""


def theorems_for(solver_name: str) -> tuple[Theorem, ...]:
    """Return the theorems that speak of a solver, certificates first; none is no error.

    Parameters
    ----------
    solver_name
        The solver's name in the registry, not an alias.
    """
    return THEOREMS.get(solver_name, ())
