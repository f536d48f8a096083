"""What a message repeats of a user's text."""

from __future__ import annotations

from pathlib import Path

import pytest

from lrbench.errors import quoted, quoted_path


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("abc", "'abc'"),
        ("a\0b\n", r"'a\x00b\n'"),
        ("\udcff", r"'\udcff'"),
        ("x" * 60, repr("x" * 60)),
        ("x" * 61, repr("x" * 60 + "…")),
        (3.5, "3.5"),
        (None, "None"),
        ([1] * 100, "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,…"),
    ],
)
def test_shown(value: object, text: str) -> None:
    assert quoted(value) == text


def test_a_number_that_python_does_not_write() -> None:
    assert quoted(10**5000) == "a very long int"
    assert quoted([10**5000]) == "a very long list"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/tmp/größe 1/a.svm", "/tmp/größe 1/a.svm"),
        (Path("a\0b"), r"a\x00b"),
        ("a\nb\x1b[31m", r"a\nb\x1b[31m"),
        ("b\udcffd", r"b\udcffd"),
        ("/" + "x" * 249, "/" + "x" * 249),
        ("/a" + "x" * 5000 + "/b.svm", "/a" + "x" * 123 + "…" + "x" * 119 + "/b.svm"),
    ],
    ids=range(6),
)
def test_shown_path(path: object, text: str) -> None:
    assert quoted_path(path) == text
    assert text.isprintable()
