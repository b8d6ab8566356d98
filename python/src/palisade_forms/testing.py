"""For tests of apps: a service in this process, and replacements for clients.

``FakeService`` speaks the protocol over real HTTP and checks signatures::

    with FakeService() as service:
        guard = Guard(service.client())
        service.say("deny")

``palisade_allow()`` and ``palisade_refuse()`` answer in place of every client::

    with palisade_allow():
        client.post("/signup", {"email": "ada@example.org"})
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

from .client import Client
from .decision import Decision
from .signing import answer_signature, request_signature, same

MARK = '<input type="hidden" name="palisade-typed" value="">'

#: The modes of the service.
MODES = ("auto", "allow", "challenge", "deny", "limit", "down", "hang", "garbage", "forged", "unsigned", "error", "unknown")


@dataclass
class Call:
    """One call that the service got."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    signed: bool
    raw: bytes = field(repr=False, default=b"")


class FakeService:
    """A Palisade service on a loopback port.

    In mode ``auto`` it allows a submission with an unused ticket of its own, and challenges all
    others. The other modes give the answer of their name.
    """

    def __init__(self, mode: str = "auto", *, sitekey: str = "fake", secret: str = "") -> None:
        self.sitekey, self.secret = sitekey, secret or secrets.token_hex(20)
        self.calls: list[Call] = []
        self.hang_seconds = 30.0
        self._mode = mode
        self._script: deque[str] = deque()
        self._tickets: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"service": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The service's address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def settings(self) -> dict[str, str]:
        """URL, SITEKEY and SECRET for an app."""
        return {"URL": self.url, "SITEKEY": self.sitekey, "SECRET": self.secret}

    @property
    def checks(self) -> list[dict[str, Any]]:
        """The bodies of calls to /v1/check."""
        return [call.body for call in self.calls if call.path == "/v1/check"]

    @property
    def settled(self) -> list[tuple[str, str]]:
        """Forms and receipts of calls to /v1/settle."""
        return [(call.body["form"], call.body["receipt"]) for call in self.calls if call.path == "/v1/settle"]

    def client(self, **options: Any) -> Client:
        """A client of it."""
        return Client(self.url, self.sitekey, self.secret, **{"timeout": 1.0, **options})

    def say(self, mode: str) -> None:
        """Give this answer from now on."""
        if mode not in MODES:
            raise ValueError(f"no such mode: {mode}")
        self._mode = mode

    def then(self, *modes: str) -> None:
        """Give these answers to the next checks, one after the other."""
        self._script.extend(modes)

    def ticket(self) -> str:
        """A ticket that is valid for one submission."""
        ticket = secrets.token_urlsafe(12)
        self._tickets.add(ticket)
        return ticket

    def close(self) -> None:
        """Stop."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> FakeService:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def next_mode(self, check: bool) -> str:
        """The mode of this call. Outages affect every call, judgements only checks."""
        if check and self._script:
            return self._script.popleft()
        return self._mode

    def judge(self, mode: str, call: dict[str, Any]) -> dict[str, Any]:
        """An answer of /v1/check."""
        if mode == "auto":
            mode = "allow" if self._spend(call["fields"], call["headers"]) else "challenge"
        outcome = {"limit": "deny"}.get(mode, mode)
        status = {"allow": 200, "limit": 429}.get(mode, 403)
        said: dict[str, Any] = {
            "id": "5qyp3hdr", "site": "example.com", "form": call["form"], "time": "2026-01-01T00:00:00Z",
            "allowed": outcome == "allow", "outcome": outcome, "would": outcome, "monitored": False,
            "reason": "clean" if mode == "allow" else mode, "level": 0, "score": 0.0, "findings": [], "status": status,
            "claimed": ["address", "headers", "url", "fields"],
        }  # fmt: skip
        if mode == "allow":
            effect = "accepted" if call["form"] == "login" else "rejected"
            said["receipt"] = {"text": f"receipt-{len(self.checks)}", "for": effect}
        if mode == "limit":
            said["retry_after"] = 12.5
        if outcome != "allow" and "answer" in call["want"]:  # it replaces the fields
            said["answer"] = self._answer(call, said)
        elif outcome == "challenge":
            said["ticket"] = {"form": call["form"], "ticket": self.ticket(), "level": 1}
            said["fields"] = self.markup(call["form"], "", "challenge", said["ticket"]["ticket"])
        elif outcome == "allow" and "retry" in call["want"]:
            said["fields"] = self.markup(call["form"], "", "retry")
        return said

    def _spend(self, fields: list[list[str]], headers: dict[str, list[str]]) -> bool:
        tickets = [value for name, value in fields if name == "palisade-ticket"]
        for name, values in headers.items():
            tickets += values if name.lower() == "palisade-ticket" else []
        with self._lock:
            if len(tickets) != 1 or tickets[0] not in self._tickets:
                return False
            self._tickets.remove(tickets[0])
            return True

    def _answer(self, call: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Language"}
        if "retry_after" in said:
            headers["Retry-After"] = "13"
        if call["json"]:
            problem = {"type": "about:blank", "title": "Confirmation needed", "status": said["status"], "id": said["id"]}
            if said["outcome"] == "challenge":
                problem["challenge"] = {"form": call["form"], "ticket": self.ticket(), "level": 1}
            headers["Content-Type"] = "application/problem+json"
            return {"status": said["status"], "headers": headers, "body": json.dumps(problem)}
        headers |= {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "default-src 'self'"}
        inside = MARK if said["outcome"] == "challenge" else ""
        return {"status": said["status"], "headers": headers, "body": f"<form method=post>{inside}</form>"}

    def markup(self, form: str, nonce: str, kind: str, ticket: str = "") -> str:
        """Fields of a form. ``data-kind`` names their purpose."""
        n = f' nonce="{nonce}"' if nonce else ""
        return (
            f'<div class="palisade" data-palisade-form="{form}" data-kind="{kind}">'
            f'<input type="hidden" name="palisade-ticket" value="{ticket or self.ticket()}">'
            '<input type="hidden" name="palisade-proof" value=""></div>'
            f'<script defer src="/.palisade/palisade.js"{n}></script>'
        )

    def fields(self, call: dict[str, Any]) -> dict[str, Any]:
        """An answer of /v1/fields."""
        again = dict(map(tuple, (call.get("again") or {}).get("fields", [])))
        kept = again.get("palisade-ticket", "")
        kept = kept if kept in self._tickets else ""
        html = self.markup(call["form"], call["nonce"], "kept" if kept else "fresh", kept)
        return {"html": html, "ticket": {"form": call["form"]}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that closed the connection."""


