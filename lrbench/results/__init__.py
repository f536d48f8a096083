"""The result of a command: its records, how they are saved and read, and rankings of them."""

import importlib
from typing import TYPE_CHECKING, Any

from lrbench.objective.about import PenaltyValues as PenaltyValues
from lrbench.results.columns import COLUMNS as COLUMNS
from lrbench.results.columns import METERED as METERED
from lrbench.results.columns import NORMALISED as NORMALISED
from lrbench.results.columns import OUTPUT as OUTPUT
from lrbench.results.columns import SUMMED as SUMMED
from lrbench.results.columns import TESTED as TESTED
from lrbench.results.environment import environment as environment
from lrbench.results.files import reserve as reserve
from lrbench.results.problem import Header as Header
from lrbench.results.problem import ProblemResult as ProblemResult
from lrbench.results.records import BoundKind as BoundKind
from lrbench.results.records import FeatureMap as FeatureMap
from lrbench.results.records import Run as Run
from lrbench.results.records import Status as Status
from lrbench.results.records import Verdict as Verdict
from lrbench.results.result import FORMAT as FORMAT
from lrbench.results.result import SCHEMA as SCHEMA
from lrbench.results.result import VERSION as VERSION
from lrbench.results.result import Result as Result
from lrbench.results.table import trace_columns as trace_columns
from lrbench.results.traces import TableTrace as TableTrace
from lrbench.results.traces import Trace as Trace

if TYPE_CHECKING:
    from lrbench.results.advice import Advice as Advice
    from lrbench.results.advice import Caution as Caution
    from lrbench.results.advice import Choice as Choice
    from lrbench.results.advice import Level as Level
    from lrbench.results.advice import Obstacle as Obstacle
    from lrbench.results.advice import ObstacleKind as ObstacleKind
    from lrbench.results.performance import TAU as TAU
    from lrbench.results.performance import Profile as Profile
    from lrbench.results.performance import Profiles as Profiles
    from lrbench.results.performance import comparable as comparable
    from lrbench.results.performance import profiles as profiles
    from lrbench.results.robustness import Robustness as Robustness
    from lrbench.results.robustness import ScaleVerdict as ScaleVerdict
    from lrbench.results.sweep import AfterSteps as AfterSteps
    from lrbench.results.sweep import ArrivalRule as ArrivalRule
    from lrbench.results.sweep import Factor as Factor
    from lrbench.results.sweep import Sensitivity as Sensitivity
    from lrbench.results.sweep import Sweep as Sweep

_OF_SWEEPS = {
    "advice": "Advice Caution Choice Level Obstacle ObstacleKind",
    "performance": "TAU Profile Profiles comparable profiles",
    "robustness": "Robustness ScaleVerdict",
    "sweep": "AfterSteps ArrivalRule Factor Sensitivity Sweep",
}
"""Module -> its names, which a result of runs does not need: they are imported when first used."""


def __getattr__(name: str) -> Any:
    for module, names in _OF_SWEEPS.items():
        if name in names.split():
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
