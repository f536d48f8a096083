"""Classes of the user: in a file, in an installed module, or made in Python."""

from lrbench.plugins.modules import line_in
from lrbench.plugins.origin import Packed, is_plugin, load_plugin, origin_of, packed
from lrbench.plugins.reference import Reference, parse_reference

__all__ = [
    "Packed",
    "Reference",
    "is_plugin",
    "line_in",
    "load_plugin",
    "origin_of",
    "packed",
    "parse_reference",
]
