"""The linear model: a loss of the scores X @ W plus a penalty, and its samplers."""
