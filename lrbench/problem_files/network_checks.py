"""What a network cannot take: too many parameters, samples that are too large or no images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import NUMBER_BYTES
from lrbench.errors import DataError, UsageError
from lrbench.problem_files.model import ProblemSpec

if TYPE_CHECKING:
    from lrbench.arrays import Matrix
    from lrbench.objective.network.architecture import NetworkForm

MOST_BYTES = 1 << 32
"""Of the samples as a dense array, and of the parameters of one lane."""


def check_size(form: NetworkForm, n_in: int, n_out: int, name: str) -> None:
    """Raise `UsageError` if the parameters of a network are too many, before there is an array."""
    from lrbench.objective.network.architecture import layers_of

    n_parameters = layers_of(form, n_in, n_out)[-1].shift.stop
    if NUMBER_BYTES * n_parameters > MOST_BYTES:
        raise UsageError(
            f"{name}: the network {form} has {n_parameters:.2g} parameters, which would be"
            f" {NUMBER_BYTES * n_parameters / 1e9:.0f} GB in each of several arrays.",
            "give smaller layers, as in --set model.hidden=[64,64].",
        )


def check_computed(spec: ProblemSpec) -> None:
    """Raise `UsageError` if nothing here computes the network: torch is missing, or NumPy asked."""
    from lrbench.objective.network.architecture import Resnet

    is_resnet = isinstance(spec.model, Resnet)  # which NumPy does not compute
    if spec.backend is not None:
        other = "take a network such as mlp-digits" if is_resnet else "take --backend numpy"
        spec.backend.check(spec.name, other)
    elif is_resnet:
        raise UsageError(
            f"{spec.name} is a residual network, which the backend numpy does not compute.",
            "give --backend torch, or take a network such as mlp-digits.",
        )


def check_image(form: NetworkForm, n_features: int) -> None:
    """Raise `DataError` if a residual network is to take samples that are no square images.

    Files of images often lack the last pixels, which are 0 in all of them: up to a row of pixels
    may be missing.
    """
    from lrbench.objective.network.architecture import Resnet, image_side

    side = image_side(n_features)
    if isinstance(form, Resnet) and side**2 - n_features >= side:
        raise DataError(
            f"a residual network takes square images, and {n_features} features are not those of"
            f" one: {side} x {side} pixels are {side**2}.",
            'take images, or model = "mlp[hidden=64x64]" with --set.',
        )


def as_dense(X: Matrix, name: str) -> NDArray[np.float64]:
    """Return X as a dense array; raise `DataError` if it is too large for one."""
    if isinstance(X, np.ndarray):
        return X
    n_bytes = NUMBER_BYTES * X.shape[0] * X.shape[1]
    if n_bytes > MOST_BYTES:
        raise DataError(
            f"{name}: a network takes its {X.shape[0]} x {X.shape[1]} samples as a dense array,"
            f" which would be {n_bytes / 1e9:.0f} GB.",
            "take data with fewer columns or samples.",
        )
    dense: NDArray[np.float64] = X.toarray()
    return dense
