"""Asking a service's ``/metrics`` for one figure, summed over its label values."""

from __future__ import annotations

import http.client

from prometheus_client.parser import text_string_to_metric_families

LOOPBACK = "127.0.0.1"
ANSWER_WITHIN_SECONDS = 1.0


def sum_of(exposition: str, sample_name: str) -> float | None:
    """The sum of all samples of this name in a Prometheus text; None when there is none."""
    values = [
        sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name == sample_name
    ]
    return sum(values) if values else None


def read_metrics(port: int) -> str | None:
    """The text at ``/metrics`` of a process on this machine; None when it does not answer."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_WITHIN_SECONDS)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException, UnicodeDecodeError):
        return None
    finally:
        connection.close()
