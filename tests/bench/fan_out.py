"""How many departments a sample goes to, and drawing samples so that they go to as many as wanted on average."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from deploy.local.service_process import PROJECT_ROOT
from services.cli.ask.route import route_line
from services.router.adapters.config_files import load_departments, load_rules, load_taxonomy
from services.router.domain.assess import Assessor

Item = TypeVar("Item")


def departments_of(submissions: Sequence[Mapping[str, Any]]) -> list[int]:
    """To how many departments the shipped rules send each submission."""
    config = PROJECT_ROOT / "deploy/config"
    taxonomy, departments = load_taxonomy(config), load_departments(config)
    assess = Assessor(taxonomy, departments, load_rules(config, departments, taxonomy))
    return [len(route_line(assess, dict(submission))["departments"]) for submission in submissions]


def drawn(items: Sequence[Item], sizes: Sequence[int], average: float) -> Iterator[Item]:
    """``items`` again and again without end, so that the sizes drawn so far are ``average`` as nearly as can be.

    Each draw takes the next of the small ones if the average so far is above, else the next of the large ones.
    """
    sized = list(zip(items, sizes, strict=True))
    small = [pair for pair in sized if pair[1] <= average]
    large = [pair for pair in sized if pair[1] > average]
    if not small or not large:
        raise ValueError(f"an average of {average:g} cannot be drawn from sizes {min(sizes)} to {max(sizes)}")
    next_small, next_large = itertools.cycle(small), itertools.cycle(large)
    total = 0
    for count in itertools.count():
        item, size = next(next_small if total > average * count else next_large)
        total += size
        yield item
