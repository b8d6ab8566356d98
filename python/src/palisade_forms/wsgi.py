"""Protects any WSGI app from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.client import responses
from io import BytesIO
from typing import Any
from urllib.parse import quote

from .body import parse
from .client import Client
from .decision import Answer, Decision
from .errors import Unreadable
from .guard import Guard, log
from .pages import without_ticket
from .paths import Routes, target_path, written
from .visit import SAFE_METHODS, Submission, Visit, headers_of_environ, refuse_body

MAX_BODY = 1 << 20

_OVERRIDES = ("HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_X_METHOD_OVERRIDE", "HTTP_X_HTTP_METHOD")


@dataclass
class Here:
    """The value of ``environ["palisade"]`` for the app."""

    guard: Guard
    environ: Any
    decision: Decision | None = None
    form: str = ""
    sent: Submission = Submission()
    calm: bool = False  # a method that changes nothing, on a protected path

    def fields(self, form: str, nonce: str = "") -> str:
        """The markup inside the form's element. A cache must not store the page."""
        try:
            visit = visit_of(self.guard, self.environ)
        except Unreadable as error:
            log.error("palisade: form %s is shown without a ticket: %s", form, error)
            return without_ticket(form, self.guard.base, nonce)
        if self.environ["REQUEST_METHOD"] in SAFE_METHODS or form != self.form:
            return self.guard.markup(form, visit, nonce=nonce)
        return self.guard.again(form, visit, self.decision, self.sent.fields, nonce=nonce)


