"""The function `lrbench.record`: a result from the iterates of a loop that is not lrbench's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lrbench.config.keywords import names_keywords
from lrbench.config.learning_rates import learning_rates
from lrbench.config.named import parse_named
from lrbench.config.solver_spec import SolverSpec
from lrbench.config.values import as_integer, checked_flag, checked_positive
from lrbench.errors import UsageError, quoted
from lrbench.experiment.loaded_problem import LoadedProblem, load_problem
from lrbench.experiment.loop_recorder import LoopRecorder
from lrbench.objective.problem import Problem
from lrbench.plan.options import MOST_STEPS
from lrbench.plan.plan import Plan
from lrbench.problem_files import ProblemSpec
from lrbench.solvers import SOLVERS


@names_keywords()
def record(
    problem: str | Path | ProblemSpec | Problem | LoadedProblem,
    *,
    solver: str,
    lr0: float | str | None = None,
    lr: float | str | None = None,
    batch_size: int | None = None,
    passes_per_step: float | None = None,
    every: int = 1,
    seed: int = 0,
    radius: float | None = None,
    target: float | str | None = None,
    f_star: float | None = None,
    certificates: bool = True,
    timed: bool = True,
    checkpoints_per_decade: int | None = None,
) -> LoopRecorder:
    """Return a recorder of the iterates of a loop, in whatever library it is.

    Call it with w_0 and with the iterate after each step: ``recorder(w)``. Its ``result()`` is a
    `Result` as `lrbench.run` returns it.

    Parameters
    ----------
    problem
        As for `lrbench.load_problem`, or what that returned.
    solver
        What tables call the loop: ``"NAME"`` or ``"NAME[key=value,...]"``. It must not be a solver
        of lrbench, for whose runs the loop would be taken.
    lr0
        The initial learning rate, which only labels the run; in units of 1/L, too, as ``"1/L"``.
        None for `lr`; without either the run has none, and is a row with ``-``.
    lr
        The rate of every step, a number or ``"1/L"``; None if it varies, or if the steps are no
        multiples of the gradient. A call may give that of its own step.
    batch_size
        The samples of a minibatch; None for full batches.
    passes_per_step
        What a step costs, in passes over the data; None for one gradient, 1 or
        batch_size/n_samples. A call may give that of its own step.
    every
        The number of steps from one call to the next.
    seed
        The seed of the loop, which labels the run.
    radius
        The radius of the ball around w_0 that the loop projects on; None for no ball.
    target
        The run ends at the first checkpoint with a suboptimality of at most this: a number, or a
        share of F(w_0) - f* such as ``"1%"``; or at a level of F or of the accuracy on held-out
        samples, as in ``"loss=0.1"`` and ``"accuracy=95%"``.
    f_star
        A minimum of F to use instead of a certified one; None for that of a loaded problem, if it
        has one.
    certificates
        Whether F and its gradient are evaluated at every iterate, off the clock. Theorems need
        that. It is not done with minibatches, nor where `every` is above 1.
    timed
        Whether the seconds between the calls are those of the loop; False for iterates that were
        computed before.
    checkpoints_per_decade
        As for `lrbench.run`.

    Raises
    ------
    UsageError
        If an argument is wrong.
    DataError, OptimumError
        If the problem cannot be read, or its f_star is not certified.

    Notes
    -----
    Nothing is assumed of the loop. C2' holds for any iterates, and is judged in full batches. The
    theorems on steps along the gradient are judged if every w_(t+1) is w_t - lr grad F(w_t),
    projected, to rounding in float64. With one rate these are the theorems on gradient descent. For
    what is not known the verdict has the reason.

    Examples
    --------
    >>> import lrbench
    >>> recorder = lrbench.record("log-spectrum", solver="by-hand", lr="1/L")
    >>> pb = recorder.problem
    >>> w = pb.w0
    >>> recorder(w)
    >>> for _ in range(10):
    ...     w = w - pb.gradient(w) / pb.constants.L
    ...     recorder(w)
    >>> recorder.result().problems[0].runs[0].status
    <Status.COMPLETED: 'completed'>
    """
    spec = _solver_spec(solver)
    for flag, value in (("certificates", certificates), ("timed", timed)):
        checked_flag(value, flag)
    rates = [] if lr is None else learning_rates(lr, "--lr")
    if len(rates) > 1:
        raise UsageError(f"{len(rates)} rates are given to record.", "give one, or none.")
    steps = as_integer(every, 1, MOST_STEPS)
    if steps is None:
        raise UsageError(
            f"--every {quoted(every)} is not a whole number from 1 on.", "give a number of steps."
        )
    if isinstance(problem, LoadedProblem):
        loaded, f_star = problem, problem.f_star if f_star is None else f_star
    else:
        loaded = load_problem(problem, f_star=f_star)
    plan = Plan(
        solvers="gd",
        lr0=lr0 if lr0 is not None else lr,
        batch_size=batch_size,
        seed=seed,
        radius=radius,
        target=target,
        f_star=f_star,
        checkpoints_per_decade=checkpoints_per_decade,
    )
    if passes_per_step is not None:
        passes_per_step = checked_positive(
            passes_per_step, "--passes-per-step", "a positive number"
        )
    if passes_per_step is None:
        passes_per_step = (plan.batch_size or loaded.n_samples) / loaded.n_samples
    rate = rates[0] if rates else None
    has_lr0 = not (lr0 is None and lr is None)
    return LoopRecorder(
        loaded, plan, spec, rate, has_lr0, passes_per_step, steps, certificates, timed
    )


def _solver_spec(text: Any) -> SolverSpec:
    """Return the name and the parameters of a loop; raise `UsageError` for those of a built-in."""
    if not isinstance(text, str):
        raise UsageError(f"the solver {quoted(text)} is not a text.", 'give a name: "my-method".')
    if not text.isprintable():
        raise UsageError(
            f"the solver {quoted(text)} has characters that cannot be printed.",
            'give a name of one line: "my-method".',
        )
    name, values = parse_named(text)
    if name in SOLVERS or ":" in name:
        raise UsageError(
            f"{quoted(name)} is a solver that lrbench runs itself, and a recorded loop is not.",
            f"give the loop a name of its own, such as my-{name.replace(':', '-')}.",
        )
    params = {k: float(v) if isinstance(v, int) else v for k, v in values.items()}
    return SolverSpec(name, params, tuple(params))
