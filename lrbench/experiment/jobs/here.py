"""Jobs one after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lrbench.engine.control import Control
from lrbench.experiment.jobs.base import Ground, Job, Outcome, work


class Here:
    """Jobs one after the other, in this process."""

    workers = 1

    def __call__(  # noqa: D102
        self, jobs: Sequence[Job], grounds: Sequence[Ground], control: Control
    ) -> Iterator[tuple[Job, Outcome]]:
        for job in jobs:
            ground = grounds[job.ground]
            control.phase(job.label(ground))
            yield job, work(job, ground, control)
            control.finished(job.budget.iterations)