class PalisadeMiddleware:
    """Judges requests to ``routes``, and serves the base path::

        app = PalisadeMiddleware(app, client, {"POST /signup": "signup"})
    """

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        client: Client | Guard,
        routes: Mapping[str, str],
        *,
        max_body: int = MAX_BODY,
    ) -> None:
        self.app = app
        self.guard = client if isinstance(client, Guard) else Guard(client)
        self.routes = Routes(routes)
        self.max_body = max_body

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """One request."""
        here = environ["palisade"] = Here(self.guard, environ)
        try:
            answer = self._answer(environ, here)
        except Unreadable as error:
            answer = self.guard.refusal(
                Decision.refused("", error.status, error.reason), unknown_visit(environ), Submission()
            )
        if answer is not None:
            return write(answer, environ, start_response)
        if here.calm:
            return _calm(self.app, environ, start_response)

        def noted(status: str, headers: Any, *error: Any) -> Any:
            location = next((value for name, value in headers if name.lower() == "location"), "")
            visit = unknown_visit(environ)
            self.guard.settle([here.decision], int(status.split(" ", 1)[0]), location, visit.url, visit.header("referer"))
            return start_response(status, headers, *error)

        return self.app(environ, noted if here.decision else start_response)

    def _answer(self, environ: Any, here: Here) -> Answer | None:
        """Our answer in place of the app's, if any."""
        path = _text(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
        name = self.guard.under_base(path)
        if name is not None:
            return self.guard.forward(name, environ.get("QUERY_STRING", ""), visit_of(self.guard, environ))
        paths = _paths(environ)
        form = self.routes.form_for(environ["REQUEST_METHOD"], paths, _override(environ))
        if form is None:
            if environ["REQUEST_METHOD"] in SAFE_METHODS and self.routes.protects(paths):
                refuse_body(environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING"))
                environ["wsgi.input"] = BytesIO()  # in HTTP/2 no header has to announce a body
                here.calm = True
            return None
        body = take_body(environ, self.max_body)
        environ["wsgi.input"] = BytesIO(body)
        visit = visit_of(self.guard, environ)
        here.form = form
        here.sent = parse(body, environ.get("CONTENT_TYPE", ""), environ.get("HTTP_CONTENT_ENCODING", ""))
        here.decision = self.guard.judge(form, visit, here.sent)
        return None if here.decision else self.guard.refusal(here.decision, visit, here.sent)


def _calm(app: Callable[..., Iterable[bytes]], environ: Any, start_response: Any) -> Iterable[bytes]:
    """Run the app so that a method which must change nothing can change nothing. See SAFE_METHODS."""
    if environ["REQUEST_METHOD"] == "HEAD":
        pieces = app(environ | {"REQUEST_METHOD": "GET"}, start_response)
        try:
            for _ in pieces:  # the app may start its answer with the first piece
                pass
        finally:
            getattr(pieces, "close", lambda: None)()
        return []
    if environ["REQUEST_METHOD"] == "OPTIONS":
        environ = {name: value for name, value in environ.items() if name not in ("HTTP_COOKIE", "HTTP_AUTHORIZATION")}
        environ["QUERY_STRING"] = ""
    return app(environ, start_response)


def _override(environ: Any) -> str:
    return next((environ[name] for name in _OVERRIDES if environ.get(name)), "")


def _paths(environ: Any) -> list[str]:
    """The raw path, if the server reports it, and the path that the app gets."""
    inner = environ.get("PATH_INFO", "").encode("latin-1", "replace")
    outer = environ.get("SCRIPT_NAME", "").encode("latin-1", "replace")
    raw = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "")
    return [written(outer + inner or b"/"), written(inner or b"/"), *([target_path(raw)] if raw else [])]


def _text(latin: str) -> str:
    """WSGI passes bytes as latin-1."""
    return latin.encode("latin-1", "replace").decode("utf-8", "replace")


def take_body(environ: Any, limit: int) -> bytes:
    """Read the whole body, or refuse: 413 for one that is longer than the limit."""
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    length = environ.get("CONTENT_LENGTH") or "0"
    if chunked and not environ.get("wsgi.input_terminated"):
        raise Unreadable(400, "unreadable")  # the server does not report its end
    if not length.isascii() or not length.isdecimal():
        raise Unreadable(400, "unreadable")
    if not chunked and int(length) > limit:
        raise Unreadable(413, "too-large")
    try:
        body = _read(environ["wsgi.input"], limit + 1 if chunked else int(length))
    except OSError:
        raise Unreadable(400, "unreadable") from None
    if len(body) > limit:
        raise Unreadable(413, "too-large")
    if not chunked and len(body) != int(length):
        raise Unreadable(400, "unreadable")  # the visitor closed the connection
    if chunked:
        environ.pop("HTTP_TRANSFER_ENCODING")
        environ["CONTENT_LENGTH"] = str(len(body))
    return body


def _read(stream: Any, size: int) -> bytes:
    pieces = []
    while size > 0 and (piece := stream.read(min(size, 64 << 10))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def visit_of(guard: Guard, environ: Any) -> Visit:
    """The visitor's request. May raise Unreadable."""
    visit = unknown_visit(environ)
    return guard.visit(environ.get("REMOTE_ADDR"), visit.method, visit.url, visit.headers)


def unknown_visit(environ: Any) -> Visit:
    """The visitor's request without an address."""
    host = environ.get("HTTP_HOST") or f"{environ.get('SERVER_NAME', '')}:{environ.get('SERVER_PORT', '')}"
    raw = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1", "replace")
    query = environ.get("QUERY_STRING", "")
    url = absolute_url(environ.get("wsgi.url_scheme", "http"), host, raw, query.encode("latin-1", "replace"))
    return Visit("", environ["REQUEST_METHOD"], url, headers_of_environ(environ.items()))


def absolute_url(scheme: str, host: str, path: bytes, query: bytes) -> str:
    """The address of a page, with characters escaped that a URL must not contain."""
    kept = "/:@!$&'()*+,;=~"
    url = f"{scheme}://{host}/" + quote(path.removeprefix(b"/"), safe=kept)
    return url + ("?" + quote(query, safe="%?" + kept) if query else "")


def write(answer: Answer, environ: Any, start_response: Any) -> Iterable[bytes]:
    """Send an answer."""
    head = environ["REQUEST_METHOD"] == "HEAD"
    length = [] if head else [("Content-Length", str(len(answer.body)))]
    start_response(f"{answer.status} {responses.get(answer.status, 'Status')}", [*answer.headers, *length])
    return [] if head else [answer.body]
