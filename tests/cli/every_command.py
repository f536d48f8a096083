"""Every command of the command line, with those of groups, by the words that call it."""

from __future__ import annotations

from lrbench.cli.command import with_commands
from lrbench.cli.main import group

COMMANDS = dict(with_commands(group))
"""Each by its words: ``("data", "list")``; that of no words is lrbench."""

IDS = [" ".join(("lrbench", *words)) for words in COMMANDS]
