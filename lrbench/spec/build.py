"""From a specification to the problem."""

from __future__ import annotations

import hashlib

import numpy as np

from lrbench.arrays import Vector
from lrbench.data.intercept import with_intercept
from lrbench.data.labels import binary_targets
from lrbench.data.load import load
from lrbench.data.scaling import scaled
from lrbench.losses import LOSSES
from lrbench.matrix import DataMatrix
from lrbench.penalties import PENALTIES
from lrbench.penalties.base import Penalty
from lrbench.problem import About, LinearProblem
from lrbench.spec.model import PER_SAMPLE, PenaltySpec, ProblemSpec, StartSpec, canonical
from lrbench.spec.table import located


def build(spec: ProblemSpec) -> LinearProblem:
    """Return the problem that `spec` specifies, its data read, scaled and labelled.

    Raises
    ------
    DataError
        Where the data are missing, bad, or have other than two labels for a binary loss.
    UsageError
        Where an option does not fit the data: a label they do not have, ``standard`` on a sparse
        matrix.
    """
    data = load(spec.data)
    with located(spec.name):
        y, labels = binary_targets(data, spec.positive) if spec.binary else (data.y, None)
        X = scaled(data.X, spec.scale)
    if spec.intercept:
        X = with_intercept(X)
    matrix = DataMatrix(X)
    n_samples, n_features = matrix.shape
    return LinearProblem(
        data=matrix,
        y=y,
        loss=LOSSES.get(spec.loss)(),
        penalty=_penalty(spec.penalty, n_samples),
        intercept=spec.intercept,
        name=spec.name,
        w0=_start(spec.start, n_features),
        about=About(
            title=spec.title,
            data=data.name,
            scale=spec.scale,
            start=str(spec.start),
            labels=labels,
            fingerprint=fingerprint(spec, data.content_hash),
        ),
    )


def fingerprint(spec: ProblemSpec, content_hash: str) -> str:
    """Return the SHA-256 of the canonical specification and of the data, in hexadecimal digits."""
    return hashlib.sha256(f"{canonical(spec)}\n{content_hash}".encode()).hexdigest()


def planted(spec: ProblemSpec) -> Vector | None:
    """Return a minimiser that is known by construction, (n_features,), None if there is none.

    Only generated data have one, for the squared loss without penalty on X as it was made. With an
    intercept it has the coordinate 0 there, and is a minimiser only where X w = y.
    """
    if spec.loss != "squared" or spec.penalty.name != "none" or spec.scale != "none":
        return None
    data = load(spec.data) if spec.data.generated else None
    if data is None or data.planted is None or not spec.intercept:
        return data.planted if data else None
    consistent = np.allclose(
        data.X @ data.planted, data.y, rtol=0, atol=1e-9 * np.abs(data.y).max()
    )
    return np.append(data.planted, 0.0) if consistent else None


def _penalty(spec: PenaltySpec, n_samples: int) -> Penalty:
    kind = PENALTIES.get(spec.name)
    if spec.weight is None:
        penalty: Penalty = kind()
    else:
        penalty = kind(weight=1.0 / n_samples if spec.weight == PER_SAMPLE else spec.weight)
    return penalty


def _start(spec: StartSpec, n_features: int) -> Vector:
    if spec.name == "zeros":
        return np.zeros(n_features)
    return spec.scale * np.random.default_rng(spec.seed).standard_normal(n_features)
