"""Verdicts: each theorem beside what was measured."""

from lrbench.verdicts.judge import judge as judge
from lrbench.verdicts.judge import judge_all as judge_all
