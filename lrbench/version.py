"""The versions of the package and of its numbers, free of any import."""

__version__ = "0.1.0"

METHOD = 1
"""The version of the numbers of a run. Raise it when a run is meant to have other numbers though no
code has changed that a stored cell is keyed by, as when a dependency is used in another way."""
