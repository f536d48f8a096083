"""Where a class of the user comes from: what identifies its code, and makes it in a worker."""

from __future__ import annotations

import contextlib
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias, TypeGuard

from lrbench.config.registry import did_you_mean
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.plugins.modules import (
    installed_module,
    is_installed,
    module_of_file,
    module_of_text,
    source_hash,
    source_of_file,
)
from lrbench.plugins.reference import Reference

PACKAGE = __name__.partition(".")[0]

_ORIGINS: dict[type, Origin] = {}
"""The classes that were seen, with what their source was then: a file may change later."""


class Origin(NamedTuple):
    """The code of a class."""

    reference: Reference | None
    """What named it; None for a class that was made in Python."""
    text: str
    """The text of the file that the reference names; empty for any other class."""
    source_hash: str
    """A hash of the source of its module; empty where that has none."""
    versions: tuple[str, ...] = ()
    """The packages that it depends on beside its source, each with its version."""
    load: Callable[[Origin], type] | None = None
    """Makes the class in another process; None for one that is in its module."""


Bases: TypeAlias = type | tuple[type, ...]
"""What a class of the user must be derived from: one of these."""


def load_plugin(reference: Reference, base: Bases, kind: str) -> type:
    """Return the class that a reference names.

    Parameters
    ----------
    reference
        The file or module, and the name of the class.
    base
        What the class must be derived from.
    kind
        The word for such a class in errors: ``"solver"``.

    Raises
    ------
    UsageError
        If there is no such file, module or class, it raises an exception when it is imported, or
        it is no class of this kind.
    """
    place = reference.place
    module = module_of_file(place) if reference.is_file else installed_module(place)
    own = {
        name: value
        for name, value in vars(module).items()
        if _is_class(value, base) and value.__module__ == module.__name__
    }
    if not reference.name:
        if len(own) != 1:
            number = f"{len(own)} classes that are a {kind}" if own else f"no {kind}"
            names = " or ".join(f"{place}:{name}" for name in own)
            hint = f"name one: {names}." if own else _how_to_write(base)
            raise UsageError(f"{place} has {number}.", hint)
        reference = Reference(place, *own)
    if reference.name not in vars(module):
        hint = did_you_mean(reference.name, own) if own else f"it has no {kind} at all."
        raise UsageError(f"{place} has no {quoted(reference.name)}.", hint)
    cls: Any = vars(module)[reference.name]
    if not _is_class(cls, base):
        what = "a class" if isinstance(cls, type) else f"of type {type(cls).__name__}"
        raise UsageError(
            f"{reference.name} of {place} is {what}, and no {kind}.",
            _how_to_write(base),
        )
    if not _is_own(cls):
        origin = origin_of(cls)
        _ORIGINS[cls] = origin if origin.load else origin._replace(reference=reference)
    return cls


def _is_class(value: Any, base: Bases) -> TypeGuard[type]:
    bases = base if isinstance(base, tuple) else (base,)
    return isinstance(value, type) and issubclass(value, bases) and value not in bases


def _how_to_write(base: Bases) -> str:
    """Return the hint that says how a class of these is written."""
    names = [cls.__name__ for cls in (base if isinstance(base, tuple) else (base,))]
    rule = f", or put @{PACKAGE}.rate_rule before a function" if "Solver" in names else ""
    return f"derive a class from {' or '.join(f'{PACKAGE}.{name}' for name in names)}{rule}."


def is_plugin(cls: type) -> bool:
    """Return whether a class is none of lrbench's own."""
    return cls in _ORIGINS or not _is_own(cls)


def _is_own(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == PACKAGE


def forget_reference(cls: type) -> None:
    """Let objects of a class be sent by value, as one that was made in Python may be changed."""
    if cls in _ORIGINS and _ORIGINS[cls].load is None:
        _ORIGINS[cls] = _ORIGINS[cls]._replace(reference=None)


def set_origin(cls: type, origin: Origin) -> None:
    """Note where a class comes from that an adapter made of what another library has."""
    _ORIGINS[cls] = origin


def origin_of(cls: type) -> Origin:
    """Return where a class of the user comes from.

    Its source is read when it is first asked for, and not again.
    """
    if cls not in _ORIGINS:
        module = sys.modules.get(cls.__module__)
        text, digest = ("", "") if module is None else (source_of_file(module), source_hash(module))
        _ORIGINS[cls] = Origin(None, text, digest)
    return _ORIGINS[cls]


@dataclass(frozen=True)
class Packed:
    """A dataclass of the user as it is sent to another process, which need not have its file.

    Parameters
    ----------
    name
        What it is called in errors.
    origin
        The code of its class: the text of its file, or the module that it is installed in.
    values
        Its fields, where the class is made from the text or the module.
    content
        The object by value, where its class was made in Python.
    """

    name: str
    origin: Origin
    values: Mapping[str, Any] = field(default_factory=dict)
    content: bytes = b""

    def unpacked(self, base: type) -> Any:
        """Return the object.

        Raises
        ------
        LrbenchError
            If the class cannot be made here, or is another one than where it was packed.
        """
        reference, load = self.origin.reference, self.origin.load
        if self.content:
            return pickle.loads(self.content)
        assert reference is not None
        if reference.is_file and load is None:
            cls = vars(module_of_text(self.origin.text, reference.place))[reference.name]
            return cls(**self.values)
        cls = load_plugin(reference, base, "class") if load is None else load(self.origin)
        here = origin_of(cls)
        for version, sent in zip(here.versions, self.origin.versions, strict=False):
            if version != sent:
                raise LrbenchError(
                    f"{version} is in the worker, and {sent} in this process.",
                    "install the same versions in both places.",
                )
        if here.source_hash != self.origin.source_hash:
            raise LrbenchError(
                f"{reference.place} is another version in the worker than in this process.",
                "install the same versions in both places.",
            )
        return cls(**self.values)


def packed(value: Any) -> Packed:
    """Return an object of a class of the user as it is sent to another process.

    Raises
    ------
    Exception
        Whatever pickling raises, for a class that was made in Python.
    """
    cls = type(value)
    origin = origin_of(cls)
    if origin.reference is not None:
        values = {f.name: getattr(value, f.name) for f in fields(value)}
        return Packed(cls.__name__, origin, values)
    import cloudpickle

    with _by_value(sys.modules.get(cls.__module__)):
        return Packed(cls.__name__, origin, content=cloudpickle.dumps(value))


@contextlib.contextmanager
def _by_value(module: ModuleType | None) -> Iterator[None]:
    """Let cloudpickle write the classes of a module, and of its package, by value in the block.

    Those of an installed module are written by name, and those of ``__main__`` always by value.
    """
    import cloudpickle

    path = getattr(module, "__file__", None)
    if module is None or path is None or is_installed(path) or module.__name__ == "__main__":
        yield
        return
    package = sys.modules[module.__name__.partition(".")[0]]
    cloudpickle.register_pickle_by_value(package)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(package)
