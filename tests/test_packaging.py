"""What the installed package must hold."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

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


NOT_SOURCE = (".*", "__pycache__", "*.so", "*.pyd", "build", "dist", "*.egg-info", "*.sqlite")
"""What a checkout has beside the sources, and the settings of other tools."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the sources, with both archives in its folder ``dist``."""
    pytest.importorskip("setuptools")
    folder = tmp_path_factory.mktemp("archives") / "lrbench"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_SOURCE))
    code = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"
    # Without a compiler there are no compiled steps, which are optional, and no time is lost.
    environment = {**os.environ, "CC": "false", "CXX": "false"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def sources(folder: Path) -> set[str]:
    """Return the files of the checkout, those that the build writes left out."""
    files = {f.relative_to(folder) for f in folder.rglob("*") if f.is_file()}
    written = {"build", "dist", "lrbench.egg-info"}
    return {f.as_posix() for f in files if f.parts[0] not in written}


@pytest.mark.slow
def test_the_source_archive_has_every_source(checkout: Path) -> None:
    (archive,) = (checkout / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as content:
        names = {m.name.partition("/")[2] for m in content.getmembers() if m.isfile()}
    generated = {n for n in names if n.startswith("lrbench.egg-info/")} | {"PKG-INFO"}
    assert sources(checkout) - names == set()
    assert names - sources(checkout) == generated


@pytest.mark.slow
def test_the_wheel_has_the_package_and_the_problems_alone(checkout: Path) -> None:
    (archive,) = (checkout / "dist").glob("*.whl")
    names = {n for n in zipfile.ZipFile(archive).namelist() if ".dist-info/" not in n}
    files = {n for n in sources(checkout) if n.startswith("lrbench/")}
    files |= {f"lrbench/{n}" for n in sources(checkout) if n.startswith("problems/")}
    assert names == files


def test_metadata_names_the_authors_of_the_citation() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert [config["metadata"]["author"]] == [author["name"] for author in citation["authors"]]


def test_extras_hold_no_package_at_one_release() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    extras = "\n".join(config["options.extras_require"].values())
    assert "torch>=" in extras
    assert re.findall(r"^.*[=~]=.*$", extras, re.MULTILINE) == []
