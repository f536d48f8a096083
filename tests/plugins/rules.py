"""Files with rules of a user, as the tests write them into a folder."""

from __future__ import annotations

from pathlib import Path

POWER_NORM = '''\
from dataclasses import dataclass

import lrbench


@dataclass(frozen=True)
class PowerNorm(lrbench.Solver):
    """AdaGrad-Norm with another power than 2."""

    eta: float = 1.0
    p: float = 2.0
    scale = "eta"

    def init(self, W, lr0, facts):
        return self.eta / lr0

    def step(self, W, b, oracle):
        g = oracle.gradient(W)
        b = (b**self.p + g.norm_sq() ** (self.p / 2)) ** (1 / self.p)
        return lrbench.Step(oracle.descend(W, self.eta / b, g), self.eta / b, b)
'''

ROOT_GROWTH = """\
import lrbench


@lrbench.rate_rule(init=lambda lr0: 1.0 / lr0, second_scale="c")
def root_growth(b, grad_norm_sq, c=1.0):
    b = b + c * grad_norm_sq / b
    return b, 1.0 / b
"""

FAILING = """\
import lrbench


class Failing(lrbench.Solver):
    def init(self, W, lr0, facts):
        return (lr0, 0)

    def step(self, W, state, oracle):
        lr, t = state
        print("step", t)
        return lrbench.Step(descended(W, t, lr, oracle), lr, (lr, t + 1))


def descended(W, t, lr, oracle):
    lr = lr + 0 // (7 - t)
    return oracle.descend(W, lr, oracle.gradient(W))
"""

WRITING = """\
import ctypes
import os
import lrbench

os.write(1, b"descriptor of the file\\n")


@lrbench.rate_rule
def writing(lr, grad_norm_sq):
    print("print of a step")
    os.write(1, b"descriptor of a step\\n")
    ctypes.CDLL(None).printf(b"printf of a step\\n")
    return lr, lr
"""


def written(folder: Path, **texts: str) -> None:
    """Write files of Python; the keys are their stems."""
    for stem, text in texts.items():
        (folder / f"{stem}.py").write_text(text, encoding="utf-8")
