"""The result of a command: saved, read and shown."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from lrbench.errors import LrbenchError, UsageError
from lrbench.results import files
from lrbench.results.fields import Fields
from lrbench.results.performance import Profiles, comparable, profiles
from lrbench.results.ranking import lowest
from lrbench.results.read import problem_from
from lrbench.results.records import ProblemResult, Run
from lrbench.results.rows import LABELS, rows, trace_columns
from lrbench.results.sweep import Sweep
from lrbench.results.to_dict import plain, problem_dict, profiles_dict
from lrbench.results.weights import chosen, write_weights

FORMAT = "lrbench-result"
VERSION = 1
SCHEMA = Path(__file__).parent.with_name("result.schema.json")


@dataclass(frozen=True)
class Result:
    """What `lrbench run` found, on every problem."""

    command: Sequence[str]
    environment: Mapping[str, Any]
    problems: Sequence[ProblemResult]
    failures: Sequence[tuple[str, LrbenchError]] = ()
    """Problems that could not be run, and why; not saved."""

    def __repr__(self) -> str:
        """Return one line a problem: how many runs, and who ended lowest; of a sweep the best."""
        lines = [_summary(p) for p in self.problems]
        lines += [f"{name}: {error.message}" for name, error in self.failures]
        return "\n  ".join(["Result:", *lines])

    @property
    def profiles(self) -> Profiles | None:
        """The performance profiles over sweeps of several problems, each of them there once."""
        swept = [p for p in self.problems if p.sweep is not None]
        return profiles(swept) if comparable(swept) else None

    def to_dict(self) -> dict[str, Any]:
        """Return the result in the published format: plain lists, null for no number."""
        said = {
            "format": FORMAT,
            "version": VERSION,
            "command": list(self.command),
            "environment": plain(self.environment),
            "problems": [problem_dict(p) for p in self.problems],
        }
        found = self.profiles
        return said if found is None else said | {"profiles": profiles_dict(found)}

    def to_json(self) -> str:
        """Return the result as JSON text, full precision."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)

    @classmethod
    def from_dict(cls, values: Any, file: str = "the result") -> Result:
        """Return the result that `to_dict` made these values of.

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
            If it is something else, of a newer version, holds no problem, or a key is missing or of
            the wrong type.
        """
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            what = values.get("format") if isinstance(values, dict) else None
            other = f", but of the format {what!r}" if isinstance(what, str) else ""
            raise UsageError(f"{file} is not a saved result{other}.", files.SEE)
        f = Fields(values, file)
        version = f.take("version", "an integer")
        if version < 1:
            raise f.wrong("version", "is too small")
        if version > VERSION:
            raise UsageError(
                f"{file} is of version {version} of the format, and this lrbench reads {VERSION}.",
                "install a newer lrbench.",
            )
        result = cls(
            command=tuple(f.all_of("command", "a text")),
            environment=f.take("environment", "an object"),
            problems=tuple(map(problem_from, f.each("problems"))),
        )
        if not result.problems:
            raise UsageError(f"{file} holds no problem.", files.SEE)
        return result

    @classmethod
    def from_json(cls, text: bytes | str, file: str = "the result") -> Result:
        """Return the result in JSON text; as `from_dict`."""
        return cls.from_dict(files.parse_result(text, file), file)

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Return the result saved at `path`; as `from_dict`. Weights are not in it."""
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
        text = (self.to_json() + "\n").encode("ascii")

        def fill(file: BinaryIO) -> None:
            file.write(text)

        files.write_result(path, force, fill)

    def save_weights(self, path: str | Path, force: bool = False) -> Run:
        """Write the weights of the solver and lr0 that ended lowest to an ``.npz`` file.

        Lowest is the mean over seeds of F - f* at the end, as tables show it; what diverged or
        failed does not count. The weights are the best iterate of the best of these seeds.
        ``numpy.load`` reads them without lrbench: ``W`` of shape (n_features,), for the scaled
        features and with the intercept last; ``coef`` and ``intercept`` for features as the file
        has them (for rows of unit norm where ``scale`` is ``unit-rows``); and as 0-d arrays the
        scale, the loss, the labels that count as positive and negative, the names of the problem
        and the solver, lr0, seed, and the objective at ``W``.

        Parameters
        ----------
        path, force
            As of `save`.

        Returns
        -------
        Run
            The run that the weights are of.

        Raises
        ------
        UsageError
            If there is not exactly one problem, or the result was loaded from a file.
        LrbenchError
            If everything diverged or failed, or the file cannot be written.
        """
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
        return frame.astype(dict.fromkeys(columns, "float64"))


def _summary(problem: ProblemResult) -> str:
    many = f"{problem.name}: {len(problem.runs)} run{'s' * (len(problem.runs) != 1)}"
    if problem.sweep is not None:
        return f"{many}, {_best(problem.sweep)}"
    lane, gap = lowest(problem.groups)
    if lane is None:
        return many
    return f"{many}, lowest {lane[0]}, lr0 = {lane[1]:g}, at F - f* = {gap:.2e}"


def _best(sweep: Sweep) -> str:
    """Return who came to the target in the fewest passes, and from where else it would have."""
    best = min(sweep.solvers, key=lambda s: (s.best_passes, -s.usable_decades), default=None)
    if best is None or best.best_lr0 is None or best.usable is None:
        return f"no lr0 came to F - f* <= {sweep.target:.3g}"
    passes = f"{best.best_passes:.3g} pass{'es' * (best.best_passes != 1)}"
    lo, hi = best.usable
    usable = f"usable from {lo:.3g} to {hi:.3g}" if lo < hi else f"usable at {lo:.3g} alone"
    return f"best {best.solver}, lr0 = {best.best_lr0:.3g}, {passes}, {usable}"
