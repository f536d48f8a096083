"""Losses: elementwise functions of a score z = x'w and a target y, each in a file of its own."""

from lrbench.config.registry import Registry

LOSSES = Registry(
    "loss",
    {
        "squared": "lrbench.losses.squared:Squared",
        "logistic": "lrbench.losses.logistic:Logistic",
        "hinge": "lrbench.losses.hinge:Hinge",
        "squared-hinge": "lrbench.losses.squared_hinge:SquaredHinge",
        "absolute": "lrbench.losses.absolute:Absolute",
        "quantile": "lrbench.losses.quantile:Quantile",
        "huber": "lrbench.losses.huber:Huber",
        "poisson": "lrbench.losses.poisson:Poisson",
    },
    group="lrbench.losses",
    base="lrbench.losses.base:Loss",
)
