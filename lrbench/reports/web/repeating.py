"""The command that repeats one point of a sweep, or one run of several."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from lrbench.config.solver_spec import SolverSpec
from lrbench.plan.options import OPTIONS
from lrbench.reports.repeat import CHANGING, renamed, repeating, typed_names
from lrbench.results import ProblemResult, Run
from lrbench.results.lanes import is_rate
from lrbench.study import advise

REPEATABLE = ("run", "sweep")
"""The commands whose options say all that a run depends on."""

SHORT = {"--problem": "-p", "--data": "-d", "--iterations": "-n", "--replicates": "-r"}
"""Options that are written with one letter."""

USUAL = {
    "--sampling": "replacement",
    "--seed": "0",
    "--replicates": "1",
    "--threads": "1",
    "--arrival": "confirmed",
    "--zero-based": "auto",
}
"""The defaults, which are left out."""

VARYING = ("--solver", "--lr0", "--over", "--problem")
"""The options that the point decides."""

KEPT = {*CHANGING, *("--" + name.replace("_", "-") for name in OPTIONS)} - {"--timeout"}
"""The options on which numbers depend. All others are about files, workers and what is shown."""


class Repeating:
    """The commands that repeat the runs on one problem of a result.

    Parameters
    ----------
    command
        What the result records: ``["sweep", "--problem=logreg", "--lr0=0.1:10:3"]``.
    problem
        The problem of the result.
    place
        Which of the problems it is.
    n_problems
        The number of problems in the result.
    """

    def __init__(
        self, command: Sequence[str], problem: ProblemResult, place: int, n_problems: int
    ) -> None:
        self._command, self._place = command, (place, n_problems)
        named = [word for word in command if word.startswith("--problem=")]
        # With fewer results than problems, one could not be run: which is not known.
        self.known = len(named) in (0, 1, n_problems) and {*command[:1]} <= {*REPEATABLE}
        self.known = self.known and len(command) > 0
        if not self.known:
            return
        words = [(name, value) for name, _, value in (w.partition("=") for w in command[1:])]
        self._rates = [value for name, value in words if name == "--lr0"]
        self._axes = [v.partition("=")[0] for name, v in words if name == "--over"]
        self._head = ["lrbench", command[0]]
        if named:
            word = named[place] if len(named) > 1 else named[0]
            self._head += [SHORT["--problem"], word.removeprefix("--problem=")]
        for name, value in words:
            if name in VARYING or name not in KEPT or USUAL.get(name) == value:
                continue
            self._head += [SHORT[name], value] if name in SHORT else [name, *[value] * bool(value)]
        solvers = [value for name, value in words if name == "--solver"]
        methods = {str(spec): spec for spec in map(_method, problem.runs)}
        self._names = list(dict.fromkeys(spec.name for spec in methods.values()))
        # A class in a file has another name in the result than on the command line.
        typed = typed_names(command, self._names)
        self._solvers = (
            dict(zip(methods, solvers, strict=True))
            if len(solvers) == len(methods)
            else {
                method: str(renamed(spec, typed[spec.name]))
                for method, spec in methods.items()
                if spec.name in typed
            }
        )

    def of(self, run: Run) -> str:
        """Return the command that repeats the runs of one lane, over all their seeds.

        It is empty where the result does not record one, as that of a store or of Python, and where
        a changed file has put characters into it which a reader who copies it would not see.
        """
        solver = self._solvers.get(str(_method(run))) if self.known else None
        if solver is None:
            return ""
        words = [*self._head, "-s", solver]
        if self._axes:
            for rate in self._held(run):
                words += ["--lr0", rate]
            # With --over scale each solver has a parameter of its own, in the place of the axis.
            for axis, value in zip(self._axes, run.over.values(), strict=False):
                words += ["--over", f"{axis}={exact(value)}"]
        elif run.lr0 is not None:
            words += ["--lr0", exact(run.lr0)]
        command = shlex.join(words)
        return command if command.isprintable() else ""

    def _held(self, run: Run) -> Sequence[str]:
        """Return the value of --lr0 beside --over: that of a run where it is the second axis."""
        first, *others = run.over or [""]
        rates = [exact(value) for name, value in run.over.items() if is_rate(name)]
        if first == "lr0" or (others and not rates) or any(map(is_rate, self._axes)):
            return []
        return rates or self._rates

    def advised(self, problem: ProblemResult) -> str:
        """Return the command that runs again what a sweep advises, and keeps its weights."""
        sweep = problem.sweep
        if sweep is None or not sweep.has_target or not problem.groups:
            return ""
        choice = advise(problem, sweep).choice
        if choice is None or not self.known:
            return ""
        return repeating(self._command, choice, *self._place, self._names)


def _method(run: Run) -> SolverSpec:
    """Return the solver of a run without whatever varies."""
    solver = run.solver
    for parameter in run.over:
        solver = solver.without(parameter)
    return solver


def exact(value: float) -> str:
    """Return a number in six digits, or in full if six digits do not determine it."""
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))
