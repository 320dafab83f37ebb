"""``cbus route``: which departments would get these complaints, and why? JSON Lines in and out; nothing is sent.

Exit code 0: every line was answered; 1: at least one was refused, with its reason in its place; 2: wrong use.
"""

from __future__ import annotations

from typing import Any, Final

from services.cli.json_lines import FileArgument, run_batch_command
from services.cli.options import AlwaysJsonOption, ConfigDirOption
from services.router.adapters.config_files import load_departments, load_rules, load_taxonomy
from services.router.domain.assess import Assessor
from shared.events.complaint import Complaint

_PLACEHOLDERS: Final = {
    "complaint_id": "00000000-0000-0000-0000-000000000000",
    "ticket_number": "not registered",
    "channel_message_id": "not submitted",
    "content_digest": "not submitted",
    "received_at": "1970-01-01T00:00:00Z",
    "ingested_at": "1970-01-01T00:00:00Z",
    "complainant": {},
}
"""What the door would have made; no rule looks at it."""


def route_command(config_dir: ConfigDirOption, file: FileArgument = None, as_json: AlwaysJsonOption = False) -> None:
    """Departments, rule and reasons: JSON Lines with complaints as submitted or as kept, answers in the same order."""
    taxonomy = load_taxonomy(config_dir)
    departments = load_departments(config_dir)
    assess = Assessor(taxonomy, departments, load_rules(config_dir, departments, taxonomy))
    run_batch_command(lambda document: route_line(assess, document), file)


def route_line(assess: Assessor, document: dict[str, Any]) -> dict[str, Any]:
    """The answer to one line, without its id; raises pydantic's ValidationError."""
    given = {name: value for name, value in document.items() if value is not None}
    classification, decision = assess(Complaint.model_validate(_PLACEHOLDERS | given))
    return {
        "lead": decision.lead,
        "co_handlers": list(decision.co_handlers),
        "departments": [decision.lead, *decision.co_handlers],
        "category": classification.category,
        "severity": str(classification.severity),
        "priority": classification.priority,
        "rule_id": decision.rule_id,
        "rules_version": decision.rules_version,
        "reasons": list(decision.reasons),
    }
