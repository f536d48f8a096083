"""Verdicts on a run of which only the iterates are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lrbench.results import Run, Verdict
from lrbench.theory import SCALAR_STEP, THEOREMS
from lrbench.theory.base import Hypothesis, Setting, Theorem
from lrbench.theory.certificates import C2Regret
from lrbench.verdicts.judge import judge_theorem

STEPS, GRADIENTS = "steps lr g", "gradients of F"
"""The hypotheses that are checked on the iterates."""


def judge_recorded(
    run: Run, setting: Setting, *, lr: float | None, step_fault: str, gradient_fault: str
) -> Iterator[Verdict]:
    """Yield the verdicts on the theorems that the iterates allow, and on those that they do not.

    C2' holds for any sequence of iterates, however they were made, if the gradient of F is known at
    each of them. Every other theorem is about steps w - lr g. If all of them have one rate, it is
    gradient descent, to which the theorems on `sgd` apply.

    Parameters
    ----------
    run
        The run.
    setting
        What the theorems may know of it.
    lr
        The rate of every step; None if there are several, or if they are not known.
    step_fault
        Why the steps are not known to be w - lr g; empty where they are.
    gradient_fault
        Why the gradient of F is not known at every iterate; empty where it is.
    """
    gradients = Hypothesis(GRADIENTS, not gradient_fault, gradient_fault or "at every iterate")
    steps = Hypothesis(STEPS, not step_fault, step_fault or "to rounding")
    theorems: tuple[Theorem, ...] = SCALAR_STEP if lr is None or step_fault else THEOREMS["sgd"]
    if gradient_fault:  # then nothing is known of the steps, either
        theorems = ()
    for theorem in (C2Regret(), *(t for t in theorems if not isinstance(t, C2Regret))):
        observed = (gradients,) if isinstance(theorem, C2Regret) else (steps,)
        at_rate = setting if lr is None else replace(setting, lr0=lr)
        yield judge_theorem([run], theorem, at_rate, observed)
