"""The squared norms of gradients, by part of the parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.linalg import vector_norm

LARGE = 1 << 16
"""The norm of a gradient in float32 of more numbers is taken by blocks."""

BLOCK = 1 << 10
"""The numbers of a block. On a processor a sum of 10^6 squares in float32 is wrong by 10^-5 to
10^-3. By blocks it is wrong by 10^-9 to 10^-6, and in float64 it would take four times as long."""


def norms_sq(
    gradients: Sequence[Tensor], slices: Sequence[slice], n_parts: int, *, foreach: bool
) -> Tensor:
    """Return the squared norm of each part, (n_parts,), in float64 on the CPU.

    Parameters
    ----------
    gradients
        Those of some parameters of a group.
    slices
        The parts of each; see `lrbench.torch.parts.GroupParts`.
    n_parts
        The number of all parts; those without a gradient get 0.
    foreach
        Whether the norms of gradients that are not split into rows are taken together.
    """
    double = any(g.dtype == torch.float64 for g in gradients)
    out = _sums(gradients, slices, n_parts, torch.float64 if double else torch.float32, foreach)
    if not double and not math.isfinite(float(out.sum())):
        # Squares of finite numbers may overflow in float32, and then do not in float64.
        out = _sums(gradients, slices, n_parts, torch.float64, foreach)
    return out


def _sums(
    gradients: Sequence[Tensor],
    slices: Sequence[slice],
    n_parts: int,
    wide: torch.dtype,
    foreach: bool,
) -> Tensor:
    """Return the squared norms, with sums in the type `wide`."""
    most = LARGE if wide is torch.float32 else math.inf
    split: list[tuple[slice, Tensor]] = []
    whole: list[Tensor] = []
    starts: list[int] = []
    for gradient, own in zip(gradients, slices, strict=True):
        n_rows = own.stop - own.start
        if n_rows != 1:
            rows = gradient.reshape(n_rows, gradient.numel() // max(n_rows, 1))
            split.append((own, vector_norm(rows, dim=1, dtype=wide)))
            continue
        if gradient.numel() > most:
            flat = gradient.reshape(-1)
            stop = len(flat) // BLOCK * BLOCK
            blocks = vector_norm(flat[:stop].view(-1, BLOCK), dim=1, dtype=wide)
            split.append((own, blocks))
            gradient = flat[stop:]
        whole.append(gradient)
        starts.append(own.start)
    norms: Sequence[Tensor] = ()
    if whole and foreach:
        norms = torch._foreach_norm(whole, 2, wide)
    elif whole:
        norms = [vector_norm(gradient, dtype=wide) for gradient in whole]
    out = torch.zeros(n_parts, dtype=torch.float64)
    squares = _squares([*(each for _, each in split), *norms])
    for (own, _), each in zip(split, squares, strict=False):
        out[own].add_(each if own.stop - own.start != 1 else each.sum())
    if not whole:
        return out
    rest = torch.cat(squares[len(split) :])
    if n_parts == 1:
        return out + rest.sum()
    return out.index_add_(0, torch.tensor(starts), rest)


def _squares(norms: Sequence[Tensor]) -> list[Tensor]:
    """Return the squares of norms, (n,) each or a number, as (n,) in float64 on the CPU.

    A device is waited for once.
    """
    on: dict[torch.device, list[int]] = {}
    for k, norm in enumerate(norms):
        on.setdefault(norm.device, []).append(k)
    squares: list[Tensor] = [torch.empty(0)] * len(norms)
    for of_device in on.values():
        flat = [norms[k].reshape(-1) for k in of_device]
        own = torch.cat(flat).to("cpu", torch.float64).square()
        for k, piece in zip(of_device, torch.split(own, [len(each) for each in flat]), strict=True):
            squares[k] = piece
    return squares
