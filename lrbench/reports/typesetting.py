"""Texts of pages in LaTeX: numbers and symbols in maths mode, names as code, and their widths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

FORMULAS = {
    "min |g|^2": r"$\min\|g\|^2$",
    "|g|^2": r"$\|g\|^2$",
    "|w_0 - w*|": r"$\|w_0 - w^*\|$",
    "F(w_0) - f*": r"$F(w_0) - f^*$",
    "F(w_T) - f*": r"$F(w_T) - f^*$",
    "F - f*": r"$F - f^*$",
    "F(w_0)": "$F(w_0)$",
    "F(w_T)": "$F(w_T)$",
    "F": "$F$",
    "f*": "$f^*$",
    "w*": "$w^*$",
    "x*": "$x^*$",
    "w_0": "$w_0$",
    "b_0": "$b_0$",
    "b_1": "$b_1$",
    "s_0": "$s_0$",
    "L_max": r"$L_{\max}$",
    "L_B": "$L_B$",
    "1/L": "$1/L$",
    "2/L": "$2/L$",
    "2L/3": "$2L/3$",
    "(L+mu)/2": r"$(L+\mu)/2$",
    "least |grad|^2": r"least $\|\nabla F\|^2$",
    "|grad|^2": r"$\|\nabla F\|^2$",
    "F(average) - f*": r"$F(\bar w) - f^*$",
    "F(last) - f*": r"$F(w_T) - f^*$",
    "<=": r"$\le$",
    ">=": r"$\ge$",
    "<": "$<$",
    ">": "$>$",
    "+-": r"$\pm$",
    "tau": r"$\tau$",
    "kappa": r"$\kappa$",
    "mu": r"$\mu$",
    "->": r"$\to$",
    **{f"{symbol}": f"${symbol}$" for symbol in "TLndbp"},
}
"""Formulas as pages write them in ASCII, and in LaTeX; a longer one precedes its parts."""

TEXTS = {
    "Dolan and More, 2002": r"Dolan and Mor\'e, 2002",
    "95 % interval": r"95\,\% interval",
}
"""Words with a letter that ASCII lacks, or with a number that is not set in maths mode."""

SPECIAL = {
    "--": "-{}-",  # else LaTeX joins them to a dash
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "|": r"\textbar{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    '"': r"\char34{}",  # \textquotedbl needs another encoding than the default
    **{character: f"\\{character}" for character in "_&%$#"},
}
"""Characters that LaTeX would take for markup, and how they are written."""

NUMBER = r"(?<![\w.])(?:(?<![-])[-+](?=\d))?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w]|\.\d)"
"""A number with its sign, unless it is part of a word such as ``a9a`` or of a version."""

POWER = r"(?P<base>\b[Te]|(?<![\w])\d*\.\d+)\^(?P<exponent>-?\d*\.?\d+(?:e-?\d+)?|T\b|\([^()]*\))"
"""A power: ``T^-1.4``, ``.9967^T`` and ``e^(-9e-04 T)``."""

PRIMED = r"(?P<primed>\b[A-Z]+\d+)'"
"""The name of a theorem with a prime: C6'."""

NUMBER_PARTS = re.compile(r"([-+]?)(\d+(?:\.\d+)?)(?:e([-+]?\d+))?")

ADJACENT = re.compile(r"(?<!\\)\$\$")
"""The end of one formula and the beginning of the next, which become one."""

EQUALS = re.compile(r"(?<![\d}\\])\$ = \$")
"""An equals sign between a formula, not a number, and a number: both become one formula."""


