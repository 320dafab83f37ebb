"""The metrics keep the promises their names make, and the reference page says what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import generate_latest

from shared.observability import metrics
from shared.observability.declaration import MetricDeclaration
from shared.observability.document import metrics_page

REPOSITORY = Path(__file__).parents[3]
DECLARED = metrics.DECLARED
UNBOUNDED_LABELS = {"complaint_id", "ticket_number", "phone", "email", "name", "text", "offset", "notification_id"}


def each_metric(function: object) -> object:
    return pytest.mark.parametrize("metric", DECLARED, ids=lambda metric: metric.name)(function)


@each_metric
def test_a_name_has_the_prefix_and_the_suffix_of_its_kind(metric: MetricDeclaration) -> None:
    assert metric.name.startswith(("complaintbus_", "kafka_"))
    assert metric.name == metric.name.lower()
    if metric.kind == "counter":
        assert metric.name.endswith("_total")
    elif metric.kind == "histogram":
        assert metric.name.endswith("_seconds")
    else:
        assert not metric.name.endswith(("_total", "_count", "_sum", "_bucket"))


@each_metric
def test_help_is_a_sentence(metric: MetricDeclaration) -> None:
    assert len(metric.help) > 15
    assert metric.help[0].isupper()
    assert metric.help.endswith(".")


@each_metric
def test_labels_are_bounded_words(metric: MetricDeclaration) -> None:
    assert not UNBOUNDED_LABELS & set(metric.labels)
    assert len(metric.labels) <= 3


@each_metric
def test_no_age_is_exported_but_instants(metric: MetricDeclaration) -> None:
    assert "_age_" not in metric.name
    assert not metric.name.endswith(("_ms", "_milliseconds", "_minutes", "_hours"))


def test_every_name_is_declared_once() -> None:
    names = [metric.name for metric in DECLARED]
    assert sorted(set(names)) == sorted(names)


def test_every_declared_metric_is_exposed() -> None:
    text = generate_latest(metrics.REGISTRY).decode()
    for metric in DECLARED:
        assert f"# HELP {metric.name} " in text


def test_no_created_series_double_the_number_of_series() -> None:
    metrics.DUPLICATES_TOTAL.labels(kind="submission").inc()
    assert "_created" not in generate_latest(metrics.REGISTRY).decode()


def test_an_unknown_channel_creates_no_series() -> None:
    assert metrics.channel_label("web") == "web"
    assert metrics.channel_label("x" * 1000) == "other"


def test_series_that_are_gone_are_removed_and_the_others_stay() -> None:
    gauge = metrics.OLDEST_OPEN_COMPLAINT_TIMESTAMP_SECONDS
    metrics.replace_series(gauge, {("after-sales",): 5, ("logistics",): 7})
    metrics.replace_series(gauge, {("logistics",): 8, ("quality",): 9})
    (family,) = gauge.collect()
    assert {sample.labels["department"]: sample.value for sample in family.samples} == {"logistics": 8, "quality": 9}
    metrics.replace_series(gauge, {})


def test_build_info_says_what_runs() -> None:
    metrics.set_build_info("router")
    line = next(
        line
        for line in generate_latest(metrics.REGISTRY).decode().splitlines()
        if line.startswith("complaintbus_build_info{") and 'service="router"' in line
    )
    assert "python=" in line
    assert line.endswith(" 1.0")


def test_the_reference_page_is_up_to_date() -> None:
    page = (REPOSITORY / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert page == metrics_page(DECLARED), "run: python -m shared.observability.document > docs/metrics.md"


def test_the_reference_page_names_every_metric_with_its_labels() -> None:
    page = metrics_page(DECLARED)
    for metric in DECLARED:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{metric.name}`"))
        assert all(f"`{label}`" in row for label in metric.labels)


@each_metric
def test_a_constant_is_named_like_its_metric(metric: MetricDeclaration) -> None:
    assert hasattr(metrics, metric.name.partition("_")[2].upper())
