"""Text that is safe inside the elements of an HTML page which hold no HTML."""

from __future__ import annotations

import json
from typing import Any

from lrbench.config.plain import plain

ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""Characters that could end a script element or a line of a script, as JSON may write them."""


def embedded_json(value: Any) -> str:
    """Return a value as JSON that can stand inside ``<script>``; NaN and infinities become null."""
    text = json.dumps(plain(value), allow_nan=False, separators=(",", ":"))
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    return text
