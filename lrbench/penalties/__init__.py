"""Penalties: convex functions of the coefficients without the intercept, each in its own file."""

from lrbench.config.registry import Registry

PENALTIES = Registry(
    "penalty",
    {
        "none": "lrbench.penalties.none:NoPenalty",
        "l2": "lrbench.penalties.l2:L2",
        "l1": "lrbench.penalties.l1:L1",
        "elastic-net": "lrbench.penalties.elastic_net:ElasticNet",
        "box": "lrbench.penalties.box:Box",
        "ball": "lrbench.penalties.ball:BallPenalty",
    },
    group="lrbench.penalties",
    base="lrbench.penalties.base:Penalty",
)
