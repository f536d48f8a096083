"""The linear model: a loss of the scores X @ W plus a penalty, and how its data are visited."""
