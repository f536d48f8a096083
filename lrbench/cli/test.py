"""`lrbench test`: check classes of the user against the contracts of their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from lrbench.cli.command import command as guided
from lrbench.cli.view_options import page_options
from lrbench.errors import ExitCode

if TYPE_CHECKING:
    from lrbench.contract import ContractOutcome, Subject

FORMAT = "lrbench-contracts"
VERSION = 1


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a file."""
    return [CompletionItem(incomplete, type="file")]


@guided(
    "test",
    ("your step rule, against what solvers promise", "lrbench test my_rule.py"),
    ("one of lrbench's own", "lrbench test wngrad"),
)
@click.argument(
    "names", nargs=-1, required=True, metavar="FILE.py:CLASS|MODULE:CLASS|NAME...",
    shell_complete=complete,
)  # fmt: skip
@page_options
def command(names: tuple[str, ...], form: str | None, color: str) -> int:
    """Check a solver, a loss or a penalty against all contracts of its kind.

    The class is in a file (my_rule.py:MyRule, or my_rule.py if it has one class) or an installed
    module, or one of lrbench by name. Its base class says which kind it is. Solvers take steps on
    small irregular problems, in full batches and minibatches, on several lanes, and on wide sparse
    data. For each broken contract a sentence says what is wrong, and where to look.

    Exit code 1: a contract is broken.
    """
    from lrbench.cli.output import show_json, show_page
    from lrbench.contract import outcomes_of, subjects_of
    from lrbench.reports.contract_page import contract_page

    subjects = [subject for name in names for subject in subjects_of(name)]
    results = [(subject, outcomes_of(subject)) for subject in subjects]
    if form == "json":
        tested = [_record(subject, outcomes) for subject, outcomes in results]
        show_json({"format": FORMAT, "version": VERSION, "tested": tested})
    else:
        for subject, outcomes in results:
            names_of_page = (subject.name, subject.own_name, subject.kind.name)
            show_page(contract_page(*names_of_page, outcomes), form, color)
    kept = all(o.verdict == "pass" for _, outcomes in results for o in outcomes)
    return ExitCode.OK if kept else ExitCode.FAILED


def _record(subject: Subject, outcomes: list[ContractOutcome]) -> dict[str, Any]:
    return {
        "name": subject.name,
        "kind": subject.kind.name,
        "contracts": [
            {
                "contract": o.contract.key,
                "title": o.contract.title,
                "verdict": o.verdict,
                "sentence": o.sentence or None,
                "file": o.place and o.place.file,
                "line": o.place and o.place.line,
            }
            for o in outcomes
        ],
    }
