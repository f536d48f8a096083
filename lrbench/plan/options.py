"""The options of a plan: for each one its type, its default and the values that it takes, once.

The functions of Python, the options of commands, the keys of checks and `lrbench.plan.plan.Plan`
itself follow from this module, which imports no NumPy, as --help must not wait for it.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, TypeVar

from lrbench.config.decimals import decimal
from lrbench.config.values import as_integer, as_number, short_text
from lrbench.errors import UsageError, quoted

if TYPE_CHECKING:
    from lrbench.config.axes import Axes
    from lrbench.config.learning_rates import LearningRates
    from lrbench.objective.constants import Sampling
    from lrbench.results import ArrivalRule
    from lrbench.solvers.base import Solver

    Targets: TypeAlias = float | str | Iterable[float | str]
    Runner: TypeAlias = Literal["numpy", "compiled"]
    OneSolver: TypeAlias = str | Solver | type[Solver]
    Solvers: TypeAlias = OneSolver | Iterable[OneSolver]

F = TypeVar("F", bound=Callable[..., Any])

PROBLEM_OPTIONS = (
    "loss",
    "penalty",
    "scale",
    "intercept",
    "positive",
    "start",
    "reparam",
    "backend",
    "device",
    "test",
    "zero_based",
)
"""The options, beside data and settings, that change a problem."""

DEFAULT_SOLVERS = ("wngrad", "adagrad-norm", "sgd")

DEFAULT_SWEEP = "1e-4:1e4:33"
"""The initial learning rates of a sweep."""

LANE_MULTIPLE = 8
"""The lanes of a sweep are padded to a multiple of this, so that none depends on its neighbours."""

MOST_STEPS = 10**15
"""The most iterations; a float is exact for all whole numbers up to 9e15."""

OptionGroup: TypeAlias = Literal["problem", "solvers", "budget", "output", "execution"]
"""What an option is about: ``--help`` shows those of a group together, the groups in this order."""


@dataclass(frozen=True)
class Option:
    """What an option is, wherever it is given.

    Parameters
    ----------
    default
        None is accepted only where it is the default.
    help
        The line of ``--help``.
    group
        Where ``--help`` shows it.
    kind
        int or float for a number; None for an option that is checked elsewhere.
    low, high
        The range of an integer. A float is positive if `low` is 0, and finite in any case.
    choices
        The texts that are allowed; empty for any value.
    about
        What the line that describes a check says where the value is not the default; empty for an
        option on which no number depends, or that the line has in another form.
    """

    default: Any
    help: str = ""
    group: OptionGroup = "execution"
    kind: type | None = None
    low: float = -math.inf
    high: float = math.inf
    choices: Sequence[str] = ()
    about: str = ""
    hint: str = ""
    """What to give, of a number: one that is taken, and what holds without the option."""

    def checked(self, name: str, value: Any) -> Any:
        """Return a value of the option called `name`; raise `UsageError` if it cannot be one."""
        flag = "--" + name.replace("_", "-")
        if value is None and self.default is None:
            return value
        if self.choices and not (isinstance(value, str) and value in self.choices):
            raise UsageError(
                f"{flag} {quoted(value)} is not known.", f"choose {' or '.join(self.choices)}."
            )
        if self.kind is None:
            return value
        if self.kind is int:
            most = self.high if self.high < MOST_STEPS else format(self.high, ".0e")
            allowed = f"a whole number from {self.low} to {most}"
            number: float | None = as_integer(value, self.low, self.high)
        else:
            allowed = "a positive number" if self.low == 0 else "a number"
            number = decimal(value) if isinstance(value, str) else as_number(value)
            number = number if number is not None and self.low < number < math.inf else None
        if number is None:
            raise UsageError(f"{flag} {short_text(value)} is not {allowed}.", self.hint)
        return number


def option(default: Any, help: str = "", **more: Any) -> Any:
    """Return the field of a dataclass for an option."""
    return dataclasses.field(default=default, metadata={"": Option(default, help, **more)})


@dataclass(frozen=True)
class PlanValues:
    """A value of each option; `lrbench.run` says what they mean."""

    solvers: Solvers = option(DEFAULT_SOLVERS, group="solvers")  # noqa: RUF009
    lr0: LearningRates | None = option(None, group="solvers")  # noqa: RUF009
    over: Axes | None = option(None, group="solvers")  # noqa: RUF009
    batch_size: int | None = option(
        None,
        "Samples in a minibatch.",
        kind=int,
        low=1,
        high=2**62,
        hint="give a number of samples, such as 32; without --batch-size batches are full.",
        group="solvers",
    )
    iterations: int | None = option(
        None,
        "Steps.  [default: 1000 with full batches]",
        kind=int,
        low=1,
        high=MOST_STEPS,
        about="iterations = {}",
        hint="give a number of steps such as 1000, which is the default with full batches.",
        group="budget",
    )
    passes: float | None = option(
        None,
        "Budget in passes over the data.  [default: 10 with minibatches]",
        kind=float,
        low=0,
        about="passes = {}",
        hint="give a number of passes such as 10, which is the default with minibatches.",
        group="budget",
    )
    radius: float | None = option(
        None,
        "Project on the ball of this radius around w_0.",
        kind=float,
        low=0,
        about="radius = {}",
        hint="give a radius such as 5, or leave --radius out: nothing is then projected.",
        group="solvers",
    )
    target: Targets | None = option(  # noqa: RUF009
        None,
        "End a run at this F - f*, 0.01 or 1% of F(w_0) - f*; or at loss=0.1, accuracy=95%.",
        about="target = {}",
        group="budget",
    )
    f_star: float | None = option(
        None,
        "Take this as the minimum instead of certifying it.",
        kind=float,
        about="f_star = {}",
        hint="give a minimum such as 0.26, or leave --f-star out: it is then certified.",
        group="problem",
    )
    timeout: float | None = option(
        None,
        "Stop after 90, 30s, 10m or 2h.",
        kind=float,
        low=0,
        hint="give seconds such as 600, or leave --timeout out: nothing is then stopped.",
        group="budget",
    )
    sampling: Sampling = option(  # noqa: RUF009
        "replacement",
        "How minibatches are drawn.",
        choices=("replacement", "reshuffle"),
        group="solvers",
    )
    seed: int = option(
        0,
        "The first seed.",
        kind=int,
        low=0,
        high=2**62,
        hint="give the first seed, such as 0.",
        group="budget",
    )
    replicates: int = option(
        1,
        "How many seeds to run.",
        kind=int,
        low=1,
        high=10**6,
        hint="give how many seeds to run, such as 5; without --replicates it is one.",
        group="budget",
    )
    sweep: bool = option(False, about="sweep")
    at: str | Sequence[int] | None = option(
        None,
        "Let every lane run to the last T, and show F - f* of each value after T steps.",
        about="at = {}",
        group="budget",
    )
    arrival: ArrivalRule | None = option(  # noqa: RUF009
        None,
        "When a run has arrived at the target.",
        choices=("first", "confirmed", "end"),
        about="arrival = {}",
        group="budget",
    )
    checkpoints_per_decade: int | None = option(
        None,
        "Rows of the trace for each factor 10 in T.  [default: 12; in a sweep its looks]",
        kind=int,
        low=1,
        high=1000,
        about="{} checkpoints a decade",
        hint="give how many rows the trace has for each factor 10 in T, such as 12.",
        group="output",
    )
    threads: int = option(
        1,
        "BLAS threads.",
        kind=int,
        low=1,
        high=1024,
        hint="give how many threads BLAS has, such as 2; without --threads it is one.",
        group="execution",
    )
    runner: Runner | None = option(  # noqa: RUF009
        None,
        "What makes the steps; NumPy makes those that are not compiled."
        "  [default: compiled where it was built]",
        choices=("numpy", "compiled"),
        group="execution",
    )
    lane_block: int | None = option(
        None,
        kind=int,
        low=LANE_MULTIPLE,
        high=10**6,
        hint=f"give a multiple of {LANE_MULTIPLE}, such as {8 * LANE_MULTIPLE}.",
    )


OPTIONS: Mapping[str, Option] = {f.name: f.metadata[""] for f in dataclasses.fields(PlanValues)}


class PlanOptions(TypedDict, total=False):
    """The options that `lrbench.run`, `lrbench.sweep` and `lrbench.check` share."""

    solvers: Solvers
    lr0: LearningRates | None
    over: Axes | None
    batch_size: int | None
    iterations: int | None
    passes: float | None
    radius: float | None
    target: Targets | None
    f_star: float | None
    timeout: float | None
    sampling: Sampling
    seed: int
    replicates: int
    checkpoints_per_decade: int | None
    threads: int
    runner: Runner | None


def takes_options(function: F) -> F:
    """Show every option in the signature of a function that takes them as ``**options``."""
    signature = inspect.signature(function)
    *own, options = signature.parameters.values()
    values = inspect.signature(PlanValues).parameters
    own += [values[name].replace(kind=options.KEYWORD_ONLY) for name in PlanOptions.__annotations__]
    function.__dict__["__signature__"] = signature.replace(parameters=own)
    return function


def read_iterations(values: int | str | Iterable[Any]) -> tuple[int, ...]:
    """Return the iterations that ``--at`` names, ascending and without repetitions.

    Raises
    ------
    UsageError
        For anything that is not a whole number from 1 to 1e15.
    """
    pieces: Iterable[Any] = values.split(",") if isinstance(values, str) else [values]
    if isinstance(values, Iterable) and not isinstance(values, str):
        pieces = values
    iterations = set()
    for piece in pieces:
        number = decimal(piece) if isinstance(piece, str) else as_number(piece)  # 1e6 is read, too
        if number is None or not 1 <= number <= MOST_STEPS or not number.is_integer():
            text = quoted(piece.strip() if isinstance(piece, str) else piece)
            raise UsageError(
                f"--at {quoted(values)}: {text} is not a number of iterations.",
                "give whole numbers from 1 on, as in --at 100,1000.",
            )
        iterations.add(int(number))
    return tuple(sorted(iterations))
