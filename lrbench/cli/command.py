"""Commands whose help has examples first and options in groups, and whose hints know them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, get_args

import click

from lrbench.cli.hints import option_hint, subcommand_hint, value_hint
from lrbench.errors import UsageError, quoted
from lrbench.plan.options import OptionGroup

F = TypeVar("F", bound=Callable[..., Any])

HELP_NAMES = ["-h", "--help"]

GROUPS: tuple[str, ...] = get_args(OptionGroup)

LATER: tuple[OptionGroup, ...] = ("output", "execution")
"""Those that stand behind the groups of one command alone."""

NAME_WIDTH = 30
"""The most columns of an option's name beside its help, as click has it."""

SEVERAL_DATA = (
    "for several data sets write a problem file for each, and give -p A.toml -p B.toml"
    " (lrbench show problem logreg > A.toml is one to begin with)."
)


class Example(NamedTuple):
    """A command that works as it is, and what it is for, below six words or so."""

    about: str
    command: str


class GroupedOption(click.Option):
    """An option that --help shows among those of its group.

    Parameters
    ----------
    group
        One of `GROUPS`, or a word that only one command has; it becomes the heading.
    """

    def __init__(self, *args: Any, group: str, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.group = group

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Let the parser keep every value: of an option that takes one it keeps only the last."""
        if self._takes_one():
            parser.add_option(
                obj=self, opts=self.opts, dest=self.name, action="append", nargs=self.nargs
            )
        else:
            super().add_to_parser(parser, ctx)

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Take the one value; raise `UsageError` if there are several."""
        if self._takes_one() and self.name in opts:
            values = opts[self.name]
            if len(values) > 1 and not ctx.resilient_parsing:
                raise UsageError(
                    f"{max(self.opts, key=len)} is given {len(values)} times, but takes only one"
                    " value.",
                    SEVERAL_DATA if self.name == "data" else f"see {ctx.command_path} --help.",
                )
            opts = {**opts, self.name: values[-1]}
        return super().handle_parse_result(ctx, opts, args)

    def _takes_one(self) -> bool:
        return not (self.multiple or self.is_flag or self.count)


def option(group: str, *flags: str, **settings: Any) -> Callable[[F], F]:
    """Return the decorator of an option in a group; the rest is as for `click.option`."""
    return click.option(*flags, cls=GroupedOption, group=group, **settings)


class GuidedHelp(click.Command):
    """What commands and groups of commands have in common.

    Parameters
    ----------
    examples
        Pairs of what it is for and a command, which --help shows first; a test runs them.
    """

    def __init__(self, *args: Any, examples: Iterable[tuple[str, str]] = (), **more: Any) -> None:
        super().__init__(*args, **{"context_settings": {"help_option_names": HELP_NAMES}, **more})
        self.examples = [Example(*pair) for pair in examples]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; errors of options have hints that know the command."""
        typed = tuple(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise UsageError(
                f"no such option: {error.option_name}.", option_hint(error.option_name, typed, ctx)
            ) from error
        except click.BadOptionUsage as error:  # an option without its value
            error.ctx = error.ctx or ctx
            raise
        except click.BadParameter as error:
            hint = value_hint(error.param, ctx) if isinstance(error.param, click.Option) else ""
            if not hint:
                raise
            text = " ".join(error.format_message().split()).rstrip(".")
            raise UsageError(f"{text[:1].lower()}{text[1:]}.", hint) from error

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage, the first sentence, the examples, the rest and the options."""
        self.format_usage(ctx, formatter)
        first, _, rest = inspect.cleandoc(self.help or "").partition("\n\n")
        self._format_text(first, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}# {example.about}\n")
                    formatter.write(f"{'':>{formatter.current_indent}}{example.command}\n")
        if rest:
            self._format_text(rest, formatter)
        self.format_options(ctx, formatter)

    @staticmethod
    def _format_text(text: str, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options group by group, with the help of all in one column."""
        groups: dict[str, list[tuple[str, str]]] = {}
        alone: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            if not isinstance(param, click.Option):
                continue  # the usage shows arguments, and the text says what they are
            if (record := param.get_help_record(ctx)) is None:
                continue
            group = getattr(param, "group", None)
            (alone if group is None else groups.setdefault(group, [])).append(record)
        # Those that only this command has stand before output and execution.
        first = [group for group in GROUPS if group not in LATER]
        own = [group for group in groups if group not in GROUPS]
        order = [group for group in (*first, *own, *LATER) if group in groups]
        sections = {group.capitalize(): groups[group] for group in order}
        sections["Other" if sections else "Options"] = alone
        names = [name for rows in sections.values() for name, _ in rows]
        width = min(NAME_WIDTH, max(map(len, names), default=0))
        for title, ((name, text), *rows) in sections.items():
            with formatter.section(title):
                # click aligns a table by its widest name: here that of all tables.
                formatter.write_dl([(name.ljust(width), text), *rows], NAME_WIDTH)


class GuidedCommand(GuidedHelp):
    """A command."""


class ProblemCommand(GuidedCommand):
    """A command whose words are problems, as if each stood behind --problem."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, and add the words to the problems."""
        rest = super().parse_args(ctx, args)
        named = ctx.params.pop("words", None) or ()
        ctx.params["problems"] = (*(ctx.params.get("problems") or ()), *named)
        return rest


class GuidedGroup(GuidedHelp, click.Group):
    """A group of commands; alone it prints its help."""

    command_class = GuidedCommand

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; where there are none, --help is meant."""
        return super().parse_args(ctx, args or ["--help"])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant; raise `UsageError` for an unknown one."""
        name = args[0]
        if not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            if name.startswith("-"):
                raise UsageError(f"no such option: {name}.", option_hint(name, tuple(args), ctx))
            path = ctx.command_path
            raise UsageError(f"{path} has no command {quoted(name)}.", subcommand_hint(args, ctx))
        return super().resolve_command(ctx, args)

    def summaries(self, ctx: click.Context) -> Mapping[str, str]:
        """Return command -> its line in the list of commands."""
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        return {name: c.get_short_help_str(200) for name, c in commands.items() if c}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, and then the options."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries(ctx).items()))
        GuidedHelp.format_options(self, ctx, formatter)


def command(
    name: str,
    *examples: tuple[str, str],
    cls: type[GuidedHelp] = GuidedCommand,
    **settings: Any,
) -> Callable[[Callable[..., Any]], Any]:
    """Return the decorator that makes a function a command with these examples."""
    return click.command(name=name, cls=cls, examples=examples, **settings)


def with_commands(
    command: click.Command, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield a command, called by these words, and after it every one below it."""
    yield words, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None
            yield from with_commands(inner, (*words, name))


def find_command(words: Sequence[str], ctx: click.Context) -> click.Context:
    """Return the context of the command that the words name, below that of a group.

    Raises
    ------
    UsageError
        If there is none.
    """
    for k, word in enumerate(words):
        group = ctx.command
        if not isinstance(group, GuidedGroup):
            raise UsageError(
                f"{ctx.command_path} has no commands, and no {quoted(word)}.",
                f"see lrbench help {' '.join(words[:k])}.",
            )
        _, found_command, _ = group.resolve_command(ctx, list(words[k:]))
        assert found_command is not None
        ctx = click.Context(found_command, info_name=word, parent=ctx, help_option_names=HELP_NAMES)
    return ctx
