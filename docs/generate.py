"""Write the generated pages: the CLI reference, the tables of parts, the outputs in README.

python docs/generate.py            (a9a.bz2 is looked for in $LRBENCH_TEST_DATA)
python docs/generate.py paper      the numbers and the figure of how-to/paper.md, in minutes
"""

from __future__ import annotations

import ast
import dataclasses
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click

from lrbench.cli.command import with_commands
from lrbench.cli.explain_words import PARTS, THEOREMS, Explanation, every_explanation
from lrbench.cli.list_parts import elsewhere
from lrbench.cli.main import group
from lrbench.contract.subject import KINDS
from lrbench.solvers import SOLVERS
from lrbench.verdicts.outside import outside_facts
from lrbench.verdicts.theorems import every_theorem_for

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAPER = ROOT / "docs" / "how-to" / "paper.md"
OUTPUT = re.compile(r"<!-- output of: (?P<command>.*?) -->\n```text\n(?P<text>.*?)```\n", re.DOTALL)
SHOWN = re.compile(
    r"(?P<before>```console\n(?P<commands>[^`]*)```\n\n<!-- from the output: (?P<starts>.*?) -->\n)"
    r"```text\n(?P<text>.*?)```\n",
    re.DOTALL,
)
"""Commands, and the paragraphs of what they print that begin with one of some texts."""


def cli() -> str:
    """Return the reference of the command line, from --help itself."""
    parts = ["# Command line\n\nGenerated from `--help`; see [exit codes](exit-codes.md).\n"]
    for words, command in with_commands(group):
        path = " ".join(("lrbench", *words))
        with click.Context(command, info_name=path, **command.context_settings) as ctx:
            parts.append(f"## {path}\n\n```text\n{command.get_help(ctx)}\n```\n")
    return "\n".join(parts)


def in_markdown(e: Explanation) -> str:
    """Return the meaning of a word, with its formula and its source."""
    text = re.sub(r"([*_<])", r"\\\1", e.meaning)
    text += f" `{e.formula}`" if e.formula else ""
    return text + (f" Source: {e.source}." if e.source else "")


def words_of_pages() -> str:
    """Return the words that `lrbench explain` knows, but for the theorems and the parts."""
    lines = [
        "# Words\n\nGenerated from what `lrbench explain WORD` prints, which knows the"
        " [theorems](theorems.md) and the names of\nsolvers, problems, losses and penalties, too.",
    ]
    groups: dict[str, list[Explanation]] = {}
    for explanation in every_explanation():
        if explanation.group not in (THEOREMS, *PARTS):
            groups.setdefault(explanation.group, []).append(explanation)
    for group_name, explanations in groups.items():
        lines.append(
            f"\n## {group_name[0].upper()}{group_name[1:]}\n\n| word | meaning |\n|---|---|"
        )
        for e in explanations:
            others = [word for word in dict.fromkeys(e.also) if word != e.word]
            cells = (", ".join(f"`{name}`" for name in (e.word, *others)), in_markdown(e))
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def solvers() -> str:
    """Return the table of solvers, from the registry and the docstrings."""
    lines = [
        "# Solvers\n\nGenerated from the registry and the docstrings.\n",
        "| solver | what it is | parameters | free scale | needs | theorems |",
        "|---|---|---|---|---|---|",
    ]
    for name in SOLVERS:
        cls = SOLVERS.get(name)
        parameters = ", ".join(f"`{f.name}={f.default}`" for f in dataclasses.fields(cls))
        keys = ", ".join(t.key for t in every_theorem_for(name))
        summary = (cls.__doc__ or "").strip().splitlines()[0]
        needs = ", ".join(f"`{need}`" for need in cls().needs)
        scale = f"`{cls.scale}`" if cls.scale else "none"
        row = (f"`{name}`", summary, parameters or "none", scale, needs, keys)
        lines.append(f"| {' | '.join(row)} |")
    for name in SOLVERS:
        cls = SOLVERS.get(name)
        lr0 = f"lr0 is {cls.lr0_means}" if cls.has_lr0 else "There is no initial learning rate"
        lines.append(f"\n## {name}\n\n{lr0}.\n")
        if facts := outside_facts(cls):
            lines.append(f"It is traced {facts[0]}.\nA pass is {facts[1]}.\n")
        lines.append(f"```text\n{inspect_doc(cls)}\n```")
        lines += places(name)
    return "\n".join(lines) + "\n"


