"""Signatures between app and service. The secret itself is never sent."""

from __future__ import annotations

import hashlib
import hmac


def request_signature(secret: str, method: str, target: str, at: str, client: str, body: bytes) -> str:
    """The hexadecimal tag of a request."""
    lines = "\n".join(("palisade-v1", method, target, at, client, ""))
    return _tag(secret, lines.encode() + body)


def answer_signature(secret: str, request: str, status: int, body: bytes) -> str:
    """The tag of an answer, bound to the tag of the request that it answers."""
    return _tag(secret, f"palisade-v1-answer\n{request}\n{status}\n".encode() + body)


def same(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def _tag(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
