"""`lrbench new`: write a commented class of the user, and its test."""

from __future__ import annotations

from pathlib import Path

import click

from lrbench.cli.command import command as guided


@guided(
    "new",
    ("a step rule of your own, and its test", "lrbench new solver my_rule.py"),
    ("a loss", "lrbench new loss my_loss.py"),
)
@click.argument("kind", type=click.Choice(["solver", "loss", "penalty"]), metavar="KIND")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.py")
def command(kind: str, file: Path) -> None:
    """Write a class of a KIND (solver, loss or penalty) to FILE.py, and its test beside it.

    The class is a complete example with comments, which keeps all contracts. It is named after the
    file: MyRule in my_rule.py, whose test is test_my_rule.py. No file is replaced.
    """
    from lrbench.contract.new_files import write_new

    test = write_new(kind, file)
    click.echo(f"{file} and {test} are written. Change the class, and check it:")
    click.echo(f"  lrbench test {file}")
    click.echo(f"  python -m pytest {test}")
