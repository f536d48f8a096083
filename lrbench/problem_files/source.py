"""The data of a problem, read from texts: those that it is fitted to, and those held out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from lrbench.config.decimals import WORDS, decimal
from lrbench.config.named import parse_named, value_text
from lrbench.config.registry import did_you_mean
from lrbench.config.targets import PERCENT
from lrbench.config.values import as_number, checked, checked_seed
from lrbench.data.generated import PREFIX
from lrbench.data.libsvm import ZeroBased
from lrbench.data.load import DataName
from lrbench.errors import UsageError, quoted
from lrbench.problem_files.model import Split

BASES = ("auto", "yes", "no")
"""The answers to whether the indices of LIBSVM text count from 0."""


def read_data(
    text: str | Path, zero_based: ZeroBased = "auto", folder: Path | None = None
) -> DataName:
    """Return the name of data in a text; a relative path is relative to `folder`.

    Raises
    ------
    UsageError
        For what is no text and no path, an empty text, or unknown generated data.
    """
    if not isinstance(text, str | Path):
        raise UsageError(f"data {quoted(text)} are no path.", "give a path or sklearn:NAME.")
    text = str(text)
    # Only generated data have parameters; a path may have brackets of its own.
    name, params = parse_named(text) if text.startswith(PREFIX) else (text, {})
    data = DataName(name, params, folder, zero_based)
    if not name.strip():
        raise UsageError("the name of the data is empty.", "give a path or sklearn:NAME.")
    data.check()
    return data


def data_text(data: DataName) -> str:
    """Return the text for which `read_data` returns `data`."""
    inside = ",".join(f"{key}={value_text(value)}" for key, value in data.params.items())
    return f"{data.name}[{inside}]" if inside else data.name


def read_zero_based(value: Any) -> ZeroBased:
    """Return the index base of LIBSVM text, or raise `UsageError`."""
    if not isinstance(value, str) or value not in BASES:
        raise UsageError(
            f"zero_based is {quoted(value)}, not one of {', '.join(BASES)}.",
            did_you_mean(str(value), BASES),
        )
    return cast(ZeroBased, value)


def read_test(
    value: Any, seed: Any, zero_based: ZeroBased, folder: Path | None
) -> DataName | Split:
    """Return the held-out data, or the fraction of the samples that is held out.

    Parameters
    ----------
    value
        A number, or a text that reads as one, is the fraction of the samples. Another text is the
        name of data.
    seed
        The seed of the fraction; None for 0.
    zero_based, folder
        The index base and the folder of the data.
    """
    fraction = as_fraction(value)
    if fraction is None:
        if seed is not None:
            context = "without test" if value is None else f"for test = {quoted(value)}"
            raise UsageError(
                f"test_seed has no meaning {context}.",
                "leave it out, or give test as a number such as 0.2.",
            )
        return read_data(checked(value, "test", str), zero_based, folder)
    if not 0 < fraction < 1:
        raise UsageError(
            f"test is {quoted(value)}, which is not between 0 and 1.",
            "give the share of the samples to hold out, such as 0.2, or a file (./1 for one called"
            " 1).",
        )
    return Split(fraction, checked_seed(0 if seed is None else seed, "test_seed"))


def as_fraction(value: Any) -> float | None:
    """Return `value` as a number if it reads as one, such as 0.2 or 20%, else None."""
    if isinstance(value, str):  # nan is refused as a fraction, not looked for as a file
        if value in WORDS:
            return float(value)
        number = decimal(value.removesuffix(PERCENT))
        return number / 100 if number is not None and value.endswith(PERCENT) else number
    return as_number(value)
