"""What computes a network, read from a text, a table or options and checked."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from lrbench.config.named import parse_named
from lrbench.config.parameters import checked_parameter
from lrbench.config.registry import did_you_mean
from lrbench.config.values import Table, checked
from lrbench.errors import UsageError, quoted, quoted_path

if TYPE_CHECKING:
    from lrbench.objective.network.backend import TorchBackend

NUMPY, TORCH = "numpy", "torch"


def read_backend(value: Any) -> TorchBackend | None:
    """Return the backend in ``"torch[dtype=float32]"`` or a table; None for ``"numpy"``.

    Raises
    ------
    UsageError
        For another backend, or a key or a value that it does not have.
    """
    if isinstance(value, str):
        name, params = parse_named(value)
    else:
        table = Table(checked(value, "backend", dict), "backend")
        name, params = table.take("name", str, ""), table.rest()
    if name not in (NUMPY, TORCH):
        what = f"there is no backend {quoted(name)}." if name else "the backend has no name."
        raise UsageError(what, did_you_mean(name, (NUMPY, TORCH)))
    if name == NUMPY:
        if params:
            raise UsageError(
                "the backend numpy has no parameters.", "choose torch, or leave them out."
            )
        return None
    from lrbench.objective.network.backend import Device, Dtype, TorchBackend

    table = Table(params, "the backend torch")
    dtype, device = table.take_any("dtype", "float64"), table.take_any("device", "cpu")
    table.finish()
    return TorchBackend(
        checked_parameter(dtype, "dtype", Dtype, "", "the backend torch"),
        checked_parameter(device, "device", Device, "", "the backend torch"),
    )


def with_device(backend: TorchBackend | None, device: str) -> TorchBackend:
    """Return the backend on another device.

    Raises
    ------
    UsageError
        For the backend NumPy, or an unknown device.
    """
    if backend is None:
        raise UsageError(
            f"--device {quoted_path(device)} is of torch, and the backend is numpy.",
            "give --backend torch, or leave --device out.",
        )
    from lrbench.objective.network.backend import Device

    return replace(
        backend, device=checked_parameter(device, "device", Device, "", "the backend torch")
    )


def backend_table(backend: TorchBackend | None) -> dict[str, Any]:
    """Return the table for which `read_backend` returns `backend`."""
    return {"name": NUMPY} if backend is None else {"name": TORCH, **asdict(backend)}
