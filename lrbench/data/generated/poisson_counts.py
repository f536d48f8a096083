"""Random Poisson counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import MAX_ELEMENTS, PerSample

MAX_LOG_RATE = 20.0


@dataclass(frozen=True)
class PoissonCounts:
    r"""Counts whose log rates are linear in Gaussian features.

    .. math:: X_{ij} \sim N(0, 1/d), \quad w_j \sim N(0, 1), \quad
        y_i \sim \mathrm{Poisson}\bigl(\exp(\texttt{log\_rate} + x_i^\top w)\bigr)

    Notes
    -----
    The log rates have a standard deviation of about 1 around `log_rate`, so a fit needs an
    intercept. The w of the formula is not the minimiser, which depends on the counts drawn.
    """

    n_samples: int = 500
    n_features: int = 10
    log_rate: float = 1.0
    seed: int = 0

    def check(self) -> str | None:
        """Return what is wrong with the parameters, or None if they are valid."""
        if min(self.n_samples, self.n_features) < 1:
            return "n_samples and n_features must be at least 1"
        if self.n_samples * self.n_features > MAX_ELEMENTS:
            return f"n_samples times n_features must be at most {MAX_ELEMENTS:.0e}"
        if not abs(self.log_rate) <= MAX_LOG_RATE:
            return f"log_rate must be between {-MAX_LOG_RATE:g} and {MAX_LOG_RATE:g}"
        return "seed must not be negative" if self.seed < 0 else None

    def make(self) -> tuple[NDArray[np.float64], PerSample, None]:
        """Return X, y and None, because no minimiser is known."""
        rng = np.random.default_rng(self.seed)
        X = rng.standard_normal((self.n_samples, self.n_features)) / np.sqrt(self.n_features)
        scores = np.einsum("ij,j->i", X, rng.standard_normal(self.n_features))
        return X, rng.poisson(np.exp(self.log_rate + scores)).astype(np.float64), None
