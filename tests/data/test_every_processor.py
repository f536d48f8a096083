"""Data have the same bits, and so a problem the same fingerprint, whatever the processor."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from lrbench.config.learning_rates import log_spaced

FINGERPRINTS = """
from lrbench.problem_files import build_problem, load_spec, shipped
for name in shipped():
    if not load_spec(name).data.is_text and load_spec(name).backend is None:
        print(name, build_problem(load_spec(name)).about.fingerprint)
"""

OTHER = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",  # of NumPy 2.4
}
"""Environment in which OpenBLAS and NumPy compute as on an older x86-64 processor."""


@pytest.mark.slow
def test_fingerprints_do_not_depend_on_the_processor() -> None:
    here, there = (
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", FINGERPRINTS],
            env=os.environ | changes,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for changes in ({}, OTHER)
    )
    assert "log-spectrum" in here
    assert here == there


def test_log_spaced_numbers() -> None:
    found = log_spaced(1e-6, 1.0, 60)
    assert (found[0], found[-1]) == (1e-6, 1.0)
    np.testing.assert_allclose(found[1:] / found[:-1], 10 ** (6 / 59), rtol=2e-12)
    moved = np.nextafter(np.geomspace(1e-6, 1.0, 60), 2.0)
    assert [float(f"{v:.13g}") for v in moved[1:-1]] == found[1:-1].tolist()
