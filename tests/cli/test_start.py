"""A command imports what it uses, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

FLAGSHIP = ("run", "--problem", "logreg", "--lr0", "100")

WARM = """
import sys
from lrbench.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert not ended.code, ended.code
print(*sorted(sys.modules), file=sys.stderr)
"""

UNUSED = {
    "other packages": "sklearn scipy joblib rich matplotlib jinja2 pooch filelock",
    "parts of NumPy and Python": "numpy.ma numpy.random subprocess sysconfig",
    "sweeps": "lrbench.study lrbench.reports.sweep_page lrbench.reports.sweep_table"
    " lrbench.results.sweep lrbench.results.performance lrbench.results.advice",
    "the store": "lrbench.experiment.store sqlite3",
    "networks": "lrbench.objective.network.architecture"
    " lrbench.objective.network.reparametrisation",
    "minibatches": "lrbench.objective.linear.minibatch lrbench.objective.linear.touched",
    "other kinds of solvers": "lrbench.solvers.outside.base lrbench.engine.outside"
    " lrbench.solvers.adapters.base lrbench.solvers.place",
    "spectra": "lrbench.optimum.curvature lrbench.optimum.row_space",
    "solvers of the optimum": "lrbench.optimum.find lrbench.optimum.search lrbench.optimum.newton",
    "data of other kinds": "lrbench.data.libsvm.read lrbench.data.generated.generators",
    "other commands": "lrbench.gate lrbench.contract lrbench.api lrbench.cli.sweep",
}
"""What is not imported by a run whose problem is in the cache."""

MOST = 244
"""The most modules of lrbench that it imports."""


def modules_of(*args: str) -> set[str]:
    """Return the modules that a command has imported when it ends."""
    command = [sys.executable, "-c", WARM, *args]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stderr.split())


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules of the flagship run, with what a run before it has left in the cache."""
    modules_of(*FLAGSHIP)
    return modules_of(*FLAGSHIP)


@pytest.mark.parametrize("kind", UNUSED)
def test_a_warm_run_imports_nothing_that_it_does_not_use(kind: str, loaded: set[str]) -> None:
    assert sorted(loaded & set(UNUSED[kind].split())) == []


def test_only_a_page_with_tables_imports_tabulate(loaded: set[str]) -> None:
    packages = {"tabulate", "importlib.metadata"}  # the first imports the second
    assert packages <= loaded
    assert not packages & modules_of(*FLAGSHIP, "--format", "json")


def test_a_warm_run_imports_the_solvers_that_it_runs(loaded: set[str]) -> None:
    solvers = {"adagrad_norm", "sgd", "wngrad"}
    others = {"adam", "fista", "dog", "polyak", "saga"}
    own = {name.removeprefix("lrbench.solvers.") for name in loaded}
    assert own & (solvers | others) == solvers


def test_few_modules_are_imported(loaded: set[str]) -> None:
    own = [name for name in loaded if name.startswith("lrbench.")]
    assert len(own) <= MOST


def test_no_cycles_are_looked_for_when_a_command_ends() -> None:
    code = (
        "import atexit, gc, sys\n"
        "atexit.register(lambda: print(len(gc.get_objects()), file=sys.stderr))\n"
        "from lrbench.cli.main import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code, "list", "losses"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stderr) < 100


def test_version_imports_no_numpy() -> None:
    code = "import sys; sys.argv = ['lrbench', '--version']\nfrom lrbench.cli.main import main\n"
    code += "try: main()\nexcept SystemExit: pass\nassert 'numpy' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("lrbench, version ")
