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
from lrbench.results.read import problem_from
from lrbench.results.records import ProblemResult
from lrbench.results.rows import LABELS, rows, trace_columns
from lrbench.results.to_dict import plain, problem_dict
from lrbench.results.weights import write_weights

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

    def to_dict(self) -> dict[str, Any]:
        """Return the result in the published format: plain lists, null for no number."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "command": list(self.command),
            "environment": plain(self.environment),
            "problems": [problem_dict(p) for p in self.problems],
        }

    def to_json(self) -> str:
        """Return the result as JSON text, full precision."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)

    @classmethod
    def from_dict(cls, values: Any, file: str = "the result") -> Result:
        """Return the result that `to_dict` made these values of.

        Parameters
        ----------
        values
            Parsed JSON. Keys that this version does not know are passed over.
        file
            What errors call it.

        Raises
        ------
        UsageError
            If it is something else, of a newer version, or a key is missing or of the wrong type.
        """
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            what = values.get("format") if isinstance(values, dict) else None
            other = f", but of the format {what!r}" if isinstance(what, str) else ""
            raise UsageError(f"{file} is not a saved result{other}.", files.SEE)
        f = Fields(values, file)
        version = f.take("version", "an integer")
        if version > VERSION:
            raise UsageError(
                f"{file} is of version {version} of the format, and this lrbench reads {VERSION}.",
                "install a newer lrbench.",
            )
        return cls(
            command=tuple(f.all_of("command", "a text")),
            environment=f.take("environment", "an object"),
            problems=tuple(map(problem_from, f.each("problems"))),
        )

    @classmethod
    def from_json(cls, text: bytes | str, file: str = "the result") -> Result:
        """Return the result in JSON text; as `from_dict`."""
        return cls.from_dict(files.parse(text, file), file)

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Return the result saved at `path`; as `from_dict`. Weights are not in it."""
        return cls.from_json(files.read(path), str(path))

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

        files.write(path, force, fill)

    def save_weights(self, path: str | Path, force: bool = False) -> None:
        """Write the best iterate of the run that ended lowest to an ``.npz`` file.

        ``numpy.load`` reads it without lrbench: ``W`` of shape (n_features,), and as 0-d arrays
        the names of the problem and the solver, lr0, seed, the objective at ``W``, and whether the
        last feature is the intercept.

        Parameters
        ----------
        path, force
            As of `save`.

        Raises
        ------
        UsageError
            If there is not exactly one problem, or the result was loaded from a file.
        LrbenchError
            If no run ended by itself, or the file cannot be written.
        """
        files.write(path, force, lambda file: write_weights(self.problems, file))

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
