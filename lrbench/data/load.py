"""From the name of a data set to the data."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lrbench.cache.source_hash import imports_hash
from lrbench.data import bundled
from lrbench.data.collection.catalogue import Listed, collection, unknown_set
from lrbench.data.collection.checksum import check_parsed
from lrbench.data.collection.folder import data_dir, in_data_dir
from lrbench.data.dataset import Dataset
from lrbench.data.generated import generators as generated
from lrbench.data.libsvm.compressed import SUFFIXES, compressed_beside
from lrbench.data.libsvm.fault import ZeroBased
from lrbench.data.libsvm.read import cached_libsvm
from lrbench.data.parsed.parsed import cached
from lrbench.errors import DataError, UsageError, quoted, quoted_path


@dataclass(frozen=True)
class DataName:
    """Which data, as a problem file or a command line says it.

    Parameters
    ----------
    name
        ``sklearn:NAME``, ``generated:NAME``, a path, or a bare name: of a set of the LIBSVM
        collection or of a file in the folder of sets.
    params
        For generated data only.
    folder
        What a relative path is relative to; None is the working directory.
    zero_based
        Whether the indices of LIBSVM text count from 0; auto: where a 0 occurs.
    """

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    zero_based: ZeroBased = "auto"

    @property
    def generated(self) -> bool:
        """Whether the data are made by formula."""
        return self.name.startswith(generated.PREFIX)

    @property
    def is_text(self) -> bool:
        """Whether the data are LIBSVM text."""
        return not (self.generated or self.name.startswith(bundled.PREFIX))

    @property
    def stem(self) -> str:
        """The short name: no prefix, no folder, no suffix, nothing that cannot be printed."""
        for prefix in (bundled.PREFIX, generated.PREFIX):
            if self.name.startswith(prefix):
                return self.name.removeprefix(prefix)
        name = Path(self.name).name
        for suffix in (*SUFFIXES[1:], ".txt", ".libsvm", ".svm"):
            name = name.removesuffix(suffix)
        return quoted_path(name or self.name)

    def check(self) -> None:
        """Raise `UsageError` for an unknown name behind a prefix or a wrong parameter.

        Whether a file exists is not asked.
        """
        if not self.is_text and self.zero_based != "auto":
            raise UsageError(
                f"the data {quoted(self.name)} are no LIBSVM text, and have no indices to count.",
                "leave zero_based out.",
            )
        if self.generated:
            generated.generator(self.name.removeprefix(generated.PREFIX), self.params)
            return
        if self.name.startswith(bundled.PREFIX):
            bundled.check_bundled(self.name.removeprefix(bundled.PREFIX))
        if self.params:
            raise UsageError(
                f"the data {quoted(self.name)} take no parameter {quoted(min(self.params))}.",
                f"only data called {generated.PREFIX}NAME have parameters.",
            )


def load_data(data: DataName) -> Dataset:
    """Return the data; raise `DataError` or `UsageError` where there are none.

    Notes
    -----
    Files and bundled sets are parsed once and then mapped from the cache, which imports neither
    scikit-learn nor, for dense data, SciPy. A set of the LIBSVM collection is fetched on first use,
    which is said on stderr; under CI and offline it is not. What was fetched is checked again
    when it is parsed.
    """
    data.check()
    if data.generated:
        return generated.generate(data.name.removeprefix(generated.PREFIX), data.params)
    if data.name.startswith(bundled.PREFIX):
        return _load_bundled(data.name)
    return _load_file(data, *_find(data))


def _load_bundled(full_name: str) -> Dataset:
    name = full_name.removeprefix(bundled.PREFIX)
    release, code = bundled.bundled_version(), imports_hash(Path(bundled.__file__))
    parsed, content = cached(full_name, [release, code], lambda: bundled.read_bundled(name))
    about = f"{bundled.BUNDLED[name][1]}; scikit-learn {release}"
    return Dataset(full_name, parsed.X, parsed.y, content, about, parsed.labels)


def _load_file(data: DataName, path: Path, entry: Listed | None) -> Dataset:
    parsed, content = cached_libsvm(
        path,
        zero_based=data.zero_based,
        n_features=entry.n_features if entry else None,
        check=functools.partial(check_parsed, entry, path) if entry else None,
    )
    about = f"LIBSVM text {quoted_path(path.resolve())}"
    name = quoted_path(data.name)
    return Dataset(name, parsed.X, parsed.y, content, about, zero_based=parsed.zero_based)


def _find(data: DataName) -> tuple[Path, Listed | None]:
    """Return the file that the name means, and what is known of the set where it is one's."""
    name = data.name
    here = (data.folder or Path()) / _expanded(name)
    if Path(name).name != name:
        return here, None
    entry, known = collection().get(name), in_data_dir(name)
    if (known or entry) and _is_another_file(here, known):
        raise UsageError(
            f"{quoted(name)} is both a file here and a set"
            f" {f'in {quoted_path(data_dir())}' if known else 'of the LIBSVM collection'}.",
            f"write ./{quoted_path(name)} for the file, or"
            f" {f'{quoted_path(known)} for' if known else 'rename it to mean'} the set.",
        )
    if entry and known is None:
        from lrbench.data.collection.fetch import fetch_on_first_use

        known = fetch_on_first_use(entry)
    if known:
        return known, entry
    if os.path.lexists(here) or "." in name:
        return here, None
    packed = compressed_beside(here)
    raise DataError(
        f"there are no data called {quoted(name)}.",
        f"did you mean ./{quoted_path(packed.name)}?" if packed else unknown_set(name),
    )


def _expanded(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except (RuntimeError, ValueError):  # no such user, or no name at all: then ~ is part of a name
        return Path(name)


def _is_another_file(here: Path, known: Path | None) -> bool:
    """Return whether `here` is a file, or a link to none, other than `known`."""
    if not os.path.lexists(here) or here.is_dir():
        return False
    return known is None or not (here.exists() and here.samefile(known))
