"""An oracle that answers what solvers may ask, in its own step only."""

from __future__ import annotations

from typing import Any

from lrbench.contract.outcome import BrokenContractError

ANSWERS = frozenset(
    {
        *("gradient", "loss_gradient", "value", "derivatives", "combine", "draw"),
        *("descend", "move", "prox", "full", "size", "index"),
    }
)
"""What a solver may ask of an oracle."""

OF_GRADIENTS = frozenset({"norm_sq", "inner", "dense"})
"""What a solver may ask of a gradient; its product with w_star is for certificates."""


class GuardedGradient:
    """A gradient that answers `OF_GRADIENTS` alone."""

    def __init__(self, gradient: Any) -> None:
        self.__gradient = gradient

    def __getattr__(self, name: str) -> Any:
        if name not in OF_GRADIENTS:
            raise BrokenContractError(
                f"step asks a gradient for {name}, which a solver may not know: it has"
                " norm_sq(), inner(W) and dense()."
            )
        return getattr(self.__gradient, name)


def unguarded(gradient: Any) -> Any:
    """Return the gradient behind a guarded one."""
    return vars(gradient)["_GuardedGradient__gradient"]


class GuardedOracle:
    """An oracle that answers `ANSWERS` alone, until `close` is called.

    Parameters
    ----------
    oracle
        The oracle of the step.
    """

    def __init__(self, oracle: Any) -> None:
        self.__oracle, self.__closed = oracle, False
        self.__full: GuardedOracle | None = None

    def close(self) -> None:
        """End the step to which the oracle belongs."""
        self.__closed = True
        if self.__full is not None:
            self.__full.close()

    def __getattr__(self, name: str) -> Any:
        if name not in ANSWERS:
            raise BrokenContractError(
                f"step asks the oracle for {name}, which is none of its answers: what it computes"
                " from that is not metered."
            )
        if self.__closed:
            raise BrokenContractError(
                "step asks the oracle of another step, whose samples are others: keep no oracle."
            )
        answer = getattr(self.__oracle, name)
        if name == "full":
            self.__full = GuardedOracle(answer)
            return self.__full
        if name in ("gradient", "loss_gradient"):
            return lambda *args, **named: GuardedGradient(answer(*args, **named))
        if name == "descend":
            return lambda W, lr, gradient: answer(W, lr, unguarded(gradient))
        return answer
