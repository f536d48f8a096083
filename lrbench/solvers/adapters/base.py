"""What the adapters share: a class for an optimiser of another library, made when it is named."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, TypeVar

import numpy as np

from lrbench.cache.source_hash import solver_hash
from lrbench.errors import LrbenchError, UsageError
from lrbench.plugins import Origin, Reference, set_origin
from lrbench.plugins.modules import source_hash, source_of_file
from lrbench.solvers.adapters.arguments import Argument, arguments_of
from lrbench.solvers.base import Solver

FREE_SCALES = ("d0", "estim_lr0", "init_step2")
"""Arguments that are the free scale of a method which has one of them: the first estimate of the
distance to a minimiser of D-Adaptation and Prodigy, and the first step of DoG."""


class AdaptedSolver(Solver):
    """A solver whose steps are those of an optimiser of another library.

    Each optimiser has a class of its own, whose parameters are the arguments of the optimiser (see
    `arguments_of`) and whose lr0 is its learning rate. All numbers are float64, and the iterates
    plain arrays on all data. The learning rate that is reported is |w_{t+1} - w_t| / |g_t|, before
    a projection: see `rate_of`.
    """

    adapted = True
    theorems = "any-step"
    state_size = "of its own"
    dense_gradient = True
    lr0_means = "the learning rate that the optimiser is made with"

    packages: ClassVar[Sequence[str]]
    """The packages of the library, whose versions the numbers depend on."""
    make: ClassVar[Callable[..., Any]]
    """The class or function that makes an optimiser."""
    rate: ClassVar[str]
    """Its argument that is lr0; empty if it has none."""
    arguments: ClassVar[Sequence[Argument]]
    """Its other arguments that are parameters."""

    @property
    def varied(self) -> dict[str, Any]:
        """The parameters that have a value for each lane, (n_lanes,)."""
        return {name: v for name, v in vars(self).items() if isinstance(v, np.ndarray)}

    def keywords(self, lane: int) -> dict[str, Any]:
        """Return the arguments of a lane's optimiser, without its learning rate."""
        values = vars(self) | {name: array[lane] for name, array in self.varied.items()}
        return {a.name: a.value(values) for a in self.arguments}

    def different_keywords(self) -> Iterator[dict[str, Any]]:
        """Yield the arguments of every lane, once where no parameter varies."""
        n_lanes = max(map(len, self.varied.values()), default=1)
        return map(self.keywords, range(n_lanes))

    def refused(self, error: Exception) -> UsageError:
        """Return the error for arguments that the optimiser does not take."""
        return UsageError(
            f"solver {self.name}: {reason(error)}.",
            f"{self.make.__name__} gets a vector, its gradient, and its value if it asks for it:"
            " give other arguments, or name another one.",
        )


AdaptedT = TypeVar("AdaptedT", bound=AdaptedSolver)


@functools.cache  # one class for a name, however often it is given
def adapted(
    base: type[AdaptedT],
    reference: Reference,
    make: Callable[..., Any],
    module: ModuleType,
    load: Callable[[Origin], type],
    rate: str,
    apart: tuple[str, ...] = (),
) -> type[AdaptedT]:
    """Return the solver of an optimiser.

    Parameters
    ----------
    base
        The class of the solvers of its library.
    reference
        The prefix of its library, and what names it behind that.
    make, module
        The class or function that makes it, and the module of that.
    load
        Makes the solver in another process.
    rate, apart
        Its argument that is the learning rate, empty for none, and those that are no parameters.

    Raises
    ------
    UsageError
        If another argument has no default.
    """
    arguments = arguments_of(make, str(reference), {*apart, rate})
    parameters = {name for argument in arguments for name in argument.parameters}
    cls: type[AdaptedT] = dataclasses.make_dataclass(
        make.__name__,
        [
            (name, kind, dataclasses.field(default=default))
            for argument in arguments
            for name, kind, default in argument.fields
        ],
        bases=(base,),
        namespace={
            "name": str(reference),
            "make": staticmethod(make),
            "rate": rate,
            "arguments": arguments,
            "theorems": base.theorems,  # of its own, because those of a base class do not count
            "papers": (),
            "scale": next((s for s in FREE_SCALES if s in parameters), "lr0" if rate else ""),
            "has_lr0": bool(rate),
            "__module__": module.__name__,  # whose line is named where it raises an exception
            "__qualname__": make.__qualname__,
            "__doc__": inspect.getdoc(make) or f"{make.__name__} of {module.__name__}.",
        },
        frozen=True,
    )
    package = module.__name__.partition(".")[0]
    versions = [f"{p} {_version(p)}" for p in dict.fromkeys([*base.packages, package])]
    # Hashing all files of the library would take seconds; its version says as much.
    own = "" if package in base.packages else source_hash(module)
    parts = [own, solver_hash(Path(inspect.getfile(base))), *versions]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    set_origin(cls, Origin(reference, source_of_file(module), digest, tuple(versions), load))
    return cls


def _version(package: str) -> str:
    """Return the version of a package that is installed; empty for any other module."""
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def reason(error: BaseException) -> str:
    """Return what an exception says, in one line without a full stop."""
    if isinstance(error, LrbenchError):
        return error.message.rstrip(".")
    text = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
