"""The entry point, which imports one command and writes errors as two sentences."""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from lrbench.cli.command import GuidedGroup
from lrbench.cli.hints import names_own_options, options_of
from lrbench.cli.signals import no_signal_ignored
from lrbench.cli.streams import close_stdout, keep_stdout_for_results, open_streams
from lrbench.config.keywords import options_in_errors
from lrbench.errors import ExitCode, LrbenchError, Note, Terminated
from lrbench.version import __version__

COMMANDS = {
    "run": "Run solvers on a problem: convergence beside theory.",
    "sweep": "The sensitivity to the learning rate or a scale: usable ranges, curves, advice.",
    "record": "Judge the iterates of a loop in any language, from a file.",
    "check": "A gate for CI: judge convergence against expectations and baselines.",
    "theory": "What is proved for a problem, solver and lr0, before any run.",
    "new": "Write a commented solver, loss or penalty of your own, and its test.",
    "test": "Check a solver, loss or penalty of yours against the contracts of its kind.",
    "show": "Print a saved result or a store in any format, or the file of a problem that ships.",
    "plot": "Draw a saved result: a figure for a paper, or in the terminal.",
    "report": "Write saved results as one HTML page with figures, which opens offline.",
    "compare": "What changed from one result to others, with a test paired over seeds.",
    "store": "Finished cells of sweeps: list, export, prune, merge.",
    "data": "LIBSVM sets by name: list, info, fetch, verify, path.",
    "cache": "Show or clear the folder of parsed data and certified optima.",
    "sys-info": "Versions, processor and BLAS: what the figures depend on.",
    "list": "Problems, solvers, losses, penalties, theorems and formats by name.",
    "explain": "What a word of a page means: W3, inconclusive, weak, usable range.",
    "help": "The help of a command: lrbench help run, lrbench help data list.",
}
"""The summaries that --help lists; those of the commands themselves would cost ten imports."""

FLAGSHIP = "lrbench run logreg --lr0 100"

TRACEBACK = "LRBENCH_TRACEBACK"
"""The environment variable that, unless it is empty, shows the traceback of an internal error."""

MAX_FAULT = 300
"""The most characters of the text of an internal error that a message repeats."""

REMEDIES = {
    errno.EBADF: "leave stdout open, or send it to a file.",
    errno.EAGAIN: "send stdout to a file, or to a pipe that is not non-blocking.",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f), or choose another file.",
}
"""The hint for an error of the system by its number, where it is not the usual one."""

COLLECTION_THRESHOLDS = (100_000, 20, 100)
"""Those of `gc.set_threshold`: results of 100,000 runs are many objects that live on, and almost no
command makes cycles, for which the defaults would search all of them again and again. A short
command ends before its first search, which would take a twentieth of its time."""

NOTHING_FINISHED = "nothing was finished, and nothing is shown."
KEPT = "nothing is shown; a --store keeps the cells that were finished."
FEWER = "give fewer --lr0, smaller data, or a network with smaller layers."
SMALLER = "give smaller data, or a network with smaller layers."


class ReaderGoneError(Exception):
    """The reader of stdout has closed the pipe, as ``head`` does."""


@contextlib.contextmanager
def system_errors() -> Iterator[None]:
    """Turn errors of the system into errors of lrbench before click sees them and exits with 1."""
    try:
        yield
    except BrokenPipeError:
        raise ReaderGoneError from None
    except OSError as error:
        reason = error.strerror or str(error)
        file = f" ({error.filename})" if error.filename else ""
        raise LrbenchError(
            f"the system refused a read or a write: {reason}{file}.",
            REMEDIES.get(error.errno or 0, "free some disk space, or choose another file."),
        ) from error


