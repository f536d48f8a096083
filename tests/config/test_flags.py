"""Options in texts, and the keys of files in their place."""

from __future__ import annotations

import pytest

from lrbench.config.flags import flags_in, with_keys

KEYS = {"lr0", "scale", "f_star", "batch_size", "target", "radius", "solver", "over"}


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("give --lr0 or -s.", {"--lr0", "-s"}),
        ("lrbench sweep --store x keeps it, and --lr0 too.", {"--lr0"}),
        ("run lrbench check --config a.toml: --only is for one.", {"--only"}),
        ("a well-known 1e-3 --- -1 of x-y", set()),
        ("write --in-two-words", {"--in-two-words"}),
    ],
)
def test_flags_in(text: str, flags: set[str]) -> None:
    assert flags_in(text) == flags


@pytest.mark.parametrize(
    ("text", "keyed"),
    [
        ("give --lr0 1.", "give lr0 = 1."),
        ("give --lr0 0.25 or more.", "give lr0 = 0.25 or more."),
        ("scale the data (--scale maxabs) or not.", 'scale the data (scale = "maxabs") or not.'),
        ("as in --over eta=1e-3:1e3:25.", 'as in over = "eta=1e-3:1e3:25".'),
        ("as in --lr0 0.1,1,10.", 'as in lr0 = "0.1,1,10".'),
        ("--set data.skale: there is no key.", "--set data.skale: there is no key."),
        ("--scale data.x: it is none.", 'scale = "data.x": it is none.'),
        ("--target has 3.", "target has 3."),
        ("--lr0 1e-3 is low.", "lr0 = 1e-3 is low."),
        ("leave --batch-size out.", "leave batch_size out."),
        ("give the minimum with --f-star VALUE.", "give the minimum with f_star VALUE."),
        ("give --solver, as in --solver wngrad.", 'give solver, as in solver = "wngrad".'),
        ("add --allow-code, or --config x.toml.", "add --allow-code, or --config x.toml."),
        ("lrbench run --lr0 1 shows it, --radius 2 too.", None),
    ],
)
def test_with_keys(text: str, keyed: str | None) -> None:
    if keyed is None:
        keyed = "lrbench run --lr0 1 shows it, radius = 2 too."
    assert with_keys(text, KEYS) == keyed
