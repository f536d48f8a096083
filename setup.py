"""The compiled steps: an optional extension for each instruction set, without which NumPy runs."""

import hashlib
import platform
from pathlib import Path

from setuptools import Extension, setup

SOURCE = "lrbench/kernels/steps.c"
DIGEST = hashlib.sha256(Path(SOURCE).read_bytes()).hexdigest()[:16]

COMMON = ["-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd"]
COMMON.append("-ffp-contract=off")  # so that all instruction sets give the same bits
FLAGS: dict[str, list[str]] = {"steps": []}
if platform.machine().lower() in ("x86_64", "amd64"):
    FLAGS["steps_v3"] = ["-march=x86-64-v3"]
    FLAGS["steps_v4"] = ["-march=x86-64-v4", "-mprefer-vector-width=512"]

setup(
    ext_modules=[
        Extension(
            f"lrbench.kernels.{name}",
            [SOURCE],
            define_macros=[("LRBENCH_SOURCE", f'"{DIGEST}"')],
            extra_compile_args=[*COMMON, *flags],
            optional=True,
        )
        for name, flags in FLAGS.items()
    ]
)
