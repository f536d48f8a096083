"""Verdicts: the bound and the order of every theorem, compared with the measurements."""

from lrbench.verdicts.judge import judge_theorem as judge_theorem
from lrbench.verdicts.judge import judge_theorems as judge_theorems
