"""Losses: elementwise functions of a score z = x'w and a target y. One file each."""

from lrbench.registry import Registry

LOSSES = Registry(
    "loss",
    {
        "squared": "lrbench.losses.squared:Squared",
        "logistic": "lrbench.losses.logistic:Logistic",
    },
)
