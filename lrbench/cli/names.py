"""The functions that complete names in a shell: of problems, solvers, data and so on."""

from __future__ import annotations

from collections.abc import Iterable

from click import Context, Parameter
from click.shell_completion import CompletionItem


def _matching(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_problems(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a shipped problem or of a file."""
    from lrbench.problem_files import problem_names

    # An item of this type makes the shell complete file names itself.
    return _matching(problem_names(), incomplete) or [CompletionItem(incomplete, type="file")]


def complete_solvers(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a solver or of a file."""
    from lrbench.solvers import SOLVERS

    return _matching(SOLVERS.usable(incomplete), incomplete) or [
        CompletionItem(incomplete, type="file")
    ]


def complete_data(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a bundled, generated or LIBSVM set, or of a file."""
    from lrbench.data import bundled, generated
    from lrbench.data.collection.catalogue import collection
    from lrbench.data.generated.generators import GENERATED

    names = [bundled.PREFIX + name for name in bundled.BUNDLED]
    names += [generated.PREFIX + name for name in GENERATED]
    names += collection()
    return _matching(names, incomplete) or [CompletionItem(incomplete, type="file")]


def complete_libsvm_sets(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a set of the LIBSVM collection."""
    from lrbench.data.collection.catalogue import collection

    return _matching(collection(), incomplete)


def complete_formats(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a format."""
    from lrbench.reports import REPORTS

    return _matching(REPORTS, incomplete)


def complete_losses(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a loss."""
    from lrbench.losses import LOSSES

    return _matching(LOSSES.usable(incomplete), incomplete)


def complete_penalties(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a penalty."""
    from lrbench.penalties import PENALTIES

    return _matching(PENALTIES.usable(incomplete), incomplete)


def complete_scalings(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a scaling."""
    from lrbench.data.scaling import SCALINGS

    return _matching(SCALINGS, incomplete)
