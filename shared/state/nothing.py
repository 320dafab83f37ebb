"""The store of who keeps no state: always empty, without a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from shared.state.sqlite import PartitionStore, Row, StandingCount


class NothingKept(PartitionStore):
    """Answers what the engine asks of a store; whatever is looked for is not there."""

    def __init__(self) -> None:
        """Opens nothing."""

    def get(self, key: bytes) -> bytes | None:
        """Not there."""
        return None

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """None of them."""
        return {}

    def next_due_ms(self) -> int | None:
        """Nothing is ever due."""
        return None

    def census(self) -> list[StandingCount]:
        """Nobody."""
        return []

    def count(self) -> int:
        """No rows."""
        return 0

    def apply(self, rows: Mapping[bytes, Row], changelog_offset: int) -> None:
        """Must not be called: whoever has rows keeps state."""
        raise TypeError("rows were given to a store that keeps nothing")

    def close(self) -> None:
        """Nothing is open."""
