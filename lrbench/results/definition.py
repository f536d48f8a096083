"""What defines a problem, in words: to tell problems of one name from each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from lrbench.config.named import value_text

KEYS: Final = (
    *("data", "n_samples", "n_features", "scale", "intercept", "test", "labels"),
    *("loss", "penalty", "model", "reparametrisation", "backend", "start", "radius"),
)
"""The keys of the header of a problem that define it."""

FOLLOWS: Final = "n_features"
"""The key that differs wherever the data, the model or the variables do."""


def definition(header: Mapping[str, Any]) -> dict[str, str]:
    """Return a phrase for each of `KEYS`, from the header of a problem as JSON has it.

    Keys that an earlier version did not write count as those of a plain linear problem.
    """
    penalty, test = dict(header.get("penalty") or {}), header.get("test")
    name = penalty.pop("name", "none")
    inside = ",".join(f"{key}={_text(value)}" for key, value in penalty.items() if value)
    labels = header.get("labels") or {}
    radius, form = header.get("radius"), header.get("reparametrisation")
    return {
        "data": f"data {header.get('data', '')}",
        "n_samples": f"n = {header.get('n_samples')}",
        "n_features": f"d = {header.get('n_features')}",
        "scale": f"scale {header.get('scale', 'none')}",
        "intercept": "intercept" if header.get("intercept") else "no intercept",
        "test": "nothing held out" if test is None else _held_out(test),
        "labels": ", ".join(f"{sign} = {label}" for sign, label in labels.items()),
        "loss": f"{header.get('loss', '')} loss",
        "penalty": f"{name}[{inside}] penalty" if inside else f"penalty {name}",
        "model": header.get("model") or "linear",
        "reparametrisation": form or "no reparametrisation",
        "backend": _backend(header.get("backend")),
        "start": f"start {header.get('start', 'zeros')}",
        "radius": "no ball" if radius is None else f"ball of radius {value_text(radius)}",
    }


def differing(definitions: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the keys in which definitions differ; that which follows from others only if alone."""
    compared = list(definitions)
    keys = [key for key in KEYS if len({d[key] for d in compared}) > 1]
    return [key for key in keys if key != FOLLOWS or len(keys) == 1]


def instead(first: Mapping[str, str], second: Mapping[str, str]) -> str:
    """Return how the second definition differs: ``"weight-norm instead of ..."``; else empty."""
    keys = differing([first, second])
    return "; ".join(f"{second[key]} instead of {first[key]}" for key in keys)


def phrases(of: Mapping[str, str], others: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the phrases of a definition in which it differs from any of the others."""
    return [of[key] for key in differing([of, *others]) if of[key]]


def _held_out(test: Mapping[str, Any]) -> str:
    if test.get("fraction") is None:
        return f"{test.get('n_samples')} samples of {test.get('data')} held out"
    return f"{100 * test['fraction']:.4g} % held out by seed {test.get('seed')}"


def _backend(backend: Mapping[str, Any] | None) -> str:
    if backend is None:
        return "NumPy"
    return f"{backend['name']} {backend['version']} {backend['dtype']} on {backend['device']}"


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
