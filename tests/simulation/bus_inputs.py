"""What consumers and departments write to the bus, drawn: mostly what fits the case, sometimes anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any

from shared.events import topics
from shared.events.base import Event
from shared.events.complaint import Narrative
from shared.events.decisions import Resolution
from shared.events.departments import Action, DepartmentUpdate
from shared.events.received import ComplaintSupplemented, ComplaintUrged, ComplaintWithdrawn, SurveyAnswered
from tests.simulation.bus_history import BusHistory, departments

ANSWER = Resolution(status="refund granted", cause="transport damage", measures="refunded in full")
_ACTIONS = tuple(Action)
_A = Action
_FITTING: Mapping[Action | None, tuple[Action, ...]] = {
    None: (_A.ACCEPT, _A.ACCEPT, _A.CONTACT, _A.PROGRESS, _A.RETURN, _A.RESOLVE),
    _A.ACCEPT: (_A.CONTACT, _A.PROGRESS, _A.HOLD, _A.RETURN, _A.RESOLVE),
    _A.CONTACT: (_A.PROGRESS, _A.HOLD, _A.RESOLVE, _A.RESOLVE),
    _A.PROGRESS: (_A.CONTACT, _A.HOLD, _A.RESOLVE, _A.RESOLVE),
    _A.HOLD: (_A.RESUME, _A.RESUME, _A.PROGRESS, _A.RESOLVE),
    _A.RESUME: (_A.CONTACT, _A.HOLD, _A.RESOLVE, _A.RESOLVE),
    _A.RESOLVE: (_A.CALL_BACK,),
    _A.CALL_BACK: (_A.ACCEPT, _A.RESOLVE),
    _A.RETURN: (_A.ACCEPT,),
}
"""What a department may well report after what it reported last; after a call-back the case may be open again."""


class Inputs:
    """Draws inputs of one history."""

    def __init__(self, history: BusHistory, random: Random) -> None:
        self._history = history
        self._random = random
        self._kinds: tuple[tuple[Callable[[], None], int], ...] = (
            (self.submission, 20),
            (self.message, 20),
            (self.work, 50),
            (self.repeated, 8),
            (self.noise, 2),
        )

    def draw(self) -> None:
        """One input, or what one department reports in one go."""
        (kind,) = self._random.choices([kind for kind, _ in self._kinds], [weight for _, weight in self._kinds])
        kind()

    def submission(self) -> None:
        """A complaint; now and then other content under the same key."""
        self._history.submit(self._case(), ("1" if self._random.random() < 0.08 else "0") * 64)

    def message(self) -> None:
        """The complainant says something about a case, known or not."""
        case, now = self._case(), self._history.world.now
        about: dict[str, Any] = {"complaint_id": case, "received_at": now}
        draw = self._random.random()
        event: Event
        if draw < 0.4:
            event = SurveyAnswered(**about, cycle=self._random.choice((1, 1, 2)), solved=self._random.random() < 0.4)
        elif draw < 0.6:
            event = ComplaintUrged(**about)
        elif draw < 0.8:
            event = ComplaintSupplemented(**about, narrative=Narrative(text="one more photo"))
        else:
            event = ComplaintWithdrawn(**about)
        self._history.write(topics.RECEIVED, event, case)

    def work(self) -> None:
        """A department reports what it did, one thing or several; mostly one that has the case."""
        case = self._case()
        at_work = self._history.at_work_on(case)
        department = self._random.choice(at_work if at_work and self._random.random() < 0.9 else departments())
        for _ in range(self._random.choice((1, 1, 2, 3, 4))):
            self._report(case, department, self._action(case, department))

    def repeated(self) -> None:
        """Something once more."""
        if self._history.written:
            self._history.repeat(self._random.choice(self._history.written))

    def noise(self) -> None:
        """Bytes nobody can read."""
        case = self._case()
        event = ComplaintUrged(complaint_id=case, received_at=self._history.world.now)
        topic = self._random.choice((topics.RECEIVED, topics.department_updates_topic(departments()[0])))
        self._history.write(topic, event, case, garbage=True)

    def _case(self) -> str:
        return self._random.choice(self._history.cases)

    def _action(self, case: str, department: str) -> Action:
        fitting = _FITTING[self._history.last_reported.get((case, department))]
        return self._random.choice(fitting if self._random.random() < 0.8 else _ACTIONS)

    def _report(self, case: str, department: str, action: Action) -> None:
        event = DepartmentUpdate(
            complaint_id=case,
            action=action.value,
            happened_at=self._history.world.now - timedelta(hours=self._random.choice((0, 0, 0, 0, 1, 30))),
            reason="simulated",
            suggested_department=self._random.choice((None, *departments())),
            preliminary_finding=self._random.random() < 0.5,
            resolution=ANSWER if action is Action.RESOLVE else None,
            solved=self._random.choice((None, True, False)) if action is Action.CALL_BACK else None,
        )
        self._history.write(topics.department_updates_topic(department), event, case)
        self._history.last_reported[case, department] = action
