"""The entry point: commands are loaded when asked for, errors are said in two sentences."""

from __future__ import annotations

import importlib
import os
import sys

import click

from lrbench import __version__
from lrbench.errors import ExitCode, LrbenchError

COMMANDS = {
    "run": "Run solvers on a problem: convergence beside theory.",
    "theory": "What is proved for a problem, solver and lr0, before any run.",
    "show": "Print a saved result in any format, or the file of a problem that ships.",
    "cache": "Show or clear the folder of parsed data and certified optima.",
    "sys-info": "Versions, processor and BLAS: what the figures depend on.",
    "list": "Problems, solvers, losses, penalties, theorems and formats by name.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"lrbench.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="lrbench")
def group() -> None:
    """Benchmark first-order convex optimisation, with the learning rate as the subject."""


def say(message: str, hint: str) -> None:
    """Write an error and its hint to stderr."""
    click.echo(f"Error: {message}\nHint: {hint}", err=True)


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    try:
        code = group.main(args, prog_name="lrbench", standalone_mode=False)
        sys.stdout.flush()
    except LrbenchError as error:
        say(error.message, error.hint)
        code = error.exit_code
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "lrbench"
        say(sentence(error.format_message()), f"see {path} --help.")
        code = ExitCode.USAGE
    except click.ClickException as error:
        say(sentence(error.format_message()), "see lrbench --help.")
        code = ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        say("interrupted.", "nothing was finished, so nothing is shown.")
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader has what it wants: as for cat or head, that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.OK
    sys.exit(int(code or 0))


def sentence(text: str) -> str:
    """Return click's message with a small start and a full stop."""
    text = " ".join(text.split())
    return (text[:1].lower() + text[1:]).rstrip(".") + "."
