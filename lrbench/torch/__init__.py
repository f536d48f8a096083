"""WNGrad, WN-Adam and AdaGrad-Norm as optimisers of torch, which must be installed.

They are those of `lrbench.solvers`, for the training loops of others. Inside lrbench
``torch:lrbench.torch.WNGrad`` is one of them as a solver.
"""

from __future__ import annotations

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ModuleNotFoundError(
        "lrbench.torch needs torch, which is not installed. Install it: pip install 'torch>=2.4'.",
        name="torch",
    ) from None

from lrbench.torch.adagrad_norm import AdaGradNorm
from lrbench.torch.errors import OptimizerError
from lrbench.torch.wn_adam import WNAdam
from lrbench.torch.wngrad import WNGrad

__all__ = ["AdaGradNorm", "OptimizerError", "WNAdam", "WNGrad"]
