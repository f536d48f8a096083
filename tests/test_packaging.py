"""What the installed package must hold."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
OF_THE_INDEX = re.compile(r"pip install\s+['\"]?lrbench(?!\s+@)\b")
"""A command that installs what has the name on the package index: another project's."""


def texts() -> list[str]:
    """Return the files whose text a user reads: modules, templates and pages."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "problems").iterdir()]
    files += [f for f in (ROOT / "lrbench").rglob("*.*") if f.suffix in {".py", ".toml", ".txt"}]
    return [str(f.relative_to(ROOT)) for f in files if f.is_file()]


def test_every_package_is_listed() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    folders = {p.parent for p in (ROOT / "lrbench").rglob("__init__.py")}
    found = {".".join(f.relative_to(ROOT).parts) for f in folders}
    assert listed == found | {"lrbench.problems"}


def test_no_hint_and_no_page_installs_the_project_of_the_index() -> None:
    commands = {
        name: OF_THE_INDEX.findall((ROOT / name).read_text(encoding="utf-8")) for name in texts()
    }
    assert len(commands) > 100
    warning = "docs/how-to/gate-my-library.md"  # which says that it installs something else
    assert {name: len(c) for name, c in commands.items() if c} == {warning: 1}
