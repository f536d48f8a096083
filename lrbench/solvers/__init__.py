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
        "polyak": "lrbench.solvers.polyak:Polyak",
        "adgd": "lrbench.solvers.adgd:AdGD",
        "armijo": "lrbench.solvers.armijo:Armijo",
        "dog": "lrbench.solvers.dog:DoG",
        "dowg": "lrbench.solvers.dowg:DoWG",
        "heavy-ball": "lrbench.solvers.heavy_ball:HeavyBall",
        "nesterov": "lrbench.solvers.nesterov:NesterovMethod",
        "schedule-free": "lrbench.solvers.schedule_free:ScheduleFree",
        "svrg": "lrbench.solvers.svrg:SVRG",
        "saga": "lrbench.solvers.saga:SAGA",
        "rmsprop": "lrbench.solvers.rmsprop:RMSProp",
        "adamw": "lrbench.solvers.adamw:AdamW",
        "ista": "lrbench.solvers.ista:ISTA",
        "fista": "lrbench.solvers.fista:FISTA",
        "prox-wngrad": "lrbench.solvers.prox_wngrad:ProxWNGrad",
        "prox-adagrad-norm": "lrbench.solvers.prox_adagrad_norm:ProxAdaGradNorm",
        "outside:lbfgs": "lrbench.solvers.outside.lbfgs:LBFGS",
        "outside:newton-cg": "lrbench.solvers.outside.newton_cg:NewtonCG",
        "outside:saga": "lrbench.solvers.outside.logistic:LogisticSAGA",
        "outside:newton-cholesky": "lrbench.solvers.outside.logistic:LogisticNewtonCholesky",
        "outside:liblinear": "lrbench.solvers.outside.logistic:LogisticLiblinear",
        "outside:sgd-classifier": "lrbench.solvers.outside.sgd:SGDClassification",
        "outside:sgd-regressor": "lrbench.solvers.outside.sgd:SGDRegression",
        "outside:lasso": "lrbench.solvers.outside.lasso:LassoDescent",
    },
    aliases={"gd": "sgd", "momentum": "heavy-ball", "nag": "nesterov", "sps": "polyak"},
    group="lrbench.solvers",
    base="lrbench.solvers.base:Solver",
)

LIBRARIES = {
    "torch": "lrbench.solvers.adapters.torch_optimizer",
    "optax": "lrbench.solvers.adapters.optax_transformation",
}
"""The libraries whose optimisers are solvers, by the prefix of their names, and the modules whose
`solver_of` makes the class of one: ``torch:torch.optim.Adam``."""
