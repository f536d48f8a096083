"""What the installed package must hold."""

from __future__ import annotations

import configparser
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_package_is_listed() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    folders = {p.parent for p in (ROOT / "lrbench").rglob("__init__.py")}
    found = {".".join(f.relative_to(ROOT).parts) for f in folders}
    assert listed == found | {"lrbench.problems"}
