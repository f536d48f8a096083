"""The recursions whose steps are no multiples of the gradient at the iterate."""

from __future__ import annotations

import math
from itertools import count

from scalar import Point, Sampled
from steps import After, Recursion, moved, rate, square


def wn_adam(w: Point, lr0: float, F: Sampled, beta: float) -> Recursion:
    """Wu, Ward, Bottou, arXiv:1803.02865, WN-Adam, with b_0 = 1 / lr0; corrected as Adam."""
    b = 1.0 / lr0
    m = [0.0 for _ in w]
    for t in count():
        g = F.gradient(t, w)
        m = [beta * p + (1.0 - beta) * d for p, d in zip(m, g, strict=True)]
        b = b + square(g) / b
        w = moved(w, 1.0 / b, [p / (1.0 - beta ** (t + 1)) for p in m])
        yield After(w, 1.0 / b, {"b": b})


def adagrad(w: Point, lr0: float, F: Sampled, eps: float) -> Recursion:
    """Duchi, Hazan, Singer, JMLR 12, 2011, Figure 1, the diagonal case without a regulariser."""
    seen: list[Point] = []
    for t in count():
        g = F.gradient(t, w)
        seen.append(g)
        roots = [math.sqrt(math.fsum(h[j] ** 2 for h in seen)) for j in range(len(w))]
        rates = [lr0 / (eps + r) for r in roots]
        step = [lr * d for lr, d in zip(rates, g, strict=True)]
        w = moved(w, 1.0, step)
        yield After(w, rate(step, g), {})


def adam(w: Point, lr0: float, F: Sampled, beta1: float, beta2: float, eps: float) -> Recursion:
    """Kingma, Ba, arXiv:1412.6980, Algorithm 1, whose t is one at the first step."""
    m = [0.0 for _ in w]
    v = [0.0 for _ in w]
    for t in count(1):
        g = F.gradient(t - 1, w)
        for j, d in enumerate(g):
            m[j] = beta1 * m[j] + (1 - beta1) * d
            v[j] = beta2 * v[j] + (1 - beta2) * d**2
        m_hat = [x / (1 - beta1**t) for x in m]
        v_hat = [x / (1 - beta2**t) for x in v]
        step = [lr0 * a / (math.sqrt(c) + eps) for a, c in zip(m_hat, v_hat, strict=True)]
        w = moved(w, 1.0, step)
        yield After(w, rate(step, g), {})


def rmsprop(w: Point, lr0: float, F: Sampled, rho: float, eps: float) -> Recursion:
    """Tieleman, Hinton (2012), slide 29: MeanSquare = rho MeanSquare + (1 - rho) g^2."""
    mean_square = [0.0 for _ in w]
    for t in count():
        g = F.gradient(t, w)
        mean_square = [rho * v + (1.0 - rho) * d**2 for v, d in zip(mean_square, g, strict=True)]
        rates = [lr0 / (math.sqrt(v) + eps) for v in mean_square]
        step = [a * d for a, d in zip(rates, g, strict=True)]
        w = moved(w, 1.0, step)
        yield After(w, rate(step, g), {})


def heavy_ball(w: Point, lr0: float, F: Sampled, beta: float) -> Recursion:
    """Polyak (1964), (9): x_{k+1} = x_k - alpha f'(x_k) + beta (x_k - x_{k-1})."""
    before = w
    for t in count():
        momentum = [beta * (a - b) for a, b in zip(w, before, strict=True)]
        before, w = (
            w,
            [x + m for x, m in zip(moved(w, lr0, F.gradient(t, w)), momentum, strict=True)],
        )
        yield After(w, lr0, {})


def nesterov(w: Point, lr0: float, F: Sampled) -> Recursion:
    """Nesterov (1983), (1)-(3): x_{-1} = y_0, a_0 = 1, and every step of the length lr0."""
    y, a = w, 1.0
    for t in count():
        before, w = w, moved(y, lr0, F.gradient(t, y))
        later = (1.0 + math.sqrt(4.0 * a**2 + 1.0)) / 2.0
        y = [p + (a - 1.0) * (p - q) / later for p, q in zip(w, before, strict=True)]
        a = later
        yield After(w, lr0, {})


def schedule_free(w: Point, lr0: float, F: Sampled, beta: float) -> Recursion:
    """Defazio et al., arXiv:2405.15682, (3)-(5), with t = 1, 2, ... and z_1 = x_1; w is z."""
    x = w
    for t in count(1):
        y = [(1.0 - beta) * a + beta * b for a, b in zip(w, x, strict=True)]
        w = moved(w, lr0, F.gradient(t - 1, y))
        c = 1.0 / (t + 1)
        x = [(1.0 - c) * b + c * a for a, b in zip(w, x, strict=True)]
        yield After(w, lr0, {}, output=x)


def svrg(w: Point, lr0: float, F: Sampled, length: float) -> Recursion:
    """Johnson, Zhang (2013), Procedure SVRG, option I, with m = length passes over the data."""
    t = 0
    while True:
        snapshot, mean = w, F.full_gradient(w)
        for _ in range(math.ceil(length * F.n_samples / F.batch_size)):
            pairs = zip(F.gradient(t, w), F.gradient(t, snapshot), mean, strict=True)
            w = moved(w, lr0, [g - h + m for g, h, m in pairs])
            yield After(w, lr0, {})
            t += 1


def adamw(
    w: Point,
    lr0: float,
    F: Sampled,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
) -> Recursion:
    """Loshchilov, Hutter, arXiv:1711.05101, Algorithm 2, with eta_t alpha = eta_t = lr0."""
    m = [0.0 for _ in w]
    v = [0.0 for _ in w]
    for t in count(1):
        g = F.gradient(t - 1, w)
        m = [beta1 * a + (1.0 - beta1) * d for a, d in zip(m, g, strict=True)]
        v = [beta2 * a + (1.0 - beta2) * d * d for a, d in zip(v, g, strict=True)]
        step = []
        for x, a, b in zip(w, m, v, strict=True):
            m_hat, v_hat = a / (1.0 - beta1**t), b / (1.0 - beta2**t)
            step.append(lr0 * (m_hat / (math.sqrt(v_hat) + eps) + weight_decay * x))
        w = moved(w, 1.0, step)
        yield After(w, rate(step, g), {})
