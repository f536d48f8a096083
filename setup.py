"""The compiled steps: an optional extension for each instruction set, without which NumPy runs."""

import hashlib
import os
import platform
from pathlib import Path

from setuptools import Extension, setup

FOLDER = Path("lrbench/kernels")
SOURCES, HEADERS = ([str(file) for file in sorted(FOLDER.glob(f"*.{end}"))] for end in "ch")
DIGEST = hashlib.sha256(b"".join(Path(f).read_bytes() for f in SOURCES + HEADERS)).hexdigest()[:16]

COMMON = ["-std=gnu11", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd"]
COMMON.append("-ffp-contract=off")  # so that all instruction sets give the same bits
if "-O" not in os.environ.get("CFLAGS", ""):
    COMMON.append("-O3")
FLAGS: dict[str, list[str]] = {"steps": []}
if platform.machine().lower() in ("x86_64", "amd64"):
    # Those that `lrbench_level` of steps.c asks the processor for, and no others: -march=x86-64-v3
    # would permit LZCNT, MOVBE and F16C too, whose names not every compiler can ask for.
    FLAGS["steps_v3"] = ["-mavx2", "-mbmi", "-mbmi2", "-mfma"]
    FLAGS["steps_v4"] = FLAGS["steps_v3"] + [
        f"-mavx512{part}" for part in ("f", "bw", "cd", "dq", "vl")
    ]
    FLAGS["steps_v4"].append("-mprefer-vector-width=512")

setup(
    ext_modules=[
        Extension(
            f"lrbench.kernels.{name}",
            SOURCES,
            depends=HEADERS,
            define_macros=[("LRBENCH_SOURCE", f'"{DIGEST}"')],
            extra_compile_args=[*COMMON, *flags],
            optional=True,
        )
        for name, flags in FLAGS.items()
    ]
)
