"""Jobs, and the executors that run them: in this process, in worker processes, on a cluster."""

from lrbench.engine.job import Job as Job
from lrbench.engine.job import SharedProblem as SharedProblem
from lrbench.experiment.jobs.base import Executor as Executor
from lrbench.experiment.jobs.base import JobOutcome as JobOutcome
from lrbench.experiment.jobs.base import Serial as Serial
from lrbench.experiment.jobs.choose import choose as choose
