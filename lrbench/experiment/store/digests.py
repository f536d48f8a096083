"""Digests of the rows of a store, and sums of them, which tell that a row was changed or lost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

SQLValue: TypeAlias = str | bytes | float | int | None
"""What a column of SQLite holds."""

DIGEST_BYTES: Final = 16
"""At 128 bits, two of 10^9 rows have the same digest with a probability of 1e-21."""


def row_digest(table: str, values: Sequence[SQLValue]) -> bytes:
    """Return the digest of the values of a row.

    It depends on the types and the values alone, and not on how SQLite stores them (the width of an
    integer, a float without a fraction as an integer, the page). Texts that are not UTF-8 have
    surrogates: see `opened`.
    """
    *others, last = values
    content = last if isinstance(last, bytes) else ascii(last).encode()
    # ASCII literals of Python tell the types apart, and every text and float, on any version.
    head = ascii((table, others, type(last).__name__, len(content)))
    digest = hashlib.sha256(head.encode())
    digest.update(content)  # the trace of a cell, as it is
    return digest.digest()[:DIGEST_BYTES]


@dataclass(frozen=True)
class DigestSum:
    """The number of some rows, and the sum of their digests modulo 2^128.

    Its value does not depend on the order of the rows, and rows can be added and taken away. A sum
    of bits (XOR) would not change if a row was there twice more.
    """

    rows: int = 0
    total: int = 0

    def plus(self, digests: Iterable[bytes], sign: int = 1) -> DigestSum:
        """Return the sum with these rows added, or with a `sign` of -1 taken away."""
        numbers = [int.from_bytes(digest, "big") for digest in digests]
        total = (self.total + sign * sum(numbers)) % (1 << 8 * DIGEST_BYTES)
        return DigestSum(self.rows + sign * len(numbers), total)
