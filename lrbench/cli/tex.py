"""Formulas of docstrings, which are TeX, as plain text."""

from __future__ import annotations

import re

WORDS = {
    "varepsilon": "eps",
    "varphi": "phi",
    "nabla": "grad",
    "infty": "inf",
    "le": "<=",
    "ge": ">=",
    "ne": "!=",
    "leftarrow": "<-",
    "cdot": "*",
    "odot": "*",
    "dots": "...",
    "in": "in",
    "lVert": "|",
    "rVert": "|",
    "quad": "\t",
    "qquad": "\t",
}
"""Commands of TeX, and their plain text; those that are left out here are their own names."""

SILENT = re.compile(r"\\(?:(?:big|Big)[lr]?|left|right)(?![a-zA-Z])|\\begin\{\w+\}|\\end\{\w+\}|&")
ACCENTS = {"bar": "bar", "hat": "hat", "tilde": "tilde"}
FONTS = ("mathrm", "text", "operatorname")
TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|.", re.DOTALL)


def plain(tex: str) -> str:
    """Return a formula as plain text: fractions with a slash, and names for letters.

    Parameters
    ----------
    tex
        A line of a formula, or a formula inside a text.
    """
    text, rest = "", SILENT.sub("", tex).replace(r"^\top", "'")
    while rest:
        token, rest = _token(rest)
        command = token[1:] if token.startswith("\\") else ""
        if not command:
            text += token
        elif command in ("frac", "tfrac", "dfrac"):
            above, rest = _argument(rest)
            below, rest = _argument(rest)
            text += f"{_grouped(above)}/{_grouped(below)}"
        elif command == "sqrt":
            inside, rest = _argument(rest)
            text += f"sqrt({inside})"
        elif command in ACCENTS:
            letter, rest = _argument(rest)
            text += f"{letter}_{ACCENTS[command]}"
        elif command in FONTS:
            inside, rest = _argument(rest)
            text += inside
        elif command.isalpha():
            text += WORDS.get(command, command)
        elif command == "\\":
            text += "; " if rest.strip() else ""
        else:  # a narrow space, or a letter that TeX would read as its own
            text += command if command in "|{}" else " "
    return re.sub(" *\t *", "  ", re.sub(" +", " ", text))


def _token(tex: str) -> tuple[str, str]:
    """Return the first command or letter, and what follows it."""
    match = TOKEN.match(tex)
    assert match is not None
    return match[0], tex[match.end() :]


def _argument(tex: str) -> tuple[str, str]:
    """Return the argument of a command as plain text, and what follows it."""
    tex = tex.lstrip()
    if not tex.startswith("{"):
        token, rest = _token(tex) if tex else ("", "")
        return plain(token), rest
    depth = 0
    for k, letter in enumerate(tex):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if not depth:
            return plain(tex[1:k]).strip(), tex[k + 1 :]
    return plain(tex[1:]), ""


def _grouped(text: str) -> str:
    """Return a part of a fraction, in parentheses if it has several terms or factors."""
    atom = r"[\w.^*']+(?:\{[^{}]*\})?|\([^()]*\)|sqrt\([^()]*\)|\|[^|]*\|"
    return text if re.fullmatch(atom, text) else f"({text})"
