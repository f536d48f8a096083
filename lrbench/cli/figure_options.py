"""The options of `lrbench plot` that say what a figure shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lrbench.cli.command import option
from lrbench.cli.options import chain
from lrbench.errors import UsageError

if TYPE_CHECKING:
    from lrbench.reports.figures.figure import FigureOptions

KINDS = ("convergence", "sensitivity", "rates", "profiles", "map")

ALONG_RUNS = (None, "convergence", "rates")
"""The kinds that have the time of a run on their horizontal axis, and draw single lanes."""

figure_options = chain(
    [
        option(
            "figure",
            "--kind",
            type=click.Choice(KINDS),
            help="[default: sensitivity of sweeps, else convergence; the terminal shows both]",
        ),
        option(
            "figure",
            "--x",
            "abscissa",
            type=click.Choice(["iterations", "passes", "seconds"]),
            help="What runs are drawn over.  [default: iterations]",
        ),
        option("figure", "--log-linear", is_flag=True, help="Draw runs over a linear axis."),
        option(
            "figure",
            "--iterate",
            type=click.Choice(["last", "average"]),
            help="Whose F - f* convergence shows.  [default: average where bounds of a run are on "
            "it alone, as with minibatches, else last]",
        ),
        option(
            "figure",
            "--value",
            "values",
            multiple=True,
            metavar="VALUES",
            help="The runs to draw, by lr0 or what else varies: 0.1,100; repeatable.  "
            "[default: all, or of many the best of each solver]",
        ),
        option(
            "figure",
            "-p",
            "--problem",
            "problems",
            multiple=True,
            metavar="NAME",
            help="A problem of the result; repeatable.  [default: all]",
        ),
        option(
            "figure",
            "-s",
            "--solver",
            "solvers",
            multiple=True,
            metavar="NAME",
            help="A solver of the result; repeatable.  [default: all]",
        ),
        option(
            "figure",
            "--title",
            metavar="TEXT",
            help="What stands above.  [default: the problem's name]",
        ),
    ]
)
"""The options; `figure_options_from` reads them."""


def figure_options_from(options: dict[str, Any]) -> FigureOptions:
    """Return what these options ask for.

    Raises
    ------
    UsageError
        If one of them does not change the kind of figure, or is no list of values.
    """
    from lrbench.config.learning_rates import parse_learning_rates
    from lrbench.reports.figures.figure import FigureOptions

    kind, values = options["kind"], options["values"]
    along = {"--x": options["abscissa"], "--log-linear": options["log_linear"], "--value": values}
    for name, value in along.items():
        if value and kind not in ALONG_RUNS:
            raise UsageError(f"{name} does not change --kind {kind}.", f"leave {name} out.")
    if options["iterate"] and kind not in (None, "convergence"):
        raise UsageError(f"--iterate does not change --kind {kind}.", "leave --iterate out.")
    return FigureOptions(
        kind=kind,
        abscissa=options["abscissa"] or "iterations",
        linear=options["log_linear"],
        iterate=options["iterate"],
        problems=options["problems"],
        solvers=options["solvers"],
        values=tuple(parse_learning_rates(values, "--value")),
        title=options["title"],
    )
