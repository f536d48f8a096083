"""The instructions that a build may use are those that the processor is asked for."""

from __future__ import annotations

import platform
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

import lrbench

ROOT = Path(lrbench.__file__).parents[1]
SOURCE = (ROOT / "lrbench" / "kernels" / "steps.c").read_text("utf-8")
COMPILER = shutil.which("gcc") or shutil.which("clang")
BY_AVX = {"AVX", "CRC32", "POPCNT", "SSE3", "SSE4_1", "SSE4_2", "SSSE3", "XSAVE"}
"""What every processor with AVX2 has, and every compiler takes for granted there."""

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="levels are of x86-64")


@pytest.fixture
def flags(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Return the flags of each build."""
    setuptools = pytest.importorskip("setuptools")
    monkeypatch.setattr(setuptools, "setup", lambda **_: None)
    monkeypatch.chdir(ROOT)
    builds: dict[str, list[str]] = runpy.run_path("setup.py")["FLAGS"]
    return builds


def features() -> dict[str, set[str]]:
    """Return the features that the processor is asked for, by the build that needs them."""
    below, above = SOURCE.split("return 1;", 2)[:2]
    third, fourth = (re.findall(r'cpu_supports\("(\w+)"\)', text) for text in (below, above))
    return {"steps": set(), "steps_v3": set(third), "steps_v4": {*third, *fourth}}


def test_each_flag_is_a_feature_that_is_asked_for(flags: dict[str, list[str]]) -> None:
    names = {
        build: {flag.removeprefix("-m") for flag in given if "=" not in flag}
        for build, given in flags.items()
    }
    assert names == features()
    assert len(names["steps_v4"]) > len(names["steps_v3"]) > 0


@pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")
@pytest.mark.parametrize("build", ["steps_v3", "steps_v4"])
def test_the_compiler_takes_no_other_feature(flags: dict[str, list[str]], build: str) -> None:
    def macros(*given: str) -> set[str]:
        command = [str(COMPILER), "-dM", "-E", "-x", "c", *given, "/dev/null"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return set(re.findall(r"#define __([A-Z][A-Z\d_]*?)__ 1\n", text))

    permitted = macros(*flags[build]) - macros()
    assert permitted - BY_AVX == {name.upper() for name in features()[build]}
