"""The error of the optimisers for torch."""

from __future__ import annotations

from lrbench.errors import UsageError


class OptimizerError(UsageError, ValueError):
    """Arguments, parameters, gradients or a saved state that an optimiser cannot take.

    It is a `ValueError`, too, which torch raises for such arguments.
    """

    def __str__(self) -> str:
        """Return both sentences: a traceback would leave out the hint."""
        return f"{self.message}\nHint: {self.hint}"
