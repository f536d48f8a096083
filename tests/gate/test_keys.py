"""Hints in a check name keys of its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Invoke

from lrbench.config.flags import flags_in

BASE = '[[check]]\nname = "one"\nexpect = ["bound = pass"]\n'

MISTAKES = {
    'problem = "logreg"\nradius = 1\n': "give radius = 8.93 or more.",
    'problem = "logreg"\nsolver = "wngrad[b0=4]"\n': "give lr0 = 0.25.",
    'problem = "logreg"\nreplicates = 3\n': "give batch_size for the stochastic setting, or leave"
    " replicates out.",
    'problem = "logreg"\nlr0 = "high"\n': "give positive numbers",
    'problem = "logreg"\niterations = 0\n': "give a number of steps such as 1000",
    'problem = "logreg"\niterations = 5\npasses = 2\n': "give one of iterations and passes.",
    'problem = "lad"\nlr0 = "1/L"\n': 'give numbers, as in lr0 = "0.1,1,10".',
    'problem = "logreg"\ntarget = "0%"\nsweep = true\n': "such as 0.01, or leave target out",
    'problem = "logreg"\nset = "data.skale=none"\n': 'set = "data.skale"',
    'problem = "logreg"\nbatch_size = 1000\n': "569",
    'problem = "logreg"\nover = "eta"\nlr0 = "1,2"\n': "",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_no_option_of_the_command_line_is_named(
    mistake: str, tmp_path: Path, invoke: Invoke
) -> None:
    file = tmp_path / "lrbench.toml"
    file.write_text(BASE + mistake, encoding="utf-8")
    outcome = invoke("check", "--config", str(file))
    assert outcome.code in (2, 3)
    text = outcome.out + outcome.err
    assert flags_in(text) == set()
    assert MISTAKES[mistake] in text
