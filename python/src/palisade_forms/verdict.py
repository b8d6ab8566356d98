"""Checks, without a network call, that a request came through the Palisade gateway.

The gateway signs each request that it lets through, in one header. If clients can reach an app
directly, the app refuses requests without it::

    application = require_verdict(application, key)

``palisade verdict-key`` prints the key; it is given as bytes or hexadecimal text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Union

from .errors import Unreadable
from .wsgi import take_body

HEADER = "Palisade-Verdict"
LIFE = 30  #: seconds for which a verdict is valid, and by which clocks may differ
#: The modes with a judgement, without "monitor". In mode "session" the body is not bound, because
#: the gateway passed it on unread: for an app that needs it bound, leave that mode out.
JUDGED = frozenset({"enforce", "exempt", "session"})

_MAX_HEADER = 1024
_MAX_BODY = 32 << 20
# The last letter has two bits that belong to no byte: they must be zero.
_SIG = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
_MEMBERS = {"v", "t", "id", "site", "form", "mode", "sig"}

Key = Union[bytes, str]


class VerdictError(Exception):
    """The verdict is missing, forged, too old, or of another request."""


@dataclass(frozen=True)
class Verdict:
    """The gateway's verdict."""

    site: str
    form: str
    id: str
    mode: str
    time: int


def verify(
    lines: Sequence[str],
    keys: Key | Iterable[Key],
    *,
    host: str,
    method: str,
    path: bytes,
    body: bytes | Callable[[], bytes],
    now: float | None = None,
) -> Verdict:
    """Check the header of a request, or raise VerdictError.

    ``lines`` are all lines of the header, ``path`` the path with its escapes decoded
    once, ``keys`` the current key and, while it is replaced, the one before. ``body`` may
    be a function that reads it, which is not called in mode "session".
    """
    verdict, tag = _parse(lines)
    if abs((time.time() if now is None else now) - verdict.time) > LIFE:
        raise VerdictError("too old")
    signed = [
        b"palisade-verdict/1", verdict.site.encode(), verdict.form.encode(), host.encode(), method.encode(), path,
        _digest(verdict, body), str(verdict.time).encode(), verdict.id.encode(), verdict.mode.encode(),
    ]  # fmt: skip
    message = b"".join(line + b"\n" for line in signed)
    for key in _keys(keys):
        if hmac.compare_digest(tag, hmac.new(key, message, hashlib.sha256).digest()):
            return verdict
    raise VerdictError("forged")


def _digest(verdict: Verdict, body: bytes | Callable[[], bytes]) -> bytes:
    if verdict.mode == "session":
        return b"-"  # nobody has read it: it may be endless
    return hashlib.sha256(body() if callable(body) else body).hexdigest().encode()


def _parse(lines: Sequence[str]) -> tuple[Verdict, bytes]:
    if len(lines) != 1 or len(lines[0]) > _MAX_HEADER or not lines[0].isascii():
        raise VerdictError("missing")
    pairs = [pair.partition("=") for pair in lines[0].split("; ")]
    members = {name: value for name, _, value in pairs}
    if len(pairs) != len(_MEMBERS) or members.keys() != _MEMBERS or members["v"] != "1":
        raise VerdictError("malformed")
    if not re.fullmatch(r"[0-9]{1,15}", members["t"]) or not re.fullmatch(_SIG, members["sig"]):
        raise VerdictError("malformed")
    try:
        tag = base64.urlsafe_b64decode(members["sig"] + "=")
    except binascii.Error:
        raise VerdictError("malformed") from None
    return Verdict(members["site"], members["form"], members["id"], members["mode"], int(members["t"])), tag


def _keys(keys: Key | Iterable[Key]) -> list[bytes]:
    several = [keys] if isinstance(keys, (bytes, str)) else list(keys)
    decoded = [bytes.fromhex(key) if isinstance(key, str) else key for key in several]
    if not decoded or any(len(key) < 16 for key in decoded):
        raise ValueError("the key is what `palisade verdict-key` prints")
    return decoded


def environ_path(environ: Any) -> bytes:
    """The decoded path of a WSGI request, as bytes."""
    return str(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1")


def require_verdict(
    app: Callable[..., Iterable[bytes]], keys: Key | Iterable[Key], *, modes: Collection[str] = JUDGED
) -> Callable[..., Iterable[bytes]]:
    """WSGI: answer 403 to requests that did not come through the gateway.

    The app finds the verdict in ``environ["palisade.verdict"]``.
    """
    known = _keys(keys)

    def checked(environ: Any, start_response: Any) -> Iterable[bytes]:
        try:
            line = environ.get("HTTP_PALISADE_VERDICT")
            verdict = verify(
                [line] if line else [],
                known,
                host=environ.get("HTTP_HOST", ""),
                method=environ["REQUEST_METHOD"],
                path=environ_path(environ),
                body=lambda: _take(environ),
            )
            if verdict.mode not in modes:
                raise VerdictError("only watched")
        except VerdictError:
            start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"Forbidden\n"]
        environ["palisade.verdict"] = verdict
        return app(environ, start_response)

    return checked


def _take(environ: Any) -> bytes:
    """The body, which is put back."""
    try:
        body = take_body(environ, _MAX_BODY)
    except Unreadable:
        raise VerdictError("body") from None
    environ["wsgi.input"] = BytesIO(body)
    return body
