"""From which T on a bound informs."""

from __future__ import annotations

import pytest
from made_runs import BATCH, Power

from lrbench.verdicts.informative import least_informative


@pytest.mark.parametrize("c", [0.5, 1.0, 1.5, 2.0, 3.0, 2400.3, 12345.0, 7e14])
def test_informative_from_is_the_least(c: float) -> None:
    found = least_informative(Power(c, -1), BATCH)
    assert found is not None
    assert c / found < 1.0
    assert found == 1 or c / (found - 1) >= 1.0


def test_informative_from_has_an_end_and_is_monotone() -> None:
    assert least_informative(Power(1e16, -1), BATCH) is None
    assert least_informative(Power(2.0, 0.0), BATCH) is None
    found = [least_informative(Power(c, -0.5), BATCH) for c in (1.0, 3.0, 30.0, 1e5, 1e7)]
    assert found == sorted(f for f in found if f is not None)
