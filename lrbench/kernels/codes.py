"""The numbers by which the compiled steps know losses, rules and the rows of their numbers."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class LossCode(IntEnum):
    """The losses whose derivative is compiled."""

    LOGISTIC = 0
    SQUARED = 1
    HINGE = 2
    SQUARED_HINGE = 3
    ABSOLUTE = 4
    QUANTILE = 5
    HUBER = 6
    POISSON = 7


class RuleCode(IntEnum):
    """The rules for the learning rate that are compiled."""

    FIXED = 0
    """b * factor / divisor, with a factor and a divisor for each step."""
    WNGRAD = 1
    WNGRAD_LAGGED = 2
    WNGRAD_STILL = 3
    """1/b, and b does not change."""
    ADAGRAD_NORM = 4
    COORDINATES = 5
    """From means of the gradients and of their squares, in every coordinate: see coordinates.h."""
    MEAN = 6
    """Along the mean of the gradients, with the b of WNGrad."""


class StepPart(IntFlag):
    """The parts of a step that a call may make: see parts.h."""

    LOAD = 1
    DESCEND = 2
    ACCUMULATE = 4
    ADD_ROWS = 8
    FINISH = 16
    INNER = 32
    ADD_VALUES = 64
    RULE = 128
    STORE = 256


N_PARAMETERS = 6
"""The parameters of a rule: of `RuleCode.COORDINATES` what is kept of the mean and what is taken of
the gradient, the same two of the squares, epsilon, and the decay."""

N_STEP_ROWS = 5
"""The rows b, growth, lr, |g|^2 and <g, w - w_star>, the last three of the last step."""

N_TRACKER_ROWS = 20
"""The rows of `lrbench.engine.tracker.Tracker.numbers`, which stand behind those of the step."""

N_NUMBERS = N_STEP_ROWS + N_TRACKER_ROWS + N_PARAMETERS
"""All rows of `numbers`; the last ones are the parameters of the rule."""

OBJECTIVE, PRODUCT, FIRST_ASCENT = range(N_STEP_ROWS + N_TRACKER_ROWS, N_NUMBERS - 3)
"""In the place of parameters, where the rule is elsewhere: F and <g, w> of the step, and the first
step whose rate was negative."""
