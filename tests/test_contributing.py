"""What CONTRIBUTING says of the tree is so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from lrbench.gate.expectation import QUANTITIES

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "lrbench" / "result.schema.json").read_text(encoding="utf-8"))


def test_the_files_that_it_names_exist() -> None:
    paths = set(re.findall(r"`([\w./-]+/[\w./-]*)`", PAGE))
    assert len(paths) > 10
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def enumerations(schema: Any, key: str) -> set[str]:
    """Return the words that any property of this name may have, or the elements of its list."""
    words: set[str] = set()
    if isinstance(schema, dict):
        of_key = schema.get("properties", {}).get(key, {})
        words |= set(of_key.get("enum", of_key.get("items", {}).get("enum", ())))
    values = schema.values() if isinstance(schema, dict) else schema
    return words.union(*(enumerations(v, key) for v in values if isinstance(v, dict | list)))


def test_the_verdicts_are_those_of_the_schema_and_of_expectations() -> None:
    text = " ".join(PAGE.split())
    bound, robustness, order, toml = (
        set(re.findall(r"`(\w+)`", part))
        for part in re.findall(
            r"verdict on a bound is (.*?), in the `robustness` of a sweep also (.*?), and that on "
            r"an order (.*?)\. An expectation in TOML asks for (.*?)\.",
            text,
        )[0]
    )
    assert bound == enumerations(SCHEMA, "bound_verdict")
    assert bound | robustness == enumerations(SCHEMA, "verdict")
    assert order == enumerations(SCHEMA, "order_verdict")
    for quantity in ("bound", "order"):
        assert toml == set(QUANTITIES[quantity].words)


def test_a_lane_is_the_same_everywhere() -> None:
    files = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "lrbench").rglob("*.py")]
    files.append(ROOT / "lrbench" / "cli" / "glossary.toml")
    texts = {f.name: " ".join(f.read_text(encoding="utf-8").split()) for f in files}
    definition = re.compile(r"[Aa] \*?lane\*? is one ([\w ]+)")
    definitions = {n: m[1] for n, text in texts.items() if (m := definition.search(text))}
    assert {"arrays.py", "design.md", "glossary.toml"} <= definitions.keys()
    assert {n: d for n, d in definitions.items() if not d.startswith("value of")} == {}
    assert "; one value of the varied parameter |" in PAGE


def test_modules_have_the_length_that_it_gives() -> None:
    usual, most = map(int, re.findall(r"under (\d+) lines and never above (\d+)", PAGE)[0])
    lines = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n")
        for path in sorted((ROOT / "lrbench").rglob("*.py"))
    }
    assert {name: n for name, n in lines.items() if n > most} == {}
    assert sum(n < usual for n in lines.values()) > 0.8 * len(lines)
