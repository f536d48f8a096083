"""The logistic loss."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import PerLane, PerSample, Scores, column_products, column_sums
from lrbench.kernels.codes import LossCode
from lrbench.losses.base import UNIT_TARGET, Loss, column

FACTORS = 1 << 9
"""Factors, each at most 2, in one product: 2^512 is far below the largest float64."""


class Logistic(Loss):
    r"""The logistic loss with labels -1 and +1.

    .. math:: \varphi(z, y) = \log(1 + e^{-yz})

    Notes
    -----
    On separable data without a penalty the infimum 0 is not attained: there is no minimiser. All
    methods are stable for any finite score, and the derivative costs one exponential.
    """

    name = "logistic"
    task = "binary"
    code = LossCode.LOGISTIC
    margin = True
    smoothness = 0.25
    lipschitz = 1.0

    def value(self, Z: Scores, y: PerSample) -> Scores:
        """Return log(1 + exp(-y Z))."""
        M = Z * column(y, Z)
        # exp(-|M|) <= 1 cannot overflow, and log1p keeps the digits of a tiny exponential.
        out = np.log1p(np.exp(-np.abs(M)))
        out -= np.minimum(M, 0.0)
        return out

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return -y / (1 + exp(y Z))."""
        target = column(y, Z)
        out = Z * target
        # Beyond 709 exp overflows to inf, and -y / inf = 0 is the derivative to machine precision.
        with np.errstate(over="ignore"):
            np.exp(out, out=out)
        out += 1.0
        np.divide(-target, out, out=out)
        return out

    def scaled_derivative(self, Z: Scores, y: PerSample, factor: float) -> Scores:
        """Return -factor y / (1 + exp(y Z)); `Z` is used up."""
        scaled: PerSample | float = -factor
        if y is not UNIT_TARGET:
            target = column(y, Z)
            Z *= target
            scaled = scaled * target
        np.exp(Z, out=Z)
        Z += 1.0
        return np.divide(scaled, Z, out=Z)

    def sums(self, Z: Scores, y: PerSample) -> PerLane:
        r"""Return the sum of the values over the rows, (n_lanes,).

        .. math:: \varphi(z, y) = (-yz)_+ + \log(1 + e^{-|yz|})

        One logarithm of a product replaces the logarithms of its `FACTORS` factors, which lie
        between 1 and 2. The error is absolute, a few times 1e-16 per sample; that of `value` is
        relative.
        """
        M = Z * column(y, Z)
        A = np.abs(M)
        total = 0.5 * column_sums(np.subtract(A, M, out=M))
        factors = np.exp(np.negative(A, out=A), out=A)
        factors += 1.0
        for k in range(0, len(factors), FACTORS):
            total += np.log(column_products(factors[k : k + FACTORS]))
        return total

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return s (1 - s) with s = 1 / (1 + exp(-Z))."""
        e = np.exp(-np.abs(Z))  # the second derivative is even in z
        return e / np.square(1.0 + e)

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        """Return p log p + (1 - p) log(1 - p) with p = -u y in [0, 1]; inf outside."""
        p = -u * y
        # 0 log 0 = 0: the conjugate is finite at both ends of its domain.
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(p > 0, p * np.log(p), 0.0) + np.where(
                p < 1, (1 - p) * np.log1p(-p), 0.0
            )
        return np.where((p < 0) | (p > 1), np.inf, value)

    def slopes(self, y: PerSample) -> tuple[PerSample, PerSample]:
        """Return the smaller and the larger of -y and 0."""
        return np.minimum(-y, 0.0), np.maximum(-y, 0.0)

    def product_bound(self, u: PerSample, y: PerSample, excess: float) -> float:
        """Return max |u_i| times the excess, because the loss is at least (-yz)_+."""
        return float(np.abs(u).max()) * excess
