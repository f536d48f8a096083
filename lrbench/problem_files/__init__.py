"""Problem files and options, the checked specifications that they give, and the problems."""

from lrbench.problem_files.build import build_linear, build_problem, planted
from lrbench.problem_files.load import load_spec, load_specs, problem_names, shipped, shipped_folder
from lrbench.problem_files.model import ProblemSpec, canonical
from lrbench.problem_files.override import spec_from_data, with_overrides
from lrbench.problem_files.samples import training
from lrbench.problem_files.settings import with_settings

__all__ = [
    "ProblemSpec",
    "build_linear",
    "build_problem",
    "canonical",
    "load_spec",
    "load_specs",
    "planted",
    "problem_names",
    "shipped",
    "shipped_folder",
    "spec_from_data",
    "training",
    "with_overrides",
    "with_settings",
]
