"""The solvers, one file each. To add one, write its file and add a line here."""

from lrbench.config.registry import Registry

SOLVERS = Registry(
    "solver",
    {
        "wngrad": "lrbench.solvers.wngrad:WNGrad",
        "adagrad-norm": "lrbench.solvers.adagrad_norm:AdaGradNorm",
        "sgd": "lrbench.solvers.sgd:SGD",
        "sgd-sqrt": "lrbench.solvers.sgd_sqrt:SGDSqrt",
        "wn-adam": "lrbench.solvers.wn_adam:WNAdam",
        "adagrad": "lrbench.solvers.adagrad:AdaGrad",
        "adam": "lrbench.solvers.adam:Adam",
        "ista": "lrbench.solvers.ista:ISTA",
        "fista": "lrbench.solvers.fista:FISTA",
        "prox-wngrad": "lrbench.solvers.prox_wngrad:ProxWNGrad",
        "prox-adagrad-norm": "lrbench.solvers.prox_adagrad_norm:ProxAdaGradNorm",
    },
    aliases={"gd": "sgd"},
)
