"""The version of the package, free of any import."""

__version__ = "0.1.0"
