"""`lrbench help`: the help of a command, as of its option --help."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from lrbench.cli.command import command as guided
from lrbench.cli.command import find_command


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a command."""
    group = ctx.find_root().command
    names = group.list_commands(ctx) if isinstance(group, click.Group) else []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@guided(
    "help",
    ("the options of a command, after examples", "lrbench help run"),
    ("a command of a group", "lrbench help data list"),
)
@click.argument("words", nargs=-1, metavar="[COMMAND]...", shell_complete=complete)
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Print the help of a command, or the list of commands.

    What words of the pages mean is said by lrbench explain.
    """
    click.echo(find_command(words, ctx.find_root()).get_help())
