"""Coverage of the interval of an order over seeds, and how often an order passes.

    python benchmarks/orders.py [BLOCKS]

A made-up metric falls like T^-1/2 times a random walk in log T, whose standard deviation after a
decade is that of the first column. For each number of seeds the table shows how often the 95 %
interval of the exponent contains -1/2, and how often the orders T^-0.5, T^-0.6 and T^-0.7 pass,
in per cent of the blocks of seeds. A last table counts curves that bend from one power to a steeper
one (at 60 points, 28 pairs of powers) and are taken for an exponential.
"""

from __future__ import annotations

import sys

import numpy as np

from lrbench.engine.budget import checkpoint_grid
from lrbench.theory.base import Order
from lrbench.verdicts.order import judge_rate
from lrbench.verdicts.rate import fit

BLOCKS = 4000
SEEDS = (2, 3, 5, 10, 20)
DEVIATIONS = (0.05, 0.3)
T = np.array(checkpoint_grid(1000, 12)[1:], dtype=np.float64)


def walk(rng: np.random.Generator, n_seeds: int, deviation: float) -> np.ndarray:
    """Return T^-1/2 times a random walk in log T, (n_seeds, n_checkpoints)."""
    scale = deviation * np.sqrt(np.diff(np.log10(T), prepend=0.0))
    noise = np.cumsum(scale * rng.standard_normal((n_seeds, len(T))), axis=1)
    return np.asarray(T**-0.5 * np.exp(noise))


def coverage(n_blocks: int) -> None:
    """Print how often the interval contains the exponent, and what passes."""
    proved = [Order("power", p) for p in (-0.5, -0.6, -0.7)]
    print("deviation  seeds  covered, %  passes at " + ", ".join(map(str, proved)) + ", %")
    for deviation in DEVIATIONS:
        for n_seeds in SEEDS:
            rng = np.random.default_rng(n_seeds)
            covered, passes = 0, np.zeros(len(proved), dtype=int)
            for _ in range(n_blocks):
                fitted = fit(T, walk(rng, n_seeds, deviation), 0.0, "power")
                assert fitted.rate is not None
                low, high = fitted.rate.interval
                covered += low <= -0.5 <= high
                passes += [judge_rate(fitted, p)[0] == "pass" for p in proved]
            percent = "  ".join(f"{100 * n / n_blocks:.1f}" for n in passes)
            print(f"{deviation:9}  {n_seeds:5}  {100 * covered / n_blocks:10.1f}  {percent}")


def bends() -> None:
    """Print how many curves that bend once are taken for an exponential."""
    print("\ncheckpoints a decade  curves  taken for an exponential")
    for per_decade in (4, 12, 60):
        steps = np.array(checkpoint_grid(1000, per_decade)[1:], dtype=np.float64)
        curves = wrong = 0
        for k in np.geomspace(105, 950, 60):
            for p in (0.0, 0.25, 0.5, 0.8):
                for q in (1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0):
                    metric = np.where(steps < k, steps**-p, k**-p * (steps / k) ** -q)
                    rate = fit(steps, metric[None], 0.0, "power").rate
                    assert rate is not None
                    curves += 1
                    wrong += rate.law == "linear"
        print(f"{per_decade:20}  {curves:6}  {wrong:24}")


if __name__ == "__main__":
    coverage(int(sys.argv[1]) if len(sys.argv) > 1 else BLOCKS)
    bends()
