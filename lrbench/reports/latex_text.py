"""Plain text as LaTeX: numbers and formulas in maths mode, names of solvers as code."""

from __future__ import annotations

import re
from collections.abc import Iterable

FORMULAS = {
    "min |g|^2": r"$\min\|g\|^2$",
    "|g|^2": r"$\|g\|^2$",
    "|w_0 - w*|": r"$\|w_0 - w^*\|$",
    "F(w_0) - f*": r"$F(w_0) - f^*$",
    "F(w_T) - f*": r"$F(w_T) - f^*$",
    "F - f*": r"$F - f^*$",
    "f*": "$f^*$",
    "w*": "$w^*$",
    "w_0": "$w_0$",
    "b_0": "$b_0$",
    "b_1": "$b_1$",
    "s_0": "$s_0$",
    "L_max": r"$L_{\max}$",
    "L_B": "$L_B$",
    "1/L": "$1/L$",
    "2/L": "$2/L$",
    "<=": r"$\le$",
    ">=": r"$\ge$",
    "<": "$<$",
    ">": "$>$",
    "+-": r"$\pm$",
    "tau": r"$\tau$",
}
"""What pages write in ASCII."""

TEXTS = {
    "Dolan and More, 2002": r"Dolan and Mor\'e, 2002",
    "95 % interval": r"95\,\% interval",
}
"""What has digits that are no maths, or letters that ASCII has not."""

SPECIAL = {
    "--": "-{}-",
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "|": r"\textbar{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    '"': r"\textquotedbl{}",
    **{character: f"\\{character}" for character in "_&%$#"},
}

NUMBER = r"(?<![\w.])(?:(?<![-])[-+](?=\d))?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w]|\.\d)"
BETWEEN = re.compile(r"(?<!\\)\$\$")
"""Where a formula ends and another begins."""
EQUALS = re.compile(r"(?<![\d}\\])\$ = \$")
"""Where a formula, and no number, is said to be a number."""
PARTS = re.compile(r"([-+]?)(\d+(?:\.\d+)?)(?:e([-+]?\d+))?")


def typeset(text: str, names: Iterable[str]) -> str:
    """Return `text` for LaTeX.

    Parameters
    ----------
    text
        Of a page.
    names
        What is to be set as code.
    """
    code = sorted(names, key=len, reverse=True)
    formulas = [_alone(formula) for formula in (*TEXTS, *FORMULAS)]
    alternatives = [*(rf"(?P<c{k}>{_alone(name)})" for k, name in enumerate(code)), *formulas]
    pattern = re.compile("|".join([*alternatives, f"(?P<number>{NUMBER})", "--", "."]), re.DOTALL)
    found = "".join(_set(match) for match in pattern.finditer(" ".join(text.split())))
    return EQUALS.sub(" = ", BETWEEN.sub("", found))


def _alone(text: str) -> str:
    """Return the pattern of `text` where it is no part of a longer word."""
    before = r"(?<![\w])" if text[:1].isalnum() else ""
    after = r"(?![\w])" if text[-1:].isalnum() else ""
    return before + re.escape(text) + after


def _set(match: re.Match[str]) -> str:
    text = match[0]
    if match["number"]:
        return _number(text)
    if not match.lastgroup and text in (TEXTS | FORMULAS):
        return (TEXTS | FORMULAS)[text]
    escaped = SPECIAL.get(text) or "".join(SPECIAL.get(character, character) for character in text)
    return rf"\texttt{{{escaped}}}" if match.lastgroup else escaped


def _number(text: str) -> str:
    r"""Return $1.57\cdot10^{-2}$ for ``1.57e-02``."""
    found = PARTS.fullmatch(text)
    assert found is not None
    sign, mantissa, exponent = found.groups()
    power = "" if exponent is None else rf"\cdot10^{{{int(exponent)}}}"
    return f"${sign}{mantissa}{power}$"
