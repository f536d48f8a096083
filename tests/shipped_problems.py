"""The problems that ship with lrbench, by what a test can ask of them."""

from __future__ import annotations

from lrbench.problem_files import load_spec, shipped

SPECS = {name: load_spec(name) for name in shipped()}

LINEAR = [name for name, spec in SPECS.items() if spec.model is None]
"""Those with a loss of X @ w, of which a minimum is certified."""

NETWORKS = [
    name for name, spec in SPECS.items() if spec.model is not None and not spec.data.is_text
]
"""Those of networks whose data are at hand."""
