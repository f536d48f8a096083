"""WNGrad with any c: its theorems are those with c = 1 in other units of w and F.

In the units v = sqrt(c) w and c F, distances are sqrt(c) times as large, squared gradients and
differences of F c times as large, and L, mu, b and the learning rates are what they are: the
recursion is that with c = 1. The proof is in ``docs/explanation/theory.md``.
"""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from typing import Any

import numpy as np

from lrbench.theory.base import APriori, Certificate, Numbers, Setting, TraceColumns
from lrbench.theory.wngrad import c_of

LIKE_F = ("f_star", "f_star_error", "f_rounding", "delta0", "grad_norm_sq0", "noise_star")
LIKE_W = ("G", "G_batch", "distance", "distance_error")
"""The constants that are c times, and those that are sqrt(c) times as large in these units."""

POWERS = {"growth": 0.0, "lr": 0.0, "distance_max": 0.5, "sum_lr_grad_norm_sq": 1.0}
"""The powers of c by which the columns of a trace are larger in these units."""


def in_unit(setting: Setting) -> Setting:
    """Return the setting in the units in which c is 1.

    Raises
    ------
    OverflowError
        If a constant leaves the range of numbers there.
    """
    c = c_of(setting)
    if c == 1.0:
        return setting
    constants, root = setting.constants, math.sqrt(c)
    changed: dict[str, Any] = {name: _times(c, getattr(constants, name)) for name in LIKE_F}
    changed |= {name: _times(root, getattr(constants, name)) for name in LIKE_W}
    if constants.distance:
        _times(c, constants.distance**2)  # formulas have its square
    return replace(
        setting,
        constants=replace(constants, **changed),
        params={**setting.params, "c": 1.0},
        radius=_times(root, setting.radius),
        diameter=_times(root, setting.diameter),
    )


def _times(factor: float, value: float | None) -> float | None:
    """Return the product, which must not overflow, nor underflow; None for no value."""
    if value is None or value == 0.0 or not math.isfinite(value):
        return value
    product = factor * value
    if not sys.float_info.min <= abs(product) <= sys.float_info.max:
        raise OverflowError(f"{factor:g} times {value:g}")
    return product


class WNGradAPriori(APriori):
    """A bound whose formula is about c = 1."""

    def bound(self, setting: Setting, T: Numbers, trace: TraceColumns | None = None) -> Numbers:
        """Return the bound after T steps for any c, shape of `T`; NaN where T = 0."""
        try:
            return super().bound(in_unit(setting), T, trace) / c_of(setting)
        except OverflowError:  # a c so extreme proves nothing
            return np.full(T.shape, np.nan)


class WNGradCertificate(Certificate):
    """A certificate whose formula is about c = 1."""

    def bound(self, setting: Setting, T: Numbers, trace: TraceColumns | None = None) -> Numbers:
        """Return the bound after T steps for any c, shape of `T`; NaN where T = 0."""
        c = c_of(setting)
        try:
            with np.errstate(over="ignore"):
                if trace is not None:
                    trace = {name: c ** POWERS[name] * trace[name] for name in self.columns}
                return super().bound(in_unit(setting), T, trace) / c
        except OverflowError:  # as above
            return np.full(T.shape, np.nan)