def places(solver: str) -> list[str]:
    """Return the table of what other software calls a solver's settings; empty without any."""
    rows = elsewhere(solver)
    if not rows:
        return []
    columns = list(rows[0])
    head = ["The same step rule in other software:", ""]
    head += [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return ["", *head, *(f"| {' | '.join(row[c] for c in columns)} |" for row in rows)]


def inspect_doc(cls: type) -> str:
    """Return a docstring without its indentation."""
    import inspect

    return inspect.getdoc(cls) or ""


def theorems() -> str:
    """Return the table of theorems, from the registry."""
    lines = [
        "# Theorems\n\nGenerated from the registry. Proofs: [theory](../explanation/theory.md).\n",
        "| solver | theorem | kind | statement | measured | sharpness | source |",
        "|---|---|---|---|---|---|---|",
    ]
    for solver in SOLVERS:
        for t in every_theorem_for(solver):
            statement = t.statement.replace("|", "\\|")
            lines.append(
                f"| {solver} | {t.key} | {t.kind} | `{statement}` | {t.measure}, {t.iterate} |"
                f" {t.sharpness or 'upper bound'} | {t.reference} |"
            )
    return "\n".join(lines) + "\n"


OPTIMISERS = ("wngrad", "wn_adam", "adagrad_norm")
"""The modules of `lrbench.torch` with an optimiser each."""


def torch_optimisers() -> str:
    """Return the reference of `lrbench.torch`, from its source: torch need not be installed."""
    parts = [
        "# Optimisers for torch\n\nGenerated from the docstrings of `lrbench.torch`;"
        " [how they are used](../how-to/train-with-wngrad.md).\n"
    ]
    for module in OPTIMISERS:
        path = ROOT / "lrbench" / "torch" / f"{module}.py"
        tree = ast.parse(path.read_text(encoding="utf-8"))
        (cls,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
        (init,) = (n for n in cls.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
        for argument in (*init.args.args, *init.args.kwonlyargs):
            argument.annotation = None
        signature = ast.unparse(init.args).removeprefix("self, ")
        text = ast.get_docstring(cls)
        parts.append(f"## {cls.name}\n\n```text\n{cls.name}({signature})\n\n{text}\n```\n")
    return "\n".join(parts)


MARK = "<!-- generated from here on -->\n"


def contracts() -> str:
    """Return the page of contracts, whose tables are those of the contracts themselves."""
    text = (REFERENCE / "contracts.md").read_text(encoding="utf-8").partition(MARK)[0] + MARK
    for kind in KINDS:
        text += f"\n## Of a {kind.name}\n\n| key | contract |\n|---|---|\n"
        text += "".join(f"| `{contract.key}` | {contract.title} |\n" for contract in kind.contracts)
    return text


GENERATED = {
    REFERENCE / "cli.md": cli,
    REFERENCE / "contracts.md": contracts,
    REFERENCE / "solvers.md": solvers,
    REFERENCE / "theorems.md": theorems,
    REFERENCE / "torch.md": torch_optimisers,
    REFERENCE / "words.md": words_of_pages,
}


def output_of(command: str) -> str | None:
    """Return what a command of README prints; None where it needs data that are not there."""
    args = command.split()[1:]
    folder = Path(os.environ.get("LRBENCH_TEST_DATA", ROOT))
    for arg in args:
        if arg.endswith(".bz2") and not (folder / arg).exists():
            return None
    done = subprocess.run(
        [sys.executable, "-m", "lrbench", *args],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=folder,
    )
    return done.stdout


def paragraphs_of(commands: str, starts: str) -> str:
    """Return the paragraphs that begin with one of the texts, which `;` separates.

    A command is one of lrbench, or of Python with a script of the project.
    """
    first = tuple(start.strip() for start in starts.split(";"))
    kept = []
    for command in commands.replace("\\\n", " ").splitlines():
        program, *args = shlex.split(command.removeprefix("$ "))
        module = ["-m", "lrbench"] if program == "lrbench" else []
        done = subprocess.run(
            [sys.executable, *module, *args],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )
        kept += [text for text in done.stdout.split("\n\n") if text.lstrip().startswith(first)]
    return "\n\n".join(text.strip("\n") for text in kept) + "\n"


def write_paper() -> None:
    """Write the outputs in the page on the paper, and its figure."""

    def renew(match: re.Match[str]) -> str:
        text = paragraphs_of(match["commands"], match["starts"])
        return f"{match['before']}```text\n{text}```\n"

    PAPER.write_text(SHOWN.sub(renew, PAPER.read_text(encoding="utf-8")), encoding="utf-8")


def main() -> None:
    """Write everything but the page on the paper."""
    for path, make in GENERATED.items():
        path.write_text(make(), encoding="utf-8")

    def renew(match: re.Match[str]) -> str:
        text = output_of(match["command"])
        if text is None:
            return match[0]
        return f"<!-- output of: {match['command']} -->\n```text\n{text}```\n"

    readme = ROOT / "README.md"
    readme.write_text(OUTPUT.sub(renew, readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write_paper() if sys.argv[1:] == ["paper"] else main()
