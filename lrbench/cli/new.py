"""`lrbench new`: write a commented class of the user, and its test."""

from __future__ import annotations

import shlex
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
    file: MyRule in my_rule.py, whose test is test_my_rule.py. No file is replaced. Commands run a
    solver from its file. They take a loss or a penalty by its name alone, which an entry point of
    an installed package gives it.
    """
    from lrbench.contract.new_files import write_new
    from lrbench.contract.subject import KINDS

    test = write_new(kind, file)
    click.echo(f"{file} and {test} are written. Change the class, and check it:")
    click.echo(f"  lrbench test {file}")
    click.echo(f"  python -m pytest {test}")
    if kind == "solver":
        click.echo(f"Run it: lrbench run logreg -s {shlex.quote(str(file))}")
    else:
        group = next(k.registry.group for k in KINDS if k.name == kind)
        click.echo(
            f"To run it, make it an entry point of the group {group} in an installed package:"
            f" --{kind} takes\nthe name, and no file."
        )
