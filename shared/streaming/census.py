"""How many states stand where, over all partitions of this process: for gauges that are right after a restart, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from shared.clock import from_epoch_ms
from shared.state.sqlite import PartitionStore

_SEPARATOR = " "


class Group(NamedTuple):
    """States that count alike: how many, and the earliest of their instants."""

    size: int
    earliest_at: datetime


Census = Mapping[tuple[str, ...], Group]
"""By the labels of ``Standing``."""

PublishCensus = Callable[[Census], None]
"""Makes gauges of a census; an empty one means that nothing is this process's own any more."""


def text_of(labels: tuple[str, ...]) -> str:
    """Labels as the store groups by them."""
    return _SEPARATOR.join(labels)


def take_census(stores: Iterable[PartitionStore]) -> Census:
    """Count the rows of all stores."""
    census: dict[tuple[str, ...], Group] = {}
    for store in stores:
        for standing, size, earliest_ms in store.census():
            labels = tuple(standing.split(_SEPARATOR))
            earliest_at = from_epoch_ms(earliest_ms)
            if known := census.get(labels):
                size += known.size
                earliest_at = min(earliest_at, known.earliest_at)
            census[labels] = Group(size, earliest_at)
    return census
