"""Compiled steps of methods with one rate for all coordinates; optional, NumPy does the same."""
