"""What may happen to a file on a disk."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np


def flipped(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def cut(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])


def empty(path: Path, rng: random.Random) -> None:
    path.write_bytes(b"")


def zeros(path: Path, rng: random.Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def noise(path: Path, rng: random.Random) -> None:
    path.write_bytes(rng.randbytes(path.stat().st_size))


def of_another_kind(path: Path, rng: random.Random) -> None:
    with path.open("wb") as file:
        rng.choice([np.save, np.savez])(file, np.arange(3.0))


def pickled(path: Path, rng: random.Random) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([print], dtype=object), allow_pickle=True)


def gone(path: Path, rng: random.Random) -> None:
    path.unlink()


def a_folder(path: Path, rng: random.Random) -> None:
    path.unlink()
    path.mkdir()


Damage: TypeAlias = Callable[[Path, random.Random], None]

DAMAGES: list[Damage] = [
    *(flipped, flipped, flipped),
    *(cut, empty, zeros, noise, of_another_kind, pickled, gone),
]
