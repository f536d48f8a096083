"""Verdicts: each theorem beside what was measured."""

from lrbench.verdicts.judge import judge_theorem as judge_theorem
from lrbench.verdicts.judge import judge_theorems as judge_theorems
