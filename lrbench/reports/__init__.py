"""Reports: a result as pages in several forms, and as data; one file a form."""

from lrbench.config.registry import Registry

REPORTS = Registry(
    "format",
    {
        "table": "lrbench.reports.to_terminal:write",
        "plain": "lrbench.reports.to_plain:write",
        "markdown": "lrbench.reports.to_markdown:write",
        "latex": "lrbench.reports.to_latex:write",
        "csv": "lrbench.reports.to_csv:write",
        "json": "lrbench.reports.to_json:write",
        "jsonl": "lrbench.reports.to_jsonl:write",
    },
)
