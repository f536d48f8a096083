"""`lrbench run`: run solvers on a problem and compare with theory."""

from __future__ import annotations

from typing import Any

from lrbench.cli.command import ProblemCommand
from lrbench.cli.command import command as guided
from lrbench.cli.figures import plot_option
from lrbench.cli.options import (
    budget_options,
    method_options,
    problem_options,
    problem_words,
    setting_options,
)
from lrbench.cli.run_options import conduct_options, job_options, save_options, save_weights_option
from lrbench.cli.view_options import view_options


@guided(
    "run",
    ("three solvers from a learning rate that is far too high", "lrbench run logreg --lr0 100"),
    (
        "minibatches, five seeds, two solvers, the result saved",
        "lrbench run logreg -s wngrad,sgd --batch-size 32 -r 5 -o result.json",
    ),
    cls=ProblemCommand,
)
@problem_words
@problem_options
@method_options("1")
@setting_options
@budget_options()
@view_options
@save_options
@save_weights_option
@plot_option
@job_options
@conduct_options
def command(**options: Any) -> int:
    """Run solvers on a problem and show convergence beside theory.

    Every initial learning rate is a lane of one run. The optimum is certified by a solver of
    another kind; each measurement stands beside its certificate and the theorem's bound.
    """
    from lrbench.cli.run_control import run_command

    return run_command(sweep=False, **options)