def typeset(text: str, names: Iterable[str]) -> str:
    """Return `text` for LaTeX: numbers and formulas in maths mode, `names` as code.

    Parameters
    ----------
    text
        A text of a page.
    names
        The names of solvers.
    """
    code = sorted(names, key=len, reverse=True)  # sgd[x=1] is to be tried before sgd
    formulas = [_standalone(formula) for formula in (*TEXTS, *FORMULAS)]
    # Names first, as they may contain numbers; single characters last, so that nothing is skipped.
    alternatives = [
        f"(?P<code>{'|'.join(map(_standalone, code)) or '(?!)'})",
        POWER,
        PRIMED,
        f"(?P<formula>{'|'.join(formulas)})",
        f"(?P<number>{NUMBER})",
        "--",
        ".",
    ]
    pattern = re.compile("|".join(alternatives), re.DOTALL)
    latex = "".join(_latex_of(match) for match in pattern.finditer(" ".join(text.split())))
    return EQUALS.sub(" = ", ADJACENT.sub("", latex))


def _standalone(text: str) -> str:
    """Return a pattern of `text` that does not match inside a longer word."""
    before = r"(?<![\w-])" if text[:1].isalnum() else ""
    after = r"(?![\w])" if text[-1:].isalnum() else ""
    return before + re.escape(text) + after


def _latex_of(match: re.Match[str]) -> str:
    text = match[0]
    if match["number"]:
        return _number(text)
    if match["base"]:
        exponent = re.sub(NUMBER, lambda m: _number(m[0])[1:-1], match["exponent"].strip("()"))
        return f"${match['base']}^{{{exponent}}}$"
    if match["primed"]:
        return f"{match['primed']}$'$"
    if match["formula"]:
        return (TEXTS | FORMULAS)[text]
    escaped = SPECIAL.get(text) or "".join(SPECIAL.get(character, character) for character in text)
    return rf"\texttt{{{escaped}}}" if match["code"] else escaped


def _number(text: str) -> str:
    r"""Return $1.57\cdot10^{-2}$ for ``1.57e-02``."""
    match = NUMBER_PARTS.fullmatch(text)
    assert match is not None
    sign, mantissa, exponent = match.groups()
    power = "" if exponent is None else rf"\cdot10^{{{int(exponent)}}}"
    return f"${sign}{mantissa}{power}$"


def typeset_column(texts: Sequence[str], names: Iterable[str]) -> list[str]:
    r"""Return the texts of a column of numbers, whose powers of ten stand below each other.

    The exponents are made equally wide by ``\phantom``, so that the column can be aligned right.
    """
    matches = [NUMBER_PARTS.fullmatch(text) for text in texts]
    exponents = [str(int(m[3])) for m in matches if m is not None and m[3] is not None]
    digits = max((len(e.lstrip("-")) for e in exponents), default=0)
    signed = any(e.startswith("-") for e in exponents)
    cells = []
    for text, match in zip(texts, matches, strict=True):
        if match is None or match[3] is None:
            cells.append(typeset(text, names))
            continue
        sign, mantissa, exponent = match[1], match[2], int(match[3])
        padding = "-" * (signed and exponent >= 0) + "0" * (digits - len(str(abs(exponent))))
        phantom = rf"\phantom{{{padding}}}" if padding else ""
        cells.append(rf"${sign}{mantissa}\cdot10^{{{exponent}{phantom}}}$")
    return cells


WIDTHS = {
    **dict.fromkeys("ijl.,:;'!|()[]", 3.0),
    **dict.fromkeys("frtsI-/ ", 3.8),
    **dict.fromkeys("mwMW", 8.4),
    **dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ%&@=<>+_^~#$", 7.2),
}
"""Points that characters take in Computer Modern of 9 points, rounded up; others take `LETTER`."""

LETTER, CODE_LETTER = 4.9, 4.75


def width_in_points(text: str, names: Iterable[str]) -> float:
    """Return an upper estimate of how wide a cell is in small type (9 points), in points."""
    match = NUMBER_PARTS.fullmatch(text)
    if match is not None and match[3] is not None:  # mantissa, a dot, 10, and a small exponent
        return (len(match[1]) * 7.2 + len(match[2]) * 4.65) + 6.8 + 9.3 + 5.6 + 3.6 * len(match[3])
    if text in names:
        return len(text) * CODE_LETTER
    return sum(WIDTHS.get(character, LETTER) for character in text)
