"""LIBSVM text, plain or compressed, read in blocks."""

from typing import Literal, TypeAlias

ZeroBased: TypeAlias = Literal["auto", "yes", "no"]
"""Whether indices count from 0; with ``auto`` they do if a 0 occurs anywhere in the file."""
