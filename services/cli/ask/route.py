"""``cbus route``: which departments would get these complaints, and why? JSON Lines in and out; nothing is sent.

Exit code 0: every line was answered; 1: at least one was refused, with its reason in its place; 2: wrong use.
"""

from __future__ import annotations

from typing import Any

from services.cli.ask.complaint_line import complaint_in
from services.cli.console.json_lines import FileArgument, run_batch_command
from services.cli.console.options import AlwaysJsonOption, ConfigDirOption
from services.router.adapters.config_files import load_departments, load_rules, load_taxonomy
from services.router.domain.assess import Assessor


def route_command(config_dir: ConfigDirOption, file: FileArgument = None, as_json: AlwaysJsonOption = False) -> None:
    """Departments, rule and reasons: JSON Lines with complaints as submitted or as kept, answers in the same order.

    A line as submitted is what intake's door takes as a body, read and refused as the door does; it may bear an id.
    """
    taxonomy = load_taxonomy(config_dir)
    departments = load_departments(config_dir)
    assess = Assessor(taxonomy, departments, load_rules(config_dir, departments, taxonomy))
    run_batch_command(lambda document: route_line(assess, document), file)


def route_line(assess: Assessor, document: dict[str, Any]) -> dict[str, Any]:
    """The answer to one line, without its id; raises LineRefused or pydantic's ValidationError."""
    classification, decision = assess(complaint_in(document))
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
