"""What a solver, a loss or a penalty promises, checked on small irregular problems."""

from lrbench.contract.assertion import check_contract
from lrbench.contract.outcome import Contract, ContractOutcome
from lrbench.contract.subject import Subject, outcomes_of, subject_of, subjects_of

__all__ = [
    "Contract",
    "ContractOutcome",
    "Subject",
    "check_contract",
    "outcomes_of",
    "subject_of",
    "subjects_of",
]
