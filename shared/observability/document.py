"""Generates ``docs/metrics.md``: ``python -m shared.observability.document > docs/metrics.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from shared.observability.declaration import MetricDeclaration
from shared.observability.metrics import DECLARED

_INTRODUCTION = """\
# Metrics

Every process serves these at `/metrics` of its health listener (`CBUS_HEALTH__HOST`, `CBUS_HEALTH__PORT`), beside the
usual `process_…` and `python_…` metrics. Labels are bounded: no id, name or free text ever becomes a label value.
Made from `shared/observability/metrics.py` by `python -m shared.observability.document > docs/metrics.md`.
"""


PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def documents() -> dict[Path, str]:
    """The generated file and its text."""
    return {PAGE: metrics_page(DECLARED)}


def metrics_page(declarations: Iterable[MetricDeclaration]) -> str:
    """The reference page as Markdown: one table row per metric, then the histogram bounds."""
    declared = tuple(declarations)
    rows = ["| metric | kind | labels | meaning |", "|---|---|---|---|", *(_row(metric) for metric in declared)]
    bounds = [_bounds(metric) for metric in declared if metric.buckets]
    return "\n".join([_INTRODUCTION, *rows, "", "## Histogram bounds (seconds)", "", *bounds]) + "\n"


def _row(metric: MetricDeclaration) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "–"
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help.replace('|', '/')} |"


def _bounds(metric: MetricDeclaration) -> str:
    return f"- `{metric.name}`: " + ", ".join(f"{bound:f}".rstrip("0").rstrip(".") for bound in metric.buckets)


if __name__ == "__main__":
    sys.stdout.write(metrics_page(DECLARED))
