"""The registry of generated data; for most of them a minimiser is known by construction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import MAX_ELEMENTS, PerSample, Vector
from lrbench.cache.content_hash import content_hash
from lrbench.config.learning_rates import log_spaced
from lrbench.config.registry import did_you_mean
from lrbench.config.values import checked
from lrbench.data.dataset import Dataset
from lrbench.data.generated import PREFIX
from lrbench.data.generated.huber_tight import HuberTight
from lrbench.data.generated.lad_worst import LadWorst
from lrbench.data.generated.nesterov import Nesterov
from lrbench.data.generated.poisson_counts import PoissonCounts
from lrbench.errors import UsageError, quoted


@dataclass(frozen=True)
class Gaussian:
    r"""Independent standard Gaussian entries and a planted w.

    .. math:: X_{ij} \sim N(0, 1), \quad w_j \sim N(0, 1), \quad y = X w

    so that least squares has f_star = 0, attained at w. If n_samples < n_features, w is not the
    only minimiser.
    """

    n_samples: int = 1000
    n_features: int = 2000
    seed: int = 0

    def check(self) -> str | None:
        """Return what is wrong with the parameters, or None if they are valid."""
        if min(self.n_samples, self.n_features) < 1:
            return "n_samples and n_features must be at least 1"
        if self.n_samples * self.n_features > MAX_ELEMENTS:
            return f"n_samples times n_features must be at most {MAX_ELEMENTS:.0e}"
        return "seed must not be negative" if self.seed < 0 else None

    def make(self) -> tuple[NDArray[np.float64], PerSample, Vector]:
        """Return X, y and w."""
        rng = np.random.default_rng(self.seed)
        X = rng.standard_normal((self.n_samples, self.n_features))
        w = rng.standard_normal(self.n_features)
        return X, _product(X, w), w


@dataclass(frozen=True)
class LogSpectrum:
    r"""Diagonal least squares whose eigenvalues are log-spaced from `smallest` to 1.

    .. math:: F(w) = \tfrac12 \sum_{j=1}^d \lambda_j (w_j - d^{-1/2})^2,
        \quad X = \mathrm{diag}(\sqrt{d \lambda_j}), \quad y = X \mathbf{1} / \sqrt d

    Until they reach the smallest eigenvalue, plain gradient methods show the order -1 of the convex
    theorems, and only then a linear rate.
    """

    n_features: int = 60
    smallest: float = 1e-6

    def check(self) -> str | None:
        """Return what is wrong with the parameters, or None if they are valid."""
        if not 2 <= self.n_features <= 5000:
            return "n_features must be between 2 and 5000"
        return None if 0 < self.smallest <= 1 else "smallest must be in (0, 1]"

    def make(self) -> tuple[NDArray[np.float64], PerSample, Vector]:
        """Return X, y and the minimiser."""
        d = self.n_features
        X = np.diag(np.sqrt(d * log_spaced(self.smallest, 1.0, d)))
        w = np.full(d, 1.0 / math.sqrt(d))
        return X, _product(X, w), w


def _product(X: NDArray[np.float64], w: Vector) -> PerSample:
    """Return X w, computed without BLAS, whose rounding depends on the number of threads."""
    y: PerSample = np.einsum("ij,j->i", X, w)
    return y


Generator: TypeAlias = Gaussian | LogSpectrum | Nesterov | HuberTight | LadWorst | PoissonCounts

GENERATED: dict[str, type[Generator]] = {
    "gaussian": Gaussian,
    "log-spectrum": LogSpectrum,
    "nesterov": Nesterov,
    "huber-tight": HuberTight,
    "lad-worst": LadWorst,
    "poisson-counts": PoissonCounts,
}


def generator(name: str, params: Mapping[str, Any]) -> Generator:
    """Return the generator called `name`; raise `UsageError` for a wrong name or parameter."""
    if name not in GENERATED:
        raise UsageError(f"there is no data set '{PREFIX}{name}'.", did_you_mean(name, GENERATED))
    cls = GENERATED[name]
    types = {field.name: type(field.default) for field in fields(cls)}
    for key, value in params.items():
        if key not in types:
            raise UsageError(
                f"'{PREFIX}{name}' has no parameter {quoted(key)}.", did_you_mean(key, types)
            )
        checked(value, f"{key} of '{PREFIX}{name}'", types[key])
    instance = cls(**params)
    fault = instance.check()
    if fault:
        raise UsageError(f"'{PREFIX}{name}' cannot be made: {fault}.", "change that parameter.")
    return instance


def generate(name: str, params: Mapping[str, Any]) -> Dataset:
    """Return the generated data set `name` with these parameters.

    Notes
    -----
    The content hash is that of X and the planted minimiser, which determines y. Where there is no
    planted minimiser, it is that of X and y.
    """
    instance = generator(name, params)
    X, y, planted = instance.make()
    second_array = {"y": y} if planted is None else {"planted": planted}
    params_text = ",".join(f"{key}={value}" for key, value in asdict(instance).items())
    return Dataset(
        name=f"{PREFIX}{name}[{params_text}]",
        X=X,
        y=y,
        content_hash=content_hash(X, **second_array),
        description=f"generated, {name}",
        planted=planted,
    )
