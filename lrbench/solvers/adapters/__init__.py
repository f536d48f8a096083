"""Solvers that are made of the optimisers of other libraries, which need not be installed."""
