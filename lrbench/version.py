"""The versions of the package and of its numbers; this module imports nothing."""

__version__ = "0.1.0"

api_version = 1
"""The version of the names that docs/reference/python.md calls stable.

Raise it when one of them is removed, or means something else."""

METHOD = 1
"""The version of the numbers of a run.

Raise it when runs get other numbers though none of the code changed that is in the key of a stored
cell, for example when a dependency computes something differently.
"""
