"""Jobs one after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lrbench.engine.control import Control
from lrbench.experiment.jobs.base import Job, Outcome, SharedProblem, run_job


class Here:
    """Jobs one after the other, in this process."""

    workers = 1

    def __call__(  # noqa: D102
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, Outcome]]:
        for job in jobs:
            shared = shared_problems[job.problem_index]
            control.phase(job.label(shared))
            yield job, run_job(job, shared, control)
            control.finished(job.budget.iterations)
