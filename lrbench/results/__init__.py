"""The result of a command: its records, how they are saved and read, and rankings of them."""

from lrbench.results.files import reserve as reserve
from lrbench.results.performance import TAU as TAU
from lrbench.results.performance import Profile as Profile
from lrbench.results.performance import Profiles as Profiles
from lrbench.results.performance import comparable as comparable
from lrbench.results.performance import profiles as profiles
from lrbench.results.records import COLUMNS as COLUMNS
from lrbench.results.records import SUMMED as SUMMED
from lrbench.results.records import TESTED as TESTED
from lrbench.results.records import BoundKind as BoundKind
from lrbench.results.records import FeatureMap as FeatureMap
from lrbench.results.records import ProblemResult as ProblemResult
from lrbench.results.records import Run as Run
from lrbench.results.records import Status as Status
from lrbench.results.records import Trace as Trace
from lrbench.results.records import Verdict as Verdict
from lrbench.results.result import FORMAT as FORMAT
from lrbench.results.result import SCHEMA as SCHEMA
from lrbench.results.result import VERSION as VERSION
from lrbench.results.result import Result as Result
from lrbench.results.result import environment as environment
from lrbench.results.sweep import Factor as Factor
from lrbench.results.sweep import Sensitivity as Sensitivity
from lrbench.results.sweep import Sweep as Sweep
from lrbench.results.to_dict import plain as plain
from lrbench.results.to_dict import trace_columns as trace_columns
