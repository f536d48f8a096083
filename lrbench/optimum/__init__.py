"""The certified minimum of a problem, from a solver of another kind than those under test."""

from lrbench.optimum.base import Curvature, Optimum
from lrbench.optimum.collect import constants
from lrbench.optimum.find import discard_optimum, find_optimum, uncertified, unknown_optimum

__all__ = [
    "Curvature",
    "Optimum",
    "constants",
    "discard_optimum",
    "find_optimum",
    "uncertified",
    "unknown_optimum",
]
