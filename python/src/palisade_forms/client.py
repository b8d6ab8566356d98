"""The client of the service: signed requests, verified answers."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import secrets
import ssl
import time
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from .decision import Decision
from .errors import Forged, Misconfigured, Unavailable
from .pool import Pool, Reply
from .privacy import trim_fields, trim_headers
from .signing import answer_signature, request_signature, same
from .visit import Pairs, Visit

MAX_FIELDS = 1000  #: the service's maximum
MAX_CALL = (1 << 20) - 1024  #: bytes; the service's maximum for a call
DEFAULT_BASE = "/.palisade/"

_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_FORWARDED = ("User-Agent", "Accept-Encoding", "If-None-Match", "Accept-Language")


class Client:
    """Asks one Palisade service, on behalf of one site. Safe for many threads.

    A refusal is a value. An outage is an exception: code that does not handle it stops, instead of
    accepting every visitor.
    """

    def __init__(
        self,
        url: str,
        sitekey: str,
        secret: str,
        *,
        timeout: float = 3.0,
        allow_insecure: bool = False,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.url = url
        self.sitekey = sitekey
        self._secret = secret
        self._pool = Pool(parse_url(url, allow_insecure), timeout, ssl_context)
        if not sitekey or not secret:
            raise ValueError("sitekey and secret are needed")

    def __repr__(self) -> str:
        return f"<palisade_forms.Client {self.url} {self.sitekey}>"

    def __reduce__(self) -> Any:
        raise TypeError("a Client holds a secret and is not pickled")

    def check(
        self,
        form: str,
        visit: Visit,
        fields: Pairs,
        *,
        json: bool = False,
        files: Collection[str] = (),
        want: Collection[str] = (),
        blank: Collection[str] = (),
    ) -> Decision:
        """Judge a submission. ``blank`` names fields whose values are not sent, ``files`` those of files."""
        if not _sound(visit):
            return Decision.refused(form, 400, "unreadable")
        if len(fields) + len(files) > MAX_FIELDS:
            return Decision.refused(form, 413, "too-large")
        call = self._call(form, visit) | {
            "method": visit.method,
            "fields": trim_fields(fields, blank),
            "json": json,
            "files": list(files),
            "want": list(want),
        }
        body = _encode(call)
        if len(body) > MAX_CALL:
            return Decision.refused(form, 413, "too-large")
        return Decision.parse(form, self._post("/v1/check", body))

    def settle(self, form: str, receipt: str) -> None:
        """Give back what a submission took of the limits: its receipt says for which effect."""
        if not valid_form(form):
            raise Misconfigured(f"{form!r} is no name of a form: 1 to 32 letters, digits, - or _")
        self._post("/v1/settle", _encode({"form": form, "receipt": receipt, "call": secrets.token_hex(8)}))

    def fields(
        self,
        form: str,
        visit: Visit,
        *,
        nonce: str = "",
        base: str = DEFAULT_BASE,
        again: Pairs | None = None,
        blank: Collection[str] = (),
    ) -> str:
        """The markup inside a form's element. ``again`` has posted fields that were not judged."""
        call = self._call(form, visit) | {"nonce": nonce, "base": base}
        if again is not None and len(again) <= MAX_FIELDS:
            with_again = call | {"again": {"fields": trim_fields(again, blank)}}
            if len(_encode(with_again)) <= MAX_CALL:
                call = with_again
        said = self._post("/v1/fields", _encode(call))
        markup = said.get("html") if isinstance(said, dict) else None
        if not isinstance(markup, str):
            raise Unavailable("the service's markup cannot be read")
        return markup

    def base(self, name: str, query: str, visit: Visit) -> Reply:
        """Requests of browsers under the base path of the app."""
        target = "/v1/base/" + quote(name) + ("?" + query if query else "")
        headers = {name: value for name in _FORWARDED if (value := visit.header(name))}
        reply, _ = self._send(visit.method, target, None, headers, visit.address)
        if reply.status == 401:
            raise Misconfigured("the service does not accept our signature")
        return reply

    async def acheck(self, *args: Any, **kwargs: Any) -> Decision:
        """:meth:`check` for async code."""
        return await asyncio.to_thread(self.check, *args, **kwargs)

    async def afields(self, *args: Any, **kwargs: Any) -> str:
        """:meth:`fields` for async code."""
        return await asyncio.to_thread(self.fields, *args, **kwargs)

    async def abase(self, *args: Any, **kwargs: Any) -> Reply:
        """:meth:`base` for async code."""
        return await asyncio.to_thread(self.base, *args, **kwargs)

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()

    def _call(self, form: str, visit: Visit) -> dict[str, Any]:
        if not valid_form(form):
            raise Misconfigured(f"{form!r} is no name of a form: 1 to 32 letters, digits, - or _")
        return {
            "form": form,
            "address": visit.address,
            "url": visit.url,
            "headers": trim_headers(visit),
            "call": secrets.token_hex(8),  # each call is unique, so the answer to one never fits another
        }

    def _post(self, target: str, body: bytes) -> Any:
        reply, signature = self._send("POST", target, body, {"Content-Type": "application/json"}, "")
        if reply.status == 401:
            raise Misconfigured("the service does not accept our signature: check sitekey, secret and clock")
        if reply.status not in (200, 400):
            raise Unavailable(f"the service answered {reply.status}")
        lines = reply.headers.get_all("Palisade-Signature") or []
        want = "v1=" + answer_signature(self._secret, signature, reply.status, reply.body)
        if len(lines) != 1 or not same(lines[0], want):
            raise Forged("the answer is not signed by the service")
        said = _decode(reply.body)
        if reply.status == 400:
            detail = said.get("detail") if isinstance(said, dict) else None
            raise Misconfigured(f"the service does not understand the call: {str(detail)[:300]}")
        return said

    def _send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], client: str
    ) -> tuple[Reply, str]:
        at = str(int(time.time()))
        signature = request_signature(self._secret, method, target, at, client, body or b"")
        signed = {"Palisade-Key": self.sitekey, "Palisade-Signature": f"v1={at}.{signature}"}
        if client:
            signed["Palisade-Client"] = client
        return self._pool.send(method, target, {**headers, **signed}, body), signature


def parse_url(url: str, allow_insecure: bool) -> SplitResult:
    """The service's address, or ValueError with the mistake."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises for a bad one
    except ValueError:
        raise ValueError("the URL of the service cannot be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the URL of the service must begin with https:// (or http:// on this machine)")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("the URL of the service is scheme, host and port only")
    if parts.scheme == "http" and not allow_insecure and not _loopback(parts.hostname):
        raise ValueError("http:// to another machine shows what visitors type to whoever listens; use https://")
    return parts


def valid_form(name: object) -> bool:
    """Whether the service accepts this name for a form."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _sound(visit: Visit) -> bool:
    """A visitor's invalid method or host must not look like a mistake of ours."""
    try:
        parts = urlsplit(visit.url)
    except ValueError:
        return False
    return _METHOD.fullmatch(visit.method) is not None and _HOST.fullmatch(parts.netloc) is not None


def _encode(call: Mapping[str, Any]) -> bytes:
    return json.dumps(call, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _decode(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unavailable("the service's answer cannot be read") from None
