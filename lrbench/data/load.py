"""Loading a data set by its name."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrbench.cache.distributions import version_of
from lrbench.cache.source_hash import imports_hash
from lrbench.config.paths import expanded
from lrbench.data import bundled, generated
from lrbench.data.dataset import Dataset
from lrbench.data.libsvm import ZeroBased
from lrbench.data.libsvm.compressed import SUFFIXES, compressed_beside
from lrbench.data.parsed.parsed import cached
from lrbench.errors import DataError, UsageError, quoted, quoted_path

if TYPE_CHECKING:
    from lrbench.data.collection.catalogue import Listed


@dataclass(frozen=True)
class DataName:
    """The name of a data set as a problem file or a command line gives it.

    Parameters
    ----------
    name
        ``sklearn:NAME``, ``generated:NAME``, a path, or the bare name of a set of the LIBSVM
        collection or of a file in the folder of sets.
    params
        The parameters of generated data; empty for other data.
    folder
        The folder to which a relative path refers; None is the working directory.
    zero_based
        Whether the indices of LIBSVM text count from 0; with ``auto`` they do if a 0 occurs.
    """

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    zero_based: ZeroBased = "auto"

    @property
    def generated(self) -> bool:
        """Whether the data are generated."""
        return self.name.startswith(generated.PREFIX)

    @property
    def is_text(self) -> bool:
        """Whether the data are LIBSVM text."""
        return not (self.generated or self.name.startswith(bundled.PREFIX))

    @property
    def stem(self) -> str:
        """The short printable name, without prefix, folder and suffix."""
        for prefix in (bundled.PREFIX, generated.PREFIX):
            if self.name.startswith(prefix):
                return self.name.removeprefix(prefix)
        name = Path(self.name).name
        for suffix in (*SUFFIXES[1:], ".txt", ".libsvm", ".svm"):
            name = name.removesuffix(suffix)
        return quoted_path(name or self.name)

    def check(self) -> None:
        """Raise `UsageError` for an unknown name after a prefix or a wrong parameter.

        It is not checked whether a file exists.
        """
        if not self.is_text and self.zero_based != "auto":
            raise UsageError(
                f"the data {quoted(self.name)} are not LIBSVM text, so they have no indices.",
                "leave zero_based out.",
            )
        if self.generated:
            from lrbench.data.generated.generators import generator

            generator(self.name.removeprefix(generated.PREFIX), self.params)
            return
        if self.name.startswith(bundled.PREFIX):
            bundled.check_bundled(self.name.removeprefix(bundled.PREFIX))
        if self.params:
            raise UsageError(
                f"the data {quoted(self.name)} take no parameter {quoted(min(self.params))}.",
                f"only data called {generated.PREFIX}NAME have parameters.",
            )


def load_data(data: DataName) -> Dataset:
    """Return the data; raise `DataError` or `UsageError` if they cannot be loaded.

    Notes
    -----
    Files and the sets of scikit-learn are parsed once and then mapped from the cache, which imports
    neither scikit-learn nor, for dense data, SciPy. A set of the LIBSVM collection is fetched on
    first use, with a message on stderr, but not under CI or offline. A fetched file is checked
    again when it is parsed.
    """
    data.check()
    if data.generated:
        from lrbench.data.generated.generators import generate

        return generate(data.name.removeprefix(generated.PREFIX), data.params)
    if data.name.startswith(bundled.PREFIX):
        return _load_bundled(data.name)
    return _load_file(data, *_find(data))


def _load_bundled(full_name: str) -> Dataset:
    name = full_name.removeprefix(bundled.PREFIX)
    release, code = version_of("scikit-learn"), imports_hash(Path(bundled.__file__))
    parsed, content = cached(full_name, [release, code], lambda: bundled.read_bundled(name))
    about = f"{bundled.BUNDLED[name][1]}; scikit-learn {release}"
    return Dataset(full_name, parsed.X, parsed.y, content, about, parsed.labels)


def _load_file(data: DataName, path: Path, entry: Listed | None) -> Dataset:
    from lrbench.data.collection.checksum import check_parsed
    from lrbench.data.libsvm.read import cached_libsvm

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
    """Return the file that the name means, and its entry if it is a set of the collection."""
    from lrbench.data.collection.catalogue import collection, unknown_set
    from lrbench.data.collection.folder import data_dir, in_data_dir

    name = data.name
    local = (data.folder or Path()) / expanded(name)
    if Path(name).name != name:
        return local, None
    entry, set_path = collection().get(name), in_data_dir(name)
    # A name that means both is refused rather than read as one of them.
    if (set_path or entry) and _is_another_file(local, set_path):
        raise UsageError(
            f"{quoted(name)} is both a file here and a set"
            f" {f'in {quoted_path(data_dir())}' if set_path else 'of the LIBSVM collection'}.",
            f"write ./{quoted_path(name)} for the file, or"
            f" {f'{quoted_path(set_path)} for' if set_path else 'rename it to mean'} the set.",
        )
    if entry and set_path is None:
        from lrbench.data.collection.fetch import fetch_on_first_use

        set_path = fetch_on_first_use(entry)
    if set_path:
        return set_path, entry
    if os.path.lexists(local) or "." in name:
        return local, None
    compressed = compressed_beside(local)
    raise DataError(
        f"there are no data called {quoted(name)}.",
        f"did you mean ./{quoted_path(compressed.name)}?" if compressed else unknown_set(name),
    )


def _is_another_file(local: Path, set_path: Path | None) -> bool:
    """Return whether `local` is a file, or a broken link, other than that of the set."""
    if not os.path.lexists(local) or local.is_dir():
        return False
    return set_path is None or not (local.exists() and local.samefile(set_path))
