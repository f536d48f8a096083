"""Theorems, a file or more for each family of step rules.

A new theorem needs its class and one line in `THEOREMS`; a solver names its family.
"""

from __future__ import annotations

from lrbench.theory import (
    accelerated,
    adagrad_norm,
    adagrad_norm_batch,
    adagrad_norm_certificates,
    adagrad_norm_stochastic,
    annealed,
    bounded_gradients,
    certificates,
    constant_step,
    distance_over_gradients,
    proximal,
    sgd,
    wngrad,
    wngrad_batch,
    wngrad_certificates,
    wngrad_stochastic,
)
from lrbench.theory.base import Theorem

SCALAR_STEP: tuple[Theorem, ...] = (
    certificates.C2Regret(),
    certificates.C6LastIterate(),
    certificates.C6Restarted(),
    certificates.C7LastGradient(),
)
"""The theorems on every rule whose step is a multiple of the gradient at the iterate."""

FALLING_STEP: tuple[Theorem, ...] = (
    certificates.C5Contraction(constant_step.stable),
    certificates.C6LastIterate(),
    certificates.C6Restarted(),
    certificates.C7LastGradient(),
)
"""The certificates on rates that are fixed in advance and fall."""

SQRT_STEP: tuple[Theorem, ...] = (
    *FALLING_STEP,
    sgd.SGD4Average(),
    bounded_gradients.SGD5Average(),
)

ANNEALED_STEP: tuple[Theorem, ...] = (*FALLING_STEP, annealed.SGD6LastIterate())

THEOREMS: dict[str, tuple[Theorem, ...]] = {
    "wngrad": (
        wngrad_certificates.C1SmallestGradient(),
        wngrad_certificates.C2Average(),
        certificates.C2Regret(),
        certificates.C5Contraction(wngrad.stable),
        certificates.C6LastIterate(),
        certificates.C6Restarted(),
        certificates.C7LastGradient(),
        wngrad_batch.W1SmallestGradient(),
        wngrad_batch.W2Average(),
        wngrad_batch.W3LastIterate(),
        wngrad_batch.W4LinearRate(),
        wngrad_stochastic.W5Average(),
        wngrad_stochastic.W6NoiseAdaptive(),
        bounded_gradients.W7Average(),
    ),
    "wngrad[sphere=true]": (),
    "wngrad[scope=layer]": (),
    "wngrad[scope=row]": (),
    "adagrad-norm[scope=layer]": (),
    "adagrad-norm[scope=row]": (),
    "adagrad-norm": (
        adagrad_norm_certificates.C3aSmallestGradient(),
        adagrad_norm_certificates.C3bAverage(),
        certificates.C2Regret(),
        certificates.C5Contraction(adagrad_norm.stable),
        certificates.C6LastIterate(),
        certificates.C6Restarted(),
        certificates.C7LastGradient(),
        adagrad_norm_batch.A1Average(),
        adagrad_norm_batch.A2SmallestGradient(),
        adagrad_norm_batch.A2Published(),
        adagrad_norm_stochastic.A3Average(),
        adagrad_norm_stochastic.A4NoiseAdaptive(),
        adagrad_norm_batch.A5LastIterate(),
        adagrad_norm_batch.A5LinearRate(),
        bounded_gradients.A6Average(),
    ),
    "sgd": (
        sgd.C4FixedSteps(),
        certificates.C5Contraction(constant_step.stable, limit=constant_step.step_below_two),
        certificates.C6LastIterate(constant_step.short),
        certificates.C6Restarted(constant_step.short),
        certificates.C7LastGradient(constant_step.short),
        constant_step.GDLastIterate(),
        constant_step.GDStronglyConvex(),
        constant_step.GDLinearRate(),
        constant_step.GDLastGradient(),
        constant_step.GDSmallestGradient(),
        sgd.SGD1Average(),
        sgd.SGD2LastIterate(),
        sgd.SGD3SmoothTerms(),
    ),
    "sgd[schedule=sqrt]": SQRT_STEP,
    "sgd[schedule=linear]": ANNEALED_STEP,
    "sgd[schedule=cosine]": ANNEALED_STEP,
    "sgd[schedule=poly]": ANNEALED_STEP,
    "sgd-sqrt": SQRT_STEP,
    "scalar-step": SCALAR_STEP,
    "any-step": (certificates.C2Regret(),),
    "dog": (distance_over_gradients.DoGAverage(), *SCALAR_STEP),
    "dowg": (distance_over_gradients.DoWGAverage(), *SCALAR_STEP),
    "nesterov": (accelerated.NesterovLastIterate(),),
    "schedule-free": (accelerated.ScheduleFreeAverage(),),
    "ista": (proximal.ISTALastIterate(), proximal.ISTAStronglyConvex()),
    "fista": (proximal.FISTALastIterate(),),
}
"""Family -> the theorems about its step rules: certificates first, then a-priori bounds.

``"sgd[schedule=sqrt]"`` is of the solvers of the family ``"sgd"`` with this parameter, in place of
the theorems on ``"sgd"``; ``"scalar-step"`` is of every rule whose step is a multiple of the
gradient at the iterate."""
