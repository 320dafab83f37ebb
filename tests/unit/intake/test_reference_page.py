"""``/docs`` can be read without the internet, and tells everything that ``/openapi.json`` tells."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from markupsafe import escape

from services.intake.channels.http.reference_page import kind, reference_page
from services.intake.channels.http.routes import create_app
from services.intake.settings import HttpSettings


def answers(*paths: str) -> list[httpx.Response]:
    app = create_app(None, None, HttpSettings())  # type: ignore[arg-type]  # no door is knocked at

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def page_and_document() -> tuple[str, dict[str, Any]]:
    page, document = answers("/docs", "/openapi.json")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    return page.text, document.json()


class Links(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.asked += [str(given[name]) for name in ("href", "src", "action") if name in given]
        self.anchors |= {str(given["id"])} if "id" in given else set()


def test_nothing_is_fetched_from_anywhere(page_and_document: tuple[str, dict[str, Any]]) -> None:
    page, _ = page_and_document
    links = Links(page)
    assert {link for link in links.asked if not link.startswith("#")} == {"openapi.json"}
    assert {link[1:] for link in links.asked if link.startswith("#")} <= links.anchors
    assert not re.search(r"<script|@import|url\(|//", page)


def texts(value: Any) -> Iterator[str]:
    """Every path, field, parameter, status and description of the document."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name in ("description", "summary", "name") and isinstance(each, str):
                yield each
            if name in ("properties", "responses", "schemas", "paths", "content"):
                yield from each
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def test_it_tells_all_that_the_document_tells(page_and_document: tuple[str, dict[str, Any]]) -> None:
    page, document = page_and_document
    told = set(texts(document))
    assert {"/v1/complaints:batch", "Query-Code", "411", "query_code", "Withdrawal"} <= told
    assert [text for text in told if str(escape(text)) not in page] == []


def test_what_the_document_holds_is_text_and_no_markup() -> None:
    evil = '<img src="http://elsewhere/">'
    call = {"operationId": "a", "summary": evil, "description": evil, "responses": {"200": {"description": evil}}}
    schema = {"description": evil, "properties": {evil: {"enum": [evil], "default": evil, "pattern": evil}}}
    document = {"info": {"title": evil, "version": "1"}, "paths": {"/": {"get": call}}}
    page = reference_page(document | {"components": {"schemas": {"A": schema}}}, "openapi.json")
    assert "<img" not in page


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({}, "anything"),
        ({"type": "string", "maxLength": 3}, "string, at most 3 characters"),
        ({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, "integer, at least 1 or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/A"}}, 'list of <a href="#A">A</a>'),
        ({"type": "boolean", "default": False}, "boolean, else <code>false</code>"),
    ],
)
def test_a_value_is_told_in_words(schema: dict[str, Any], told: str) -> None:
    assert kind(schema) == told
