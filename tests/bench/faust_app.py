"""The peer: a Faust app that does the router's work with the router's own decision functions, as its users write it.

Reads submissions, classifies and routes, writes the same three case-log records and the department records, keeps a
row per complaint in a table. At least once: Faust's exactly-once cannot tie fan-out records to input offsets.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import faust

from deploy.local.service_process import PROJECT_ROOT
from services.router.adapters.config_files import load_departments, load_rules, load_taxonomy
from services.router.domain.classify import classify
from services.router.domain.compiled_taxonomy import CompiledTaxonomy
from services.router.domain.route import route
from shared.events import ids, topics
from shared.events.received import ComplaintSubmitted

CONFIG = Path(PROJECT_ROOT) / "deploy/config"
TAXONOMY = load_taxonomy(CONFIG)
COMPILED = CompiledTaxonomy(TAXONOMY)
DEPARTMENTS = load_departments(CONFIG)
RULES = load_rules(CONFIG, DEPARTMENTS, TAXONOMY)

app = faust.App(
    os.environ.get("BENCH_FAUST_APP", "bench-faust"),
    broker=f"kafka://{os.environ['CBUS_KAFKA__BOOTSTRAP_SERVERS']}",
    datadir=os.environ["CBUS_STATE_DIR"] + "/faust",
    value_serializer="raw",
    key_serializer="raw",
    topic_partitions=topics.PARTITIONS,
    topic_allow_declare=True,
    web_port=int(os.environ.get("BENCH_FAUST_WEB_PORT", "6066")),
    consumer_auto_offset_reset="earliest",
)
received = app.topic(topics.RECEIVED, key_type=bytes, value_type=bytes)
lifecycle = app.topic(topics.LIFECYCLE, key_type=bytes, value_type=bytes)
queues = {name: app.topic(topics.department_topic(name), key_type=bytes, value_type=bytes) for name in DEPARTMENTS.ids}
cases = app.Table("cases", default=None, partitions=topics.PARTITIONS)


@app.agent(received)
async def dispatch(stream: Any) -> None:
    """One complaint at a time, in order."""
    async for key, value in stream.items():
        complaint = ComplaintSubmitted.model_validate_json(value).complaint
        classification = classify(complaint.narrative, COMPILED, complaint.declared_category, complaint.amount)
        decision = route(complaint, classification, RULES, DEPARTMENTS)
        cases[key.decode()] = {"digest": complaint.content_digest, "lead": decision.lead}
        for step in ("registered", "assessed", "dispatched"):
            identifier = ids.event_id(complaint.complaint_id, step)
            record = json.dumps({"complaint_id": complaint.complaint_id, "step": step, "lead": decision.lead}).encode()
            await lifecycle.send(key=key, value=record, headers={"ce_id": identifier.encode()})
        assignment = json.dumps({"complaint": complaint.model_dump(mode="json"), "rule": decision.rule_id}).encode()
        for name in (decision.lead, *decision.co_handlers):
            identifier = ids.event_id(complaint.complaint_id, "assignment", name)
            await queues[name].send(key=key, value=assignment, headers={"ce_id": identifier.encode()})


if __name__ == "__main__":
    app.main()
