"""A tool that cannot reach Kafka ends when it says it does, whatever it tried meanwhile."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared.errors import BrokerUnavailable
from shared.kafka_listener import Explanation
from shared.settings import KafkaSettings
from shared.streaming.kafka import reaching
from shared.streaming.kafka.reaching import ANSWER_SECONDS, reach

PLAIN = KafkaSettings(bootstrap_servers="kafka:9092")
LOGGING_IN = PLAIN.model_copy(
    update={"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", "sasl_username": "u"}
)
HANGS = Explanation("it hangs or starts")
SLOWEST_EXPLANATION_SECONDS = 6.0


class Cluster:
    """Never answers a client, and takes its time at everything; the clock goes by that alone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, explain_seconds: float, listens_from: float) -> None:
        self.now = 0.0
        self.tries: list[float] = []
        self.explain_seconds = explain_seconds
        self.listens_from, self.listens_until = listens_from, float("inf")
        clock = SimpleNamespace(monotonic=lambda: self.now, sleep=self.spend)
        monkeypatch.setattr(reaching, "time", clock)
        monkeypatch.setattr(reaching, "explain", self.explain)
        monkeypatch.setattr(reaching, "first_listening", self.first_listening)
        monkeypatch.setattr(reaching, "is_login_refused", self.is_login_refused)

    def spend(self, seconds: float) -> None:
        self.now += seconds

    def explain(self, _settings: KafkaSettings, **_: object) -> Explanation:
        self.spend(self.explain_seconds)
        return HANGS

    def first_listening(self, _servers: str, seconds: float = 2.0) -> tuple[str, int] | None:
        """Whoever does not listen does not refuse either: each look costs its two seconds, or what there is left."""
        if self.listens_from <= self.now < self.listens_until:
            return ("kafka", 9092)
        self.spend(max(0.0, min(2.0, seconds)))
        return None

    def is_login_refused(self, _settings: KafkaSettings, seconds: float = 4.0) -> bool:
        self.spend(max(0.0, seconds))
        return False

    def make(self, timeout_ms: int) -> None:
        """A client that gives up in time."""
        self.tries.append(timeout_ms / 1000)
        self.spend(timeout_ms / 1000)
        raise TimeoutError

    def seconds_until_told(self, settings: KafkaSettings) -> tuple[float, str]:
        """How long ``reach`` took, and what it said."""
        with pytest.raises(BrokerUnavailable) as told:
            reach(self.make, settings, (TimeoutError,), "; is it running?")
        return self.now, str(told.value)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    explain_seconds=st.floats(0, SLOWEST_EXPLANATION_SECONDS),
    listens_from=st.sampled_from([0.0, 1.0, 3.0, 99.0]),
    settings=st.sampled_from([PLAIN, LOGGING_IN]),
)
def test_ten_seconds_are_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, explain_seconds: float, listens_from: float, settings: KafkaSettings
) -> None:
    cluster = Cluster(monkeypatch, explain_seconds, listens_from)
    seconds, told = cluster.seconds_until_told(settings)
    assert seconds <= ANSWER_SECONDS + 0.5
    assert f"within {ANSWER_SECONDS:g} s" in told
    assert told.endswith("; is it running?")
    if listens_from > ANSWER_SECONDS:
        assert not cluster.tries, "a client that finds nobody leaves a thread behind"
    elif listens_from + 2 + explain_seconds < ANSWER_SECONDS - 1:
        assert cluster.tries


def test_who_hangs_is_tried_twice_within_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two looks of four seconds and two tries took eighteen and a half."""
    cluster = Cluster(monkeypatch, 4.0, 0.0)
    seconds, told = cluster.seconds_until_told(PLAIN)
    assert cluster.tries == [2.5, 3.5]
    assert seconds == ANSWER_SECONDS
    assert "TimeoutError" in told
    assert HANGS.text in told


def test_one_that_went_away_meanwhile_is_not_said_to_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(monkeypatch, 0.0, 0.0)
    cluster.listens_until = 1.0
    seconds, told = cluster.seconds_until_told(PLAIN)
    assert seconds <= ANSWER_SECONDS + 0.5
    assert "nobody listens at kafka:9092" in told
