"""What real HTTP clients post is on Kafka as they sent it, whatever else they offer: upgrades, pauses, pieces.

Asked is the log, not the answer: an answer may say yes to a body that nobody has read.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from deploy.local.service_process import ServiceProcess
from deploy.local.stack import KafkaServer
from deploy.topics.provision import provision
from shared.events import ids, registry, topics
from shared.events.base import Event
from shared.events.received import ComplaintSubmitted, ComplaintWithdrawn
from shared.settings import KafkaSettings
from shared.streaming.kafka import KafkaBroker
from shared.streaming.records import TopicPartition
from tests.support.intake_posts import SECRET, running_intake

pytestmark = pytest.mark.kafka

SOURCES = Path(__file__).with_name("http_clients")
NARRATIVE = "The kettle smokes. " + "管" * 4000
REASON = "solved_otherwise"

Post = tuple[str, str, str, str]
"""URL, content type, query code, body: in ASCII, for it is an argument of a command."""


def command(*words: str, needs: str | None = None) -> Callable[[Sequence[Post]], list[str]]:
    """One run of a program that is given every post; skips where it is not installed."""

    def run(posts: Sequence[Post]) -> list[str]:
        _require(needs or words[0])
        given = [part for post in posts for part in post]
        return subprocess.run([*words, *given], stdout=subprocess.PIPE, check=True, text=True).stdout.split()

    return run


def curl(*options: str) -> Callable[[Sequence[Post]], list[str]]:
    """curl with these options, once for each post."""

    def run(posts: Sequence[Post]) -> list[str]:
        _require("curl")
        return [_curl(options, *post) for post in posts]

    return run


def _curl(options: Sequence[str], url: str, content_type: str, code: str, body: str) -> str:
    headers = ("-H", f"Content-Type: {content_type}", "-H", f"Query-Code: {code}")
    told = ("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", *options, *headers, "--data-binary", "@-", url)
    return subprocess.run(told, input=body, stdout=subprocess.PIPE, check=True, text=True).stdout


def _require(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def with_httpx(posts: Sequence[Post]) -> list[str]:
    """httpx over one connection."""
    with httpx.Client(timeout=30) as client:
        return [
            str(client.post(url, headers={"Content-Type": kind, "Query-Code": code}, content=body).status_code)
            for url, kind, code, body in posts
        ]


CLIENTS = {
    "jdk": command("java", str(SOURCES / "PostEach.java"), needs="javac"),
    "go": command("go", "run", str(SOURCES / "post_each.go")),
    "node": command("node", str(SOURCES / "post_each.mjs")),
    "curl offers http2": curl("--http2"),
    "curl asks before it sends": curl("--expect100-timeout", "10", "-H", "Expect: 100-continue"),
    "curl in chunks": curl("-H", "Transfer-Encoding: chunked"),
    "curl as of http1.0": curl("--http1.0"),
    "httpx": with_httpx,
}


@pytest.fixture(scope="module")
def intake(
    kafka_cluster: KafkaServer, kafka_bootstrap: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    provision(kafka_bootstrap, topics.bus_topics([]), 1)
    with running_intake(kafka_bootstrap, redis_url, tmp_path_factory.mktemp("logs")) as process:
        yield process


def on_the_log(bootstrap: str, complaint_ids: Sequence[str]) -> dict[str, list[Event]]:
    """What is written about each of these complaints."""
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=bootstrap))
    found: dict[str, list[Event]] = {each: [] for each in complaint_ids}
    for partition in range(topics.PARTITIONS):
        for batch in broker.read_to_end({TopicPartition(topics.RECEIVED, partition): 0}):
            for record in batch:
                subject = (record.key or b"").decode(errors="replace")
                if subject in found:
                    found[subject].append(registry.decode(record.headers, record.value)[1])
    return found


def complaint(message_id: str) -> str:
    return json.dumps({"channel": "web", "channel_message_id": message_id, "narrative": NARRATIVE})


@pytest.mark.parametrize(
    "client", [pytest.param(each, marks=pytest.mark.slow if each == "go" else ()) for each in CLIENTS]
)
def test_what_a_client_posts_is_on_the_log(
    intake: ServiceProcess, kafka_bootstrap: str, unique_name: Callable[[str], str], client: str
) -> None:
    own = [unique_name("client") for _ in range(3)]
    single, *lines = (ids.complaint_id("web", each) for each in own)
    url = f"http://127.0.0.1:{intake.environment['CBUS_HTTP__PORT']}/v1/complaints"
    code, batch = ids.query_code(SECRET.encode(), single), "\n".join(complaint(each) for each in own[1:])
    posts = [
        (url, "application/json", "-", complaint(own[0])),
        (url + ":batch", "application/x-ndjson", "-", batch),
        (f"{url}/{single}/withdrawals", "application/json", code, json.dumps({"reason": REASON})),
    ]
    assert CLIENTS[client](posts) == ["202", "200", "202"]
    written = on_the_log(kafka_bootstrap, [single, *lines])
    submitted, withdrawn = written[single]
    assert isinstance(withdrawn, ComplaintWithdrawn)
    assert withdrawn.reason == REASON
    for event in (submitted, *(event for line in lines for event in written[line])):
        assert isinstance(event, ComplaintSubmitted)
        assert event.complaint.narrative.text == NARRATIVE
    assert [len(written[line]) for line in lines] == [1, 1]
