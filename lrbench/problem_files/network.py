"""Networks in problem files: the table of the model, and what does not go with one."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lrbench.config.decimals import whole
from lrbench.config.named import parse_named
from lrbench.config.parameters import checked_parameter
from lrbench.config.registry import did_you_mean
from lrbench.config.values import Table, as_integer, checked, checked_positive
from lrbench.errors import DataError, UsageError, quoted
from lrbench.objective.network.output_losses import OUTPUT_LOSSES
from lrbench.problem_files.model import OF_RULE, PenaltySpec, ProblemSpec

if TYPE_CHECKING:
    from lrbench.objective.linear.matrix import Matrix
    from lrbench.objective.network.architecture import Mlp

LINEAR, MLP = "linear", "mlp"

OF_NETWORKS = ("he", "glorot")
"""The starts of networks."""

MOST_UNITS = 100_000
"""Of a hidden layer."""

MOST_BYTES = 1 << 32
"""Of the samples as a dense array."""


def read_model(value: Any) -> Mlp | None:
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
    if name not in (LINEAR, MLP):
        what = f"there is no model {quoted(name)}." if name else "the model has no name."
        raise UsageError(what, did_you_mean(name, (LINEAR, MLP)))
    table = Table(params, f"the model {name}")
    if name == LINEAR:
        if params:
            raise UsageError(
                "the model linear has no parameters.", "choose mlp, or leave them out."
            )
        return None
    from lrbench.objective.network.architecture import Activation, LayerNorm, Mlp

    hidden = _hidden(table.take_any("hidden"))
    activation = table.take_any("activation", "relu")
    activation = checked_parameter(activation, "activation", Activation, "", "the model mlp")
    norm = table.take_any("normalisation", "none")
    norm = checked_parameter(norm, "normalisation", LayerNorm, "", "the model mlp")
    rate = table.take_any("other_lr", OF_RULE)
    table.finish()
    if rate == OF_RULE:
        return Mlp(hidden, activation, norm)
    if norm == "none":
        raise UsageError(
            "other_lr is the rate of the parameters without a normalisation, and without one the"
            " solver would drive none.",
            'give normalisation = "weight" or "batch", or leave other_lr out.',
        )
    rate = checked_positive(rate, "other_lr", f'a positive number or "{OF_RULE}"')
    return Mlp(hidden, activation, norm, rate)


def _hidden(value: Any) -> tuple[int, ...]:
    """Return the sizes in a list, or in a text such as ``64x64``."""
    if value is None:
        raise UsageError("the model mlp has no hidden layers.", "give hidden = [64, 64].")
    pieces = value.split("x") if isinstance(value, str) else value
    pieces = [*pieces] if isinstance(pieces, Sequence) else [pieces]
    sizes = [whole(piece) if isinstance(piece, str) else as_integer(piece) for piece in pieces]
    if not sizes or any(size is None or not 1 <= size <= MOST_UNITS for size in sizes):
        raise UsageError(
            f"hidden is {quoted(value)}, and not the numbers of units of the hidden layers.",
            f"give whole numbers from 1 to {MOST_UNITS}, as in hidden = [64, 64].",
        )
    return tuple(typing.cast("list[int]", sizes))


def model_table(form: Mlp | None) -> dict[str, Any]:
    """Return the table for which `read_model` returns `form`."""
    if form is None:
        return {"name": LINEAR}
    table = {
        "name": MLP,
        "hidden": list(form.hidden),
        "activation": form.activation,
        "normalisation": form.normalisation,
    }
    return table | ({} if form.other_lr is None else {"other_lr": form.other_lr})


def read_output_loss(name: str, params: Mapping[str, Any]) -> str:
    """Return the name of a loss at the outputs of a network."""
    if name not in OUTPUT_LOSSES:
        raise UsageError(
            f"there is no loss {quoted(name)} of a network.", did_you_mean(name, OUTPUT_LOSSES)
        )
    if params:
        raise UsageError(f"the loss {name} has no parameters.", "leave them out.")
    return name


def default_start(form: Mlp | None) -> str:
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
            "leave the penalty out.",
        )
    if spec.intercept:
        raise UsageError(
            "a network has a shift for every unit, and no intercept beside.", "leave it out."
        )


def as_dense(X: Matrix, name: str) -> NDArray[np.float64]:
    """Return X as a dense array; raise `DataError` if it is too large for one."""
    if isinstance(X, np.ndarray):
        return X
    n_bytes = 8 * X.shape[0] * X.shape[1]
    if n_bytes > MOST_BYTES:
        raise DataError(
            f"{name}: a network takes its {X.shape[0]} x {X.shape[1]} samples as a dense array,"
            f" which would be {n_bytes / 1e9:.0f} GB.",
            "take data with fewer columns or samples.",
        )
    dense: NDArray[np.float64] = X.toarray()
    return dense
