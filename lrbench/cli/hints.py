"""The hints for mistakes on the command line, which name options of the command that is typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Sequence

import click

from lrbench.config.decimals import decimal
from lrbench.config.flags import flags_in
from lrbench.config.synonyms import is_sentence, synonyms
from lrbench.errors import LrbenchError

NEAR = 0.6
"""How similar a name must be to be suggested: `difflib.get_close_matches`."""


def options_of(command: click.Command) -> dict[str, click.Option]:
    """Return every option of a command by each of its names, --help among them."""
    options = [param for param in command.params if isinstance(param, click.Option)]
    by_name = {name: o for o in options for name in (*o.opts, *o.secondary_opts)}
    help_option = command.get_help_option(
        click.Context(command, help_option_names=["-h", "--help"])
    )
    return by_name | ({} if help_option is None else dict.fromkeys(help_option.opts, help_option))


def option_hint(name: str, typed: Sequence[str], ctx: click.Context) -> str:
    """Return the hint for an option that the command does not have.

    Parameters
    ----------
    name
        The option, as click names it.
    typed
        The words behind the command.
    ctx
        The context of the command.
    """
    own = options_of(ctx.command)
    name = _whole_word(name, typed)
    value = _value_of(name, typed)
    number = value if decimal(value) is not None else ""
    of_command = synonyms(f"option of {ctx.command.name}", name)
    for meant in (*of_command, *synonyms("option", name, number)):
        if is_sentence(meant) and names_own_options(meant, own):
            return meant
        flag, _, its_value = meant.partition(" ")
        if flag in own and (not its_value or _takes(own[flag], its_value, ctx)):
            return f"did you mean {_with_value(meant, value, own, ctx)}?"
    alike = name.lower().replace("_", "-")
    if alike in own:
        return f"did you mean {_with_value(alike, value, own, ctx)}?"
    if commands := list(_commands_with(name, ctx)):
        if ctx.parent is None:
            return f"it stands behind the command, as in lrbench {commands[0]} {name}."
        return f"it is an option of lrbench {', '.join(commands)}."
    from difflib import get_close_matches  # only for a mistake

    near = get_close_matches(alike, [o for o in own if len(o) > 2], n=1, cutoff=NEAR)
    if near:
        return f"did you mean {_with_value(near[0], value, own, ctx)}?"
    return f"see {ctx.command_path} --help."


def value_hint(param: click.Option, ctx: click.Context) -> str:
    """Return the hint for a value that an option cannot take; empty where there is none."""
    hints = synonyms("value", max(param.opts, key=len))
    own = options_of(ctx.command)
    return next((hint for hint in hints if names_own_options(hint, own)), "")


def subcommand_hint(args: Sequence[str], ctx: click.Context) -> str:
    """Return the hint for a word that is no command of a group; it is the first of `args`."""
    assert isinstance(ctx.command, click.Group)
    word, path = args[0], ctx.command_path
    names = ctx.command.list_commands(ctx)
    is_root = ctx.parent is None
    for meant in synonyms("command", word):
        if is_root or meant in names:
            return f"did you mean {path} {meant}?"
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), names, n=1, cutoff=NEAR)
    if near:
        return f"did you mean {path} {near[0]}?"
    if is_root and (subject := _subject(word)):
        return f"did you mean lrbench {subject} {shlex.quote(word)}?"
    return f"see {path} --help."


def _subject(word: str) -> str:
    """Return the command that takes a word which stands where a command should."""
    from lrbench.problem_files import problem_names

    if word in problem_names() or word.endswith(".toml"):
        return "run"
    if word.endswith((".json", ".sqlite")):
        return "show"
    from lrbench.cli.explain_words import explanations_of

    return "explain" if explanations_of(word) else ""


def _whole_word(name: str, typed: Sequence[str]) -> str:
    """Return the option as typed: of ``-epochs`` click names ``-e`` alone."""
    if name.startswith("--") or len(name) > 2:
        return name
    for word in typed:
        if re.match(r"-[a-zA-Z][a-zA-Z_-]", word) and name[1] in word:
            return "-" + word.partition("=")[0]
    return name


def _value_of(name: str, typed: Sequence[str]) -> str:
    """Return what stands behind an option, or behind its equals sign; empty for nothing."""
    for k, word in enumerate(typed):
        flag, equals, value = word.partition("=")
        if flag.lstrip("-") == name.lstrip("-"):
            follows = "" if k + 1 == len(typed) else typed[k + 1]
            return value if equals else "" if follows.startswith("-") else follows
    return ""


def _with_value(meant: str, value: str, own: dict[str, click.Option], ctx: click.Context) -> str:
    """Return the option with the value that was typed, if it is one that the option takes."""
    option = own.get(meant) if value else None
    is_file = option is not None and (option.metavar or "").startswith("FILE")
    if option is None or option.is_flag or not (is_file or decimal(value) is not None):
        return meant
    return f"{meant} {shlex.quote(value)}" if _takes(option, value, ctx) else meant


def _takes(option: click.Option, value: str, ctx: click.Context) -> bool:
    try:
        option.process_value(ctx, (value,) if option.multiple else value)
    except (click.UsageError, LrbenchError):
        return False
    return True


def _commands_with(name: str, ctx: click.Context) -> Iterator[str]:
    """Yield the commands that have an option of this name."""
    root = ctx.find_root()
    if not isinstance(root.command, click.Group):
        return
    for command_name in root.command.list_commands(root):
        command = root.command.get_command(root, command_name)
        if command is not None and name in options_of(command):
            yield command_name


def names_own_options(hint: str, own: Collection[str]) -> bool:
    """Return whether each option that a hint names is known, or of a command that it names."""
    return flags_in(hint) <= set(own)
