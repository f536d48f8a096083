"""Solvers: step rules. One file each; adding one is its file and a line here."""

from lrbench.registry import Registry

SOLVERS = Registry(
    "solver",
    {
        "wngrad": "lrbench.solvers.wngrad:WNGrad",
        "adagrad-norm": "lrbench.solvers.adagrad_norm:AdaGradNorm",
        "sgd": "lrbench.solvers.sgd:SGD",
    },
    aliases={"gd": "sgd"},
)
