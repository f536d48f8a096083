"""A short run on data of its own: what the cache holds of it, and the numbers that depend on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TEXTS = {
    "sparse.svm": "".join(f"{(-1) ** (k % 3)} {k}:{k / 7!r} {2 * k + 1}:1\n" for k in range(1, 30)),
    "dense.svm": "".join(f"{(-1) ** (k % 3)} 1:{k} 2:{k * k % 11}\n" for k in range(1, 30)),
}


def constants(invoke: Any, data: Path) -> dict[str, Any]:
    """Return the constants of the problem and the trace of a run; nothing may be said on stderr."""
    words = ["-s", "sgd", "--lr0", "0.1", "-n", "2", "-q", "--format", "json"]
    outcome = invoke("run", "-d", str(data), "--intercept", *words)
    assert (outcome.code, outcome.err) == (0, "")
    (problem,) = json.loads(outcome.out)["problems"]
    known: dict[str, Any] = problem["constants"]
    return {**known, "trace": problem["runs"][0]["trace"]["objective"]}
