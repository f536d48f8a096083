"""The result of a command, and the file that it is saved in."""

from __future__ import annotations

import importlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

from lrbench.config.plain import Key, plain
from lrbench.config.records import read_record
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.results import files
from lrbench.results.brief import brief
from lrbench.results.equality import equal_by_content
from lrbench.results.problem import ProblemResult
from lrbench.results.records import Run
from lrbench.results.run_text import Indentation, run_texts
from lrbench.results.saved_traces import TRACES, chosen_trace
from lrbench.results.table import LABELS, rows, trace_columns
from lrbench.results.views import Views

if TYPE_CHECKING:
    from lrbench.results.common_setting import CommonSettings
    from lrbench.results.performance import Profiles

FORMAT = "lrbench-result"
VERSION = 1
RUN_INDENTATION = Indentation(4)
"""The indentation of a run, which stands in the list of a problem's runs."""
SCHEMA = Path(__file__).parent.with_name("result.schema.json")

CHANGED = "it was changed by hand or by another program: save the result again."
"""The hint for a file with a missing or wrong value."""


@dataclass(frozen=True)
class Version:
    """The version of the format that a result is in."""

    version: int

    def __post_init__(self) -> None:
        if self.version < 1:
            raise ValueError("version is too small")


@dataclass(frozen=True, eq=False)
class Result(Views):
    """The runs, verdicts and sensitivities of a command on all its problems.

    Two results are equal if all their fields are, the seconds of their runs among them.
    """

    __eq__ = equal_by_content

    command: Sequence[str]
    environment: Mapping[str, Any]
    problems: Sequence[ProblemResult]
    failures: Annotated[Sequence[tuple[str, LrbenchError]], Key(saved=False)] = ()
    """(name, error) of problems that could not be run, and of workers and a store that were lost on
    the way."""
    traces: Annotated[Literal["checkpoints", "none"] | None, Key(optional=True)] = None
    """What is left of the traces; None for every row."""

    def __repr__(self) -> str:
        """Return a line for each problem: the number of runs, and the best solver and lr0."""
        names = importlib.import_module("lrbench.verdicts.method_names")  # it is made of results
        lines = [brief(names.named_for_pages(p)) for p in self.problems]
        lines += [f"{name}: {error.message}" for name, error in self.failures]
        return "\n  ".join(["Result:", *lines])

    @property
    def compared(self) -> Sequence[ProblemResult]:
        """The problems with sweeps that are compared with each other; none unless several."""
        swept = [p for p in self.problems if p.sweep is not None and p.sweep.has_target]
        if len(swept) < 2:
            return ()
        from lrbench.results.performance import comparable

        return swept if comparable(swept) else ()

    @property
    def profiles(self) -> Profiles | None:
        """The profiles over the sweeps of several problems; None where runs are missing."""
        missing = any(p.sweep.missing for p in self.compared if p.sweep is not None)
        from lrbench.results.performance import profiles

        return profiles(self.compared) if self.compared and not missing else None

    @property
    def common_settings(self) -> Sequence[CommonSettings]:
        """One setting for all problems, for each solver; empty unless they are several."""
        from lrbench.results.common_setting import common_settings

        return common_settings(self.compared)

    def with_traces(self, which: str) -> Result:
        """Return the result with less of its traces, for smaller files.

        Parameters
        ----------
        which
            ``"all"``; ``"checkpoints"``, of a sweep, for the rows of tables alone: 0, 1, 2, 5, 10,
            ... and that at which a run ended; ``"none"`` for no row, and at most 1 kB a run.

        Raises
        ------
        UsageError
            For another word.
        """
        if which not in TRACES:
            raise UsageError(
                f"{quoted(which)} is no choice of traces.", f"give one of {', '.join(TRACES)}."
            )
        fewer = self.traces is None and any(problem.sweep for problem in self.problems)
        if which == "all" or (which == "checkpoints" and not fewer):
            return self
        kept: Literal["checkpoints", "none"] = "checkpoints" if which == "checkpoints" else "none"
        problems = [
            replace(
                problem,
                runs=tuple(
                    replace(run, trace=chosen_trace(run.trace, run.status_at, kept))
                    for run in problem.runs
                ),
            )
            if kept == "none" or problem.sweep
            else problem
            for problem in self.problems
        ]
        return replace(self, problems=problems, traces=kept)

    def to_dict(self) -> dict[str, Any]:
        """Return the result in the published format: plain lists, null for no number."""
        values = {"format": FORMAT, "version": VERSION, **plain(self)}
        if not self.compared:
            return values
        if (both := self.profiles) is not None:
            from lrbench.results.performance import TAU

            values["profiles"] = {"tau": list(TAU), **plain(both)}
        else:
            values["profiles_withheld"] = "missing_runs"
        return values | {"common_settings": plain(self.common_settings)}

    def to_json(self) -> str:
        """Return the result as JSON text, with every digit."""
        return "".join(self.json_pieces())

    def json_pieces(self) -> Iterator[str]:
        """Yield the text of `to_json` in pieces, of which none holds more than one run."""
        mark = f"runs of {secrets.token_hex(8)}"
        problems = [replace(p, runs=()) for p in self.problems]
        values = replace(self, problems=problems).to_dict()
        for problem in values["problems"]:
            problem["runs"] = mark
        first, *rest = json.dumps(values, indent=1, allow_nan=False).split(f'"{mark}"')
        yield first
        for problem, text in zip(self.problems, rest, strict=True):
            separator = "[\n    "
            for run in run_texts(problem.runs, RUN_INDENTATION):
                yield separator + run
                separator = ",\n    "
            yield ("\n   ]" if problem.runs else "[]") + text

    @classmethod
    def from_dict(cls, values: Any, file: str = "the result") -> Result:
        """Return the result that `to_dict` turned into these values.

        Parameters
        ----------
        values
            Parsed JSON. Keys that this version does not know are passed over, and so are the
            profiles, which follow from the sweeps.
        file
            What errors call it.

        Raises
        ------
        UsageError
            If the values are not a saved result, are of a newer version or hold no problem, or if a
            key is missing or of the wrong type.
        """
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            name = values.get("format") if isinstance(values, dict) else None
            other = f", but of the format {name!r}" if isinstance(name, str) else ""
            raise UsageError(f"{file} is not a saved result{other}.", files.SEE)
        version = read_record(Version, values, file, CHANGED).version
        if version > VERSION:
            raise UsageError(
                f"{file} is of version {version} of the format, and this lrbench reads {VERSION}.",
                "install a newer lrbench.",
            )
        result = read_record(cls, values, file, CHANGED)
        if not result.problems:
            raise UsageError(f"{file} holds no problem.", files.SEE)
        return result

    @classmethod
    def from_json(cls, text: bytes | str, file: str = "the result") -> Result:
        """Return the result in JSON text; see `from_dict`."""
        if not isinstance(text, str | bytes):
            raise UsageError(f"{quoted(text)} is no text of JSON.", files.SEE)
        return cls.from_dict(files.parse_result(text, file), file)

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Return the result saved at `path`, without weights; see `from_dict`."""
        return cls.from_json(files.read_result(path), str(path))

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write the result to a file in one piece.

        Parameters
        ----------
        path
            The file.
        force
            Whether an existing file may be replaced.

        Raises
        ------
        UsageError
            If the file exists and `force` is not given.
        LrbenchError
            If it cannot be written.
        """

        def fill(file: BinaryIO) -> None:
            file.writelines(piece.encode("ascii") for piece in self.json_pieces())
            file.write(b"\n")

        files.write_result(path, force, fill)

    def save_weights(self, path: str | Path, force: bool = False) -> Run:
        """Write the weights of the solver and lr0 that ended lowest to an ``.npz`` file.

        They are ranked by the mean over seeds of F - f* at the end, as in tables; what diverged or
        failed does not count. The weights are the best iterate of the best of these seeds.
        ``numpy.load`` reads the file without lrbench. It holds ``W`` of shape (n_features,), for
        the scaled features and with the intercept last; ``coef`` and ``intercept`` for features as
        the file of the data has them (for rows of unit norm where ``scale`` is ``unit-rows``); and,
        as 0-d arrays, the scale, the loss, the labels that count as positive and negative, the
        names of the problem and the solver, lr0, the seed, and the objective at ``W``. Of a network
        it also holds the parts of ``W``, layer by layer: ``kernel_1`` of shape (n_in, n_out), a
        column for each unit; ``scale_1`` (n_out,), only with a normalisation; ``shift_1`` (n_out,).
        ``classes`` are the labels of its outputs in their order, and ``centre`` and ``divisor`` the
        scaling of its inputs by columns, (x - centre) / divisor; each only where there is one.

        Parameters
        ----------
        path, force
            See `save`.

        Returns
        -------
        Run
            The run whose weights were written.

        Raises
        ------
        UsageError
            If there is not exactly one problem, or the result was loaded from a file.
        LrbenchError
            If everything diverged or failed, or the file cannot be written.
        """
        from lrbench.results.weights import chosen, write_weights  # few commands need it

        files.reserve(path, force)
        run = chosen(self.problems)
        files.write_result(path, force, lambda file: write_weights(self.problems[0], run, file))
        return run

    def to_dataframe(self) -> Any:
        """Return a ``pandas.DataFrame`` with one row for each checkpoint of each run.

        The columns are problem, solver, params, lr0, seed, status and every column of the traces,
        NaN where there is no number.
        """
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise LrbenchError(
                "a data frame needs pandas, which is not installed.", "pip install pandas."
            ) from error
        columns = trace_columns(self.problems)
        frame = pandas.DataFrame(list(rows(self.problems, columns)), columns=[*LABELS, *columns])
        return frame.astype(dict.fromkeys(("lr0", *columns), "float64"))  # None becomes NaN
