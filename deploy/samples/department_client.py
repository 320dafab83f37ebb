"""A department's own client on one page: reads its queue, does the work, reports it, reads what was refused.
    python department_client.py after-sales localhost:9092
Needs kafka-python alone. Put your own system in place of ``work_on``; docs/departments.md explains every setting.
"""

import json
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer, KafkaProducer

MINE = uuid.UUID("6f2d1c34-7f0e-5b0a-9d43-2a4e8f6f9a01")  # any UUID of your own, never changed: makes ids repeatable


def work_on(task: dict[str, Any]) -> list[dict[str, Any]]:
    """What was done about one assignment, in order."""
    answer = {"status": "refund granted", "cause": "damaged in transit", "measures": "paid back on the same day"}
    return [{"action": "accept"}, {"action": "contact"}, {"action": "resolve", "resolution": answer}]


def report(producer: KafkaProducer, department: str, task: dict[str, Any], update: dict[str, Any]) -> None:
    """Write one update. The same fact gets the same id however often it is sent, so a repeat does no harm."""
    case, now = task["complaint"]["complaint_id"], datetime.now(UTC).isoformat()
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid5(MINE, f"{task['assignment']['assignment_id']}/{update['action']}")),
        "ce_type": "assignment.updated.v1",
        "ce_source": f"/departments/{department}",
        "ce_subject": case,
        "ce_time": now,
        "content-type": "application/json",
    }
    value = json.dumps({"complaint_id": case, "happened_at": now, **update}).encode()
    topic, wire = f"departments.{department}.updates.v1", [(name, text.encode()) for name, text in headers.items()]
    producer.send(topic, key=case.encode(), value=value, headers=wire)


def main(department: str, servers: str) -> None:
    producer = KafkaProducer(bootstrap_servers=servers, acks="all")  # places keys by murmur2, as is needed
    consumer = KafkaConsumer(f"departments.{department}.v1", f"departments.{department}.dead-letters.v1",
        bootstrap_servers=servers, group_id=f"{department}-desk", isolation_level="read_committed",
        auto_offset_reset="earliest", enable_auto_commit=False)  # fmt: skip
    done: set[str] = set()  # in your system: the ids of assignments it knows already
    while True:
        for record in (record for batch in consumer.poll(timeout_ms=500).values() for record in batch):
            header = {name: (value or b"").decode() for name, value in record.headers}
            if record.topic.endswith(".dead-letters.v1"):
                sys.stdout.write(f"refused: {header['dlq_reason']}: {header['dlq_detail']}\n")
            elif header["ce_type"] == "assignment.dispatched.v1" and header["ce_id"] not in done:
                for update in work_on(task := json.loads(record.value)):
                    report(producer, department, task, update)
                done.add(header["ce_id"])
        producer.flush()  # first the answer is durable, then the question is put away
        consumer.commit()


if __name__ == "__main__":
    main(*sys.argv[1:3])
