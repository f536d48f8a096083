"""The looks: the iterations at which it is seen whether a run of a sweep has arrived."""

from __future__ import annotations

import math

LOOKS_PER_OCTAVE = 5
"""Looks for each factor of 2 in the iteration: 16.6 a decade."""


def look_grid(n_samples: int, batch_size: int | None, iterations: int) -> list[int]:
    """Return the iterations at which it is looked whether a run has arrived, and 0.

    Parameters
    ----------
    n_samples
        The number of samples.
    batch_size
        The samples of a minibatch; None for full batches.
    iterations
        The budget. The looks go on to twice as many, to see whether a run stays at its target.

    Notes
    -----
    The first look after 0 is a quarter of a pass, or the budget where that is shorter. The budget
    itself is a look. For every look T up to it 2 T is a look, too, so that the mean over [T, 2 T]
    needs no value between two looks.
    """
    first = 1 if batch_size is None else math.ceil(n_samples / (4 * batch_size))
    first = max(1, min(first, iterations))
    n = LOOKS_PER_OCTAVE
    small = range(first, n)  # fewer than five iterations make an octave here
    octave = [round(max(first, n) * m / n) for m in range(n, 2 * n)]
    n_octaves = (2 * iterations // octave[0]).bit_length()
    looks = {0, *small, *(t * 2**k for k in range(n_octaves) for t in octave)}
    looks |= {iterations, 2 * iterations}
    return sorted(t for t in looks if t <= 2 * iterations)
