"""The certified minimum of a problem, from a solver of another kind than those under test."""

from lrbench.optimum.base import Curvature, Optimum
from lrbench.optimum.certified import discard_optimum, find_optimum
from lrbench.optimum.collect import constants

__all__ = [
    "Curvature",
    "Optimum",
    "constants",
    "discard_optimum",
    "find_optimum",
]
