"""An option that takes one value is refused if it is given twice, whichever command has it."""

from __future__ import annotations

import click
import pytest
from conftest import Invoke

from lrbench.cli.command import with_commands
from lrbench.cli.main import group
from lrbench.errors import UsageError

VALUES = {
    (" ".join(words), max(param.opts, key=len)): (words, command, param)
    for words, command in with_commands(group)
    for param in command.params
    if isinstance(param, click.Option) and not param.is_flag and not param.count
}


def parsed(words: tuple[str, ...], command: click.Command, args: list[str]) -> click.Context:
    """Return the context of a command that has read these arguments and does nothing."""
    return command.make_context(" ".join(words), args)


def test_some_take_one_value_and_some_take_several() -> None:
    several = {param.multiple for _, _, param in VALUES.values()}
    assert several == {False, True}


@pytest.mark.parametrize("key", VALUES, ids=" ".join)
def test_each_name_of_each_option(key: tuple[str, str]) -> None:
    words, command, param = VALUES[key]
    for first in param.opts:
        args = [first, "1", max(param.opts, key=len), "2"]
        if param.multiple:
            with_several = command.make_parser(click.Context(command)).parse_args(args)[0]
            assert with_several[param.name or ""] == ["1", "2"]
            continue
        with pytest.raises(UsageError, match="is given 2 times, but takes only one") as refused:
            parsed(words, command, args)
        assert refused.value.message.startswith(f"{key[1]} is given")
        assert refused.value.hint


@pytest.mark.parametrize(
    ("words", "note"),
    [
        (("--sampling", "reshuffle"), "--sampling has no effect with full batches"),
        (("--sampling", "replacement"), "--sampling has no effect with full batches"),
        (("--sampling", "reshuffle", "--batch-size", "7"), ""),
        (("--lr0", "0.3,3,0.30"), "--lr0 0.3: given more than once"),
        (("--lr0", "0.3:30:3", "--lr0", "3"), "--lr0 3: given more than once"),
        (("--lr0", "0.3,3"), ""),
        (("-s", "wngrad,gd", "-s", "gd"), "gd: named more than once, and run once."),
        (("-s", "adagrad-norm[eta=1|2],adagrad-norm[eta=2]"), "adagrad-norm[eta=2]: named more"),
        (("-s", "adagrad-norm[eta=1|2]"), ""),
        (("-s", "dog", "--lr0", "3"), "--lr0 has no effect, as no solver here has an lr0."),
        (("-s", "dog,gd", "--lr0", "3"), ""),
        (("-s", "dog"), ""),
    ],
)
@pytest.mark.parametrize("command", ["run", "sweep"])
def test_what_changes_nothing_is_told(
    command: str, words: tuple[str, ...], note: str, invoke: Invoke
) -> None:
    budget = ("--passes", "1") if "--batch-size" in words else ("-n", "4")
    given = (command, "log-spectrum", *words, *budget, "-j", "1", "--format", "plain")
    outcome = invoke(*given)
    assert outcome.code == 0, outcome.err
    assert outcome.err.startswith(f"Note: {note}" if note else "")
    assert outcome.err.count("Note: ") == bool(note)
    assert invoke(*given, "-q").err == ""
