"""Which normalisation a problem is written with: its name and its numbers, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lrbench.config.named import value_text
from lrbench.errors import UsageError

Normalisation: TypeAlias = Literal["weight-norm", "batch-norm"]


@dataclass(frozen=True)
class Reparametrisation:
    r"""The variables (v, gamma, beta) of a linear model, of which F does not see the length of v.

    Parameters
    ----------
    name
        ``"weight-norm"``: the weights are gamma v / \|v\|. ``"batch-norm"``: the scores Xv are
        centred and divided by their standard deviation, and then multiplied by gamma.
    scale
        Whether gamma is learned, or fixed.
    gamma
        The number at which a fixed gamma is held, > 0.
    gamma_lr
        The learning rate of gamma and beta, > 0; None where the solver steps along all of (v,
        gamma, beta).
    seed
        That of the random unit vector v_0 from which a start at w = 0 begins.

    Raises
    ------
    UsageError
        If a number is not positive, or gamma is given although it is learned.
    """

    name: Normalisation
    scale: Literal["learned", "fixed"] = "learned"
    gamma: float = 1.0
    gamma_lr: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for key, value in (("gamma", self.gamma), ("gamma_lr", self.gamma_lr or 1.0)):
            if not 0.0 < value < math.inf:
                raise UsageError(
                    f"{self.name}: {key} = {value:g} is not a positive number.",
                    f"give one, or leave {key} out.",
                )
        if self.learned and self.gamma != 1.0:
            raise UsageError(
                f"{self.name}: gamma = {self.gamma:g} is learned from where w_0 has it.",
                "leave gamma out, or give scale=fixed, which holds it.",
            )

    @property
    def learned(self) -> bool:
        """Whether gamma is learned."""
        return self.scale == "learned"

    def __str__(self) -> str:
        """Return the name with what differs from the defaults: ``weight-norm[gamma_lr=2]``."""
        values: dict[str, float | str] = {}
        if not self.learned:
            values |= {"scale": self.scale, "gamma": self.gamma}
        if self.gamma_lr is not None:
            values["gamma_lr"] = self.gamma_lr
        if self.seed:
            values["seed"] = self.seed
        inside = ",".join(f"{key}={value_text(value)}" for key, value in values.items())
        return f"{self.name}[{inside}]" if inside else self.name
