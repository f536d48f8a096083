"""Loss, penalty, start and labels of a problem, read from a text or a table and checked."""

from __future__ import annotations

import dataclasses
import math
import re
import typing
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from lrbench.config.decimals import decimal
from lrbench.config.named import parse_named, part_text, value_text
from lrbench.config.parameters import check_kept, checked_parameter
from lrbench.config.registry import Registry, did_you_mean
from lrbench.config.synonyms import synonyms
from lrbench.config.values import Table, as_number, checked, checked_positive, checked_seed
from lrbench.data.labels import label_text
from lrbench.data.load import DataName
from lrbench.errors import UsageError, quoted
from lrbench.losses import LOSSES
from lrbench.losses.base import Loss
from lrbench.objective.network.output_losses import OUTPUT_LOSSES
from lrbench.penalties import PENALTIES
from lrbench.penalties.base import Penalty
from lrbench.problem_files.model import OF_MAX, OF_RULE, PER_SAMPLE, PenaltySpec, StartSpec
from lrbench.problem_files.network import OF_NETWORKS, read_output_loss

if TYPE_CHECKING:
    from lrbench.objective.network.architecture import NetworkForm
    from lrbench.objective.network.reparametrisation import Reparametrisation

WITH_NUMBER = re.compile(r"(?P<name>[a-zA-Z][\w-]*)\s*[=:(]\s*(?P<number>[-+.\deE]+)\)?")
"""A name with a number as people write it who do not know the brackets: ``l2=0.1``."""


def read_loss(value: Any, *, network: bool = False) -> str:
    """Return the loss in ``"huber[threshold=2]"`` or ``{name = "huber", threshold = 2}`` as a text.

    The text has all parameters, so that two ways to write the same loss give the same text. With
    `network` it is one of the outputs of a network.
    """
    name, params = _part(value if isinstance(value, dict) else checked(value, "loss", str), "loss")
    if network:
        return read_output_loss(name, params)
    if name in OUTPUT_LOSSES and name not in LOSSES:
        raise UsageError(
            f"the loss {name} is one of networks.",
            "give the model, too, as in --set model.hidden=[64,64], or give another loss:"
            " --loss squared.",
        )
    name = _canonical(LOSSES, name)
    kind = LOSSES.get(name)
    if params and not dataclasses.is_dataclass(kind):
        raise UsageError(f"the loss {name} has no parameters.", "leave them out.")
    numbers = _numbers(kind, Table(params, f"the loss {name}"))
    loss = kind(**numbers)
    check_kept(loss, numbers, f"the loss {name}")
    return part_text(loss)


def _canonical(registry: Registry, text: str) -> str:
    """Return the name that is meant.

    The error says of NAME=NUMBER how a parameter is written, and of FILE.py:CLASS how it is known.
    """
    match = WITH_NUMBER.fullmatch(text)
    if match is None:
        if (text not in registry and ":" in text) or text.endswith(".py"):
            raise UsageError(
                f"there is no {registry.kind} {quoted(text)}: a {registry.kind} is known by its"
                " name alone.",
                f"let an installed package have it as an entry point of {registry.group}"
                f" (docs/how-to/my-rule.md); lrbench test {text} checks it before.",
            )
        return registry.canonical(text)
    name = next(iter(synonyms(registry.kind, match["name"])), match["name"])
    kind = registry.get(registry.canonical(name))
    parameters = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    with_number = f"'{name}[{parameters[0].name}={match['number']}]'" if parameters else name
    raise UsageError(f"there is no {registry.kind} {quoted(text)}.", f"did you mean {with_number}?")


def make_loss(text: str) -> Loss:
    """Return the loss for a text from `read_loss`."""
    name, params = parse_named(text)
    loss: Loss = LOSSES.get(name)(**{key: float(value) for key, value in params.items()})
    return loss


def read_penalty(value: Any) -> PenaltySpec:
    """Return the penalty in ``"l2"``, ``"l2[weight=0.01]"`` or ``{name = "l2", weight = 0.01}``."""
    name, params = _part(value, "penalty")
    name = _canonical(PENALTIES, name)
    table = Table(params, f"the penalty {name}")
    kind = PENALTIES.get(name)
    fields = {field.name for field in dataclasses.fields(kind)}
    if params and not fields:
        raise UsageError(f"the penalty {name} has no parameters.", "leave them out, or choose l2.")
    weight = table.take_any("weight", PER_SAMPLE) if "weight" in fields else None
    spec = PenaltySpec(name, weight, tuple(_numbers(kind, table).items()))
    penalty = make_penalty(spec)  # which checks the other parameters
    return spec if weight is None else spec._replace(weight=_weight(penalty, weight))


def make_penalty(spec: PenaltySpec, weight: float = 1.0) -> Penalty:
    """Return the penalty, with this weight if it has one: that of `spec` may depend on the data."""
    params = dict(spec.params) | ({} if spec.weight is None else {"weight": weight})
    penalty: Penalty = PENALTIES.get(spec.name)(**params)
    check_kept(penalty, params, f"the penalty {spec.name}")
    return penalty


