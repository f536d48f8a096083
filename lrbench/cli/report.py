"""`lrbench report`: saved results as one HTML page."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import BinaryIO

import click

from lrbench.cli.command import command as guided
from lrbench.cli.command import option
from lrbench.errors import ExitCode, UsageError, quoted_path

ENDINGS = (".html", ".htm")
"""The endings by which a browser knows a page."""


@guided(
    "report",
    ("a page to share", "lrbench report result.json -o report.html"),
    ("of several results", "lrbench report old.json new.json -o both.html"),
)
@click.argument("results", nargs=-1, required=True, metavar="RESULT...")
@option(
    "output",
    "-o",
    "--output",
    metavar="FILE.html",
    type=click.Path(path_type=Path),
    help="The page, which is written whole or not at all.",
)
@option("output", "--force", is_flag=True, help="Overwrite the file of --output.")
@option("output", "-q", "--quiet", is_flag=True, help="No note on stderr.")
def command(results: tuple[str, ...], output: Path | None, force: bool, quiet: bool) -> int:
    """Write saved results as one HTML page: answers first, then figures and tables.

    RESULT was written by --save, --format json or --store; - is JSON on stdin. The page opens
    offline in any browser, on a phone, too, and can be printed. Point at a run of a figure to see
    its numbers, and the command that repeats it; a click on a heading sorts a table.
    """
    from lrbench.cli.progress import ProgressBar
    from lrbench.cli.saved import saved_result
    from lrbench.reports.web.document import html_report
    from lrbench.results import reserve
    from lrbench.results.files import write_result

    if output is None:
        page_name = results[-1] if results[-1].lower().endswith(ENDINGS) else "report.html"
        raise UsageError("no --output is given.", f"give -o {shlex.quote(page_name)}.")
    if output.suffix.lower() not in ENDINGS:
        raise UsageError(
            f"{quoted_path(output)} does not end in .html.", "give a name such as report.html."
        )
    reserve(output, force)
    with ProgressBar(sys.stderr.isatty() and not quiet) as bar:
        bar("writing the page", 0, 0)
        page = html_report([(name, saved_result(name)) for name in results]).encode("utf-8")

    def fill(file: BinaryIO) -> None:
        file.write(page)

    write_result(output, force, fill)
    if not quiet:
        click.echo(f"Note: {quoted_path(output)} has {_size(len(page))}.", err=True)
    return ExitCode.OK


def _size(n_bytes: int) -> str:
    """Return ``"318 kB"`` or ``"1.2 MB"``."""
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e6 else f"{max(n_bytes // 1000, 1)} kB"
