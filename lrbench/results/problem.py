"""All that a result says of one problem."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from lrbench.config.plain import Form, Key, plain
from lrbench.config.records import reader
from lrbench.config.targets import TargetMeasure
from lrbench.objective.about import AboutBackend, AboutTest, PenaltyValues
from lrbench.objective.constants import Constants
from lrbench.results.equality import equal_by_content
from lrbench.results.ranking import LaneLabel, final_gap
from lrbench.results.records import FeatureMap, Run, Verdict

if TYPE_CHECKING:
    from lrbench.objective.network.architecture import Layer
    from lrbench.results.sweep import Sweep

TYPES = {
    "Sweep": "lrbench.results.sweep",
    "Layer": "lrbench.objective.network.architecture",
}
"""Types of fields whose modules are imported when a record is written or read."""


def plain_constants(constants: Constants) -> dict[str, Any]:
    """Return the constants for JSON, with L / mu."""
    return {**plain(constants), "kappa": plain(constants.kappa)}


@dataclass(frozen=True)
class Header:
    """What a result says of a problem itself."""

    title: Annotated[str, Key(earlier="")]
    fingerprint: str
    """A hash of the training data and of the canonical specification."""
    data: str
    n_samples: int
    n_features: int
    nnz: int | None
    """The number of entries of X that are not 0; None without an X."""
    loss: str
    """With its parameters: ``"quantile[level=0.9]"``."""
    penalty: PenaltyValues
    scale: str
    intercept: bool
    test: Annotated[AboutTest | None, Key(earlier=None)]
    """The samples that are held out; None for none."""
    labels: Mapping[str, str] | None
    """For two classes: ``{"+1": "malignant", "-1": "benign"}``."""
    start: str
    model: Annotated[str, Key(earlier="")]
    """``"linear"``, or a network: ``"mlp[hidden=64x64,activation=relu]"``; empty where there is no
    word for it."""
    reparametrisation: Annotated[str, Key(earlier="")]
    """The variables that take the place of the weights: ``"weight-norm"``; empty for none."""
    backend: Annotated[AboutBackend | None, Key(earlier=None)]
    """What computed a network in the place of NumPy; None for NumPy."""
    radius: float | None
    """Of the ball that iterates are projected on; None for no ball."""
    target: Annotated[float | None, Key(earlier=None)]
    """The level at which runs ended, the least of several; None without one."""
    target_measure: Annotated[TargetMeasure, Key(earlier="suboptimality")]
    """What the target is a level of: F - f*, ``"loss"`` for F itself, or the held-out error."""
    constants: Annotated[Constants, Form(reader(Constants), plain_constants)]

    @property
    def batch_normalised(self) -> bool:
        """Whether F divides by deviations over the samples, of which a minibatch may have none."""
        return self.reparametrisation.startswith("batch-norm") or (
            "normalisation=batch" in self.model
        )

    @property
    def level(self) -> str:
        """What ranks the runs: ``F - f*``, or ``F`` where f* is not known."""
        return "F" if math.isnan(self.constants.f_star) else "F - f*"

    def __post_init__(self) -> None:
        for name, least in (("n_samples", 1), ("n_features", 1), ("nnz", 0)):
            number = getattr(self, name)
            if number is not None and number < least:
                raise ValueError(f"{name} is too small")


@dataclass(frozen=True, eq=False)
class ProblemResult:
    """All runs and verdicts on one problem."""

    __eq__ = equal_by_content

    name: str
    header: Annotated[Header, Key(inline=True)] = field(repr=False)
    runs: Sequence[Run] = field(repr=False)
    verdicts: Sequence[Verdict] = field(repr=False)
    features: Annotated[FeatureMap | None, Key(saved=False)] = field(default=None, repr=False)
    """How the columns of X were scaled; None where it is unknown."""
    layers: Annotated[Sequence[Layer], Key(saved=False)] = field(default=(), repr=False)
    """Those of a network, with the places of their parameters in its iterates."""
    classes: Annotated[Sequence[str], Key(saved=False)] = field(default=(), repr=False)
    """The labels in the order of the outputs of a network; empty without classes."""
    sweep: Annotated[Sweep | None, Key(optional=True)] = field(default=None, repr=False)
    """The sensitivity to lr0; of a sweep only. With several targets it is that of the first."""
    sweeps: Annotated[Sequence[Sweep] | None, Key(optional=True)] = field(default=None, repr=False)
    """The sensitivity with each of several targets; None with one."""

    @cached_property
    def groups(self) -> Mapping[LaneLabel, Sequence[Run]]:
        """The runs that were started, over seeds, by (method, value); method by method."""
        runs_of_method: dict[str, dict[LaneLabel, list[Run]]] = {}
        for run in self.runs:
            if run.started:
                lane = run.lane
                runs_of_method.setdefault(lane[0], {}).setdefault(lane, []).append(run)
        # Runs come seed by seed: a lane that first starts with a later seed still joins its method.
        return {lane: runs for lanes in runs_of_method.values() for lane, runs in lanes.items()}

    @cached_property
    def final_gaps(self) -> Mapping[LaneLabel, float]:
        """What ranks the lanes of `groups`; see `final_gap`."""
        return {lane: final_gap(runs) for lane, runs in self.groups.items()}

    @property
    def remedy(self) -> str:
        """What may keep runs of this problem from being lost, beside a lower learning rate."""
        drawn = any(run.sampling is not None for run in self.runs)
        if not (self.header.batch_normalised and drawn):
            return ""
        return (
            "where all samples of a minibatch score alike there is no deviation to divide by:"
            " give a larger --batch-size, or --sampling reshuffle"
        )

    @cached_property
    def judged(self) -> Mapping[LaneLabel, Sequence[Verdict]]:
        """The verdicts by (method, value)."""
        verdicts: dict[LaneLabel, list[Verdict]] = {}
        for verdict in self.verdicts:
            verdicts.setdefault(verdict.lane, []).append(verdict)
        return verdicts
