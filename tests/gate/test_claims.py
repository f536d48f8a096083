"""Constants that a problem file states, against the certificate."""

from __future__ import annotations

import math
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


def test_the_noise_is_known_to_what_the_minimum_is() -> None:
    # The root of the noise is 3 +- sqrt(2 8 (0.04 + 0.05)) = 3 +- 1.2: the noise 9 +- 8.64.
    known = {"noise_star": 9.0, "L_max": 8.0, "f_star_error": 0.04, "f_rounding": 0.05}
    for stated, expected in ((17.63, "PASS"), (17.65, "FAIL"), (0.37, "PASS"), (0.35, "FAIL")):
        assert verdict("noise_star", stated, **known) == expected
    assert verdict("noise_star", 9.1, **(known | {"L_max": math.inf})) == "FAIL"
    assert verdict("noise_star", 0.26) == "FAIL"


def test_the_allowance_of_each_constant_is_its_own() -> None:
    assert verdict("delta0", 1.009, f_star_error=0.01) == "PASS"
    assert verdict("mu", 0.509, f_star_error=0.1, distance_error=0.1) == "FAIL"
    assert verdict("f_star", 2.009, distance_error=0.1) == "FAIL"
    # 64 eps (|F(w_0)| + |F*|) = 64 eps 11 is 1.6e-13.
    for stated, expected in ((1.5e-13, "PASS"), (1.7e-13, "FAIL")):
        assert verdict("f_star", stated, f_star=0.0, delta0=11.0) == expected
    assert verdict("L", 4.1, L_method="eigenvalues") == "FAIL"
    assert verdict("L_max", 7.0, L_method="norm bound") == "INCONCLUSIVE"
    assert verdict("L_max", 7.0) == "FAIL"


def test_both_numbers_and_their_difference_are_shown() -> None:
    (finding,) = verify_constants((("mu", 0.625),), made_problem())
    assert (finding.measured, finding.wanted) == ("0.5", "0.625")
    assert finding.reason == "the problem file states another, by 1.2e-01"
    (finding,) = verify_constants((("L", 3.0),), made_problem(L_method="norm bound"))
    assert finding.reason == "only bounded from above (norm bound)"
    (finding,) = verify_constants((("f_star", 9.0),), made_problem(f_star_certified=False))
    assert (finding.measured, finding.reason) == ("2", "f* was given, not certified")
    (finding,) = verify_constants((("G", 9.0),), made_problem())
    assert (finding.measured, finding.reason) == ("-", "the problem has no such constant")


def test_the_tolerance_itself_is_allowed() -> None:
    assert verdict("distance", 1.25, distance_error=0.25, distance=1.0 / (1 + 1e-6)) == "PASS"
    assert verdict("distance", 0.25, distance=0.0, distance_error=0.25) == "PASS"
    assert verdict("distance", 0.2501, distance=0.0, distance_error=0.25) == "FAIL"
