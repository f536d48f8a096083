"""The compiled steps: which build of them is loaded, and the call of it."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.machinery
import os
import struct
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrbench.errors import Note, UsageError
from lrbench.kernels.codes import N_NUMBERS

FOLDER = Path(__file__).parent

BUILDS = {"x86-64-v4": "steps_v4", "x86-64-v3": "steps_v3", "baseline": "steps"}
"""The builds by the instructions that they need, the fastest first."""

SWITCH = "LRBENCH_COMPILED"
"""The environment variable that turns compiled steps off with 0; it may also name a build."""

POINTERS = """
x columns row_ends y w_star reference direction lower upper centre samples first width seed factors
W running_sum scales numbers mean square gradient diverged workspace
"""

INTEGERS = """
wide_ends lane_factors one_row n_features n_penalised n_lanes n_blocks n_steps batch_size
sample_stride factor_stride row_entries step_entries t loss rule
"""

BLOCK_LANES = (1, 4, 8, 16)
"""The lanes of a block: there is a function of each build for each."""

NUMBERS = "loss_parameter l1 l2 radius L mu stable_limit short_limit rounding"


class Steps(ctypes.Structure):
    """The fields of `leg` in leg.h, which says what they are."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in POINTERS.split()),
        *((name, ctypes.c_int64) for name in INTEGERS.split()),
        *((name, ctypes.c_double) for name in NUMBERS.split()),
    )


class Library(NamedTuple):
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

    def steps(
        self,
        values: Mapping[str, NDArray[Any] | float | None],
        seeds: Sequence[tuple[int, int]],
    ) -> None:
        """Make the steps that these fields of `Steps` describe.

        Parameters
        ----------
        values
            The fields but for the blocks and the workspace. Arrays are in C order; None stands for
            an array that is not there, 0 for a number.
        seeds
            The first lane of each row of ``samples``, and that behind its last one.
        """
        for lanes, call, _ in self.calls(values, seeds):
            getattr(self.functions, f"lrbench_steps_{lanes}")(ctypes.byref(call))

    def calls(
        self,
        values: Mapping[str, NDArray[Any] | float | None],
        seeds: Sequence[tuple[int, int]],
    ) -> Iterator[tuple[int, Steps, Any]]:
        """Yield the lanes of a block, a call of all blocks of that width, and what it points to.

        The parameters are those of `steps`.
        """
        for lanes, blocks in self._blocks(seeds).items():
            first, width, seed = arrays = np.array(blocks, dtype=np.int64).T.copy()
            fields = {**values, "first": first, "width": width, "seed": seed}
            call = Steps(n_blocks=len(blocks))
            for name, value in fields.items():
                setattr(call, name, value.ctypes.data if isinstance(value, np.ndarray) else value)
            n_bytes = getattr(self.functions, f"lrbench_size_{lanes}")(ctypes.byref(call))
            workspace = np.empty(n_bytes // 8 + 8)
            call.workspace = workspace.ctypes.data + -workspace.ctypes.data % 64
            yield lanes, call, (arrays, workspace)

    def _blocks(self, seeds: Sequence[tuple[int, int]]) -> dict[int, list[tuple[int, int, int]]]:
        """Return the first lane, the width and the seed of the blocks, by the lanes of a block.

        The bits of a lane do not depend on its block, and the last lanes of a seed get the
        narrowest one that holds them.
        """
        widest = int(self.functions.lrbench_lanes())
        blocks: dict[int, list[tuple[int, int, int]]] = {}
        for seed, (start, stop) in enumerate(seeds):
            for first in range(start, stop, widest):
                width = min(widest, stop - first)
                lanes = next(n for n in BLOCK_LANES if n >= width)
                blocks.setdefault(lanes, []).append((first, width, seed))
        return blocks


@cache
def source_digest() -> str:
    """Return the digest of the source of the compiled steps, with which their bits may change."""
    files = [file for end in "ch" for file in sorted(FOLDER.glob(f"*.{end}"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


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
        warnings.warn(  # once in a process: the results are those of NumPy
            f"the compiled steps cannot be loaded ({reason}); NumPy makes the steps",
            Note,
            stacklevel=3,
        )
    return None


class MismatchError(Exception):
    """The file is not what the source beside it is built to."""


def _file(stem: str) -> Path | None:
    """Return the file of a build; None where it was not built."""
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        if (file := FOLDER / f"{stem}{suffix}").exists():
            return file
    return None


def _check_length(file: Path) -> None:
    """Raise `MismatchError` for a file of ELF that lacks its end: to load it ends the process.

    The layout is that of the 64-bit header and of its segments in the ELF specification.
    """
    content = file.read_bytes()
    if content[:6] != b"\x7fELF\x02\x01":  # 64 bits, little-endian; the system reads any other
        return
    try:
        (start,) = struct.unpack_from("<Q", content, 32)
        size, count = struct.unpack_from("<HH", content, 54)
        segments = [struct.unpack_from("<IIQQQQ", content, start + k * size) for k in range(count)]
    except struct.error:
        raise MismatchError(f"{file.name} is cut off") from None
    if any(offset + length > len(content) for _, _, offset, _, _, length in segments):
        raise MismatchError(f"{file.name} is cut off")


def _opened(file: Path) -> ctypes.CDLL:
    _check_length(file)
    functions = ctypes.CDLL(str(file))
    functions.lrbench_source.restype = ctypes.c_char_p
    for name in ("lrbench_fields", "lrbench_level", "lrbench_lanes"):
        getattr(functions, name).restype = ctypes.c_int64
        getattr(functions, name).argtypes = []
    for lanes in BLOCK_LANES:
        for name, returned, rows in (
            ("size", ctypes.c_int64, 0),
            ("steps", None, 0),
            ("parts", None, 3),
        ):
            function = getattr(functions, f"lrbench_{name}_{lanes}")
            function.restype = returned
            function.argtypes = [ctypes.c_void_p, *[ctypes.c_int64] * rows]
    if functions.lrbench_source().decode() != source_digest():
        raise MismatchError(f"{file.name} is of another source")
    if functions.lrbench_fields() != ctypes.sizeof(Steps) + (N_NUMBERS << 32):
        raise MismatchError(f"{file.name} has other fields")
    return functions
