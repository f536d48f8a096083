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
        wngrad_certificates.C1SmallestGradient(),
        wngrad_certificates.C2Average(),
        regret.C2Regret(),
        last_iterate.C5Contraction(wngrad.stable),
        last_iterate.C6LastIterate(),
        wngrad_batch.W1SmallestGradient(),
        wngrad_batch.W2Average(),
        wngrad_batch.W3LastIterate(),
        wngrad_batch.W4LinearRate(),
        wngrad_stochastic.W5Average(),
        wngrad_stochastic.W6NoiseAdaptive(),
        bounded_gradients.W7Average(),
    ),
    "adagrad-norm": (
        adagrad_norm_certificates.C3aSmallestGradient(),
        adagrad_norm_certificates.C3bAverage(),
        regret.C2Regret(),
        last_iterate.C5Contraction(adagrad_norm.stable),
        last_iterate.C6LastIterate(),
        adagrad_norm_batch.A1Average(),
        adagrad_norm_batch.A2SmallestGradient(),
        adagrad_norm_stochastic.A3Average(),
        adagrad_norm_stochastic.A4NoiseAdaptive(),
        adagrad_norm_batch.A5LastIterate(),
        adagrad_norm_batch.A5LinearRate(),
        bounded_gradients.A6Average(),
    ),
    "sgd": (
        fixed_steps.C4FixedSteps(),
        last_iterate.C5Contraction(constant_step.stable),
        last_iterate.C6LastIterate(constant_step.stable),
        constant_step.GDLastIterate(),
        constant_step.GDStronglyConvex(),
        constant_step.GDLinearRate(),
        constant_step.GDLastGradient(),
        constant_step.GDSmallestGradient(),
        sgd.SGD1Average(),
        sgd.SGD2LastIterate(),
        sgd.SGD3SmoothTerms(),
    ),
    "sgd-sqrt": (
        last_iterate.C5Contraction(constant_step.stable),
        last_iterate.C6LastIterate(constant_step.stable),
        sgd_sqrt.SGD4Average(),
        bounded_gradients.SGD5Average(),
    ),
    "ista": (proximal.ISTALastIterate(), proximal.ISTAStronglyConvex()),
    "fista": (proximal.FISTALastIterate(),),
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
