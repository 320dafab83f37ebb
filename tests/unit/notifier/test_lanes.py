"""Which lane a request gets: of its medium, and always the same for a complaint."""

from __future__ import annotations

import threading
import zlib

from services.notifier.bootstrap import build_lanes, media
from services.notifier.sending.desk import Desk
from services.notifier.sending.durable_writer import DurableWriter
from services.notifier.sending.lanes import Lanes
from services.notifier.sending.lease import Lease
from services.notifier.settings import NotifierSettings
from shared.clock import ManualClock
from shared.events.notifications import NotificationRequested
from shared.streaming.memory import MemoryBroker
from tests.support.memory_medium import Loft, PigeonMedium
from tests.unit.notifier.cases import NOON
from tests.unit.notifier.letters import CONFIG, a_request


def the_lanes() -> Lanes:
    settings = NotifierSettings(development=True, config_dir=CONFIG)
    stopping = threading.Event()
    desk = Desk(ManualClock(NOON), DurableWriter(MemoryBroker({}).producer(), stopping), Lease(10.0), stopping)
    return build_lanes(settings, desk, [*media(settings), lambda: PigeonMedium(Loft(), {})])


def a_message(complaint: str, medium: str) -> NotificationRequested:
    return a_request(complaint_id=complaint).model_copy(update={"medium": medium})


def test_every_medium_has_lanes_of_its_own_and_a_complaint_one_of_them() -> None:
    lanes = the_lanes()
    numbered = list(lanes)
    assert [lane.provider for lane in numbered] == ["the mail relay"] * 4 + ["the pigeon loft"] * 4
    assert [lane.name for lane in numbered] == [f"sender-lane-{number}" for number in range(8)]
    for complaint in ("a", "b", "c", "d", "e"):
        place = zlib.crc32(complaint.encode()) % 4
        assert lanes.lane_of(a_message(complaint, "email")) is numbered[place]
        assert lanes.lane_of(a_message(complaint, "pigeon")) is numbered[4 + place]


def test_a_medium_nobody_carries_has_a_lane_to_be_refused_in() -> None:
    lanes = the_lanes()
    assert lanes.lane_of(a_message("a", "telepathy")) is lanes.lane_of(a_message("a", "email"))
