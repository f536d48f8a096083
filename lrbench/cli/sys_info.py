"""`lrbench sys-info`: the versions and the hardware that measured times and bits depend on."""

from __future__ import annotations

import click

from lrbench.cli.command import command as guided


@guided(
    "sys-info",
    ("for a bug report", "lrbench sys-info"),
    ("beside a table of results", "lrbench sys-info > machine.txt"),
)
def command() -> None:
    """Print versions, processor and BLAS, for a bug report or beside a table of results."""
    import contextlib
    import importlib.metadata

    from threadpoolctl import threadpool_info

    from lrbench.cache.folder import cache_dir
    from lrbench.results import environment

    rows = {k: str(v) for k, v in environment(threads=1).items() if k != "threads"}
    for name in ("scikit-learn", "click", "rich", "tabulate"):
        rows[name] = importlib.metadata.version(name)
    for name in ("torch", "jax", "optax"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            rows[name] = importlib.metadata.version(name)
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            rows["blas"] = f"{pool['internal_api']} {pool['version']} ({pool.get('architecture')})"
    rows["cache"] = str(cache_dir())
    width = max(map(len, rows))
    for name, value in rows.items():
        click.echo(f"{name:{width}}  {value}")
