"""The certificate for steps fixed in advance: C4, for the constant step."""

from __future__ import annotations

from collections.abc import Sequence

from lrbench.theory.base import ROUGH_STEPS, Certificate, Columns, Hypothesis, Numbers, Setting
from lrbench.theory.conditions import convex, minimiser, unbiased
from lrbench.theory.rounded import distance


class C4FixedSteps(Certificate):
    """C4: the average iterate of a constant step, by the gradients seen; a projection is allowed.

    Proof idea: delta_{t+1} <= delta_t - 2 lr0 <g_t, x_t - x*> + lr0^2 a_t; sum and convexity. It is
    false for steps that depend on the gradients. In expectation for minibatches.

    Notes
    -----
    It holds whatever the step, so that a run beyond the range of numbers violates nothing. Full
    batches of a smooth objective have sharper bounds that say from which step on nothing is proved.
    """

    key = "C4"
    statement = "F(xbar_T) - F* <= (D_0^2 + lr0^2 sum a_t) / (2 lr0 T)"
    measure = "suboptimality"
    iterate = "average"
    reference = "proved in docs/explanation/theory.md"
    sharpness = "tight"
    rests_on_L = False
    any_steps = True
    columns = ("sum_grad_norm_sq",)

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return a rough or stochastic setting, convexity, a minimiser, unbiased gradients."""
        smooth = setting.batch and setting.smooth
        detail = "smooth, full batches: see GD" if smooth else "not both smooth and full batches"
        return (
            Hypothesis(ROUGH_STEPS, not smooth, detail),
            convex(setting),
            minimiser(setting),
            unbiased(setting),
        )

    def certify(self, setting: Setting, T: Numbers, trace: Columns) -> Numbers:
        """Return (D_0^2 + lr0^2 sum a_t) / (2 lr0 T)."""
        lr0, D_0 = setting.lr0, distance(setting)
        return (D_0 * D_0 / lr0 + lr0 * trace["sum_grad_norm_sq"]) / (2.0 * T)
