"""Networks in problem files: the table of the model, and what does not go with one."""

from __future__ import annotations

import itertools
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from lrbench.config.decimals import whole
from lrbench.config.named import parse_named
from lrbench.config.parameters import checked_parameter
from lrbench.config.registry import did_you_mean
from lrbench.config.values import Table, as_integer, checked, checked_positive
from lrbench.errors import UsageError, quoted
from lrbench.losses import LOSSES
from lrbench.objective.network.output_losses import OUTPUT_LOSSES
from lrbench.problem_files.model import OF_RULE, PenaltySpec, ProblemSpec

if TYPE_CHECKING:
    from lrbench.objective.network.architecture import NetworkForm

LINEAR, MLP, RESNET = MODELS = ("linear", "mlp", "resnet")

OF_NETWORKS = ("he", "glorot")
"""The starts of networks."""

MOST_UNITS = 100_000
"""Of a hidden layer, and channels of a stage."""

MOST_BLOCKS = 100
"""Of a stage."""


def read_model(value: Any) -> NetworkForm | None:
    """Return the network in ``"mlp[hidden=64x64]"`` or a table; None for ``"linear"``.

    Raises
    ------
    UsageError
        For another model, a key that it does not have, or a value out of range.
    """
    if isinstance(value, str):
        name, params = parse_named(value)
    else:
        table = Table(checked(value, "model", dict), "model")
        name, params = table.take("name", str, ""), table.rest()
    if name not in MODELS:
        what = f"there is no model {quoted(name)}." if name else "the model has no name."
        raise UsageError(what, did_you_mean(name, MODELS))
    called = f"the model {name}"
    table = Table(params, called)
    if name == LINEAR:
        if params:
            raise UsageError(
                "the model linear has no parameters.", "choose mlp, or leave them out."
            )
        return None
    from lrbench.objective.network.architecture import Activation, LayerNorm, Mlp, Resnet

    own: Callable[..., NetworkForm]
    sizes = table.take_any("hidden" if name == MLP else "channels")
    blocks = 1 if name == MLP else table.take_any("blocks", 1)
    activation = table.take_any("activation", "relu")
    norm = table.take_any("normalisation", "none")
    rate = table.take_any("other_lr", OF_RULE)
    table.finish()  # first of all: what is missing may be what is misspelt
    if name == MLP and sizes is None and norm != "none":
        raise UsageError(
            "normalisation is that of a network, and the model has no hidden layers.",
            "give hidden = [64, 64], too, or for a linear model --reparam weight-norm.",
        )
    if name == MLP:
        own = partial(Mlp, _sizes(sizes, HIDDEN))
    else:
        own = partial(Resnet, _channels(sizes), _blocks(blocks))
    activation = checked_parameter(activation, "activation", Activation, "", called)
    norm = checked_parameter(norm, "normalisation", LayerNorm, "", called)
    if rate == OF_RULE:
        return own(activation, norm)
    if norm == "none":
        raise UsageError(
            "other_lr is the rate of the parameters without a normalisation, and without one the"
            " solver would drive none.",
            'give normalisation = "weight" or "batch", or leave other_lr out.',
        )
    rate = checked_positive(rate, "other_lr", f'a positive number or "{OF_RULE}"')
    return own(activation, norm, rate)


class _Sizes(NamedTuple):
    """A key of a model with several whole numbers, for errors."""

    key: str
    model: str
    things: str
    """What they are the numbers of."""
    example: str


HIDDEN = _Sizes("hidden", MLP, "units of the hidden layers", "[64, 64]")
CHANNELS = _Sizes("channels", RESNET, "channels of the stages", "[8, 16]")


def _sizes(value: Any, what: _Sizes) -> tuple[int, ...]:
    """Return the sizes in a list, or in a text such as ``64x64``."""
    if value is None:
        layers = what.things.rpartition(" of the ")[2]
        raise UsageError(
            f"the model {what.model} has no {layers}.", f"give {what.key} = {what.example}."
        )
    pieces = value.split("x") if isinstance(value, str) else value
    pieces = [*pieces] if isinstance(pieces, Sequence) else [pieces]
    sizes = [whole(piece) if isinstance(piece, str) else as_integer(piece) for piece in pieces]
    if not sizes or any(size is None or not 1 <= size <= MOST_UNITS for size in sizes):
        raise UsageError(
            f"{what.key} is {quoted(value)}, and not the numbers of {what.things}.",
            f"give whole numbers from 1 to {MOST_UNITS}, as in {what.key} = {what.example}.",
        )
    return tuple(typing.cast("list[int]", sizes))


def _channels(value: Any) -> tuple[int, ...]:
    channels = _sizes(value, CHANNELS)
    if any(later < before for before, later in itertools.pairwise(channels)):
        raise UsageError(
            f"channels is {quoted(value)}, and a stage has fewer than the one before, to whose"
            " channels it adds its own.",
            "give numbers that do not fall, as in channels = [8, 16].",
        )
    return channels


def _blocks(value: Any) -> int:
    number = whole(value) if isinstance(value, str) else as_integer(value)
    if number is None or not 1 <= number <= MOST_BLOCKS:
        raise UsageError(
            f"blocks is {quoted(value)}, and not the number of blocks of a stage.",
            f"give a whole number from 1 to {MOST_BLOCKS}.",
        )
    return number


def model_table(form: NetworkForm | None) -> dict[str, Any]:
    """Return the table for which `read_model` returns `form`."""
    if form is None:
        return {"name": LINEAR}
    name = str(form).partition("[")[0]
    table = {"name": name, **asdict(form)}
    return {key: value for key, value in table.items() if value is not None}


def read_output_loss(name: str, params: Mapping[str, Any]) -> str:
    """Return the name of a loss at the outputs of a network."""
    if name not in OUTPUT_LOSSES:
        hint = did_you_mean(name, OUTPUT_LOSSES)
        if name in LOSSES:
            hint = "give --loss softmax, for classes, or --loss squared, for numbers."
        raise UsageError(f"there is no loss {quoted(name)} of a network.", hint)
    if params:
        raise UsageError(f"the loss {name} has no parameters.", "leave them out.")
    return name


def default_start(form: NetworkForm | None) -> str:
    """Return the start where none is given: for a network that which suits the activation."""
    if form is None:
        return "zeros"
    return "he" if form.activation == "relu" else "glorot"


def check_network(spec: ProblemSpec) -> None:
    """Raise `UsageError` for what a network cannot have, and for a linear model with its start."""
    of_network = spec.start.name in OF_NETWORKS
    if spec.model is None:
        if of_network:
            raise UsageError(
                f"the start {spec.start.name} is one of networks.", "choose zeros or normal."
            )
        if spec.backend is not None:
            raise UsageError(
                f"the backend torch computes networks, and {spec.name} is a linear problem.",
                "give --backend numpy, or take a network such as mlp-digits.",
            )
        return
    if not of_network:
        raise UsageError(
            f"the start {spec.start} of a network leaves its units alike or off scale.",
            f"choose {' or '.join(OF_NETWORKS)}.",
        )
    if spec.reparametrisation is not None:
        raise UsageError(
            "--reparam is of a linear model, and a network has its normalisation in the model.",
            "give --set model.normalisation=weight or batch.",
        )
    if spec.penalty != PenaltySpec("none"):
        raise UsageError(
            f"a network has no penalty, and {spec.name} is given {spec.penalty.name}.",
            "leave the penalty out, or give --penalty none.",
        )
    if spec.intercept:
        raise UsageError(
            "a network has a shift for every unit, and no intercept beside.",
            "leave it out, or give --no-intercept.",
        )
