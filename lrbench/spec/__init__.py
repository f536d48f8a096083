"""From a problem file, or from options, to a checked specification and to the problem itself."""

from lrbench.spec.build import build, planted
from lrbench.spec.load import load_spec, load_specs, shipped
from lrbench.spec.model import ProblemSpec, canonical
from lrbench.spec.override import spec_from_data, with_overrides
from lrbench.spec.samples import training
from lrbench.spec.settings import with_settings

__all__ = [
    "ProblemSpec",
    "build",
    "canonical",
    "load_spec",
    "load_specs",
    "planted",
    "shipped",
    "spec_from_data",
    "training",
    "with_overrides",
    "with_settings",
]
