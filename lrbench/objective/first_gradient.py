"""Whether a step is the one that the tracker expects: along the first gradient."""

from __future__ import annotations

from lrbench.errors import ContractError
from lrbench.objective.oracle import Gradient, Iterate


class FirstGradient:
    """The first gradient of a step, until the iterate is moved."""

    __slots__ = ("_gradient", "_iterate", "_taken", "unmoved")

    def __init__(self) -> None:
        self.begin(None)

    def begin(self, W: Iterate) -> None:
        """Begin a step at `W`, which has no gradient yet."""
        self._gradient: Gradient | None = None
        self._iterate: Iterate = W
        self._taken = self.unmoved = False

    def offer(self, gradient: Gradient, W: Iterate) -> None:
        """Note a gradient at `W` if it is the first of the step."""
        if not self._taken:
            self._gradient, self._taken = gradient, True
            self.unmoved = W is self._iterate

    def check_taken(self) -> None:
        """Raise `ContractError` if the step has no gradient of all lanes yet."""
        if not self._taken:
            raise ContractError("the first gradient of a step is that of some lanes only.")

    def ignore(self) -> None:
        """Note no gradient, so that no step follows one."""
        self._taken = True

    def move(self, W: Iterate) -> None:
        """Note that `W` is moved: no step that follows is one from the iterate itself."""
        if W is self._iterate:
            self.begin(None)
            self.ignore()

    def followed(self, gradient: Gradient, W: Iterate) -> bool:
        """Return whether a step from `W` is the first one, along the first gradient, at `W`."""
        first = self.unmoved and gradient is self._gradient and W is self._iterate
        if W is self._iterate:
            self._gradient = self._iterate = None
            self._taken, self.unmoved = True, False
        elif gradient is self._gradient:  # it is used up, whatever it was followed from
            self._gradient = None
        return first
