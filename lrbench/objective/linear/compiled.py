"""What compiled steps need of a linear problem and its minibatches."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Index, Lanes, PerLane
from lrbench.objective.compiled import Fields
from lrbench.objective.linear.oracle import LinearRun
from lrbench.objective.linear.scaled import ScaledIterates, ScaledLanes
from lrbench.objective.oracle import MinibatchValues
from lrbench.plugins import is_plugin

if TYPE_CHECKING:
    from lrbench.objective.linear.objective import LinearObjective
    from lrbench.objective.minibatches import Minibatches
    from lrbench.objective.oracle import Ball

CHUNK = 1 << 14
"""The samples of a seed that are drawn together."""

MANY_ENTRIES = 1 << 15
"""Where the rows of a step may have more entries together, those of each step are counted."""

FEW_COLUMNS = 0.5
"""A step visits only the columns of its rows where these have on average at most so many entries a
feature."""


def obstacle(objective: LinearObjective, ball: Ball | None) -> str:
    """Return why compiled steps do not know this problem, in words; else nothing.

    The code of a user is not known. Nor are two constraints at once, and a ball that leaves the
    intercept alone.
    """
    loss, penalty, X = objective.loss, objective.penalty, objective.data.X
    if loss.code is None or is_plugin(type(loss)) or is_plugin(type(penalty)):
        return "its loss or its penalty is not among the compiled ones"
    if penalty.indicator and (ball is not None or _ball_beside_intercept(objective)):
        return "its constraints are not among the compiled ones"
    known = X.dtype == np.float64
    if isinstance(X, np.ndarray):
        known = known and bool(X.flags.c_contiguous)
    else:
        narrow = objective.n_features <= np.iinfo(np.int32).max
        known = known and X.indptr.dtype in (np.int32, np.int64) and narrow
    return "" if known else "its data are of another type than the compiled steps read"


def _ball_beside_intercept(objective: LinearObjective) -> bool:
    return math.isfinite(objective.penalty.radius) and objective.intercept


def visits_few_columns(objective: LinearObjective, ball: Ball | None, batch_size: int) -> bool:
    """Return whether compiled steps on scaled iterates visit the columns of their rows only."""
    data = objective.data
    entries = data.nnz / objective.n_samples * batch_size
    few = data.sparse and entries <= FEW_COLUMNS * objective.n_features
    return few and objective.penalty.shrinks and ball is None


class LinearBatches:
    """What compiled steps need of a linear problem, in full batches.

    Parameters
    ----------
    run
        What the steps share.
    batch_size
        The samples of a step.
    """

    def __init__(self, run: LinearRun[LinearObjective, Any], batch_size: int) -> None:
        self._run = run
        self._size = batch_size
        self._constant = self._of_objective()

    def _of_objective(self) -> Fields:
        objective, run = self._run.objective, self._run
        X, penalty = objective.data.X, objective.penalty
        fields: dict[str, np.ndarray | float | None] = {
            "loss": objective.loss.code,
            "loss_parameter": objective.loss.parameter,
            "l1": penalty.l1,
            "l2": penalty.curvature,
            "n_features": objective.n_features,
            "n_penalised": objective.n_penalised,
            "y": np.ascontiguousarray(objective.y, dtype=np.float64),
            "w_star": run.w_star,
            "reference": np.zeros(objective.n_features) if run.w_star is None else run.w_star,
            "direction": run.iterates.direction,
            "batch_size": self._size,
        }
        if isinstance(X, np.ndarray):
            fields |= {"x": X, "row_entries": objective.n_features}
        else:
            wide = X.indptr.dtype == np.int64
            columns = X.indices.astype(np.int32, copy=False)
            fields |= {"x": X.data, "columns": columns, "row_ends": X.indptr, "wide_ends": wide}
            fields["row_entries"] = objective.data.nnz // objective.n_samples + 1
        if run.ball is not None:
            fields |= {"centre": run.ball.centre, "radius": run.ball.radius}
        elif penalty.indicator and math.isfinite(penalty.radius):
            fields |= {"centre": np.zeros(objective.n_features), "radius": penalty.radius}
        elif penalty.indicator:
            fields["lower"], fields["upper"] = objective.bounds
        return fields

    def fields(self, W: Any) -> Fields:
        """Return the objective, the constraints, the iterate and the running sum."""
        iterates = self._run.iterates
        running_sum, n_lanes = iterates.running_sum, iterates.n_lanes
        return {**self._constant, "W": W, "running_sum": running_sum, "n_lanes": n_lanes}

    def take(self, W: Any, fields: Fields) -> None:
        """Do nothing: steps change the arrays themselves."""

    def scale_sums(self, W: Any, factor: PerLane) -> None:
        """Multiply the running sum of each lane by its factor."""
        running_sum: Lanes = self._run.iterates.running_sum
        running_sum *= factor

    def seeds(self) -> Sequence[tuple[int, int]]:
        """Return the first lane of each seed that has lanes, and that behind its last one."""
        n_lanes = self._run.iterates.n_lanes
        # A slice may reach over lanes of the next seed: a seed's own lanes end where those begin.
        starts = [lanes.indices(n_lanes)[0] for lanes in self._run.slices if lanes is not None]
        return list(itertools.pairwise([*starts, n_lanes]))

    def samples(self, n_steps: int) -> tuple[Fields, int]:
        """Return the minibatches of at most `n_steps` next steps, and the number of these.

        No samples stand for all of them.
        """
        return {}, n_steps

    def visited(self, n_steps: int) -> None:
        """Note that so many of the minibatches that `samples` returned were visited."""

    def oracle(self) -> MinibatchValues | None:
        """Return the objective on the minibatch of the next step; None for full batches."""
        return None

    def draw(self, sample: Callable[[np.random.Generator], Any]) -> NDArray[Any]:
        """Return random numbers of each seed, with the lanes as the last axis."""
        run = self._run
        return run.numbers.draw(sample, run.slices, run.iterates.n_lanes)


class LinearMinibatches(LinearBatches):
    """The minibatches of compiled steps on a linear problem.

    Parameters
    ----------
    run
        What the steps share.
    minibatches
        Those of each seed.
    """

    def __init__(
        self, run: LinearRun[LinearObjective, Any], minibatches: Sequence[Minibatches]
    ) -> None:
        super().__init__(run, minibatches[0].batch_size)
        self._n_steps = max(1, CHUNK // self._size)
        self._streams: list[Iterator[Index]] = [m.chunks(self._n_steps) for m in minibatches]
        self._chunks: list[Index | None] = [None] * len(minibatches)
        self._next = self._n_steps

    def samples(self, n_steps: int) -> tuple[Fields, int]:
        """Return the minibatches of at most `n_steps` next steps, and the number of these."""
        if self._next == self._n_steps:
            # A seed without lanes never gets any again: its stream need not go on.
            pairs = zip(self._streams, self._run.slices, strict=True)
            self._chunks = [None if lanes is None else next(s) for s, lanes in pairs]
            self._next = 0
        rows = slice(self._next, min(self._n_steps, self._next + n_steps))
        samples = np.array([chunk[rows] for chunk in self._of_running()], dtype=np.int64)
        return {"samples": samples, "sample_stride": samples[0].size}, rows.stop - rows.start

    def visited(self, n_steps: int) -> None:
        """Note that so many of the minibatches that `samples` returned were visited."""
        self._next += n_steps

    def oracle(self) -> MinibatchValues:
        """Return the objective on the minibatch of the next step."""
        from lrbench.objective.linear.minibatch_values import GatheredInParts

        self.samples(1)
        lanes = [each for each in self._run.slices if each is not None]
        samples = [chunk[self._next] for chunk in self._of_running()]
        return GatheredInParts(self._run.objective, list(zip(lanes, samples, strict=True)))

    def _of_running(self) -> list[Index]:
        """Return the chunks of the seeds that have lanes."""
        pairs = zip(self._chunks, self._run.slices, strict=True)
        return [chunk for chunk, lanes in pairs if chunk is not None and lanes is not None]


class TouchedMinibatches(LinearMinibatches):
    """The same for iterates that are scaled, whose steps touch the columns of their rows only."""

    def __init__(
        self, run: LinearRun[LinearObjective, ScaledIterates], minibatches: Sequence[Minibatches]
    ) -> None:
        super().__init__(run, minibatches)
        X: Any = run.objective.data.X
        self._one_row = self._size == 1 and bool(X.has_canonical_format)
        self._row_sizes = np.diff(X.indptr)
        self._most = int(self._row_sizes.max(initial=0)) * self._size

    def samples(self, n_steps: int) -> tuple[Fields, int]:
        """Return the minibatches of at most `n_steps` next steps, and the number of these."""
        fields, n_steps = super().samples(n_steps)
        samples, most = fields["samples"], self._most
        assert isinstance(samples, np.ndarray)
        if most > MANY_ENTRIES:  # it would be much room
            most = int(self._row_sizes[samples].sum(axis=-1).max())
        return {**fields, "step_entries": most}, n_steps

    def fields(self, W: ScaledLanes) -> Fields:
        """Return the objective, the iterate and the running sum."""
        # Steps add the intercept itself to its sum.
        W.offset[W.n_penalised :] += W.count * W.V[W.n_penalised :]
        W.count = np.zeros_like(W.count)
        scales = (W.scale, W.scale_sum, W.norm_sq, W.norm_peak, W.inner_star, W.inner_star)
        return {
            **self._constant,
            "W": W.V,
            "running_sum": W.offset,
            "scales": np.stack(scales),
            "one_row": self._one_row,
            "n_lanes": self._run.iterates.n_lanes,
        }

    def take(self, W: ScaledLanes, fields: Fields) -> None:
        """Let `W` have the scales and the products of the steps."""
        scales = fields["scales"]
        assert isinstance(scales, np.ndarray)
        W.scale, W.scale_sum, W.norm_sq, W.norm_peak, W.inner_star, _ = scales.copy()
        W.version += 1

    def scale_sums(self, W: ScaledLanes, factor: PerLane) -> None:
        """Multiply the running sum of each lane by its factor."""
        for part in (W.offset, W.scale_sum, W.count):
            part *= factor
