"""Checks of convergence: expectations, baselines, and their outcomes."""

from lrbench.gate.assertion import CheckFailedError as CheckFailedError
from lrbench.gate.check import Check as Check
from lrbench.gate.config import load_config as load_config
from lrbench.gate.expectation import parse_expectation as parse_expectation
from lrbench.gate.finding import CheckOutcome as CheckOutcome
from lrbench.gate.finding import CheckVerdict as CheckVerdict
from lrbench.gate.finding import Finding as Finding
from lrbench.gate.result_check import ResultCheck as ResultCheck
from lrbench.gate.result_check import result_checks as result_checks
from lrbench.gate.run_checks import Gate as Gate
