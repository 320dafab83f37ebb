"""The generated pages say everything, and never a secret. That they are current is tested in ``test_contracts``."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel, SecretStr

from deploy.documents.settings import service_settings, settings_page, variables
from shared.events.document_topics import topics_page
from shared.events.registry import EVENT_MODELS
from shared.events.topics import bus_topics
from shared.settings import ServiceSettings

SERVICES = list(service_settings())
by_service = pytest.mark.parametrize("model", [model for _, model in SERVICES], ids=[name for name, _ in SERVICES])


def rows(page: str) -> dict[str, str]:
    """Table rows of a page by their first cell."""
    return {match[1]: match[0] for match in re.finditer(r"^\| `([^`]+)` \|.*\|$", page, re.MULTILINE)}


@by_service
def test_every_variable_of_every_service_is_in_the_table_and_described(model: type[ServiceSettings]) -> None:
    documented = rows(settings_page())
    for name, field in variables(model):
        assert name in documented
        assert field.description, f"{name} needs a description"


@by_service
def test_secrets_are_marked_and_their_defaults_not_shown(model: type[ServiceSettings]) -> None:
    page = settings_page()
    secrets = {name: field for name, field in variables(model) if field.annotation in (SecretStr, SecretStr | None)}
    assert "CBUS_KAFKA__SASL_PASSWORD" in secrets
    for name, field in secrets.items():
        assert "**secret**" in rows(page)[name]
        default = field.get_default(call_default_factory=True)
        if default is not None:
            assert default.get_secret_value() not in page


@by_service
def test_what_sounds_like_a_secret_is_one(model: type[ServiceSettings]) -> None:
    for name, field in variables(model):
        if re.search("PASSWORD|SECRET|TOKEN|KEY", name) and not name.endswith("_LOCATION"):  # where a file is
            assert field.annotation in (SecretStr, SecretStr | None), f"{name} would be printed"


@by_service
def test_blocks_of_settings_refuse_misspelt_names(model: type[ServiceSettings]) -> None:
    for field in model.model_fields.values():
        block = field.annotation
        if isinstance(block, type) and issubclass(block, BaseModel):
            assert block.model_config.get("extra") == "forbid", block.__name__


def test_every_topic_is_in_the_table_and_every_event_under_its_topics() -> None:
    page = topics_page()
    documented = rows(page)
    for topic in bus_topics(["DEPARTMENT"]):
        assert topic.name in documented
        section = page.split(f"## `{topic.name}`\n", 1)[1].split("\n## ", 1)[0]
        assert [event.event_type for event in topic.events] == re.findall(r"^- `([^`]+)`", section, re.MULTILINE)
    assert all(f"`{event_type}`" in page for event_type in EVENT_MODELS)


def test_the_page_says_what_is_planned_and_reserved() -> None:
    page = topics_page()
    documented = rows(page)
    assert "| planned: insight | planned: router, notifier, portal |" in documented["insight.alerts.v1"]
    assert "| intake; copies: auditor |" in documented["complaints.received.v1"]
    assert "| sla | notifier, auditor; planned: router, portal, insight |" in documented["sla.events.v1"]
    assert re.findall(r"^- `([^`]+)`:.* \*Reserved\.\*$", page, re.MULTILINE) == [
        "complaint.rejected.v1",
        "sla.escalated.v1",
        "insight.alert_raised.v1",
    ]
