"""From the name of a data set to the data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lrbench.data import bundled, generated
from lrbench.data.compressed import SUFFIXES, compressed_beside, is_file
from lrbench.data.dataset import Dataset
from lrbench.data.from_libsvm import file_status, read_libsvm
from lrbench.data.parsed import cached
from lrbench.errors import DataError, UsageError, shown, shown_path

VARIABLE = "LRBENCH_DATA_DIR"


@dataclass(frozen=True)
class DataName:
    """Which data, as a problem file or a command line says it.

    Parameters
    ----------
    name
        ``sklearn:NAME``, ``generated:NAME``, a path, or the bare name of a file in
        ``LRBENCH_DATA_DIR``.
    params
        For generated data only.
    folder
        What a relative path is relative to; None is the working directory.
    """

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def generated(self) -> bool:
        """Whether the data are made by formula."""
        return self.name.startswith(generated.PREFIX)

    @property
    def stem(self) -> str:
        """The short name: no prefix, no folder, no suffix, nothing that cannot be printed."""
        for prefix in (bundled.PREFIX, generated.PREFIX):
            if self.name.startswith(prefix):
                return self.name.removeprefix(prefix)
        name = Path(self.name).name
        for suffix in (*SUFFIXES[1:], ".txt", ".libsvm", ".svm"):
            name = name.removesuffix(suffix)
        return shown_path(name or self.name)

    def check(self) -> None:
        """Raise `UsageError` for an unknown name behind a prefix or a wrong parameter.

        Whether a file exists is not asked.
        """
        if self.generated:
            generated.generator(self.name.removeprefix(generated.PREFIX), self.params)
            return
        if self.name.startswith(bundled.PREFIX):
            bundled.check_bundled(self.name.removeprefix(bundled.PREFIX))
        if self.params:
            raise UsageError(
                f"the data {shown(self.name)} take no parameter {shown(min(self.params))}.",
                f"only data called {generated.PREFIX}NAME have parameters.",
            )


def load(data: DataName) -> Dataset:
    """Return the data; raise `DataError` or `UsageError` where there are none.

    Notes
    -----
    Files and bundled sets are parsed once and then mapped from the cache, which imports neither
    scikit-learn nor, for dense data, SciPy.
    """
    data.check()
    if data.generated:
        return generated.generate(data.name.removeprefix(generated.PREFIX), data.params)
    if data.name.startswith(bundled.PREFIX):
        return _load_bundled(data.name)
    return _load_file(data.name, _find(data))


def _load_bundled(full_name: str) -> Dataset:
    name = full_name.removeprefix(bundled.PREFIX)
    release = bundled.bundled_version()
    parsed, content = cached(full_name, [release], lambda: bundled.read_bundled(name))
    about = f"{bundled.BUNDLED[name][1]}; scikit-learn {release}"
    return Dataset(full_name, parsed.X, parsed.y, content, about, parsed.labels)


def _load_file(name: str, path: Path) -> Dataset:
    status = file_status(path)
    stamp: list[int | str] = [status.st_size, status.st_mtime_ns]
    resolved = path.resolve()
    parsed, content = cached(f"file:{resolved}", stamp, lambda: read_libsvm(path))
    about = f"LIBSVM text {shown_path(resolved)}"
    return Dataset(shown_path(name), parsed.X, parsed.y, content, about)


def _find(data: DataName) -> Path:
    """Return the file that the name means."""
    name = data.name
    here = (data.folder or Path()) / _expanded(name)
    if Path(name).name != name:
        return here
    known = _in_data_folder(name)
    if known and os.path.lexists(here) and not known.samefile(here):
        raise UsageError(
            f"{shown(name)} is both a file here and a set in {shown_path(known.parent)}.",
            f"write ./{shown_path(name)} or {shown_path(known)}.",
        )
    if known:
        return known
    if os.path.lexists(here) or "." in name:
        return here
    packed = compressed_beside(here)
    raise DataError(
        f"there are no data called {shown(name)}; LIBSVM sets by name are not available yet.",
        f"did you mean ./{shown_path(packed.name)}?"
        if packed
        else f"give the path of a file, as in ./{shown_path(name)}, or a set that ships, as in"
        " sklearn:diabetes.",
    )


def _expanded(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except (RuntimeError, ValueError):  # no such user, or no name at all: then ~ is part of a name
        return Path(name)


def _in_data_folder(name: str) -> Path | None:
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None
    candidates = (Path(folder) / f"{name}{suffix}" for suffix in SUFFIXES)
    return next((path for path in candidates if is_file(path)), None)
