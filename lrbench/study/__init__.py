"""The analysis of sweeps: pure functions of the runs of a result."""

from lrbench.study.advice import advise as advise
from lrbench.study.price import POWERS as POWERS
from lrbench.study.safest import safest as safest
from lrbench.study.sensitivity import analyse as analyse
from lrbench.study.sensitivity import with_sweeps as with_sweeps
from lrbench.study.usable import width_bounds as width_bounds
