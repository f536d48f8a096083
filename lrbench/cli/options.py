"""The options of problems, methods and budgets that commands share, and their parsers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from lrbench.cli import names
from lrbench.cli.command import option
from lrbench.cli.option_values import TYPES, batch_size, read_duration, several_solvers
from lrbench.plan.options import OPTIONS

F = TypeVar("F", bound=Callable[..., Any])


def chain(options: Sequence[Callable[[F], F]]) -> Callable[[F], F]:
    """Return the decorator that applies `options` so that --help lists them in this order."""

    def decorate(function: F) -> F:
        # click lists the decorators from the top down, and Python applies them from the bottom up.
        for decorator in reversed(options):
            function = decorator(function)
        return function

    return decorate


problem_words = click.argument(
    "words", nargs=-1, metavar="[PROBLEM]...", shell_complete=names.complete_problems
)
"""Problems without --problem, for commands of the class `ProblemCommand`."""

problem_options = chain(
    [
        option(
            "problem",
            "-p",
            "--problem",
            "problems",
            multiple=True,
            metavar="NAME|FILE.toml",
            shell_complete=names.complete_problems,
            help="A shipped problem or a TOML file; repeatable.",
        ),
        option(
            "problem",
            "-d",
            "--data",
            metavar="NAME|FILE",
            shell_complete=names.complete_data,
            help="Other data: a LIBSVM file, sklearn:NAME or generated:NAME. "
            "Without -p: two labels make it logistic regression, else least squares.",
        ),
        option(
            "problem",
            "--loss",
            metavar="NAME",
            shell_complete=names.complete_losses,
            help="Another loss.",
        ),
        option(
            "problem",
            "--penalty",
            metavar="NAME[weight=W]",
            shell_complete=names.complete_penalties,
            help="Another penalty: none, l2, l2[weight=0.1].",
        ),
        option(
            "problem",
            "--scale",
            metavar="NAME",
            shell_complete=names.complete_scalings,
            help="Scaling of the features: none, maxabs, standard or unit-rows.",
        ),
        option(
            "problem",
            "--intercept/--no-intercept",
            default=None,
            help="An unpenalised column of ones, or none.",
        ),
        option(
            "problem",
            "--positive",
            metavar="LABEL[,LABEL]",
            help="The labels that count as +1.",
        ),
        option(
            "problem",
            "--test",
            metavar="NAME|FILE|SHARE",
            shell_complete=names.complete_data,
            help="Held-out data to measure on: other data, or a share of the samples: 0.2 or 20%.",
        ),
        option(
            "problem",
            "--zero-based",
            type=click.Choice(["auto", "yes", "no"]),
            help="Whether indices of LIBSVM text count from 0.  [default: auto, where a 0 occurs]",
        ),
        option(
            "problem",
            "--start",
            metavar="NAME",
            help="Starting point: zeros, normal or normal[scale=1,seed=0].",
        ),
        option(
            "problem",
            "--reparam",
            metavar="NAME[scale=fixed,...]",
            help="The weights as gamma times a direction: weight-norm, batch-norm or none.",
        ),
        option(
            "problem",
            "--backend",
            metavar="NAME[dtype=float32]",
            help="What computes a network: numpy or torch.",
        ),
        option(
            "problem",
            "--device",
            type=click.Choice(["cpu", "cuda"]),
            help="Where torch computes it.  [default: cpu]",
        ),
        option(
            "problem",
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="Any key of a problem file, as in data.scale=maxabs; repeatable.",
        ),
    ]
)


def method_options(lr0: str) -> Callable[[F], F]:
    """Return the options of solvers and initial learning rates; `lr0` is the default of --lr0."""
    return chain(
        [
            option(
                OPTIONS["solvers"].group,
                "-s",
                "--solver",
                "solvers",
                multiple=True,
                callback=several_solvers,
                metavar="'NAME[key=value,...]'",
                shell_complete=names.complete_solvers,
                help="A solver, or several with commas; repeatable. Default: wngrad, adagrad-norm "
                "and sgd, which is gd in full batches.",
            ),
            option(
                OPTIONS["lr0"].group,
                "--lr0",
                multiple=True,
                metavar="VALUES",
                default=(lr0,),
                help="Initial learning rates: 100, or 0.1,1,10, or 1e-4:1e4:17 (log-spaced), or "
                f"in units of 1/L: 0.01/L:100/L:9; repeatable.  [default: {lr0}]",
            ),
            option(
                OPTIONS["over"].group,
                "--over",
                multiple=True,
                metavar="NAME=VALUES",
                help="What varies instead, with values as of --lr0: a parameter of the solvers "
                "(eta=1e-3:1e3:25), or scale for the free scale of each; twice for a grid.",
            ),
        ]
    )


def method_values(ctx: click.Context) -> dict[str, Any]:
    """Return the values of --lr0 and --over; the default of --lr0 gives way to that of --over.

    The context is changed likewise, so that the command that a result records is the one that ran.
    """
    if not ctx.params["over"]:
        return {"over": None}
    if ctx.get_parameter_source("lr0") is ParameterSource.DEFAULT:
        ctx.params["lr0"] = None
    return {key: ctx.params[key] for key in ("lr0", "over")}


def plan_option(name: str, *flags: str, **settings: Any) -> Callable[[F], F]:
    """Return the option of a plan as one of a command, with other settings of click if given."""
    known = OPTIONS[name]
    settings = {"type": TYPES.get(known.kind), "help": known.help, **settings}
    if known.choices:
        settings["type"] = click.Choice(known.choices)
    if known.default is not None:
        settings |= {"default": known.default, "show_default": True}
    return option(known.group, *flags, f"--{name.replace('_', '-')}", **settings)


setting_options = chain(
    [
        plan_option(
            "batch_size",
            type=None,
            callback=batch_size,
            default="full",
            metavar="N|full",
            show_default=True,
        ),
        plan_option("sampling"),
        plan_option("radius", metavar="R"),
        plan_option("f_star", metavar="VALUE"),
    ]
)


def budget_options(target: str = OPTIONS["target"].help) -> Callable[[F], F]:
    """Return the options of budgets and seeds; `target` is the help of --target."""
    return chain(
        [
            plan_option("iterations", "-n", metavar="N"),
            plan_option("passes", metavar="P"),
            plan_option("target", metavar="GAP", help=target),
            plan_option("timeout", type=None, callback=read_duration, metavar="TIME"),
            plan_option("seed"),
            plan_option("replicates", "-r"),
            plan_option("checkpoints_per_decade", metavar="N"),
            plan_option("threads"),
            plan_option("runner"),
        ]
    )
