"""Constants that a problem file states, against the certificate."""

from __future__ import annotations

from typing import Any

import pytest
from gate_runs import made_problem

from lrbench.gate.claims import verify_constants


def verdict(name: str, stated: float, **constants: Any) -> str:
    (finding,) = verify_constants(((name, stated),), made_problem(**constants))
    assert finding.expectation == f"constants.{name}"
    assert finding.reason or finding.verdict == "PASS"
    return str(finding.verdict)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("L", 4.0),
        ("L_max", 8.0),
        ("mu", 0.5),
        ("kappa", 8.0),
        ("distance", 1.0),
        ("delta0", 1.0),
        ("noise_star", 0.25),
        ("f_star", 2.0),
    ],
)
def test_seven_digits_count(name: str, value: float) -> None:
    assert verdict(name, value) == "PASS"
    assert verdict(name, value * (1 + 9e-7)) == "PASS"
    assert verdict(name, value * (1 + 2e-6)) == "FAIL"
    assert verdict(name, value * (1 - 2e-6)) == "FAIL"
    assert verdict(name, -value) == "FAIL"


def test_what_is_only_bounded_from_above_may_be_lower() -> None:
    for method in ("norm bound", "Lanczos bound"):
        assert verdict("L", 3.0, L_method=method) == "INCONCLUSIVE"
        assert verdict("kappa", 7.0, L_method=method) == "INCONCLUSIVE"
        assert verdict("L", 4.1, L_method=method) == "FAIL"
        assert verdict("mu", 0.4, L_method=method) == "FAIL"


def test_the_error_of_the_certificate_is_allowed() -> None:
    assert verdict("f_star", 2.009, f_star_error=0.01) == "PASS"
    assert verdict("f_star", 2.02, f_star_error=0.01) == "FAIL"
    assert verdict("distance", 1.009, distance_error=0.01) == "PASS"
    # L_max = 8: the root of the noise is known to sqrt(16 f_star_error) = 4e-15.
    for noise, expected in ((1.59e-29, "PASS"), (1.61e-29, "FAIL")):
        assert verdict("noise_star", noise, noise_star=0.0, f_star_error=1e-30) == expected
    assert verdict("f_star", 0.0, f_star=1e-17) == "PASS"  # a rounding of F(w_0) - f* = 1


def test_what_the_problem_does_not_have() -> None:
    assert verdict("G", 1.0) == "INCONCLUSIVE"
    (finding,) = verify_constants(
        (("distance", 1.0),), made_problem(distance=None, no_minimiser="separable")
    )
    assert finding.reason == "separable"


def test_a_minimum_that_was_given_certifies_nothing() -> None:
    assert verdict("f_star", 2.0, f_star_certified=False) == "INCONCLUSIVE"
    assert verdict("delta0", 1.0, f_star_certified=False) == "INCONCLUSIVE"
    assert verdict("L", 4.0, f_star_certified=False) == "PASS"
