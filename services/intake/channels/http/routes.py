"""The HTTP door: routes, headers and answers. What a submission means is decided behind it, in ``complaint_door``.

Bodies are read here and validated by ``parsing``, not by FastAPI: one pass over the bytes, one kind of error, and a
thousand submissions a second on one core. FastAPI does the routing and the OpenAPI document.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.intake.channels.http import openapi
from services.intake.channels.http.batch import BatchIntake, BatchLimits
from services.intake.channels.http.failure_guard import FailureGuard
from services.intake.channels.http.parsing import parse_complaint, parse_message
from services.intake.channels.http.problems import MEDIA_TYPE, preferred_language, problem_response, to_json
from services.intake.channels.http.reference_page import HEADERS, reference_page
from services.intake.channels.http.request_body import JSON_LINES_TYPES, JSON_TYPES, BodyRefused, read_body, stream_body
from services.intake.channels.http.whole_requests import WholeRequests
from services.intake.complaint_door import ComplaintDoor
from services.intake.domain.consumer_message import MESSAGE_KINDS
from services.intake.domain.proof import QueryCode
from services.intake.domain.refusal import DoorRefusal, RefusalReason
from services.intake.domain.trace_context import is_traceparent
from services.intake.message_door import MessageDoor
from services.intake.settings import HttpSettings
from shared.crash_points import crash_point
from shared.events.envelope import new_traceparent
from shared.observability.metrics import INTAKE_REQUEST_DURATION_SECONDS

BATCH_TIME_FACTOR = 10
_NO_STORE = {"Cache-Control": "no-store"}  # a receipt holds the query code


def create_app(door: ComplaintDoor, messages: MessageDoor, settings: HttpSettings) -> FastAPI:
    """The ASGI application."""
    routes = Routes(door, messages, settings)
    app = FastAPI(
        title="Complaint Bus intake",
        version="1",
        docs_url=None,  # FastAPI's own fetches its scripts from the internet
        redoc_url=None,
        redirect_slashes=False,  # the target would be made of the Host header, which anybody may write
    )
    app.add_api_route("/v1/complaints", routes.submit, methods=["POST"], **openapi.SUBMIT)
    app.add_api_route("/v1/complaints:batch", routes.submit_batch, methods=["POST"], **openapi.SUBMIT_BATCH)
    for kind in MESSAGE_KINDS:
        path = f"/v1/complaints/{{complaint_id}}/{kind}"
        app.add_api_route(path, routes.message(kind), methods=["POST"], **openapi.message(kind))
    app.add_api_route("/docs", _reference_of(app), methods=["GET"], include_in_schema=False)
    app.add_middleware(FailureGuard)
    app.add_middleware(WholeRequests)  # the outermost
    app.add_exception_handler(HTTPException, _not_routed)
    app.openapi = openapi.with_schemas(app.openapi)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _reference_of(app: FastAPI) -> Callable[[], Coroutine[Any, Any, Response]]:
    """The handler of ``GET /docs``."""

    async def reference() -> Response:
        return HTMLResponse(reference_page(app.openapi(), "openapi.json"), headers=HEADERS)

    return reference


class Routes:
    """The handlers. Each reads the request, asks a door, and answers."""

    def __init__(self, door: ComplaintDoor, messages: MessageDoor, settings: HttpSettings) -> None:
        self._door = door
        self._messages = messages
        self._settings = settings
        self._batches = BatchIntake(
            door, BatchLimits(settings.max_body_bytes, settings.max_batch_lines, settings.batch_concurrency)
        )

    async def submit(self, request: Request) -> Response:
        """``POST /v1/complaints``."""
        started = time.perf_counter()
        try:
            parsed = parse_complaint(await self._read(request), _idempotency_key(request))
            outcome = await self._door.take_in(parsed, _traceparent(request))
        except BodyRefused as refused:
            outcome = refused.refusal
        crash_point("intake.before-response")
        INTAKE_REQUEST_DURATION_SECONDS.observe(time.perf_counter() - started)
        return _answer(outcome, request)

    def message(self, kind: str) -> Callable[..., Coroutine[Any, Any, Response]]:
        """The handler of ``POST /v1/complaints/{complaint_id}/<kind>``."""

        async def submit_message(request: Request) -> Response:
            try:
                parsed = parse_message(kind, await self._read(request), _idempotency_key(request))
                proof = QueryCode(request.path_params["complaint_id"], request.headers.get("query-code", ""))
                outcome = await self._messages.take_in(kind, parsed, proof, _traceparent(request))
            except BodyRefused as refused:
                outcome = refused.refusal
            crash_point("intake.before-response")
            return _answer(outcome, request)

        return submit_message

    async def submit_batch(self, request: Request) -> Response:
        """``POST /v1/complaints:batch``."""
        body = stream_body(
            request.receive,
            request.headers,
            media_types=JSON_LINES_TYPES,
            max_bytes=self._settings.max_batch_bytes,
            timeout_seconds=self._settings.body_timeout_seconds * BATCH_TIME_FACTOR,
        )
        language = preferred_language(request.headers.get("accept-language"))
        given = request.headers.get("traceparent", "")
        try:
            lines = await self._batches.take_in(body, given if is_traceparent(given) else None, language)
        except BodyRefused as refused:
            return _answer(refused.refusal, request)
        crash_point("intake.before-response")
        return StreamingResponse(_in_order(lines), media_type="application/x-ndjson", headers=_NO_STORE)

    async def _read(self, request: Request) -> bytes:
        return await read_body(
            request.receive,
            request.headers,
            media_types=JSON_TYPES,
            max_bytes=self._settings.max_body_bytes,
            timeout_seconds=self._settings.body_timeout_seconds,
        )


async def _in_order(lines: Sequence[asyncio.Task[bytes]]) -> AsyncIterator[bytes]:
    for line in lines:
        yield await line


def _answer(outcome: BaseModel | DoorRefusal, request: Request) -> Response:
    if isinstance(outcome, DoorRefusal):
        return problem_response(outcome, request.headers.get("accept-language"))
    return Response(
        outcome.__pydantic_serializer__.to_json(outcome),
        status_code=HTTPStatus.ACCEPTED,
        media_type="application/json",
        headers=_NO_STORE,
    )


def _idempotency_key(request: Request) -> str | None:
    """The header, or None without it; given twice it becomes a text no key can be, and is refused as one."""
    keys = request.headers.getlist("idempotency-key")
    return "\n".join(keys) if keys else None


def _traceparent(request: Request) -> str:
    given = request.headers.get("traceparent", "")
    return given if is_traceparent(given) else new_traceparent()


async def _not_routed(request: Request, error: Exception) -> Response:
    """No such path, or not with this method."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    if status == HTTPStatus.NOT_FOUND:
        return problem_response(DoorRefusal(RefusalReason.NOT_FOUND), request.headers.get("accept-language"))
    problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    headers = error.headers if isinstance(error, HTTPException) else None
    return Response(to_json(problem), status_code=status, media_type=MEDIA_TYPE, headers=headers)
