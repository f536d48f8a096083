"""Reading one iterate: arrays, lists, and the tensors of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrbench.arrays import Vector
from lrbench.config.values import REAL
from lrbench.errors import UsageError, quoted

HINT = (
    "give real numbers, in float64 or float32: a NumPy array, a list, or a tensor of torch or JAX."
)


def as_vector(w: Any, n_features: int, name: str) -> Vector:
    """Return one iterate as float64, (n_features,); it may share memory with `w`.

    Parameters
    ----------
    w
        Anything that `numpy.asarray` reads. A tensor with a gradient, or on another device, is
        detached and copied to this one, which needs no import of its library.
    n_features
        The dimension.
    name
        What errors call the problem.

    Raises
    ------
    UsageError
        If `w` is not an array of real numbers, has another shape, or is masked in some entries.
    """
    values: Any = w
    if not isinstance(w, np.ndarray):
        try:
            if callable(getattr(w, "detach", None)):
                values = w.detach().cpu()
                if "bfloat16" in str(getattr(values, "dtype", "")):
                    values = values.float()  # NumPy has no such type
                values = values.numpy()
            values = np.asanyarray(values)  # a masked array stays one
            if values.dtype.kind == "V" and "float" in values.dtype.name:  # that of JAX
                values = values.astype(np.float32)
        except Exception as error:  # whatever the other library raises
            reason = " ".join(str(error).split()).rstrip(".")
            kind = type(w).__name__
            raise UsageError(f"the {kind} is no array: {quoted(reason)[1:-1]}.", HINT) from error
    if values.dtype.kind not in REAL:
        raise UsageError(f"w has the type {values.dtype}, which is no real number of NumPy.", HINT)
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise UsageError(
            f"w is a masked array, and {int(values.mask.sum())} of its entries have no value.",
            "give a number for each feature: w.filled(0.0), if the others are 0.",
        )
    values = np.asarray(values)
    if values.shape != (n_features,):
        size = values.size == n_features
        raise UsageError(
            f"w has the shape {values.shape}, and {name} has {n_features} features.",
            "give w.ravel()." if size else f"give one iterate, of the shape ({n_features},).",
        )
    out: Vector = values.astype(np.float64, copy=False)
    return out


def rounded_precision(w: Vector, exact: Vector) -> str:
    """Return the precision to which `w` is `exact` rounded; empty if it is another point."""
    if np.array_equal(w, exact.astype(np.float32)):
        return "single"
    if np.array_equal(w, exact.astype(np.float16)):
        return "half"
    single = w.astype(np.float32)  # bfloat16, which NumPy lacks, has the first half of its bits
    short = not np.any(single.view(np.uint32) & 0xFFFF) and np.array_equal(single, w)
    return "half" if short and np.all(np.abs(w - exact) <= 2.0**-8 * np.abs(exact)) else ""
