"""What the two runners that call the compiled library have in common."""

from __future__ import annotations

from collections.abc import Mapping

from lrbench.arrays import PerLane
from lrbench.engine.clock import Clock
from lrbench.engine.job import Job, SharedProblem
from lrbench.engine.runner import StepRunner
from lrbench.engine.tracker import LIMIT_ROUNDING, LIMITS, ROUNDING
from lrbench.kernels.codes import N_STEP_ROWS, N_TRACKER_ROWS
from lrbench.kernels.library import Library
from lrbench.objective.compiled import CompiledBatches
from lrbench.objective.problem import Sampler

TRACKER_ROWS = slice(N_STEP_ROWS - 2, N_STEP_ROWS + N_TRACKER_ROWS)
"""The rows of `lrbench.engine.tracker.Tracker.numbers` among all numbers of the lanes."""


class LibraryRunner(StepRunner):
    """A runner that calls the compiled library.

    Parameters
    ----------
    job, shared, sampler, lr0, parameters, clock
        As for `StepRunner`.
    batches
        The data and the batches.
    library
        The compiled steps.
    """

    reuses_gradients = False

    def __init__(
        self,
        job: Job,
        shared: SharedProblem,
        sampler: Sampler,
        lr0: PerLane,
        parameters: Mapping[str, PerLane],
        clock: Clock,
        batches: CompiledBatches,
        library: Library,
    ) -> None:
        super().__init__(job, shared, sampler, lr0, parameters, clock)
        self._batches, self._library = batches, library
        self.size = job.batch_size or shared.problem.n_samples
        """The number of samples of a step."""
        c = shared.constants
        self._tracker_fields = {
            "L": c.L,
            "mu": c.mu or c.mu_pl,
            "stable_limit": LIMITS["stable"] * LIMIT_ROUNDING,
            "short_limit": LIMITS["short"] * LIMIT_ROUNDING,
            "rounding": ROUNDING,
        }
        """What the sums of the tracker need, of `lrbench.kernels.library.Steps`."""
