"""What sweeps over the initial learning rate say: pure functions on the runs of a result."""

from lrbench.study.factors import POWERS as POWERS
from lrbench.study.performance import TAU as TAU
from lrbench.study.performance import Profile as Profile
from lrbench.study.performance import Profiles as Profiles
from lrbench.study.performance import profiles as profiles
from lrbench.study.sensitivity import analyse as analyse
