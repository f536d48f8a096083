"""How the cells of a plan are run: here, in worker processes, or on a cluster."""

from lrbench.jobs.base import Executor as Executor
from lrbench.jobs.base import Ground as Ground
from lrbench.jobs.base import Job as Job
from lrbench.jobs.base import Outcome as Outcome
from lrbench.jobs.choose import choose as choose
