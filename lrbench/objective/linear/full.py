"""Full batches: every step has the whole gradient."""

from __future__ import annotations

from collections.abc import Iterator

from lrbench.arrays import Lanes
from lrbench.objective.linear.compiled import LinearBatches, obstacle
from lrbench.objective.linear.dense import FullOracle
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.linear.oracle import LinearRun, LinearSampler, ObjectiveT
from lrbench.objective.linear.plain import DenseIterates
from lrbench.objective.oracle import Observer


class DenseFullSampler(LinearSampler[ObjectiveT, DenseIterates]):
    """Every step uses the whole gradient; `oracle` is the class of oracles that have it."""

    _offered: tuple[Lanes, Lanes, Lanes] | None = None

    def __init__(
        self,
        run: LinearRun[ObjectiveT, DenseIterates],
        oracle: type[FullOracle[ObjectiveT]] = FullOracle,
    ) -> None:
        super().__init__(run)
        self._oracle = oracle

    def offer_gradient(self, gradient: Lanes, W: Lanes) -> None:
        """Use this gradient for the next step, if that step asks for the gradient at `W`."""
        self._offered = (gradient, W, W.copy())

    def oracles(self, observer: Observer) -> Iterator[FullOracle[ObjectiveT]]:
        """Yield the same oracle in every step."""
        oracle = self._oracle(self.run, observer)
        while True:
            oracle.offered, self._offered = self._offered, None
            yield oracle


class FullSampler(DenseFullSampler[LinearObjective]):
    """Full batches of a linear problem, whose steps compiled code may make."""

    def obstacle(self) -> str:
        """Return why NumPy makes the steps; else nothing."""
        return obstacle(self.run.objective, self.run.ball)

    def compiled(self, *, scaled: bool) -> LinearBatches | None:
        """Return what compiled steps need; None where NumPy makes the steps."""
        del scaled
        if self.obstacle():
            return None
        return LinearBatches(self.run, self.run.objective.n_samples)