def describe(
    loss: str, penalty: PenaltySpec, data: DataName, model: NetworkForm | None = None
) -> str:
    """Return the title of a problem whose file or options contain none."""
    with_penalty = "" if make_penalty(penalty).vanishes else f" with {penalty.name} penalty"
    of_network = "" if model is None else " of a network"
    return f"{loss} loss{of_network}{with_penalty} on {data.stem}"


def _weight(penalty: Penalty, value: Any) -> float | str:
    """Return a checked weight: a number, ``1/n_samples`` or ``0.1*max``."""
    if value == PER_SAMPLE:
        return PER_SAMPLE
    allowed = f'a positive number or "{PER_SAMPLE}"'
    if penalty.l1:  # then there is a smallest weight at which w = 0 is optimal
        allowed = f'a positive number, "{PER_SAMPLE}" or "0.1{OF_MAX}"'
        if isinstance(value, str) and value.replace(" ", "").endswith(OF_MAX):
            return f"{value_text(_multiple_of_max(value, allowed))}{OF_MAX}"
    return checked_positive(value, "weight", allowed)


def _multiple_of_max(text: str, allowed: str) -> float:
    multiple = decimal(text.replace(" ", "").removesuffix(OF_MAX))
    if multiple is None:
        return checked_positive(text, "weight", allowed)
    return checked_positive(multiple, "the share of max in weight", "a positive number")


def _numbers(kind: Any, table: Table) -> dict[str, float]:
    """Return all parameters of `kind` but the weight; refuse what else is in the table."""
    fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    defaults: dict[str, Any] = {f.name: f.default for f in fields if f.name != "weight"}
    # A bound of a box may be infinite: which numbers are allowed, losses and penalties say.
    params = {
        key: checked_parameter(table.take(key, float, default), key, float, math.inf, kind.name)
        for key, default in defaults.items()
    }
    table.finish()
    return params


def read_start(value: Any) -> StartSpec:
    """Return the start in ``"zeros"``, ``"normal[seed=1]"`` or ``{name = "normal", seed = 1}``."""
    name, params = _part(value, "start")
    table = Table(params, f"the start {name}")
    if name == "zeros":
        if params:
            raise UsageError(
                "the start zeros has no parameters.", "leave them out, or choose normal."
            )
        return StartSpec()
    if name in OF_NETWORKS:
        seed = checked_seed(table.take_any("seed", 0), "seed")
        table.finish()
        return StartSpec(name, seed=seed)  # type: ignore[arg-type]  # a text that is one of them
    if name != "normal":
        raise UsageError(
            f"there is no start {quoted(name)}.",
            did_you_mean(name, ("zeros", "normal", *OF_NETWORKS)),
        )
    scale = checked_positive(table.take_any("scale", 1.0), "scale", "a positive number")
    seed = checked_seed(table.take_any("seed", 0), "seed")
    table.finish()
    return StartSpec("normal", scale, seed)


def read_reparametrisation(value: Any) -> Reparametrisation | None:
    """Return the normalisation in ``"weight-norm[scale=fixed]"`` or a table; None for "none"."""
    name, params = _part(value, "reparametrisation")
    if name == "none":
        if params:
            raise UsageError("the reparametrisation none has no parameters.", "leave them out.")
        return None
    from lrbench.objective.network.reparametrisation import Normalisation, Reparametrisation

    names, table = typing.get_args(Normalisation), Table(params, f"the reparametrisation {name}")
    if name not in names:
        raise UsageError(
            f"there is no reparametrisation {quoted(name)}.", did_you_mean(name, (*names, "none"))
        )
    scales = typing.get_type_hints(Reparametrisation)["scale"]
    scale = checked_parameter(table.take_any("scale", "learned"), "scale", scales, "", name)
    gamma = checked_positive(table.take_any("gamma", 1.0), "gamma", "a positive number")
    rate = table.take_any("gamma_lr", OF_RULE)
    gamma_lr = None
    if rate != OF_RULE:
        gamma_lr = checked_positive(rate, "gamma_lr", f'a positive number or "{OF_RULE}"')
    seed = checked_seed(table.take_any("seed", 0), "seed")
    table.finish()
    return Reparametrisation(cast("Normalisation", name), scale, gamma, gamma_lr, seed)


def read_positive(value: Any) -> tuple[str, ...] | None:
    """Return the labels in one label or a list of them, as texts; None for None."""
    if value is None:
        return None
    labels = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    for label in labels:
        if not isinstance(label, str) and as_number(label) is None:
            raise UsageError(
                f"positive is {quoted(value)}, not a label or a list of labels.",
                "give a name, a number, or a list of them.",
            )
    texts = tuple(label_text(label) for label in labels)
    if not all(texts) or not texts:
        raise UsageError("positive has an empty label.", "name at least one label.")
    return texts


def split_positive(value: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the labels in ``"a,b"`` or in a list, as texts; None for None."""
    return read_positive(value.split(",") if isinstance(value, str) else value)


def _part(value: Any, called: str) -> tuple[str, Mapping[str, Any]]:
    if isinstance(value, str):
        return parse_named(value)
    table = Table(checked(value, called, dict), called)
    name = table.take_any("name")
    if name is None:
        raise UsageError(f"{called} has no name.", f'write {called} = {{ name = "…" }}.')
    return checked(name, f"the name of {called}", str), table.rest()
