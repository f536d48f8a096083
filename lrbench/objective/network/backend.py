"""What computes a network in the place of NumPy: torch, with its numbers and its device."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal, TypeAlias

from lrbench.errors import UsageError

Dtype: TypeAlias = Literal["float64", "float32"]
Device: TypeAlias = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class TorchBackend:
    """The values and gradients of a network by torch; solvers and iterates stay those of NumPy.

    Parameters
    ----------
    dtype
        The numbers inside the network. The iterate is one of float64 in any case, and so is the
        loss at the outputs.
    device
        Where the network is computed.
    """

    dtype: Dtype = "float64"
    device: Device = "cpu"

    def __str__(self) -> str:
        """Return the name with what differs from the defaults: ``torch[dtype=float32]``."""
        values = {"dtype": self.dtype, "device": self.device}
        inside = ",".join(f"{k}={v}" for k, v in values.items() if v != getattr(TorchBackend, k))
        return f"torch[{inside}]" if inside else "torch"

    def check(self, name: str, other: str) -> None:
        """Raise `UsageError` if torch is not installed, or has no such device.

        Parameters
        ----------
        name
            What errors call the network.
        other
            What the hint offers to do without torch.
        """
        if find_spec("torch") is None:
            raise UsageError(
                f"{name} is computed by torch, which is not installed.",
                f"pip install torch, or {other}.",
            )
        if self.device == "cpu":
            return
        import torch

        if not torch.cuda.is_available():
            raise UsageError(
                f"--device {self.device} needs a GPU, and torch {torch.__version__} has none here.",
                "take --device cpu.",
            )
