"""README and the reference say what the program does."""

from __future__ import annotations

import importlib.util
import math
import re
import shlex
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = load_generator()


@pytest.mark.parametrize("path", GENERATE.GENERATED, ids=lambda p: p.name)
def test_generated_pages_are_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == GENERATE.GENERATED[path](), "run: make docs"


def words(text: str) -> list[str]:
    """Return the words of an output: last digits and column widths may differ by machine."""
    return re.findall(r"[a-zA-Z][\w'*\[\]=/-]*", re.sub(r"[-+]?\d[\d.]*(e[-+]?\d+)?", " ", text))


NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?![\w.])")

ROUNDING = 1e-10
"""Below this a number may be what rounding leaves, which differs from processor to processor."""


def numbers(text: str) -> list[float]:
    return [float(number) for number in NUMBER.findall(text)]


def differing(documented: str, real: str) -> list[tuple[float, float]]:
    """Return the pairs of numbers that differ by more than 1 %."""
    pairs = zip(numbers(documented), numbers(real), strict=True)
    return [
        (a, b)
        for a, b in pairs
        if not math.isclose(a, b, rel_tol=1e-2) and max(abs(a), abs(b)) >= ROUNDING
    ]


def test_a_wrong_number_is_seen() -> None:
    text = "lr L 1.29, C6 last 3.33e-05 1.18e-02 pass, f* = 0.2 +- 5e-17, T = 1000, A2 0.5, .75"
    assert numbers(text) == [1.29, 3.33e-05, 1.18e-02, 0.2, 5e-17, 1000.0, 0.5, 0.75]
    assert differing(text, text.replace("3.33e-05", "3.34e-05").replace("5e-17", "2e-16")) == []
    assert differing(text, text.replace("1.18e-02", "1.20e-02")) == [(1.18e-02, 1.20e-02)]
    assert differing(text, text.replace("1000", "2000")) == [(1000.0, 2000.0)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "match", list(GENERATE.OUTPUT.finditer(README)), ids=lambda m: m["command"].replace(" ", "_")
)
def test_outputs_in_readme_are_real(match: re.Match[str]) -> None:
    text = GENERATE.output_of(match["command"])
    if text is None:
        pytest.skip("the data of this command are not here")
    assert len(words(match["text"])) > 50
    assert words(match["text"]) == words(text)
    assert differing(match["text"], text) == []


def test_the_first_command_of_readme_is_the_flagship() -> None:
    block = README.split("```console\n")[1].split("```")[0]
    assert block.splitlines() == [
        "$ python -m venv .venv && .venv/bin/pip install . && "
        ".venv/bin/lrbench run --problem logreg --lr0 100",
        "$ make test",
    ]


def commands() -> list[str]:
    """Return the `lrbench` commands in the README's console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    lines = "".join(blocks).splitlines()
    return [line[2:] for line in lines if line.startswith("$ lrbench")]


@pytest.mark.parametrize("command", commands())
def test_commands_of_readme_are_understood(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Any
) -> None:
    """Each command runs once its files exist: here on small data and a short budget."""
    (tmp_path / "train.svm.bz2").write_bytes(_small_bz2())
    folder = tmp_path / "sets"
    folder.mkdir()
    for name, n_samples in (("a9a.bz2", 100), ("a9a.t.bz2", 50)):
        (folder / name).write_bytes(_small_bz2(n_samples))
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(folder))
    (tmp_path / "my-problem.toml").write_text(
        (ROOT / "problems" / "log-spectrum.toml").read_text(encoding="utf-8")
    )
    (rule,) = re.findall(r"```python\n(# my_rule\.py\n.*?)```", README, re.DOTALL)
    (tmp_path / "my_rule.py").write_text(rule, encoding="utf-8")
    words = shlex.split(command.split("#")[0].split("|")[0])[1:]
    args = [str(tmp_path / w) if (tmp_path / w).exists() else w for w in words]
    budget = ["-n", "20"] if args[0] in ("run", "sweep") and "-n" not in args else []
    outcome = invoke(*args, *budget)
    assert outcome.code == 0, outcome.err
    assert outcome.out


def test_the_block_from_a_file_to_weights_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Any
) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    (tmp_path / "train.svm.bz2").write_bytes(_small_bz2())
    monkeypatch.chdir(tmp_path)
    for line in block.replace("\\\n", "").splitlines():
        if line.startswith("lrbench"):
            args = shlex.split(line.split("#")[0].split(">")[0])[1:]
            assert invoke(*args).code == 0
    assert (tmp_path / "answer.npz").exists()


def _small_bz2(n_samples: int = 100) -> bytes:
    import bz2

    # Labels of which the columns tell something, so that F(w_0) is above a target.
    lines = (b"%d 1:%d 2:1\n" % (1 - 2 * (k % 7 < 4 - k % 2), k % 7) for k in range(n_samples))
    return bz2.compress(b"".join(lines))


def test_python_example_of_readme_runs() -> None:
    _, code = re.findall(r"```python\n(.*?)```", README, re.DOTALL)  # the first is my_rule.py
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert len(names["result"].problems[0].runs) == 4


def test_links_in_the_docs_lead_somewhere() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "README.md" in tracked
    for name in tracked:
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert ((ROOT / name).parent / target).exists(), f"{name}: {target}"


PAGES = [
    page
    for page in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part == "build" for part in page.relative_to(ROOT).parts)
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_of_markdown_are_short_but_in_tables(page: Path) -> None:
    lines = enumerate(page.read_text(encoding="utf-8").splitlines(), start=1)
    assert [n for n, line in lines if len(line) >= 120 and not line.startswith("|")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_modules_named_in_a_page_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    files = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|toml|bib|json))`", text))
    example = {"lrbench/solvers/clipped_sgd.py", "solvers/clipped_sgd.py"}
    roots = (ROOT, ROOT / "lrbench", page.parent)
    missing = [name for name in files - example if not any((r / name).exists() for r in roots)]
    assert missing == []
