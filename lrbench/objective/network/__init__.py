"""Normalisations: a linear problem in variables of which F does not see the length."""
