"""A two-layer network as a problem: neither linear nor convex, and without a known minimum."""

from __future__ import annotations

import hashlib

import numpy as np

from lrbench.arrays import Index, Lanes, PerLane
from lrbench.objective.about import ProblemFacts
from lrbench.objective.finite_sum import FiniteSum


class Network(FiniteSum):
    """The mean of (v'tanh(A x_i) - y_i)^2 / 2 on seeded samples; w holds A row by row, then v."""

    def __init__(self, n_samples: int = 40, n_inputs: int = 3, n_hidden: int = 4) -> None:
        rng = np.random.default_rng(5)
        self.X, self.n_hidden = rng.standard_normal((n_samples, n_inputs)), n_hidden
        self.y = np.sin(self.X.sum(axis=1)) + 0.1 * rng.standard_normal(n_samples)
        super().__init__("network", rng.normal(size=n_hidden * (n_inputs + 1)) / 2, n_samples)

    def facts(self) -> ProblemFacts:
        """Return its description; the fingerprint is that of all its arrays."""
        arrays = self.X.tobytes() + self.y.tobytes() + self.w0.tobytes()
        return ProblemFacts(
            title="a two-layer network",
            data="seeded samples",
            loss="squared",
            start="normal",
            fingerprint=hashlib.sha256(arrays).hexdigest(),
        )

    def mean(self, W: Lanes, samples: Index | slice) -> tuple[PerLane, Lanes]:
        """Return the mean over some samples, and its gradient by the chain rule."""
        X, y, n_lanes = self.X[samples], self.y[samples], W.shape[1]
        A, v = np.split(W, [self.n_hidden * X.shape[1]])
        H = np.tanh(np.einsum("nd,hdl->nhl", X, A.reshape(self.n_hidden, -1, n_lanes)))
        R = np.einsum("nhl,hl->nl", H, v) - y[:, None]
        slopes = (1.0 - H**2) * v * R[:, None] / len(y)
        in_A = np.einsum("nd,nhl->hdl", X, slopes).reshape(-1, n_lanes)
        return (R**2).mean(axis=0) / 2, np.vstack([in_A, np.einsum("nhl,nl->hl", H, R) / len(y)])
