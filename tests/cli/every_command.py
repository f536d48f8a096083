"""Every command of the command line, with those of groups, by the words that call it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from lrbench.cli.main import group


def commands() -> dict[tuple[str, ...], click.Command]:
    """Return every command by its words: ``("data", "list")``; that of no words is lrbench."""
    return dict(_below((), group))


def _below(
    words: tuple[str, ...], command: click.Command
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None
            yield from _below((*words, name), inner)


COMMANDS = commands()

IDS = [" ".join(("lrbench", *words)) for words in COMMANDS]