class _Handler(BaseHTTPRequestHandler):
    service: FakeService
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log."""

    def do_POST(self) -> None:
        service = self.service
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        tag = self._signature(raw)
        call = Call("POST", self.path, dict(self.headers.items()), json.loads(raw or b"null"), bool(tag), raw)
        service.calls.append(call)
        mode = service.next_mode(self.path == "/v1/check")
        if mode in ("down", "hang"):
            self._fail(mode)
        elif mode == "garbage":
            self._write(200, b"<html>it works!</html>", tag, "text/html")
        elif mode == "error":
            self._write(500, b"{}", tag)
        elif not tag or mode == "unknown":
            self._write(401, b'{"status":401}', "", "application/problem+json")
        else:
            self._answer(mode, call.body, tag)

    def _answer(self, mode: str, body: dict[str, Any], tag: str) -> None:
        service = self.service
        if self.path == "/v1/settle":
            self._write(200, b"{}", tag)
            return
        if not body.get("form") or not body.get("address") or not body.get("url"):
            self._write(400, b'{"status":400,"detail":"something is missing"}', tag, "application/problem+json")
            return
        judged = mode if mode not in ("forged", "unsigned") else "allow"
        said = service.judge(judged, body) if self.path == "/v1/check" else service.fields(body)
        tag = {"forged": "0" * 64, "unsigned": ""}.get(mode, tag)
        self._write(200, json.dumps(said).encode(), tag)

    def do_GET(self) -> None:
        tag = self._signature(b"")
        self.service.calls.append(Call(self.command, self.path, dict(self.headers.items()), None, bool(tag)))
        if self.service.next_mode(False) in ("down", "hang"):
            self._fail("down")
        elif not tag:
            self._write(401, b'{"status":401}', "")
        else:
            self._base()

    do_HEAD = do_GET

    def _base(self) -> None:
        parts = urlsplit(self.path)
        name = parts.path.removeprefix("/v1/base/")
        if name == "ticket":
            form = parse_qs(parts.query).get("form", [""])[0]
            self._write(200, json.dumps({"form": form, "ticket": self.service.ticket()}).encode(), "")
        elif name == "palisade.js":
            self._write(200, b"// the script", "", "text/javascript", {"ETag": '"1"', "Set-Cookie": "no=1"})
        else:
            self._write(404, b"", "", "text/plain")

    def _signature(self, raw: bytes) -> str:
        """The tag of a request with a valid signature, or an empty text."""
        version, _, rest = self.headers.get("Palisade-Signature", "").partition("=")
        at, _, tag = rest.partition(".")
        client = self.headers.get("Palisade-Client", "")
        want = request_signature(self.service.secret, self.command, self.path, at, client, raw)
        fresh = at.isdecimal() and abs(time.time() - int(at)) <= 120
        known = self.headers.get("Palisade-Key") == self.service.sitekey
        return tag if version == "v1" and fresh and known and same(tag, want) else ""

    def _fail(self, mode: str) -> None:
        if mode == "hang":
            self.service._stopping.wait(self.service.hang_seconds)
        self.close_connection = True

    def _write(
        self, status: int, body: bytes, tag: str, kind: str = "application/json", more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if tag:
            signed = tag if tag == "0" * 64 else answer_signature(self.service.secret, tag, status, body)
            self.send_header("Palisade-Signature", "v1=" + signed)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextlib.contextmanager
def palisade_allow() -> Iterator[None]:
    """Every client allows everything, without any service."""
    with _instead(Decision(allowed=True, outcome="allow", reason="test", status=200)):
        yield


@contextlib.contextmanager
def palisade_refuse(status: int = 403, reason: str = "test") -> Iterator[None]:
    """Every client refuses everything, without any service."""
    with _instead(Decision(outcome="deny", reason=reason, status=status)):
        yield


@contextlib.contextmanager
def _instead(decision: Decision) -> Iterator[None]:
    markup = '<div class="palisade"></div>'
    with mock.patch.object(Client, "check", lambda *_, **__: decision):
        with mock.patch.object(Client, "fields", lambda *_, **__: markup):
            yield
