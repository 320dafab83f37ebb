"""What one lane does next: messages of a conversation in order, each not before it is due."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Collection
from datetime import datetime

from services.notifier.domain.progress import Progress
from services.notifier.sending.delivery import Delivery, OwnedPartition
from shared.clock import Clock


class LaneSchedule:
    """Shared by the reading thread, which adds and drops, and one lane, which takes one delivery at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._conversations: dict[str, deque[Delivery]] = {}
        self._ready: deque[Delivery] = deque()
        self._waiting: list[tuple[datetime, int, Delivery]] = []
        self._numbers = itertools.count()
        self._in_hand: Delivery | None = None

    def add(self, delivery: Delivery) -> None:
        """Take a delivery in; it waits for earlier ones of its conversation."""
        with self._changed:
            conversation = self._conversations.setdefault(delivery.conversation, deque())
            conversation.append(delivery)
            if len(conversation) == 1:
                self._plan(delivery)

    def wait_for_due(self, timeout_seconds: float) -> bool:
        """Whether something is due; waits for it up to ``timeout_seconds``."""
        with self._changed:
            if not self._has_due():
                self._changed.wait(timeout_seconds)
            return self._has_due()

    def take(self) -> Delivery | None:
        """The next delivery that is due; it is in hand until ``settle`` or ``put_back``."""
        with self._changed:
            self._in_hand = self._ready.popleft() if self._has_due() else None
            return self._in_hand

    def settle(self, delivery: Delivery) -> None:
        """Nothing more is to be done about it: the next of its conversation may go."""
        with self._changed:
            conversation = self._conversations.get(delivery.conversation)
            if conversation and conversation[0] is delivery:
                conversation.popleft()
                if conversation:
                    self._plan(conversation[0])
                else:
                    del self._conversations[delivery.conversation]
            self._let_go()

    def put_back(self, delivery: Delivery, progress: Progress) -> None:
        """Do it again when ``progress`` says; the rest of its conversation waits."""
        with self._changed:
            delivery.progress = progress
            conversation = self._conversations.get(delivery.conversation)
            if conversation and conversation[0] is delivery:
                self._plan(delivery)
            self._let_go()

    def drop(self, origins: Collection[OwnedPartition], timeout_seconds: float) -> None:
        """Forget everything of these partitions; wait for what is in hand up to ``timeout_seconds``."""
        lost = {id(origin) for origin in origins}
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            self._ready = deque(d for d in self._ready if id(d.origin) not in lost)
            self._waiting = [entry for entry in self._waiting if id(entry[2].origin) not in lost]
            heapq.heapify(self._waiting)
            self._conversations = {
                name: conversation
                for name, conversation in self._conversations.items()
                if id(conversation[0].origin) not in lost
            }
            while self._in_hand is not None and id(self._in_hand.origin) in lost:
                if not self._changed.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    return

    def _plan(self, delivery: Delivery) -> None:
        if delivery.due_at is None:
            self._ready.append(delivery)
            self._changed.notify_all()
        else:
            heapq.heappush(self._waiting, (delivery.due_at, next(self._numbers), delivery))

    def _has_due(self) -> bool:
        now = self._clock.now()
        while self._waiting and self._waiting[0][0] <= now:
            self._ready.append(heapq.heappop(self._waiting)[2])
        return bool(self._ready)

    def _let_go(self) -> None:
        self._in_hand = None
        self._changed.notify_all()