class LazyGroup(GuidedGroup):
    """A group that imports a command when it is used."""

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

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the arguments, and write the text of --help or --version."""
        with system_errors():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with system_errors():
            code = super().invoke(ctx)
            sys.stdout.flush()  # here a full disk is an error of the command
            return code

    def summaries(self, ctx: click.Context) -> Mapping[str, str]:
        """Return the list of commands, without importing them."""
        return COMMANDS


@click.group(
    cls=LazyGroup,
    examples=(
        ("does WNGrad work from a learning rate that is far too high?", FLAGSHIP),
        ("which rates work, and what does a wrong one cost?", "lrbench sweep logreg"),
        ("what a word of a page means", "lrbench explain holds"),
    ),
)
@click.version_option(__version__, "-V", "--version", prog_name="lrbench")
def group() -> None:
    """Benchmark first-order convex optimisation, with the learning rate as the subject.

    lrbench help COMMAND shows the options of a command, in groups, after examples.
    """


@contextlib.contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Write each warning once, as a note of one line; none with --quiet.

    Those of other libraries end with the name of their class.
    """
    written: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *place: object, **_: object) -> None:
        text = " ".join(str(message).split())[:MAX_FAULT].rstrip(".")
        note = f"Note: {text}{'' if issubclass(category, Note) else f' ({category.__name__})'}."
        ctx = click.get_current_context(silent=True)
        quiet = ctx is not None and ctx.params.get("quiet")
        if note not in written and not quiet:
            written.add(note)
            with contextlib.suppress(OSError):
                click.echo(note, err=True)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def say(message: str, hint: str) -> None:
    """Write an error and its hint to stderr."""
    with contextlib.suppress(OSError):  # a closed or full stderr must not hide the exit code
        click.echo(f"Error: {message}\nHint: {hint}", err=True)


def say_internal(error: Exception) -> None:
    """Write an error that nobody foresaw, and how to report it, to stderr."""
    import traceback

    if os.environ.get(TRACEBACK):
        with contextlib.suppress(OSError):
            traceback.print_exception(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    file = "/".join(Path(place.filename).parts[-2:])
    what = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": .")
    say(
        f"lrbench has a fault: {what[:MAX_FAULT]} ({file}, line {place.lineno}).",
        f"report it with the command, its data, the output of lrbench sys-info, and the traceback,"
        f" which {TRACEBACK}=1 shows.",
    )


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    open_streams()
    if args is None:  # the command, and no call of this function
        keep_stdout_for_results()
    gc.set_threshold(*COLLECTION_THRESHOLDS)
    try:
        # Else click would write errors in its own form and choose the exit codes.
        with no_signal_ignored(), options_in_errors(), warnings_as_notes():
            code = group.main(args, prog_name="lrbench", standalone_mode=False)
    except LrbenchError as error:
        say(error.message, error.hint)
        code = error.exit_code
    except MemoryError:
        say("there is not enough memory.", _hint(args, FEWER, SMALLER))
        code = ExitCode.WORLD
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "lrbench"
        say(sentence(error.format_message()), f"see {path} --help.")
        code = ExitCode.USAGE
    except click.ClickException as error:
        say(sentence(error.format_message()), "see lrbench --help.")
        code = ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        say("interrupted.", _hint(args, KEPT, NOTHING_FINISHED))
        code = ExitCode.INTERRUPTED
    except Terminated as error:
        say("interrupted.", _hint(args, KEPT, NOTHING_FINISHED))
        code = 128 + error.signal  # as a shell reports a process that the signal killed
    except ReaderGoneError:
        code = ExitCode.OK  # `lrbench ... | head` has shown all that its user wants
    except Exception as error:  # else Python would exit with 1, which means a failed check
        say_internal(error)
        code = ExitCode.INTERNAL
    close_stdout()
    if args is None:
        # Else Python would look for cycles among all objects before it frees them one by one, which
        # takes a tenth of a short run. No cycle holds anything that an end must write or close.
        gc.freeze()
    sys.exit(int(code or 0))  # a command that cannot fail returns None


def _hint(args: Sequence[str] | None, hint: str, otherwise: str) -> str:
    """Return the hint if the command that was typed has the options in it, and else the other."""
    words = sys.argv[1:] if args is None else args
    name = next((word for word in words if word in COMMANDS), None)
    command = None if name is None else group.get_command(click.Context(group), name)
    known = command is not None and names_own_options(hint, options_of(command))
    return hint if known else otherwise


def sentence(text: str) -> str:
    """Return click's message in the style of lrbench: a small first letter and a full stop."""
    text = " ".join(text.split())
    return (text[:1].lower() + text[1:]).rstrip(".") + "."
