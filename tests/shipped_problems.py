"""The problems that ship with lrbench, by what a test can ask of them."""

from __future__ import annotations

from importlib.util import find_spec

from lrbench.objective.network.architecture import Resnet
from lrbench.problem_files import ProblemSpec, load_spec, shipped, with_settings

SPECS = {name: load_spec(name) for name in shipped()}

LINEAR = [name for name, spec in SPECS.items() if spec.model is None]
"""Those with a loss of X @ w, of which a minimum is certified."""

NETWORKS = [
    name
    for name, spec in SPECS.items()
    if spec.model is not None
    and not spec.data.is_text
    and (spec.backend is None or find_spec("torch") is not None)
]
"""Those of networks whose data, and what computes them, are at hand."""


def small(name: str) -> ProblemSpec:
    """Return a shipped problem; a residual network with a stage and few samples to train."""
    spec = SPECS[name]
    if not isinstance(spec.model, Resnet):
        return spec
    return with_settings(spec, ["model.channels=[2]", "data.test=0.95"])
