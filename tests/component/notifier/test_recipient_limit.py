"""Letters to one address are limited: over all senders with Redis, in each process without, and never counted twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from deploy.local.ports import free_port
from deploy.local.smtp_sink_process import SmtpSink
from services.notifier.adapters.recipient_window import LocalWindow, RecipientWindow
from services.notifier.domain.notification import Template
from services.notifier.domain.recipient_limit import RecipientLimits
from services.notifier.domain.recipient_limit import recipient_key as key_of_addressee
from services.notifier.media.mail.addresses import mailbox_of
from services.notifier.settings import RecipientSettings
from tests.support.sender_bench import SenderBench, kind, sender_settings
from tests.unit.notifier.cases import NOON
from tests.unit.notifier.letters import a_request

LIMITS = RecipientLimits(per_hour=3, per_day=5)
SECRET = b"a secret of this test"
DAY = 24 * 60


@pytest.fixture
def key(unique_name: Callable[[str], str]) -> str:
    return unique_name("mailbox")


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url, socket_timeout=5) as client:
        yield client


@pytest.fixture(params=["redis", "local"])
def window(request: pytest.FixtureRequest, redis: Redis) -> RecipientWindow:
    return RecipientWindow(redis if request.param == "redis" else None, LIMITS)


def recipient_key(secret: bytes, address: str) -> str:
    """The key that a letter to ``address`` is counted under."""
    return key_of_addressee(secret, mailbox_of(address))


def at(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def test_an_hour_and_a_day_have_their_own_limits(window: RecipientWindow, key: str) -> None:
    admits = partial(window.admits, key)
    assert [admits(f"a{number}", NOON + at(number)) for number in range(5)] == [True, True, True, False, False]
    assert [admits(f"b{number}", NOON + at(61 + number)) for number in range(4)] == [True, True, False, False]
    assert [admits(f"c{number}", NOON + at(200 + number)) for number in range(2)] == [False, False]
    assert admits("d", NOON + at(24 * 60 + 1))
    assert window.admits(f"{key}-other", "a0", NOON)


def test_a_retry_is_no_second_letter_and_is_not_withheld(window: RecipientWindow, key: str) -> None:
    admits = partial(window.admits, key)
    for number in range(3):
        assert all(admits(f"a{number}", NOON + at(minutes)) for minutes in (0, 1, 30))
    assert not admits("a3", NOON + at(31))
    assert admits("a0", NOON + at(32))


def test_senders_share_what_redis_knows(redis: Redis, key: str) -> None:
    one, other = RecipientWindow(redis, LIMITS), RecipientWindow(redis, LIMITS)
    admitted = [window.admits(key, f"a{number}", NOON) for number, window in enumerate((one, other, one, other, one))]
    assert admitted == [True, True, True, False, False]


def test_while_redis_is_away_the_process_counts_on_from_what_it_knows(redis: Redis, key: str) -> None:
    window = RecipientWindow(redis, LIMITS)
    assert window.admits(key, "a0", NOON)
    window._redis = Redis(port=free_port(), socket_timeout=0.2, socket_connect_timeout=0.2)
    assert [window.admits(key, f"b{number}", NOON) for number in range(3)] == [True, True, False]


def test_redis_holds_no_address_and_forgets_after_a_day(redis: Redis) -> None:
    key = recipient_key(SECRET, "Zhang.Example@Example.com")
    assert RecipientWindow(redis, LIMITS).admits(key, "a0", NOON)
    (found,) = redis.keys(f"*{key}*")
    assert b"example" not in found.lower()
    assert 0 < redis.ttl(found) <= 24 * 60 * 60


@pytest.mark.parametrize(
    "same", ["a@example.com", "A@Example.COM", " a@example.com ", "a+1@example.com", "a+b+c@example.com"]
)
def test_spellings_of_one_mailbox_share_a_key(same: str) -> None:
    assert recipient_key(SECRET, same) == recipient_key(SECRET, "a@example.com")
    assert recipient_key(SECRET, same) != recipient_key(b"another secret", same)
    assert recipient_key(SECRET, same) != recipient_key(SECRET, "b@example.com")


def test_the_memory_of_a_process_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.notifier.adapters.recipient_window.MOST_ADDRESSES", 10)
    local = LocalWindow(LIMITS)
    for number in range(100):
        assert local.admits(f"key-{number}", "a", NOON.timestamp())
    assert len(local._counted) == 10


LETTERS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3_000)), max_size=40)


@settings(max_examples=80, deadline=None)
@given(letters=LETTERS)
def test_redis_and_process_answer_alike_and_keep_the_limit(redis_url: str, letters: list[tuple[int, int]]) -> None:
    """Whatever comes when, in order of time."""
    with Redis.from_url(redis_url, socket_timeout=5) as client:
        client.delete("notifier:letters:alike")
        shared, alone = RecipientWindow(client, LIMITS), LocalWindow(LIMITS)
        counted: list[tuple[int, int]] = []
        for number, minute in sorted(letters, key=lambda letter: letter[1]):
            now = NOON + at(minute)
            admitted = shared.admits("alike", f"n{number}", now)
            assert admitted is alone.admits("alike", f"n{number}", now.timestamp())
            if admitted and not any(number == known and minute - then < DAY for known, then in counted):
                counted.append((number, minute))
        times = [minute for _, minute in counted]
        for end in times:
            assert sum(end - 60 < minute <= end for minute in times) <= LIMITS.per_hour
            assert sum(end - DAY < minute <= end for minute in times) <= LIMITS.per_day


def test_a_form_filled_in_again_and_again_does_not_fill_the_mailbox(
    smtp_sink: SmtpSink, redis_url: str, key: str
) -> None:
    """Fourteen complaints in a stranger's name: some acknowledgements, a reason for the others, and every result."""
    victim = f"{key}@example.com"
    chosen = sender_settings(smtp_sink.port).model_copy(update={"recipient": RecipientSettings(per_hour=4, per_day=6)})
    redis_settings = chosen.redis.model_copy(update={"url": redis_url, "timeout_seconds": 5.0})
    bench = SenderBench(chosen.model_copy(update={"redis": redis_settings}))
    acknowledgements = [a_request(email=victim, complaint_id=f"{key}-{n}", number=n) for n in range(14)]
    results = [a_request(Template.RESULT, email=victim, complaint_id=f"{key}-{n}", number=100 + n) for n in range(14)]
    bench.request(*acknowledgements, *results)
    bench.start()
    try:
        bench.wait_until_settled([*acknowledgements, *results])
    finally:
        bench.stop()
    ends = [[kind(outcome) for outcome in bench.outcomes(request)][-1] for request in acknowledgements]
    assert sorted(ends) == ["sent"] * 4 + ["skipped"] * 10
    assert all(kind(bench.outcomes(request)[-1]) == "sent" for request in results)
    assert bench.committed() == 28
