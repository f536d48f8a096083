"""`lrbench sweep`: measure the sensitivity to the initial learning rate."""

from __future__ import annotations

from typing import Any

from lrbench.cli.command import ProblemCommand
from lrbench.cli.command import command as guided
from lrbench.cli.figures import plot_option
from lrbench.cli.options import (
    budget_options,
    method_options,
    plan_option,
    problem_options,
    problem_words,
    setting_options,
)
from lrbench.cli.run_options import conduct_options, job_options, save_options, store_option
from lrbench.cli.view_options import view_options
from lrbench.plan.options import DEFAULT_SWEEP


@guided(
    "sweep",
    ("which rates work, and what does a wrong one cost?", "lrbench sweep logreg"),
    (
        "your data: which solver, with which rate, by held-out samples",
        "lrbench sweep -d people.svm --test 20% -s wngrad,adam --scale maxabs",
    ),
    cls=ProblemCommand,
)
@problem_words
@problem_options
@method_options(DEFAULT_SWEEP)
@setting_options
@budget_options(
    "Have runs arrive at this F - f*, 0.01 or 1% of F(w_0) - f*, or at loss=0.1 or accuracy=95%; "
    "several as 10%,1%.  [default: 1%]"
)
@plan_option("arrival", default="confirmed", show_default=True)
@plan_option("at", metavar="T[,T]")
@view_options
@save_options
@store_option
@plot_option
@job_options
@conduct_options
def command(**options: Any) -> int:
    """Measure how sensitive solvers are to the initial learning rate, or to another parameter.

    Every value of --lr0 or --over runs until it has arrived at the target, which passing through it
    is not, or the budget is used up. For each solver: the usable range, the passes that the best
    value needs, and what it costs to be off by a factor of 10 or 100. All values of a solver and
    seed share each matrix product; seeds run on all cores.
    """
    from lrbench.cli.run_control import run_command

    return run_command(sweep=True, **options)
