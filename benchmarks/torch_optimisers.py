"""CPU time of a step of the optimisers for torch, against one of torch.optim.SGD, in pairs.

Usage: python benchmarks/torch_optimisers.py

10^6 parameters, one thread; SGD has foreach=True. Nothing but the step is timed: the gradients are
there, and the same in every step.
"""

from __future__ import annotations

import statistics
import time

import torch

from lrbench.torch import AdaGradNorm, WNAdam, WNGrad

PAIRS = 101

NETWORKS = {
    "1 tensor": [(1000, 1000)],
    "3 layers": [(1000, 784), (1000,), (200, 1000), (200,), (60, 200), (60,)],
    "20 layers": [(224, 223), (224,)] * 20,
    "100 layers": [(100, 99), (100,)] * 100,
}

OPTIMISERS = {
    "WNGrad": (WNGrad, {}),
    "WNGrad, foreach=False": (WNGrad, {"foreach": False}),
    "WNGrad, scope layer": (WNGrad, {"scope": "layer"}),
    "WNGrad, scope row": (WNGrad, {"scope": "row"}),
    "AdaGradNorm": (AdaGradNorm, {}),
    "WNAdam": (WNAdam, {}),
}


def step_seconds(optimizer):
    """Return the CPU seconds of a step."""
    start = time.process_time()
    optimizer.step()
    return time.process_time() - start


def main() -> None:
    torch.set_num_threads(1)
    print("type     parameters  optimiser              SGD us   own us  ratio")
    for dtype in (torch.float32, torch.float64):
        for network, shapes in NETWORKS.items():
            torch.manual_seed(0)
            params = [torch.nn.Parameter(torch.randn(shape, dtype=dtype)) for shape in shapes]
            for p in params:
                p.grad = torch.randn_like(p)
            named = [(f"{k // 2}.{'bias' if k % 2 else 'weight'}", p) for k, p in enumerate(params)]
            sgd = torch.optim.SGD(params, lr=1e-9, foreach=True)
            for name, (make, options) in OPTIMISERS.items():
                own = make(named, lr=1e-9, **options)
                pairs = [(step_seconds(sgd), step_seconds(own)) for _ in range(PAIRS + 5)][5:]
                before, after = (1e6 * statistics.median(pair[k] for pair in pairs) for k in (0, 1))
                ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
                kind = str(dtype).removeprefix("torch.")
                print(f"{kind}  {network:10}  {name:21}  {before:6.0f}  {after:7.0f}  {ratio:5.2f}")


if __name__ == "__main__":
    main()
