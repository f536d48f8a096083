"""What a lane costs beside 63 others, against a lane alone: minibatches, per lane and pass.

python benchmarks/lanes.py a9a.bz2
"""

from __future__ import annotations

import statistics

from common import data_file, logistic, task
from threadpoolctl import threadpool_limits

from lrbench.engine import run as engine


def seconds_per_lane_and_pass(problem, known, w_star, n_lanes, batch_size, passes):
    """Return the solver's clock for one lane and one pass over the data."""
    steps = round(passes * problem.n_samples / batch_size)
    runs = engine.run_lanes(
        *task(
            problem,
            known,
            w_star,
            n_lanes=n_lanes,
            steps=steps,
            batch_size=batch_size,
            default_checkpoints=False,
        )
    )
    return runs[0].trace["seconds"][-1] / n_lanes / passes


def main() -> None:
    """Print the ratio at several batch sizes: median of five pairs."""
    args = logistic(data_file())
    print("batch  1 lane ms/pass  64 lanes ms/(lane pass)  times cheaper")
    for batch_size, passes in ((16, 1), (64, 2), (256, 4)):
        pairs = [
            [seconds_per_lane_and_pass(*args, lanes, batch_size, passes) for lanes in (1, 64)]
            for _ in range(6)
        ][1:]
        alone, together = (1e3 * statistics.median(p[k] for p in pairs) for k in (0, 1))
        ratio = statistics.median(p[0] / p[1] for p in pairs)
        print(f"{batch_size:5d}  {alone:14.2f}  {together:23.3f}  {ratio:13.1f}")


if __name__ == "__main__":
    with threadpool_limits(1, "blas"):
        main()
