"""The compiled steps: which build of them is loaded, and the call of it."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.machinery
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.errors import UsageError
from lrbench.kernels.codes import N_NUMBERS

FOLDER = Path(__file__).parent

BUILDS = {"x86-64-v4": "steps_v4", "x86-64-v3": "steps_v3", "baseline": "steps"}
"""The builds by the instructions that they need, the fastest first."""

SWITCH = "LRBENCH_COMPILED"
"""The environment variable that turns compiled steps off with 0; it may also name a build."""

POINTERS = """
x columns row_ends y w_star reference direction lower upper centre samples first width seed factors
W running_sum numbers gradient diverged workspace
"""

INTEGERS = """
wide_ends few_columns n_features n_penalised n_lanes n_blocks n_steps batch_size sample_stride
factor_stride t loss rule
"""

NUMBERS = "loss_parameter l1 l2 radius L mu stable_limit short_limit rounding"


class Steps(ctypes.Structure):
    """The fields of `leg` in steps.c, which says what they are."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in POINTERS.split()),
        *((name, ctypes.c_int64) for name in INTEGERS.split()),
        *((name, ctypes.c_double) for name in NUMBERS.split()),
    )


@dataclass(frozen=True)
class Library:
    """A loaded build.

    Parameters
    ----------
    build
        Its key in `BUILDS`.
    functions
        The shared library.
    """

    build: str
    functions: ctypes.CDLL

    def steps(self, values: Mapping[str, NDArray[Any] | float | None]) -> None:
        """Make the steps that these fields of `Steps` describe.

        Arrays are in C order; None stands for an array that is not there, 0 for a number.
        """
        call = Steps()
        for name, value in values.items():
            setattr(call, name, value.ctypes.data if isinstance(value, np.ndarray) else value)
        size = self.functions.lrbench_workspace(ctypes.byref(call))
        workspace = np.empty(size // 8 + 8)
        call.workspace = workspace.ctypes.data + -workspace.ctypes.data % 64
        self.functions.lrbench_steps(ctypes.byref(call))


@cache
def source_digest() -> str:
    """Return the digest of the source of the compiled steps, with which their bits may change."""
    return hashlib.sha256((FOLDER / "steps.c").read_bytes()).hexdigest()[:16]


def choice() -> str:
    """Return what the environment says: ``"0"``, the name of a build, or nothing.

    Raises
    ------
    UsageError
        If it is anything else.
    """
    value = os.environ.get(SWITCH, "").strip()
    if value in ("", "1"):
        return ""
    if value != "0" and value not in BUILDS:
        raise UsageError(
            f"{SWITCH}={value} is not known.", f"give 0, or one of {', '.join(BUILDS)}."
        )
    return value


def library() -> Library | None:
    """Return the fastest build that runs here; None where there is none, or it is turned off."""
    chosen = choice()
    return None if chosen == "0" else _load(chosen)


def absence() -> str:
    """Return why there is no `library`, in words."""
    if choice() == "0":
        return f"{SWITCH}=0 turns them off"
    built = [build for build, stem in BUILDS.items() if _file(stem) is not None]
    if not built:
        return "they were not built when lrbench was installed"
    if choice() and choice() not in built:
        return f"those for {choice()} were not built"
    return "this machine does not load them"


@cache
def _load(chosen: str) -> Library | None:
    files = {build: file for build, stem in BUILDS.items() if (file := _file(stem)) is not None}
    if not files:
        return None
    try:
        baseline = _opened(files["baseline"])
        level = int(baseline.lrbench_level())
        able = {"x86-64-v4": level >= 4, "x86-64-v3": level >= 3, "baseline": True}
        for build, file in files.items():
            if able[build] and chosen in ("", build):
                return Library(build, _opened(file))
    except (OSError, AttributeError, KeyError, MismatchError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        print(  # noqa: T201  # once in a process: the results are those of NumPy
            f"note: the compiled steps cannot be loaded ({reason}); NumPy makes the steps.",
            file=sys.stderr,
        )
    return None


class MismatchError(Exception):
    """The file was built from another source than the one that lies beside it."""


def _file(stem: str) -> Path | None:
    """Return the file of a build; None where it was not built."""
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        if (file := FOLDER / f"{stem}{suffix}").exists():
            return file
    return None


def _opened(file: Path) -> ctypes.CDLL:
    functions = ctypes.CDLL(str(file))
    functions.lrbench_source.restype = ctypes.c_char_p
    for name in ("lrbench_size", "lrbench_workspace", "lrbench_level"):
        getattr(functions, name).restype = ctypes.c_int64
    functions.lrbench_size.argtypes = functions.lrbench_level.argtypes = []
    functions.lrbench_workspace.argtypes = [ctypes.c_void_p]
    functions.lrbench_steps.restype = None
    functions.lrbench_steps.argtypes = [ctypes.c_void_p]
    if functions.lrbench_source().decode() != source_digest():
        raise MismatchError(f"{file.name} is of another source")
    if functions.lrbench_size() != ctypes.sizeof(Steps) + (N_NUMBERS << 32):
        raise MismatchError(f"{file.name} has other fields")
    return functions
