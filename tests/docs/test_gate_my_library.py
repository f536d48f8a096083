"""The page on gating a library, followed to the letter from an empty folder.

Its workflow is run step by step, but for two kinds of steps. Those that use an action of GitHub are
left out: a checkout, a Python, a cache, an upload. The step that installs needs a package index and
the network, so what it would install is put on the path of Python instead: the library of the page
and the lrbench under test, each with the metadata that `pip install` would have made of it. The
metadata matter: by them pytest knows the plugin of lrbench.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "gate-my-library.md").read_text(encoding="utf-8")

FILE = re.compile(r"```\w+\n# (\S+\.\w+)\n(.*?)```", re.DOTALL)
"""A block of code whose first line is the name of its file."""

pytestmark = pytest.mark.slow

SLOWER = ("self.weights -= self.rate *", "self.weights -= 0.5 * self.rate *")


def metadata(folder: Path, name: str, **files: str) -> None:
    """Write the metadata of an installed package."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    for file, text in files.items():
        (info / f"{file}.txt").write_text(text)


class Repository:
    """The repository of the library of the page, and what its workflow does in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "repository"
        installed = folder / "installed"
        for name, text in FILE.findall(PAGE):
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        setup = configparser.ConfigParser()
        setup.read(ROOT / "setup.cfg")
        groups = setup["options.entry_points"]
        entry_points = "\n".join(f"[{group}]{groups[group]}" for group in groups)
        metadata(installed, "lrbench", entry_points=entry_points)
        metadata(installed, "fastopt", top_level="fastopt\n")
        scripts = Path(sys.executable).parent
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        self.environment |= {
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(map(str, (installed, self.folder, ROOT))),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "LRBENCH_JOBS": "1",
        }
        self.workflow: dict[str, Any] = yaml.safe_load(
            (self.folder / ".github" / "workflows" / "convergence.yml").read_text()
        )

    @property
    def steps(self) -> dict[str, str]:
        """The commands of the steps of the workflow that are run, by name."""
        steps = self.workflow["jobs"]["convergence"]["steps"]
        return {s["name"]: s["run"] for s in steps if "run" in s}

    def sh(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a step of GitHub Actions does."""
        return subprocess.run(
            ["bash", "-e", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def change(self, name: str, old: str, new: str) -> None:
        """Replace the only place in a file where a text stands."""
        text = (self.folder / name).read_text()
        assert text.count(old) == 1
        (self.folder / name).write_text(text.replace(old, new))


def console(before: str) -> list[str]:
    """Return the commands of the first console block after a text of the page."""
    block = PAGE.partition(before)[2].partition("```console\n")[2].partition("```")[0]
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Return the repository with its baselines, made as the page says."""
    repository = Repository(tmp_path_factory.mktemp("gated"))
    missing = repository.sh(repository.steps["tests"])
    assert missing.returncode == 1, missing.stdout + missing.stderr
    make, add = console("commit the file:")
    assert add == "git add tests/baselines.jsonl"
    made = repository.sh(make)
    assert made.returncode == 0, made.stdout + made.stderr
    (save,) = console("baseline   = true")
    saved = repository.sh(save)
    assert saved.returncode == 0, saved.stdout + saved.stderr
    return repository


@pytest.fixture
def copy(gated: Repository, tmp_path: Path) -> Repository:
    """Return the repository in a folder of one test alone."""
    own = Repository(tmp_path)
    for file in ("tests/baselines.jsonl", "lrbench-baselines.jsonl"):
        shutil.copy(gated.folder / file, own.folder / file)
    return own


def test_the_workflow_pins_what_it_installs(gated: Repository) -> None:
    (line,) = gated.steps["install"].splitlines()
    assert '"lrbench @ git+https://github.com/OWNER/lrbench@COMMIT"' in line
    assert list(gated.steps) == ["install", "tests", "checks"]


def test_every_step_passes_and_nothing_is_gated_in_vain(copy: Repository) -> None:
    for name in ("tests", "checks"):
        done = copy.sh(copy.steps[name])
        assert done.returncode == 0, done.stdout + done.stderr
    assert (copy.folder / "tests.xml").exists()
    assert "1 of 1 check passed" in done.stdout
    for file in ("tests/baselines.jsonl", "lrbench-baselines.jsonl"):
        text = (copy.folder / file).read_text()
        assert '"seeds": [0]' in text
        assert '"seeds": []' not in text


def rounded(text: str) -> str:
    """Return the text with decimals of four digits: further ones depend on the processor."""
    return re.sub(r"(?<=\.\d{4})\d+", "", text)


def test_a_slower_optimiser_fails_its_suite(copy: Repository) -> None:
    copy.change("fastopt/__init__.py", *SLOWER)
    tests = copy.sh(copy.steps["tests"])
    assert tests.returncode == 1
    assert "2 failed" in tests.stdout
    shown = re.search(r"```text\n(> .*?)```", PAGE, re.DOTALL)
    assert shown is not None
    for line in shown[1].splitlines():
        assert rounded(line.rstrip(" …")) in rounded(tests.stdout)
    for name in ("fastopt-momentum, lr0 = 0.3", "fastopt-minimise, lr0 = 0.5"):
        pattern = rf"FAIL baseline \[{name}\]: measured 0\.\d+, wanted 0\.\d+: last parts at T = 1"
        assert re.search(pattern, tests.stdout), tests.stdout
    # The command that each message names shows the runs.
    commands = re.findall(r"(?m)^E +to see the runs: (lrbench .*)$", tests.stdout)
    assert len(commands) == 2
    for command, name in zip(commands, ("momentum", "minimise"), strict=True):
        page = copy.sh(command)
        assert page.returncode == 0, page.stderr
        assert f"fastopt-{name}" in page.stdout
    frames = set(re.findall(r"(?m)^(\S+\.py):\d+: ", tests.stdout))
    assert frames == {"tests/test_convergence.py"}


def test_a_slower_solver_fails_its_checks(copy: Repository) -> None:
    copy.change("fastopt/__init__.py", *SLOWER)
    checks = copy.sh(copy.steps["checks"])
    assert checks.returncode == 1
    assert "FAIL momentum: logreg, fastopt-momentum" in checks.stdout
    assert "::error file=lrbench.toml,title=lrbench check momentum::FAIL" in checks.stderr
    (command,) = re.findall(r"(?m)^  to see the runs: (lrbench .*)$", checks.stdout)
    page = copy.sh(command)
    assert page.returncode == 0, page.stderr
    assert "fastopt-momentum" in page.stdout
    refused = copy.sh("lrbench check --junit=checks.xml")  # without --allow-code
    assert refused.returncode == 2
    assert '<error message="' in (copy.folder / "checks.xml").read_text()


@pytest.mark.parametrize("command", console("record(weights)\n```"))
def test_the_commands_on_the_solver_run(command: str, gated: Repository) -> None:
    done = gated.sh(command)
    assert done.returncode == 0, done.stderr
    assert "fastopt-momentum" in done.stdout


def test_a_class_in_a_test_names_its_command(gated: Repository) -> None:
    """The solver of the page, given to `check` as a class, is a reference on the command line."""
    (gated.folder / "tests" / "test_class.py").write_text(
        "from fastopt.gate import Momentum\n\n\ndef test_it(lrbench):\n"
        "    lrbench.check('logreg', solvers=Momentum, lr0=0.2, expect='rate >= 50')\n"
    )
    done = gated.sh("pytest tests/test_class.py")
    assert done.returncode == 1
    (command,) = re.findall(r"(?m)^E +to see the runs: (lrbench .*)$", done.stdout)
    assert command == "lrbench run --problem logreg -s fastopt.gate:Momentum --lr0 0.2"
    assert gated.sh(command).returncode == 0
