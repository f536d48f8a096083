"""Compiled steps on linear problems; optional, NumPy does the same."""
