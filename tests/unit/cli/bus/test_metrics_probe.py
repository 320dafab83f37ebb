"""A figure is read from /metrics and summed over its labels."""

from __future__ import annotations

from services.cli.bus.metrics_probe import read_metrics, sum_of
from shared.observability.health import HealthServer

TEXT = """\
# HELP lag_records Not yet handled.
# TYPE lag_records gauge
lag_records{partition="0"} 3.0
lag_records{partition="1"} 4.0
"""


def test_samples_are_summed_over_their_labels() -> None:
    assert sum_of(TEXT, "lag_records") == 7
    assert sum_of(TEXT, "something_else") is None


def test_a_running_process_is_asked_and_a_dead_one_says_nothing() -> None:
    server = HealthServer("127.0.0.1", 0)
    server.start()
    text = read_metrics(server.port)
    server.stop()
    assert text is not None
    assert sum_of(text, "process_start_time_seconds") is not None
    assert read_metrics(server.port) is None
