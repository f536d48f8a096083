"""How the cells of a plan are run: here, in worker processes, or on a cluster."""

from lrbench.experiment.jobs.base import Executor as Executor
from lrbench.experiment.jobs.base import Job as Job
from lrbench.experiment.jobs.base import Outcome as Outcome
from lrbench.experiment.jobs.base import SharedProblem as SharedProblem
from lrbench.experiment.jobs.choose import choose as choose
