"""The minimum of a problem, certified, by another kind of solver than those under test."""

from lrbench.optimum.base import Curvature, Optimum
from lrbench.optimum.collect import constants
from lrbench.optimum.search import discard, find, taken_as_given

__all__ = ["Curvature", "Optimum", "constants", "discard", "find", "taken_as_given"]
