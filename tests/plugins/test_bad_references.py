"""Every mistake in a reference or a rule is one error and one hint, before any run."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path

import pytest
from conftest import Invoke
from rules import POWER_NORM, ROOT_GROWTH, written

HEAD = "from dataclasses import dataclass\nimport lrbench\n"
METHODS = """
    def init(self, W, lr0, facts):
        return lr0
    def step(self, W, lr, oracle):
        return lrbench.Step(oracle.descend(W, lr, oracle.gradient(W)), lr, lr)
"""


def rule(body: str = "    pass", *, name: str = "Rule", decorated: bool = True) -> str:
    decorator = "@dataclass(frozen=True)\n" if decorated else ""
    return f"{HEAD}{decorator}class {name}(lrbench.Solver):\n{body}{METHODS}"


FILES = {
    "power": POWER_NORM,
    "two": rule(name="A") + rule(name="B"),
    "none": "x = 1\n",
    "syntax": "import lrbench\n\nclass A(\n",
    "null": "x = 1\0\n",
    "imports": "import os\nimport no_such_package_of_anybody\n",
    "sibling": "import power\n",
    "raises": "a = [1]\nb = a[3]\n",
    "exits": "import sys\nsys.exit(3)\n",
    "shadow": rule(name="WNGrad"),
    "alias": rule("    name = 'SPS'\n"),
    "bracket": rule("    name = 'a[b]'\n"),
    "numbered": rule("    name = 7\n"),
    "undecorated": rule("    eta: float = 1.0\n", decorated=False),
    "no_default": rule("    eta: float\n"),
    "typed": rule("    eta: list = None\n"),
    "unknown_type": rule("    eta: 'Nothing' = 1.0\n"),
    "scale": rule("    eta: float = 1.0\n    scale = 'etta'\n"),
    "needs": rule("    needs = ('L_star',)\n"),
    "traced": rule("    traced = 'b'\n"),
    "theorems": rule("    theorems = 'wngraad'\n"),
    "no_theorem": rule("    theorems = (3,)\n"),
    "no_step": f"{HEAD}class Rule(lrbench.Solver):\n    def init(self, *all): return all[1]\n",
    "refuses": rule("    eta: float = 1.0\n    def __post_init__(self):\n        1 / 0\n"),
    "mutable": HEAD + "@dataclass\nclass Rule(lrbench.Solver):\n    eta: float = 1.0\n",
    "short": "import lrbench\n@lrbench.rate_rule\ndef rule(lr): return lr\n",
    "bare": "import lrbench\n@lrbench.rate_rule\ndef rule(lr, g, c): return lr, lr\n",
    "words": "import lrbench\n@lrbench.rate_rule\ndef rule(lr, g, c='x'): return lr, lr\n",
}

MISTAKES = {
    "nowhere.py:Rule": "there is no file nowhere.py",
    "nowhere.py": "there is no file nowhere.py",
    "folder.py": "folder.py cannot be read",
    "power.py:Rule": "power.py has no 'Rule'",
    "power.py:dataclass": "dataclass of power.py is of type function, and no solver",
    "power.py:lrbench": "lrbench of power.py is of type module, and no solver",
    "power.py:PowerNorm[eta=fast]": "eta cannot be 'fast'",
    "power.py:PowerNorm[eta=true]": "eta cannot be 'true'",
    "power.py:PowerNorm[beta=1]": "no parameter 'beta'",
    "power.py:PowerNorm[eta=1": "does not end with a closing bracket",
    "utf16.py": "utf16.py is not Python",
    "binary.py": "binary.py is not Python: it is no text in utf-8",
    "latin.py": "latin.py is not Python: it is no text in utf-8",
    "ascii.py": "ascii.py is not Python: it is no text in ascii",
    "klingon.py": "klingon.py is not Python: unknown encoding: klingon",
    "rot13.py": "rot13.py is not Python: 'rot13' is not a text encoding",
    "marked.py": "marked.py is not Python: encoding problem: utf-8",
    "two.py": "two.py has 2 classes that are a solver",
    "none.py": "none.py has no solver",
    "none.py:x": "x of none.py is of type int, and no solver",
    "syntax.py": "syntax.py, line 3",
    "null.py": "null.py",
    "imports.py": "imports.py, line 2: ModuleNotFoundError",
    "sibling.py": "sibling.py, line 1: ModuleNotFoundError",
    "raises.py": "raises.py, line 2: IndexError",
    "exits.py": "exits.py, line 2: SystemExit",
    "shadow.py": "its name 'WNGrad' is that of wngrad",
    "alias.py": "its name 'SPS' is that of polyak",
    "bracket.py": "the name 'a[b]' is no name of a solver",
    "numbered.py": "the name 7 is no name of a solver",
    "undecorated.py": "is no dataclass",
    "no_default.py": "the parameter eta has no default",
    "typed.py:Rule[eta=3]": "which no text can give",
    "unknown_type.py": "its annotations cannot be read",
    "scale.py": "scale = 'etta' is none of its parameters",
    "needs.py": "needs 'L_star'",
    "traced.py": "traced is no tuple",
    "theorems.py": "there is no family of theorems 'wngraad'",
    "no_theorem.py": "3 is no theorem",
    "no_step.py": "Rule has no method step",
    "refuses.py": "solver Rule cannot be made: ZeroDivisionError",
    "mutable.py": "mutable.py, line 3: TypeError",
    "short.py": "short.py, line 2: rule takes 1 parameters",
    "bare.py": "the parameter c has no number as its default",
    "words.py": "the parameter c has no number as its default",
    "json:loads": "loads of json is of type function, and no solver",
    "json.decoder:JSONDecoder": "JSONDecoder of json.decoder is a class, and no solver",
    "json.nothing:Rule": "there is no module 'json.nothing'",
    "no_such_package.rules:Rule": "there is no module 'no_such_package'",
    "outsid:lbfgs": "there is no solver 'outsid:lbfgs'",
    "wngrd:": "there is no solver",
    "a.py:b:c": "there is no solver",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    written(tmp_path, **FILES, growth=ROOT_GROWTH)
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "utf16.py").write_bytes(POWER_NORM.encode("utf-16"))
    accented = POWER_NORM.replace("another power", "une autre puissance é").encode("latin-1")
    (tmp_path / "latin.py").write_bytes(accented)
    (tmp_path / "marked.py").write_bytes(codecs.BOM_UTF8 + b"# coding: latin-1\n" + accented)
    for encoding in ("ascii", "klingon", "rot13"):
        line = f"# vim: set fileencoding={encoding} :\n".encode()
        (tmp_path / f"{encoding}.py").write_bytes(line + accented)
    (tmp_path / "binary.py").write_bytes(bytes(range(256)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("text", sorted(MISTAKES))
def test_a_mistake_is_two_sentences(text: str, invoke: Invoke) -> None:
    before = set(sys.modules)
    outcome = invoke("run", "-p", "log-spectrum", "-n", "5", "-s", text, "-s", "sgd")
    assert outcome.code == 2, outcome.out + outcome.err
    assert outcome.out == ""
    error, hint = outcome.err.splitlines()
    assert error.startswith("Error: ")
    assert MISTAKES[text] in error
    assert error.endswith((".", "?"))
    assert hint.startswith("Hint: ")
    assert hint.endswith((".", "?"))
    broken = {name for name in set(sys.modules) - before if name.startswith("_lrbench_plugin_")}
    assert all(vars(sys.modules[name]) for name in broken)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("torch:", "torch:torch.optim.Adam"),
        ("optax:", "optax:adam"),
        ("power.py:", "FILE.py:CLASS"),
        ("power.py::PowerNorm", "FILE.py:CLASS"),
    ],
)
def test_half_a_reference_is_answered_with_the_form(text: str, form: str, invoke: Invoke) -> None:
    for words in (("run", "-p", "log-spectrum", "-s", text), ("test", text)):
        outcome = invoke(*words)
        assert outcome.code == 2
        error, hint = outcome.err.splitlines()
        assert text in error
        assert form in hint


@pytest.mark.parametrize("kind", ["loss", "penalty"])
def test_a_loss_or_penalty_of_a_file_is_said_to_be_an_entry_point(
    kind: str, invoke: Invoke
) -> None:
    for text in ("mine.py:Mine", "mine.py", "package.module:Mine"):
        outcome = invoke("run", "-p", "least-squares", f"--{kind}", text)
        assert outcome.code == 2
        error, hint = outcome.err.splitlines()
        assert f"there is no {kind} '{text}'" in error
        assert "entry point of lrbench." in hint
        assert f"lrbench test {text}" in hint


@pytest.mark.usefixtures("folder")
def test_the_same_mistakes_in_python(invoke: Invoke) -> None:
    """An edited file is read again: the text decides, and not the path."""
    words = ("run", "-p", "log-spectrum", "-n", "5", "--format", "csv", "-s", "growth.py")
    first = invoke(*words).out
    written(Path(), growth=ROOT_GROWTH.replace("grad_norm_sq / b", "grad_norm_sq / (2 * b)"))
    assert invoke(*words).out != first
    written(Path(), growth=ROOT_GROWTH)
    assert invoke(*words).out == first
