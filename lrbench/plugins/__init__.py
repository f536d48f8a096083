"""Classes of the user: in a file, in an installed module, or made in Python."""

from lrbench.plugins.modules import line_in
from lrbench.plugins.origin import (
    Origin,
    Packed,
    forget_reference,
    is_plugin,
    load_plugin,
    origin_of,
    packed,
    set_origin,
)
from lrbench.plugins.reference import Reference, parse_reference

__all__ = [
    "Origin",
    "Packed",
    "Reference",
    "forget_reference",
    "is_plugin",
    "line_in",
    "load_plugin",
    "origin_of",
    "packed",
    "parse_reference",
    "set_origin",
]
