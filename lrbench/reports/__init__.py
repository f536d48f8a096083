"""Reports: a result in one form or another. One file each."""

from lrbench.registry import Registry

REPORTS = Registry(
    "format",
    {
        "table": "lrbench.reports.to_terminal:write",
        "plain": "lrbench.reports.to_plain:write",
        "json": "lrbench.reports.to_json:write",
    },
)
