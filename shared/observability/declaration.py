"""Declaring metrics in one place: each declaration is kept, so the reference page can be made from the code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


@dataclass(frozen=True, slots=True)
class MetricDeclaration:
    """One metric as operators know it. ``kind`` is counter, gauge or histogram."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()


class Declarations:
    """Makes metrics with one prefix in one registry and remembers them in order."""

    def __init__(self, prefix: str, registry: CollectorRegistry) -> None:
        self._prefix = prefix
        self._registry = registry
        self._declared: list[MetricDeclaration] = []

    @property
    def all(self) -> tuple[MetricDeclaration, ...]:
        """Every declaration so far, in the order made."""
        return tuple(self._declared)

    def counter(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
        """A count that only grows; ``name`` ends in ``_total``."""
        declared = self._declare(name, "counter", help_text, labels)
        return Counter(declared.name, help_text, declared.labels, registry=self._registry)

    def gauge(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
        """A value that goes up and down."""
        declared = self._declare(name, "gauge", help_text, labels)
        return Gauge(declared.name, help_text, declared.labels, registry=self._registry)

    def histogram(
        self, name: str, help_text: str, labels: Sequence[str] = (), *, buckets: Sequence[float]
    ) -> Histogram:
        """A distribution of seconds; ``name`` ends in ``_seconds``."""
        declared = self._declare(name, "histogram", help_text, labels, buckets)
        return Histogram(declared.name, help_text, declared.labels, registry=self._registry, buckets=buckets)

    def _declare(
        self, name: str, kind: str, help_text: str, labels: Sequence[str], buckets: Sequence[float] = ()
    ) -> MetricDeclaration:
        declaration = MetricDeclaration(self._prefix + name, kind, help_text, tuple(labels), tuple(buckets))
        self._declared.append(declaration)
        return declaration
