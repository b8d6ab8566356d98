"""Protects any ASGI app from outside: Starlette, FastAPI, Quart, Django, Litestar.

It judges only HTTP. WebSockets pass, so they must not do the action of a protected form.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from .body import parse
from .client import Client
from .decision import Answer, Decision
from .errors import Unreadable
from .guard import Guard, log
from .pages import without_ticket
from .paths import Routes, target_path, written
from .visit import SAFE_METHODS, Submission, Visit, refuse_body
from .wsgi import MAX_BODY, absolute_url

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_OVERRIDES = (b"x-http-method-override", b"x-method-override", b"x-http-method")


class _Gone(Exception):
    """The visitor has gone away, so there is no answer to give."""


@dataclass
class Here:
    """The value of ``scope["palisade"]`` for the app."""

    guard: Guard
    scope: Scope
    decision: Decision | None = None
    form: str = ""
    sent: Submission = Submission()
    calm: bool = False  # a method that changes nothing, on a protected path

    async def fields(self, form: str, nonce: str = "") -> str:
        """The markup inside the form's element. A cache must not store the page."""
        return await asyncio.to_thread(self._fields, form, nonce)

    def _fields(self, form: str, nonce: str) -> str:
        try:
            visit = visit_of(self.guard, self.scope)
        except Unreadable as error:
            log.error("palisade: form %s is shown without a ticket: %s", form, error)
            return without_ticket(form, self.guard.base, nonce)
        if self.scope["method"] in SAFE_METHODS or form != self.form:
            return self.guard.markup(form, visit, nonce=nonce)
        return self.guard.again(form, visit, self.decision, self.sent.fields, nonce=nonce)


class PalisadeMiddleware:
    """Judges requests to ``routes``, and serves the base path::

        app.add_middleware(PalisadeMiddleware, client=client, routes={"POST /signup": "signup"})
    """

    def __init__(
        self, app: App, client: Client | Guard, routes: Mapping[str, str], *, max_body: int = MAX_BODY
    ) -> None:
        self.app = app
        self.guard = client if isinstance(client, Guard) else Guard(client)
        self.routes = Routes(routes)
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        here = Here(self.guard, scope)
        scope["palisade"] = here
        try:
            answer, receive = await self._answer(scope, receive, here)
        except Unreadable as error:
            decision = Decision.refused("", error.status, error.reason)
            answer = self.guard.refusal(decision, unknown_visit(scope), Submission())
        except _Gone:
            return
        if answer is None and here.calm:
            await _calm(self.app, scope, receive, send)
        elif answer is None:
            await self.app(scope, receive, self._noted(here, send) if here.decision else send)
        else:
            await _write(answer, scope, send)

    def _noted(self, here: Here, send: Send) -> Send:
        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                lines = message.get("headers", ())
                location = next((value.decode("latin-1") for name, value in lines if name.lower() == b"location"), "")
                visit = unknown_visit(here.scope)
                self.guard.settle([here.decision], message["status"], location, visit.url, visit.header("referer"))
            await send(message)

        return noted

    async def _answer(self, scope: Scope, receive: Receive, here: Here) -> tuple[Answer | None, Receive]:
        """Our answer in place of the app's, if any, and the body for the app."""
        name = self.guard.under_base(scope["path"])
        if name is not None:
            query = scope.get("query_string", b"").decode("latin-1")
            visit = visit_of(self.guard, scope)
            return await asyncio.to_thread(self.guard.forward, name, query, visit), receive
        paths = _paths(scope)
        form = self.routes.form_for(scope["method"], paths, _override(scope))
        if form is None:
            if scope["method"] in SAFE_METHODS and self.routes.protects(paths):
                refuse_body(_header(scope, b"content-length"), _header(scope, b"transfer-encoding"))
                here.calm = True
                return None, _nothing(receive)  # in HTTP/2 no header has to announce a body
            return None, receive
        body = await _take(receive, self.max_body)
        visit = visit_of(self.guard, scope)
        here.form = form
        here.sent = parse(body, visit.header("content-type"), visit.header("content-encoding"))
        here.decision = await asyncio.to_thread(self.guard.judge, form, visit, here.sent)
        answer = None if here.decision else self.guard.refusal(here.decision, visit, here.sent)
        return answer, _replay(body, receive)


async def _calm(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the app so that a method which must change nothing can change nothing. See SAFE_METHODS."""

    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    if scope["method"] == "HEAD":
        # Without extensions, with which an app may send a file in another kind of message.
        await app({**scope, "method": "GET", "extensions": {}}, receive, send_head)
    elif scope["method"] == "OPTIONS":
        headers = [line for line in scope["headers"] if line[0].lower() not in (b"cookie", b"authorization")]
        await app({**scope, "headers": headers, "query_string": b""}, receive, send)
    else:
        await app(scope, receive, send)


def _header(scope: Scope, wanted: bytes) -> str:
    return ", ".join(value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted)


def _override(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name.lower() in _OVERRIDES), "")


def _paths(scope: Scope) -> list[str]:
    """The raw path, if the server reports it, and the path that the app gets."""
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    raw = (scope.get("raw_path") or b"").decode("latin-1")
    inner = path[len(root) :] if root and path.startswith(root) else path
    seen = [written((text or "/").encode("utf-8", "surrogateescape")) for text in (path, inner, root + path)]
    return [*seen, *([target_path(raw)] if raw else [])]


async def _take(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        body += message.get("body", b"")
        if len(body) > limit:
            raise Unreadable(413, "too-large")
        if not message.get("more_body", False):
            return bytes(body)


def _nothing(receive: Receive) -> Receive:
    """Give the app an empty body, and then only the remaining messages of the server."""
    began = False

    async def empty() -> Message:
        nonlocal began
        if not began:
            began = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while (message := await receive())["type"] == "http.request":
            pass
        return message

    return empty


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the app the body as one message. Later messages come from the server."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def visit_of(guard: Guard, scope: Scope) -> Visit:
    """The visitor's request. May raise Unreadable."""
    visit = unknown_visit(scope)
    peer = scope.get("client")
    return guard.visit(peer[0] if peer else "", visit.method, visit.url, visit.headers)


def unknown_visit(scope: Scope) -> Visit:
    """The visitor's request without an address."""
    headers = tuple((name.decode("latin-1").title(), value.decode("latin-1")) for name, value in scope["headers"])
    host = next((value for name, value in headers if name == "Host"), "")
    if not host:
        server = scope.get("server") or ("", None)
        host = f"{server[0]}:{server[1]}" if server[1] else str(server[0])
    path = scope["path"].encode("utf-8", "replace")
    url = absolute_url(scope.get("scheme", "http"), host, path, scope.get("query_string", b""))
    return Visit("", scope["method"], url, headers)


async def _write(answer: Answer, scope: Scope, send: Send) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    body = b"" if scope["method"] == "HEAD" else answer.body
    if scope["method"] != "HEAD":
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
